"""What one look at drivers becomes: figures in the picture, a past for charts, notes, and strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from sessiontui.actions.observe import Observer, capacity, gpu_notes
from sessiontui.actions.ports import Ports
from sessiontui.domain.gpu import (
    NO_SAMPLE,
    Driver,
    Gpu,
    GpuProcess,
    GpuReading,
    GpuSample,
    Place,
    Vendor,
)
from sessiontui.domain.history import GpuFigure, Window
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.session import Session
from sessiontui.domain.units import GIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.metering.port import GpuMeter
from sessiontui.storage.memory_records import MemoryRecords
from tests.pilot.stage import ALICE, ListedEnvironments, QuietHost, ScriptedMachine, ScriptedMeter, TwoFolders

DEVICE = Gpu("GPU-0", 0, "H100", 80 * GIB)
TRAINER = GpuProcess(7, 9 * GIB, 0.4, 1, Place.HOST, command="python", user="bob")
DISPLAY = GpuProcess(8, GIB // 64, 0.0, 1, Place.HOST, command="Xorg", user="root")
SAMPLE = GpuSample({"GPU-0": GpuReading("GPU-0", 1.0, 0.5, 9 * GIB, 80 * GIB, processes=(TRAINER, DISPLAY))})


@dataclass
class Gpus:
    """Devices whose driver tells what it is told to, and notes what it was asked."""

    told: GpuSample = SAMPLE
    asked: list[tuple[Session, ...]] = field(default_factory=list)

    def devices(self) -> tuple[Gpu, ...]:
        return (DEVICE,)

    def sample(self, sessions: Sequence[Session], *, patience: float = 0.0) -> GpuSample:
        self.asked.append(tuple(sessions))
        return self.told

    def close(self) -> None: ...


class NoGpus(Gpus):
    """The same without a device."""

    def devices(self) -> tuple[Gpu, ...]:
        return ()


class ElsewhereEngine(MemoryEngine):
    """Runs on another machine."""

    def facts(self) -> EngineFacts:
        return replace(super().facts(), local=False)


def ports(gpus: GpuMeter, engine: MemoryEngine | None = None) -> Ports:
    """Ports of which only the devices matter."""
    return Ports(
        engine or MemoryEngine(),
        ScriptedMeter(),
        ScriptedMachine(),
        TwoFolders(),
        ListedEnvironments(),
        QuietHost(),
        ALICE,
        MemoryRecords(),
        gpus,
    )


class Watch:
    """An observer of such ports, at a time of its own."""

    def __init__(self, gpus: Gpus, engine: MemoryEngine | None = None) -> None:
        self.now = 300.0
        self.gpus = gpus
        self.observer = Observer(ports(gpus, engine), lambda: 0.0, lambda: self.now)
        self.observer.resync()

    def series(self, figure: GpuFigure, uuid: str = "GPU-0") -> tuple[float | None, ...]:
        return self.observer.gpu_series(uuid, figure, Window.FIVE_MINUTES).values

    def tell(self, at: float, *readings: GpuReading) -> None:
        """Look at the meters at a moment in which the drivers tell this."""
        self.now = at
        self.gpus.told = GpuSample({one.uuid: one for one in readings})
        self.observer.measure()


@pytest.fixture
def watch() -> Watch:
    return Watch(Gpus())


def test_what_drivers_told_is_in_the_picture_until_the_meters_do_not_answer(watch: Watch) -> None:
    assert watch.observer.measure().gpus is SAMPLE
    assert watch.gpus.asked == [()]
    assert watch.observer.unmeasured().gpus is NO_SAMPLE


def test_devices_of_this_machine_are_nothing_to_an_engine_elsewhere() -> None:
    watch = Watch(Gpus(), ElsewhereEngine())
    assert watch.observer.measure().gpus is NO_SAMPLE
    assert capacity(ports(watch.gpus, ElsewhereEngine())).gpus == ()
    assert watch.gpus.asked == []


def test_no_driver_is_asked_before_it_is_known_where_the_engine_is() -> None:
    gpus = Gpus()
    observer = Observer(ports(gpus), lambda: 0.0)
    assert observer.measure().gpus is NO_SAMPLE
    assert gpus.asked == []


def test_device_has_a_past(watch: Watch) -> None:
    for at, busy in ((300.0, 0.25), (303.0, 0.75), (306.0, 0.5)):
        watch.tell(at, GpuReading("GPU-0", at, busy, 9))
    assert watch.series(GpuFigure.BUSY)[-4:] == (None, 0.25, 0.75, 0.5)
    assert watch.series(GpuFigure.MEMORY)[-4:] == (None, 9, 9, 9)
    assert not any(watch.series(GpuFigure.BUSY, "GPU-1"))


def test_what_was_told_before_is_told_of_no_later_moment(watch: Watch) -> None:
    watch.tell(300.0, GpuReading("GPU-0", 1.0, 0.25))
    watch.tell(303.0, GpuReading("GPU-0", 1.0, 0.25))
    watch.tell(306.0)
    watch.tell(309.0, GpuReading("GPU-0", 2.0, trouble="GPU is lost"))
    assert watch.series(GpuFigure.BUSY)[-4:] == (0.25, None, None, None)


def test_devices_that_are_gone_have_no_past(watch: Watch) -> None:
    watch.tell(300.0, GpuReading("GPU-0", 1.0, 0.25), GpuReading("GPU-1", 1.0, 0.5))
    watch.tell(303.0)
    assert watch.series(GpuFigure.BUSY, "GPU-1")[-2] == 0.5, "they may come back"
    watch.observer.survey()
    watch.tell(306.0)
    assert watch.series(GpuFigure.BUSY, "GPU-0")[-3] == 0.25
    assert not any(watch.series(GpuFigure.BUSY, "GPU-1"))


def test_driver_that_should_answer_is_a_note(watch: Watch) -> None:
    broken = Driver(Vendor.NVIDIA, "", "libnvidia-ml.so.1: Driver/library version mismatch", expected=True)
    absent = Driver(Vendor.AMD, "", "libamd_smi.so: not found", expected=False)
    well = Driver(Vendor.INTEL, "1.3", "", expected=True)
    watch.gpus.told = GpuSample(drivers=(broken, absent, well))
    said = "NVIDIA GPUs cannot be read: libnvidia-ml.so.1: Driver/library version mismatch"
    assert watch.observer.measure().notes == (said,)
    watch.gpus.told = SAMPLE
    assert watch.observer.measure().notes == ()


@pytest.mark.parametrize("vendor", Vendor)
def test_every_vendor_has_a_name(vendor: Vendor) -> None:
    (note,) = gpu_notes(GpuSample(drivers=(Driver(vendor, "", "broken", True),)))
    assert note.lower() == f"{vendor} gpus cannot be read: broken"


def test_capacity_names_who_uses_a_device_that_nobody_holds(watch: Watch) -> None:
    (found,) = capacity(ports(watch.gpus)).gpus
    assert found.strangers == (TRAINER,)
    assert not found.free
    room = watch.observer.survey().capacity
    assert room is not None
    assert room.gpus == (found,)


def test_display_takes_no_device_from_anybody(watch: Watch) -> None:
    watch.gpus.told = GpuSample({"GPU-0": GpuReading("GPU-0", 1.0, processes=(DISPLAY,))})
    assert capacity(ports(watch.gpus)).free_gpus == (DEVICE,)


def test_picture_names_who_uses_a_device_now(watch: Watch) -> None:
    room = watch.observer.survey().capacity
    assert room is not None
    later = replace(TRAINER, memory=GIB, busy=1.0)
    watch.tell(303.0, GpuReading("GPU-0", 303.0, 0.9, processes=(later,)))
    assert watch.observer.picture().capacity is room, "figures alone are no news of who it is"
    watch.tell(306.0, GpuReading("GPU-0", 306.0, 0.0, processes=()))
    now = watch.observer.picture().capacity
    assert now is not None
    assert now.free_gpus == (DEVICE,)


def test_devices_that_were_not_there_are_missed_once(watch: Watch) -> None:
    assert not watch.observer.misses_devices(), "nothing was seen yet"
    watch.observer.survey()
    watch.tell(300.0, GpuReading("GPU-0", 1.0))
    assert not watch.observer.misses_devices()
    watch.tell(303.0, GpuReading("GPU-0", 1.0), GpuReading("GPU-1", 1.0))
    assert watch.observer.misses_devices()
    watch.observer.survey()
    assert not watch.observer.misses_devices(), "what the driver does not list is not asked for again"
    watch.tell(306.0)
    assert not watch.observer.misses_devices()


def test_what_the_devices_are_is_seen_anew_where_one_is_there_no_more_is_lost_or_is_well_again(
    watch: Watch,
) -> None:
    watch.tell(300.0, GpuReading("GPU-0", 1.0))
    watch.observer.survey()
    for at, trouble in ((303.0, "GPU is lost"), (306.0, "")):
        watch.tell(at, GpuReading("GPU-0", 1.0, trouble=trouble))
        # The scripted driver lists it as well all the while.
        assert watch.observer.misses_devices() is bool(trouble)
        watch.observer.survey()
    watch.tell(309.0, GpuReading("MIG-0", 1.0))
    watch.observer.survey()
    watch.tell(312.0, GpuReading("MIG-0", 2.0))
    assert not watch.observer.misses_devices(), "once is enough"


@pytest.mark.parametrize(
    ("driver", "why"),
    [
        (
            Driver(Vendor.NVIDIA, trouble="Driver Not Loaded", expected=True),
            "NVIDIA GPUs cannot be read: Driver Not Loaded",
        ),
        (
            Driver(Vendor.NVIDIA, trouble="the driver has not answered yet", answered=False),
            "NVIDIA GPUs cannot be read: the driver has not answered yet",
        ),
        (Driver(Vendor.NVIDIA, trouble="libnvidia-ml.so.1 is not there"), ""),
    ],
)
def test_capacity_without_a_device_says_why_where_there_should_be_one(driver: Driver, why: str) -> None:
    found = capacity(ports(NoGpus(GpuSample({}, (driver,)))))
    assert (found.gpus, found.gpu_trouble) == ((), why)
