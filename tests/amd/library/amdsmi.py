"""Stands in for AMD's library: the calls, answers and errors of its Python interface, release 7.0.

Written from its documentation and its Python code, and tried on no device. It tells of the devices that the
file named in AMDSMI_STAND_IN lists, as JSON; without it, the driver is not loaded.
"""

from __future__ import annotations

import json
import os
from enum import IntEnum
from pathlib import Path
from typing import Any


class AmdSmiException(Exception):
    pass


class AmdSmiLibraryException(AmdSmiException):
    def __init__(self, code: int, words: str) -> None:
        super().__init__(code)
        self.err_code = code
        self.err_info = words

    def __str__(self) -> str:
        return f"Error code:\n\t{self.err_code} | {self.err_info}"


class AmdSmiInitFlags(IntEnum):
    INIT_AMD_GPUS = 2


class AmdSmiMemoryType(IntEnum):
    VRAM = 0


class Handle:
    """The library gives pointers, which tell nothing by themselves."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told


_devices: list[Handle] | None = None


def amdsmi_init(flag: AmdSmiInitFlags = AmdSmiInitFlags.INIT_AMD_GPUS) -> None:
    global _devices
    if not isinstance(flag, AmdSmiInitFlags):
        raise AmdSmiException(flag)
    if "AMDSMI_STAND_IN" not in os.environ:
        raise AmdSmiLibraryException(34, "AMDSMI_STATUS_DRIVER_NOT_LOADED - Driver not loaded")
    listed = json.loads(Path(os.environ["AMDSMI_STAND_IN"]).read_text())
    _devices = [Handle(one) for one in listed]


def amdsmi_shut_down() -> None:
    global _devices
    _opened()
    _devices = None


def amdsmi_get_processor_handles() -> list[Handle]:
    return _opened()


def amdsmi_get_gpu_device_uuid(handle: Handle) -> str:
    return str(_told(handle, "uuid"))


def amdsmi_get_gpu_device_bdf(handle: Handle) -> str:
    return str(_told(handle, "bdf"))


def amdsmi_get_gpu_asic_info(handle: Handle) -> dict[str, Any]:
    return {"vendor_id": "0x1002", "device_id": "0x74a1", "market_name": "N/A", **_told(handle, "asic")}


def amdsmi_get_gpu_driver_info(handle: Handle) -> dict[str, Any]:
    return {"driver_name": "amdgpu", "driver_version": _told(handle, "driver"), "driver_date": "N/A"}


def amdsmi_get_gpu_compute_partition(handle: Handle) -> str:
    return str(_told(handle, "partition"))


def amdsmi_get_gpu_memory_total(handle: Handle, kind: AmdSmiMemoryType) -> int:
    return int(_told(handle, "total"))


def amdsmi_get_gpu_memory_usage(handle: Handle, kind: AmdSmiMemoryType) -> int:
    return int(_told(handle, "used"))


def amdsmi_get_gpu_activity(handle: Handle) -> dict[str, Any]:
    return {"umc_activity": 3, "mm_activity": "N/A", "gfx_activity": _told(handle, "busy")}


def amdsmi_get_gpu_total_ecc_count(handle: Handle) -> dict[str, int]:
    return {"correctable_count": 7, "uncorrectable_count": _told(handle, "errors"), "deferred_count": 0}


def amdsmi_get_gpu_process_list(handle: Handle) -> list[dict[str, Any]]:
    return [
        {
            "name": "N/A",
            "pid": one["pid"],
            "mem": one["memory"] + 4096,
            "engine_usage": {"gfx": 123456789, "enc": 0},
            "memory_usage": {"gtt_mem": 4096, "cpu_mem": 0, "vram_mem": one["memory"]},
            "cu_occupancy": "N/A",
        }
        for one in _told(handle, "processes")
    ]


def _opened() -> list[Handle]:
    if _devices is None:
        raise AmdSmiLibraryException(32, "AMDSMI_STATUS_NOT_INIT - Device not initialized")
    return _devices


def _told(handle: Handle, what: str) -> Any:
    _opened()
    if what not in handle.told:
        raise AmdSmiLibraryException(2, "AMDSMI_STATUS_NOT_SUPPORTED - Feature not supported")
    return handle.told[what]
