"""The AMD devices of this machine, from their driver through AMD's library ``amdsmi``.

The library is no dependency: it belongs to the ROCm of the machine, and is loaded where an AMD device is on
the bus and the library beside sessiontui. Written from its documentation and its Python code, release 7.0,
and never run on an AMD device: tests put a stand-in in the library's place. Power and temperature come from
the kernel's files (*hwmon*, "GPU Power/Thermal Controls" of its manual): of the library's, releases and
documentation differ in the unit.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sessiontui.domain.gpu import Driver, Gpu, GpuProcess, GpuReading, Vendor
from sessiontui.domain.units import GIB
from sessiontui.metering import pci
from sessiontui.metering.quiet_thread import quiet_thread

_VENDOR = "0x1002"
_CLASSES = ("0x03", "0x12")
"""Display controllers and processing accelerators, of the PCI class codes."""
_SMALL = 2 * GIB
"""Bytes of memory up to which a device is taken for graphics that is part of a processor."""
_MILLI, _MICRO = 1e-3, 1e-6
_KFD = "/dev/kfd"
"""What programs that compute open besides the device's own file."""
_UNSPLIT = ("SPX", "N/A", "")
"""Compute partitions of a device that is not split."""
_ABSENT = "amdsmi, AMD's Python library, is not installed beside sessiontui"


class AmdSource:
    """Fills :class:`sessiontui.metering.port.GpuSource`. Loads the library where there is an AMD device."""

    vendor = Vendor.AMD

    def __init__(self, bus: Path = pci.DEVICES) -> None:
        self._bus = bus
        self._library: ModuleType | None = None
        self._seen: tuple[Path, ...] | None = None
        """What is on the bus, once it was looked at: nobody plugs a device into a machine that runs."""
        self._expected = False
        self._trouble = ""

    def driver(self) -> Driver:
        """See the port. Graphics that is part of a processor is not expected to be told of."""
        if self._seen is None:
            self._open()
        if self._library is None:
            return Driver(Vendor.AMD, "", self._trouble, self._expected)
        told = [one.mapping("amdsmi_get_gpu_driver_info").get("driver_version") for one in self._asked()[:1]]
        return Driver(Vendor.AMD, "".join(map(_words, told)) or "amdgpu", "", self._expected)

    def devices(self) -> tuple[Gpu, ...]:
        """See the port. A device that is split into partitions is listed and cannot be given."""
        if self._library is None:
            # It may have been installed, or its driver loaded, meanwhile.
            self._open()
        hives: list[str] = []
        found: dict[str, Gpu] = {}
        for index, asked in enumerate(self._asked()):
            gpu = self._device(index, asked, hives)
            if gpu is not None:
                # The partitions of one device may all give its name.
                found.setdefault(gpu.uuid, gpu)
        return tuple(found.values())

    def readings(self) -> tuple[GpuReading, ...]:
        """See the port."""
        if self._seen is None:
            self._open()
        found: dict[str, GpuReading] = {}
        for asked in self._asked():
            if uuid := _words(asked("amdsmi_get_gpu_device_uuid")):
                found.setdefault(uuid, _reading(uuid, asked, self._place(asked)))
        return tuple(found.values())

    def close(self) -> None:
        """See the port."""
        library, self._library = self._library, None
        if library is not None:
            _Asked(library)("amdsmi_shut_down")

    def _open(self) -> None:
        if self._seen is None:
            self._seen = tuple(_on_bus(self._bus))
            self._expected = any(map(_is_large, self._seen))
        if not self._seen:
            self._trouble = "no device of theirs is on the bus"
            return
        try:
            # Where its shared library is missing, it prints that to what may be a dashboard's screen.
            with quiet_thread():
                import amdsmi
        except ModuleNotFoundError:
            self._trouble = _ABSENT
            return
        except (ImportError, OSError, KeyError, AttributeError) as error:
            what = f"{type(error).__name__}: {error}"
            self._trouble = f"amdsmi does not load ({what}): is ROCm's amd-smi-lib here, of the same release?"
            return
        try:
            amdsmi.amdsmi_init(amdsmi.AmdSmiInitFlags.INIT_AMD_GPUS)
        except amdsmi.AmdSmiException as error:
            self._trouble = f"amdsmi: {_in_words(error)}"
            return
        self._library, self._trouble = amdsmi, ""

    def _asked(self) -> list[_Asked]:
        """What asks the library about each device."""
        if self._library is None:
            return []
        handles = _Asked(self._library)("amdsmi_get_processor_handles")
        return [_Asked(self._library, one) for one in handles] if isinstance(handles, Sequence) else []

    def _place(self, asked: _Asked) -> Path:
        """The kernel's directory of the device."""
        return self._bus / (_words(asked("amdsmi_get_gpu_device_bdf")).lower() or "unknown")

    def _device(self, index: int, asked: _Asked, hives: list[str]) -> Gpu | None:
        uuid = _words(asked("amdsmi_get_gpu_device_uuid"))
        if not uuid:
            return None
        place = self._place(asked)
        if hive := _file(place / "xgmi_hive_info/xgmi_hive_id"):
            hives.extend([] if hive in hives else [hive])
        asic = asked.mapping("amdsmi_get_gpu_asic_info")
        nodes = _render_nodes(place)
        return Gpu(
            uuid,
            index,
            _words(asic.get("market_name")) or f"AMD GPU {_words(asic.get('device_id'))}".strip(),
            asked.vram("amdsmi_get_gpu_memory_total"),
            vendor=Vendor.AMD,
            numa=_memory_node(place),
            island=hives.index(hive) if hive else None,
            nodes=(_KFD, *nodes) if nodes else (),
            trouble=_why_not_give(_words(asked("amdsmi_get_gpu_compute_partition")), nodes),
        )


