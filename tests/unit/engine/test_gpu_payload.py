"""What containers are asked for their GPUs, and what is told inside."""

from __future__ import annotations

from dataclasses import replace

from sessiontui.domain.gpu import Gpu, GpuWay, Vendor
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine.gpu_payload import (
    BY_REQUESTS,
    Giving,
    gpu_host_config,
    gpu_variables,
    visible_devices,
)

GPUS = (Gpu("GPU-a", 3, "NVIDIA L4", 24 * GIB), Gpu("GPU-b", 5, "NVIDIA L4", 24 * GIB))
PART = Gpu("MIG-c", 0, "NVIDIA H100 MIG 3g.40gb", 40448 * MIB, parent="GPU-d", part=1)
BY_CDI = Giving(GpuWay.CDI)
RADEONS = tuple(
    Gpu(f"0x{n}", n, "MI300X", vendor=Vendor.AMD, nodes=("/dev/kfd", f"/dev/dri/renderD{128 + n}"))
    for n in range(2)
)


def test_devices_are_requested_by_uuid() -> None:
    assert gpu_host_config((*GPUS, PART), BY_REQUESTS) == {
        "DeviceRequests": [
            {"Driver": "nvidia", "DeviceIDs": ["GPU-a", "GPU-b", "MIG-c"], "Capabilities": [["gpu"]]}
        ]
    }


def test_nvidias_runtime_is_asked_for_with_requests_alone() -> None:
    by_requests, by_cdi = (replace(one, runtime="nvidia") for one in (BY_REQUESTS, BY_CDI))
    assert gpu_host_config(GPUS, by_requests)["Runtime"] == "nvidia"
    assert "Runtime" not in gpu_host_config(GPUS, by_cdi)
    assert "Runtime" not in gpu_host_config(RADEONS, by_requests)
    assert gpu_host_config((), by_requests) == {}


def test_an_engine_without_a_way_is_asked_all_the_same_to_say_what_it_lacks() -> None:
    none = Giving(None, trouble="no toolkit")
    assert gpu_host_config(GPUS, none) == gpu_host_config(GPUS, BY_REQUESTS)
    assert visible_devices(GPUS, none) == "GPU-a,GPU-b"


def test_with_cdi_devices_are_named_as_the_engine_knows_them() -> None:
    known = frozenset({"nvidia.com/gpu=3", "nvidia.com/gpu=GPU-b", "nvidia.com/gpu=0:1"})
    ids = ["nvidia.com/gpu=3", "nvidia.com/gpu=GPU-b", "nvidia.com/gpu=0:1"]
    config = gpu_host_config((*GPUS, PART), Giving(GpuWay.CDI, known))
    assert config == {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ids}]}


def test_devices_of_other_vendors_are_given_as_files_each_once() -> None:
    devices = gpu_host_config(RADEONS, BY_REQUESTS)["Devices"]
    assert [one["PathOnHost"] for one in devices] == [
        "/dev/kfd",
        "/dev/dri/renderD128",
        "/dev/dri/renderD129",
    ]
    # Not to make files for other devices.
    assert {one["CgroupPermissions"] for one in devices} == {"rw"}


def test_without_devices_nothing_is_asked_for() -> None:
    assert gpu_host_config((), BY_REQUESTS) == gpu_host_config((), BY_CDI) == {}


def test_nvidias_runtime_is_told_to_give_what_was_chosen_and_nothing_else() -> None:
    assert visible_devices(GPUS, BY_REQUESTS) == "GPU-a,GPU-b"
    assert visible_devices(GPUS, BY_CDI) == "void"
    assert visible_devices(RADEONS, BY_REQUESTS) == "void"
    assert visible_devices((), BY_REQUESTS) == "void"


def test_programs_are_told_how_many_they_have_and_how_much_memory_by_numbers_inside() -> None:
    assert gpu_variables(GPUS) == {
        "GPU_COUNT": "2",
        "N_GPUS": "2",
        "GPU_TYPE": "cuda",
        "GPU_MODEL_NAME": "NVIDIA L4",
        "GPU_CONFIG": "0:24g,1:24g",
        "TF_GPU_MEMORY_ALLOC": "0:24576,1:24576",
    }
    assert gpu_variables((PART,))["GPU_CONFIG"] == "0:39.5g"
    assert gpu_variables(()) == {"GPU_COUNT": "0", "N_GPUS": "0"}


def test_memory_that_no_driver_tells_is_not_told_either() -> None:
    assert not {"GPU_CONFIG", "TF_GPU_MEMORY_ALLOC"} & gpu_variables((*GPUS, *RADEONS)).keys()
    assert gpu_variables(RADEONS)["GPU_TYPE"] == "rocm"
