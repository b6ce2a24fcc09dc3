"""What every meter of GPUs promises: the one that asks drivers, the double of tests, and none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.domain.gpu import Driver, Gpu, GpuProcess, GpuReading, GpuSample, Place, Vendor
from sessiontui.domain.session import Phase, Session
from sessiontui.metering.gpus import LocalGpus
from sessiontui.metering.gpus_on_first_use import GpusOnFirstUse
from sessiontui.metering.port import NO_GPUS, GpuMeter
from sessiontui.metering.scripted_gpus import ScriptedGpus
from tests.unit.metering.drivers import ScriptedSource, device, reading
from tests.unit.metering.sessions import CONTAINER, RUNNING
from tests.unit.metering.test_gpu_processes import NOW, OURS, Tree

PATIENCE = 20.0
SESSION = replace(RUNNING, devices=("GPU-1",))
PROCESS = GpuProcess(10, 5, 0.25, 500, Place.CONTAINER, CONTAINER, "python", "root")
DEVICES = (device(0), device(1))
READINGS = (reading(0, 1.0, PROCESS), reading(1, 1.0, PROCESS))
DRIVER = Driver(Vendor.NVIDIA, "570.86")

Make = Callable[[Path], GpuMeter]


def local(directory: Path) -> GpuMeter:
    tree = Tree(directory)
    tree.add(10, OURS)
    source = ScriptedSource(2, processes=(GpuProcess(10, 5, 0.25),), at=1.0)
    return LocalGpus([source], proc=tree.root, clock=lambda: 1.0, ticks=lambda: NOW)


def scripted(directory: Path) -> GpuMeter:
    sample = GpuSample({one.uuid: one for one in READINGS}, (DRIVER,))
    return ScriptedGpus(DEVICES, lambda sessions: sample)


def on_first_use(directory: Path) -> GpuMeter:
    return GpusOnFirstUse(lambda: local(directory))


@pytest.fixture(params=[local, scripted, on_first_use])
def meter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GpuMeter]:
    make: Make = request.param
    found = make(tmp_path)
    yield found
    found.close()


@pytest.fixture(
    params=[lambda: LocalGpus([]), lambda: LocalGpus([ScriptedSource(0)]), ScriptedGpus, lambda: NO_GPUS],
    ids=["no source", "no device", "scripted", "none"],
)
def empty(request: pytest.FixtureRequest) -> Iterator[GpuMeter]:
    make: Callable[[], GpuMeter] = request.param
    found = make()
    yield found
    found.close()


def test_devices_are_all_there_are_and_nobodys(meter: GpuMeter) -> None:
    assert meter.devices() == DEVICES
    assert meter.devices() == DEVICES
    assert not any(gpu.holders or gpu.strangers for gpu in meter.devices())


def test_sample_tells_of_every_device_by_its_uuid_and_of_the_driver(meter: GpuMeter) -> None:
    sample = meter.sample([SESSION], patience=PATIENCE)
    assert {uuid: one.uuid for uuid, one in sample.readings.items()} == {"GPU-0": "GPU-0", "GPU-1": "GPU-1"}
    assert tuple(sample.readings.values()) == READINGS
    assert sample.drivers == (DRIVER,)


def test_processes_are_told_apart_by_container(meter: GpuMeter) -> None:
    for one in meter.sample([SESSION], patience=PATIENCE).readings.values():
        assert one.processes == (PROCESS,)


def test_sample_is_a_value(meter: GpuMeter) -> None:
    first = meter.sample([SESSION], patience=PATIENCE)
    assert meter.sample([SESSION], patience=PATIENCE) == first


@pytest.mark.parametrize(
    "sessions",
    [
        [],
        [RUNNING],
        [replace(SESSION, phase=Phase.STOPPED)],
        [replace(SESSION, container_id=None)],
        [replace(SESSION, devices=("GPU-9",))],
    ],
    ids=["none", "without devices", "stopped", "without a container", "of a device that is not there"],
)
def test_devices_are_read_whoever_is_there(meter: GpuMeter, sessions: list[Session]) -> None:
    assert tuple(meter.sample(sessions, patience=PATIENCE).readings.values()) == READINGS


def test_closed_meter_bears_what_is_still_asked(meter: GpuMeter) -> None:
    meter.close()
    meter.close()
    meter.devices()
    meter.sample([SESSION], patience=PATIENCE)


def test_machine_without_devices_has_nothing_to_tell(empty: GpuMeter) -> None:
    assert empty.devices() == ()
    sample = empty.sample([SESSION], patience=PATIENCE)
    assert sample.readings == {}
    assert not any(driver.trouble for driver in sample.drivers)
    assert empty.sample([SESSION], patience=PATIENCE) is sample


def test_sample_of_a_part_is_its_own(tmp_path: Path) -> None:
    whole = replace(device(0), divided=True)
    part = Gpu("MIG-0", 0, "H100 MIG 1g.10gb", parent="GPU-0", part=0)
    told = (GpuReading("GPU-0", 1.0, memory=9), GpuReading("MIG-0", 1.0, memory=3))

    class Divided(ScriptedSource):
        def devices(self) -> tuple[Gpu, ...]:
            return (whole, part)

        def readings(self) -> tuple[GpuReading, ...]:
            return told

    meter = LocalGpus([Divided()], clock=lambda: 1.0)
    assert meter.devices() == (whole, part)
    assert meter.sample([], patience=PATIENCE).readings == {one.uuid: one for one in told}
    meter.close()