def _why_not_give(partition: str, nodes: Sequence[str]) -> str:
    if partition not in _UNSPLIT:
        return f"it is split into partitions ({partition}), which cannot be given one by one"
    return "" if nodes else "it has no file in /dev/dri that a session could be given"


class _Asked:
    """Calls the library about one device; what it refuses to tell is None, with its words in ``trouble``."""

    def __init__(self, library: ModuleType, *handle: object) -> None:
        self._library = library
        self._handle = handle
        self.trouble = ""

    def __call__(self, call: str, *arguments: object) -> object:
        try:
            told: object = getattr(self._library, call)(*self._handle, *arguments)
        except self._library.AmdSmiException as error:
            self.trouble = self.trouble or _in_words(error)
            return None
        except (AttributeError, KeyError, TypeError, ValueError):
            # Another release of it: a call that is not there, or an answer it cannot read itself.
            return None
        return told

    def mapping(self, call: str) -> Mapping[str, Any]:
        """What a call tells by names; nothing where it does not."""
        found = self(call)
        return found if isinstance(found, Mapping) else {}

    def vram(self, call: str) -> int | None:
        """Bytes of the device's own memory."""
        kinds = getattr(self._library, "AmdSmiMemoryType", None)
        return None if kinds is None else _whole(self(call, kinds.VRAM))


def _reading(uuid: str, asked: _Asked, place: Path) -> GpuReading:
    busy = _number(asked.mapping("amdsmi_get_gpu_activity").get("gfx_activity"))
    memory = asked.vram("amdsmi_get_gpu_memory_usage")
    # What else it does not tell is nothing that a device must know.
    trouble = asked.trouble if busy is None and memory is None else ""
    # At the edge of the chip; of those that do not tell that, at its hottest place.
    heat = _sensor(place, _MILLI, "temp1_input", "temp2_input")
    errors = asked.mapping("amdsmi_get_gpu_total_ecc_count").get("uncorrectable_count")
    return GpuReading(
        uuid,
        time.monotonic(),
        None if busy is None else min(1.0, busy / 100),
        memory,
        asked.vram("amdsmi_get_gpu_memory_total"),
        power=_sensor(place, _MICRO, "power1_average", "power1_input"),
        power_limit=_sensor(place, _MICRO, "power1_cap"),
        temperature=None if heat is None else round(heat),
        errors=_whole(errors),
        processes=_processes(asked("amdsmi_get_gpu_process_list")),
        trouble=trouble,
    )


def _sensor(place: Path, unit: float, *names: str) -> float | None:
    """What the first of these sensors tells that the device has."""
    for name in names:
        for path in sorted(place.glob(f"hwmon/hwmon*/{name}")):
            if (told := _file(path)).isdigit():
                return int(told) * unit
    return None


def _processes(listed: object) -> tuple[GpuProcess, ...] | None:
    """Those listed, with their memory; how busy each keeps the device is not told as a share.

    The library looks at processes as whoever runs it may: but for root, no process may be one that is
    hidden, and no memory such that is.
    """
    if not isinstance(listed, Sequence) or not all(isinstance(one, Mapping) for one in listed):
        return None
    sees_all = os.geteuid() == 0
    found = []
    for one in listed:
        pid = _whole(one.get("pid"))
        usage = one.get("memory_usage")
        memory = _whole(usage.get("vram_mem") if usage else one.get("mem"))
        if pid:
            found.append(GpuProcess(pid, memory if memory or sees_all else None))
    return tuple(found) if found or sees_all else None


def _on_bus(bus: Path) -> Iterator[Path]:
    """The AMD devices that show or compute, but those that are kept for a virtual machine (``vfio-pci``)."""
    try:
        places = sorted(bus.iterdir())
    except OSError:
        return
    for place in places:
        theirs = _file(place / "vendor") == _VENDOR and _file(place / "class").startswith(_CLASSES)
        if theirs and (place / "driver").resolve().name != "vfio-pci":
            yield place


def _is_large(place: Path) -> bool:
    """Whether it is more than graphics that is part of a processor; so is one whose driver does not tell."""
    told = _file(place / "mem_info_vram_total")
    return not told.isdigit() or int(told) > _SMALL


def _render_nodes(place: Path) -> tuple[str, ...]:
    """The files by which programs compute on the device, and not those by which they show pictures."""
    try:
        names = sorted(one.name for one in (place / "drm").iterdir())
    except OSError:
        return ()
    return tuple(f"/dev/dri/{name}" for name in names if name.startswith("renderD"))


def _memory_node(place: Path) -> int | None:
    told = _file(place / "numa_node")
    return int(told) if told.isdigit() else None


def _file(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _words(told: object) -> str:
    """A text; what is not told, it writes as N/A."""
    return told.strip() if isinstance(told, str) and told != "N/A" else ""


def _number(told: object) -> float | None:
    """A number; what is not told, it writes as N/A."""
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def _whole(told: object) -> int | None:
    return int(told) if isinstance(told, int) and not isinstance(told, bool) else None


def _in_words(error: Exception) -> str:
    """The library's own words, without the line breaks that it lays them out with."""
    return str(getattr(error, "err_info", "") or " ".join(str(error).split()))
