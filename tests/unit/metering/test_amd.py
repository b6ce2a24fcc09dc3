"""AMD's devices, told by a stand-in for AMD's library: no real device has been asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiontui.domain.gpu import Driver, GpuProcess, Vendor
from sessiontui.domain.units import GIB
from sessiontui.metering.amd import AmdSource
from tests.amd.machine import LIBRARY, AmdMachine

FIRST, SECOND = "0000:03:00.0", "0000:C3:00.0"
KERNEL = {
    "drm__renderD128__dev": "226:128",
    "drm__card0__dev": "226:0",
    "numa_node": "1",
    "xgmi_hive_info__xgmi_hive_id": "1234567",
    "hwmon__hwmon4__temp1_input": "64400",
    "hwmon__hwmon4__power1_average": "310000000",
    "hwmon__hwmon4__power1_cap": "750000000",
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AmdMachine]:
    """A machine whose library is the stand-in, and that has no device yet."""
    machine = AmdMachine(tmp_path)
    monkeypatch.syspath_prepend(LIBRARY)
    monkeypatch.setenv("AMDSMI_STAND_IN", str(machine.script))
    sys.modules.pop("amdsmi", None)
    yield machine
    sys.modules.pop("amdsmi", None)


def test_a_device_is_told_with_the_files_that_a_container_is_given(machine: AmdMachine) -> None:
    machine.plug(FIRST, **KERNEL)
    machine.plug(SECOND.lower(), kind="0x120000", **{**KERNEL, "drm__renderD129__dev": "", "numa_node": "-1"})
    machine.tell(FIRST, "uuid-0")
    machine.tell(SECOND, "uuid-1", asic={})
    source = AmdSource(machine.bus)
    first, second = source.devices()
    assert (first.uuid, first.number, first.model, first.memory) == (
        "uuid-0",
        "0",
        "AMD Instinct MI300X",
        192 * GIB,
    )
    assert first.vendor is Vendor.AMD
    assert first.nodes == ("/dev/kfd", "/dev/dri/renderD128")
    assert (first.numa, first.island) == (1, 0)
    assert first.free
    assert (second.number, second.model, second.numa, second.island) == ("1", "AMD GPU 0x74a1", None, 0)
    assert second.nodes == ("/dev/kfd", "/dev/dri/renderD128", "/dev/dri/renderD129")
    assert source.driver() == Driver(Vendor.AMD, "6.10.5", "", expected=True)


def test_a_reading_has_shares_bytes_watts_and_degrees(machine: AmdMachine) -> None:
    machine.plug(FIRST, **KERNEL)
    machine.tell(FIRST, "uuid-0", errors=2, processes=[{"pid": 4711, "memory": GIB}, {"pid": 0, "memory": 1}])
    (reading,) = AmdSource(machine.bus).readings()
    assert (reading.busy, reading.memory, reading.memory_total) == (0.43, 20 * GIB, 192 * GIB)
    assert (reading.power, reading.power_limit, reading.temperature) == (310.0, 750.0, 64)
    assert reading.processes == (GpuProcess(4711, GIB),)
    assert (reading.errors, reading.encoder, reading.decoder, reading.trouble) == (2, None, None, "")


@pytest.mark.parametrize(
    ("uid", "listed", "told"),
    [
        (0, [], ()),
        (1000, [], None),
        (0, [{"pid": 7, "memory": 0}], (GpuProcess(7, 0),)),
        (1000, [{"pid": 7, "memory": 0}, {"pid": 8, "memory": 5}], (GpuProcess(7), GpuProcess(8, 5))),
    ],
)
def test_nothing_seen_is_nothing_for_root_alone(
    machine: AmdMachine,
    monkeypatch: pytest.MonkeyPatch,
    uid: int,
    listed: list[dict[str, int]],
    told: tuple[GpuProcess, ...] | None,
) -> None:
    machine.plug(FIRST)
    machine.tell(FIRST, "uuid-0", processes=listed)
    monkeypatch.setattr("os.geteuid", lambda: uid)
    (reading,) = AmdSource(machine.bus).readings()
    assert reading.processes == told


def test_what_a_device_does_not_tell_is_unknown(machine: AmdMachine) -> None:
    machine.plug(FIRST, drm__renderD128__dev="")
    machine.tell(FIRST, "uuid-0", errors=None, processes=None, busy="N/A", partition=None, driver="N/A")
    source = AmdSource(machine.bus)
    (gpu,) = source.devices()
    (reading,) = source.readings()
    assert gpu.free
    assert (gpu.numa, gpu.island) == (None, None)
    unknown = (reading.busy, reading.errors, reading.processes, reading.power, reading.temperature)
    assert unknown == (None,) * 5
    assert (reading.memory, reading.trouble) == (20 * GIB, "")
    assert source.driver().version == "amdgpu"


def test_the_hottest_place_and_the_power_of_now_stand_in_for_what_newer_devices_lack(
    machine: AmdMachine,
) -> None:
    machine.plug(FIRST, hwmon__hwmon1__temp2_input="71000", hwmon__hwmon1__power1_input="140500000")
    machine.tell(FIRST, "uuid-0")
    (reading,) = AmdSource(machine.bus).readings()
    assert (reading.temperature, reading.power, reading.power_limit) == (71, 140.5, None)


def test_a_device_that_answers_nothing_says_why_in_the_librarys_words(machine: AmdMachine) -> None:
    machine.plug(FIRST, **KERNEL)
    machine.tell(FIRST, "uuid-0", busy=None, used=None)
    (reading,) = AmdSource(machine.bus).readings()
    assert reading.trouble == "AMDSMI_STATUS_NOT_SUPPORTED - Feature not supported"


def test_a_device_that_cannot_be_given_says_so(machine: AmdMachine) -> None:
    machine.plug(FIRST, **KERNEL)
    machine.plug(SECOND)
    # A partition may have its own handle with the name of the whole.
    for uuid in ("uuid-0", "uuid-0"):
        machine.tell(FIRST, uuid, partition="CPX")
    machine.tell(SECOND.lower(), "uuid-1")
    split, without_file = AmdSource(machine.bus).devices()
    assert not split.givable
    assert "partitions (CPX)" in split.trouble
    assert (without_file.nodes, without_file.givable) == ((), False)


@pytest.mark.parametrize(
    ("vendor", "kind"), [("0x10de", "0x030200"), ("0x1002", "0x040300"), ("0x1022", "0x060000")]
)
def test_without_a_device_of_theirs_the_library_is_not_loaded(
    machine: AmdMachine, vendor: str, kind: str
) -> None:
    machine.plug(FIRST, vendor=vendor, kind=kind)
    source = AmdSource(machine.bus)
    assert (source.devices(), source.readings()) == ((), ())
    assert source.driver() == Driver(Vendor.AMD, "", "no device of theirs is on the bus", expected=False)
    source.close()
    assert "amdsmi" not in sys.modules


def test_a_device_that_is_kept_for_a_virtual_machine_is_none_of_this_machines(machine: AmdMachine) -> None:
    (machine.plug(FIRST) / "driver").symlink_to("../../../bus/pci/drivers/vfio-pci")
    assert AmdSource(machine.bus).driver().trouble == "no device of theirs is on the bus"


def test_a_machine_without_such_a_bus_has_none(tmp_path: Path) -> None:
    assert AmdSource(tmp_path / "nothing").devices() == ()


@pytest.mark.parametrize(("memory", "expected"), [(GIB // 2, False), (16 * GIB, True)])
def test_an_absent_library_is_missed_but_for_graphics_of_a_processor(
    machine: AmdMachine, monkeypatch: pytest.MonkeyPatch, memory: int, expected: bool
) -> None:
    machine.plug(FIRST, kind="0x030000", mem_info_vram_total=str(memory))
    monkeypatch.setitem(sys.modules, "amdsmi", None)  # Python's way to say that there is no such module
    driver = AmdSource(machine.bus).driver()
    assert driver.trouble == "amdsmi, AMD's Python library, is not installed beside sessiontui"
    assert driver.expected is expected


def test_a_library_without_its_shared_one_prints_nothing_and_is_said_in_words(
    machine: AmdMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.plug(FIRST)
    broken = tmp_path / "broken"
    broken.mkdir()
    # As release 7.0.2 does where libamd_smi.so is missing.
    (broken / "amdsmi.py").write_text("print('Unable to find libamd_smi.so')\n{}['libamd_smi.so']\n")
    monkeypatch.syspath_prepend(broken)
    source = AmdSource(machine.bus)
    assert source.devices() == ()
    assert "amdsmi does not load (KeyError: 'libamd_smi.so')" in source.driver().trouble
    assert capsys.readouterr() == ("", "")


def test_what_others_print_while_the_library_loads_is_not_lost(
    machine: AmdMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.plug(FIRST)
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "amdsmi.py").write_text(
        "import threading\n"
        "print('Unable to find libamd_smi.so')\n"
        "other = threading.Thread(target=print, args=('figures',))\n"
        "other.start()\nother.join()\n{}['libamd_smi.so']\n"
    )
    monkeypatch.syspath_prepend(slow)
    assert AmdSource(machine.bus).devices() == ()
    assert capsys.readouterr() == ("figures\n", "")


def test_a_driver_that_is_loaded_later_is_found_by_the_next_look_for_devices(
    machine: AmdMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.plug(FIRST, **KERNEL)
    machine.tell(FIRST, "uuid-0")
    monkeypatch.delenv("AMDSMI_STAND_IN")
    source = AmdSource(machine.bus)
    assert (source.devices(), source.readings()) == ((), ())
    assert source.driver().trouble == "amdsmi: AMDSMI_STATUS_DRIVER_NOT_LOADED - Driver not loaded"
    monkeypatch.setenv("AMDSMI_STAND_IN", str(machine.script))
    assert [gpu.uuid for gpu in source.devices()] == ["uuid-0"]
    assert source.driver().trouble == ""
    source.close()
    assert source.readings() == ()
