"""What containers are asked for their GPUs, and what is told inside."""

from __future__ import annotations

from sessiontui.domain.gpu import Gpu, GpuWay, Vendor
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine.gpu_payload import gpu_host_config, gpu_variables, visible_devices

GPUS = (Gpu("GPU-a", 3, "NVIDIA L4", 24 * GIB), Gpu("GPU-b", 5, "NVIDIA L4", 24 * GIB))
PART = Gpu("MIG-c", 0, "NVIDIA H100 MIG 3g.40gb", 40448 * MIB, parent="GPU-d", part=1)
RADEONS = tuple(
    Gpu(f"0x{n}", n, "MI300X", vendor=Vendor.AMD, nodes=("/dev/kfd", f"/dev/dri/renderD{128 + n}"))
    for n in range(2)
)


def test_devices_are_requested_by_uuid() -> None:
    assert gpu_host_config((*GPUS, PART), GpuWay.REQUESTS) == {
        "DeviceRequests": [
            {"Driver": "nvidia", "DeviceIDs": ["GPU-a", "GPU-b", "MIG-c"], "Capabilities": [["gpu"]]}
        ]
    }


def test_with_cdi_devices_are_named_as_the_engine_knows_them() -> None:
    known = {"nvidia.com/gpu=3", "nvidia.com/gpu=GPU-b", "nvidia.com/gpu=0:1"}
    ids = ["nvidia.com/gpu=3", "nvidia.com/gpu=GPU-b", "nvidia.com/gpu=0:1"]
    config = gpu_host_config((*GPUS, PART), GpuWay.CDI, known)
    assert config == {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ids}]}


def test_devices_of_other_vendors_are_given_as_files_each_once() -> None:
    devices = gpu_host_config(RADEONS, GpuWay.REQUESTS)["Devices"]
    assert [one["PathOnHost"] for one in devices] == [
        "/dev/kfd",
        "/dev/dri/renderD128",
        "/dev/dri/renderD129",
    ]
    # Not to make files for other devices.
    assert {one["CgroupPermissions"] for one in devices} == {"rw"}


def test_without_devices_nothing_is_asked_for() -> None:
    assert gpu_host_config((), GpuWay.REQUESTS) == gpu_host_config((), GpuWay.CDI) == {}


def test_nvidias_runtime_is_told_to_give_what_was_chosen_and_nothing_else() -> None:
    assert visible_devices(GPUS, GpuWay.REQUESTS) == "GPU-a,GPU-b"
    assert visible_devices(GPUS, GpuWay.CDI) == "void"
    assert visible_devices(RADEONS, GpuWay.REQUESTS) == "void"
    assert visible_devices((), GpuWay.REQUESTS) == "void"


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
