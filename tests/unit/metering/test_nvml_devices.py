"""Which devices NVIDIA's driver tells of, and what of them."""

from __future__ import annotations

from pathlib import Path

import pynvml
import pytest

from sessiontui.domain.gpu import ComputeMode, Gpu, Vendor
from tests.nvml.devices import ERRORS, GIB, OF_DRIVER, device, eight, machine, part, part_uuid, uuid
from tests.nvml.source import Watched, watched
from tests.nvml.stub import NvmlStub

H100 = "NVIDIA H100 80GB HBM3"
LOST = pynvml.NVML_ERROR_GPU_IS_LOST


def divided(index: int) -> str:
    """A device with two parts, the second of which is not numbered on end."""
    fields = device(index, mig=1, parts=7)
    return fields + part(index, 0, gi=1) + part(index, 3, gi=2)


def test_eight_devices(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    gpus = nvidia.source.devices()
    assert gpus == tuple(Gpu(uuid(index), index, H100, 80 * GIB) for index in range(8))
    assert all(gpu.vendor is Vendor.NVIDIA and gpu.free for gpu in gpus)


def test_parts_are_devices_of_their_own(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(machine(device(0), divided(1)))
    gpus = nvidia.gpus()
    assert list(gpus) == ["0", "1", "1:0", "1:3"]
    assert (gpus["1"].divided, gpus["1"].givable) == (True, False)
    assert gpus["1:3"] == Gpu(part_uuid(1, 3), 1, f"{H100} MIG 1g.10gb", 10 * GIB, parent=uuid(1), part=3)
    assert gpus["1:3"].free


def test_a_device_that_may_be_divided_and_has_no_parts_can_not_be_given(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(machine(device(0, mig=1, parts=7)))
    assert [(gpu.number, gpu.givable) for gpu in nvidia.source.devices()] == [("0", False)]


def test_parts_that_are_made_meanwhile_are_seen_after_some_seconds(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(machine(device(0)))
    assert list(nvidia.gpus()) == ["0"]
    nvml_stub.write(machine(divided(0)))
    assert list(nvidia.later(10).gpus()) == ["0", "0:0", "0:3"]
    nvml_stub.write(machine(device(0)))
    assert list(nvidia.later(10).gpus()) == ["0"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (pynvml.NVML_COMPUTEMODE_DEFAULT, ComputeMode.DEFAULT),
        (pynvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS, ComputeMode.EXCLUSIVE),
        (pynvml.NVML_COMPUTEMODE_PROHIBITED, ComputeMode.PROHIBITED),
        (77, ComputeMode.DEFAULT),
        (f"!{pynvml.NVML_ERROR_NOT_SUPPORTED}", ComputeMode.DEFAULT),
    ],
)
def test_compute_modes(nvidia: Watched, nvml_stub: NvmlStub, mode: int | str, expected: ComputeMode) -> None:
    nvml_stub.write(machine(device(0, mode=mode)))
    assert nvidia.gpus()["0"].compute_mode is expected


def test_the_memory_node_is_that_of_its_place_on_the_bus(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvidia.display("0000:1b:00.0", node=1)
    nvidia.display("10000:1c:00.0", node=0)
    nvidia.display("0000:1d:00.0")
    nvml_stub.write(
        machine(device(0), device(1, pci="10000:1c:00.0"), device(2), device(3), device(4, pci="!3"))
    )
    assert [gpu.numa for gpu in nvidia.source.devices()] == [1, 0, None, None, None]


def test_devices_joined_by_links_are_islands(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    joined = ["", "3", "4", "5", "2", "1 3", "!3"]
    nvml_stub.write(machine(*(device(index, joined=others) for index, others in enumerate(joined))))
    assert [gpu.island for gpu in nvidia.source.devices()] == [None, 0, 1, 0, 1, 0, None]


def test_devices_that_share_the_machines_memory_have_none_of_their_own(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(machine(device(0, name="NVIDIA GB10", memory="!3"), device(1, memory="0 0 0")))
    assert [gpu.memory for gpu in nvidia.source.devices()] == [None, None]
    assert all(gpu.free for gpu in nvidia.source.devices())


def test_a_device_of_few_words_has_its_name_and_nothing_else(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(f"driver 1\ncount 1\n0.uuid {uuid(0)}\n")
    assert nvidia.source.devices() == (Gpu(uuid(0), 0, "NVIDIA device"),)


def test_a_name_is_one_line_without_control_codes(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(machine(device(0, name="NVIDIA \x1b[31m\tH100  \x07")))
    assert nvidia.gpus()["0"].model == "NVIDIA [31m H100"


def test_a_lost_device_keeps_its_name_and_leaves_the_others_alone(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(machine(device(0), divided(1), device(2)))
    nvidia.source.devices()
    nvml_stub.add(f"1 !{LOST}")
    gpus = nvidia.later(10).gpus()
    assert [gpu.trouble for gpu in gpus.values()] == ["", "GPU is lost", "GPU is lost", "GPU is lost", ""]
    assert (gpus["1"].uuid, gpus["1"].model, gpus["1"].givable) == (uuid(1), H100, False)
    assert gpus["2"].free


def test_a_lost_device_that_is_not_even_named_is_known_by_its_number(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(machine(device(0), device(1)))
    nvidia.source.devices()
    nvml_stub.add(f"1 !{LOST}")
    nvidia.later(10).source.devices()
    assert nvidia.later(60).gpus()["1"].uuid == uuid(1)
    assert nvml_stub.calls().count("init") == 2
    nvml_stub.write(machine(device(0), device(1)))
    assert nvidia.later(60).gpus()["1"].free


def test_a_lost_device_has_no_name_that_is_anothers_now(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    pair = [device(index, joined="0 1") for index in range(2)]
    nvml_stub.write(machine(*pair))
    assert [gpu.island for gpu in nvidia.source.devices()] == [0, 0]
    nvml_stub.add(f"0 !{LOST}")
    nvidia.later(10).source.devices()
    nvml_stub.calls()
    gone = nvidia.later(60).gpus()["0"]
    assert (gone.uuid, gone.island, gone.trouble) == (uuid(0), None, "GPU is lost")
    assert "no handle" not in nvml_stub.calls()
    nvml_stub.add(f"1.uuid {uuid(0)}")
    assert [gpu.uuid for gpu in nvidia.later(60).source.devices()] == ["GPU-unknown-0", uuid(0)]


def test_a_lost_device_that_was_never_seen_is_there_nevertheless(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(machine(device(0), f"1 !{LOST}\n", f"2 !{pynvml.NVML_ERROR_UNKNOWN}\n"))
    gpus = nvidia.gpus()
    assert {gpu.uuid for gpu in gpus.values()} == {uuid(0), "GPU-unknown-1", "GPU-unknown-2"}
    assert [gpu.trouble for gpu in gpus.values()] == ["", "GPU is lost", "Unknown Error"]


def test_a_device_that_answers_nothing_is_in_trouble_until_it_does(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(machine(device(0), device(1)))
    nvidia.source.devices()
    nvml_stub.add("1 !999")
    assert nvidia.later(10).gpus()["1"].trouble == "Unknown Error"
    nvml_stub.write(machine(device(0), device(1)))
    assert nvidia.later(10).gpus()["1"].free


def test_what_never_changes_is_asked_once(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    nvidia.source.devices()
    assert nvml_stub.calls().count("0.name") == 1
    for _ in range(5):
        nvidia.later(10).source.devices()
    asked = set(nvml_stub.calls())
    assert not asked & {"init", "count", "0.handle", "0.name", "0.uuid", "0.pci", "0.joined"}
    assert {"0.mode", "0.mig"} <= asked


@pytest.mark.parametrize("field", "handle name uuid pci mode mig memory joined".split())
def test_any_call_may_fail_in_any_way(nvml_stub: NvmlStub, tmp_path: Path, field: str) -> None:
    two = machine(divided(0), device(1))
    for error in ERRORS:
        nvml_stub.write(f"{two}\n0.{field} !{error}")
        with watched(tmp_path) as nvidia:
            gpus = nvidia.source.devices()
            assert bool(gpus) == (error not in OF_DRIVER)
            if gpus:
                assert [gpu.index for gpu in gpus if gpu.part is None] == [0, 1]
                assert gpus[-1].free
            else:
                assert nvidia.source.driver().trouble
