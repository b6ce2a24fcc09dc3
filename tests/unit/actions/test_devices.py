"""Devices that others are quicker to get, and those of a session that is started again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiontui.actions import devices, end
from sessiontui.actions.launch import Launcher
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, DevicesTaken, Refused, StartFailed
from sessiontui.domain.gpu import Gpu, GpuReading, GpuSample
from sessiontui.domain.launch import Draft, Order, Progress
from sessiontui.domain.resources import Ask, Capacity
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.port import Report
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from tests.unit.actions.test_launch import PaperHost

ALICE, BOB = Owner("alice", 1000, 1000), Owner("bob", 1001, 1001)
IMAGE = "an/image:1"
GPUS = tuple(Gpu(f"GPU-{index}", index, "H100", 80 * GIB) for index in range(4))


def held(name: str, *uuids: str, owner: Owner = BOB, shared: bool = False) -> Session:
    """A session that runs and has devices."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Session(
        name, name, owner, Phase.RUNNING, "other", "", IMAGE, Ask(1, GIB, len(uuids)), now,
        devices=uuids, gpu_shared=shared,
    )  # fmt: skip


class Raced(MemoryEngine):
    """An engine before which others are quicker."""

    def __init__(self) -> None:
        super().__init__(images=(IMAGE,))
        self.rivals: list[Callable[[Order], object]] = []
        """What happens before each launch, the next one first."""
        self.looks: list[Callable[[], object]] = []
        """What happens after each look at what is free, the next one first."""
        self.tried: list[tuple[str, ...]] = []
        self.trouble = ""

    def launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        if self.rivals:
            self.rivals.pop(0)(order)
        self.tried.append(order.devices)
        return super().launch(order, report, cancellation)

    def capacity(self, devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
        seen = replace(super().capacity(devices, glance=glance), gpu_trouble=self.trouble)
        if self.looks:
            self.looks.pop(0)()
        return seen

    def take(self, order: Order) -> None:
        """Bob launches with the first device of the order."""
        self.put(held(f"rival-{len(self.tried)}", order.devices[0]))


@dataclass
class Box:
    """A machine with four devices."""

    root: Path
    engine: Raced = field(default_factory=Raced)
    gpus: tuple[Gpu, ...] = GPUS

    def __post_init__(self) -> None:
        meter = ScriptedMeter(lambda: 0.0)
        used = {"GPU-0": GpuReading("GPU-0", 0.0, memory=70 * GIB)}
        self.ports = Ports(
            self.engine, meter, meter, Directories(self.root, ALICE), FileCatalogue(), PaperHost(),
            ALICE, MemoryRecords(), ScriptedGpus(self.gpus, lambda sessions: GpuSample(used)),
        )  # fmt: skip
        self.launcher = Launcher(self.ports)
        self.said: list[str] = []

    def order(self, name: str = "nifty-bohr", **wish: object) -> Order:
        draft = Draft(image=IMAGE, name=name)
        return self.launcher.order(replace(draft, **wish))  # type: ignore[arg-type]

    def launch(self, order: Order, cancellation: Cancellation | None = None) -> Session:
        def report(progress: Progress) -> None:
            self.said.append(progress.text)

        return self.launcher.launch(order, report, cancellation or Cancellation())

    def names(self) -> list[str]:
        return [one.name for one in self.engine.sessions()]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    monkeypatch.setattr(devices, "PAUSES", (0.0,) * len(devices.PAUSES))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "folders")


def test_who_loses_a_device_gets_another_and_is_told(box: Box) -> None:
    box.engine.rivals = [box.engine.take, box.engine.take]
    session = box.launch(box.order(gpu=1))
    assert len(box.engine.tried) == 3
    assert (session.devices,) == (box.engine.tried[-1],)
    assert box.engine.tried[0] == ("GPU-0",)
    assert len({one.devices for one in box.engine.sessions()}) == 3
    (first, _) = [text for text in box.said if text]
    other = box.engine.tried[1][0].removeprefix("GPU-")
    assert first == f"nifty-bohr: GPU 0 is held by rival-0 of bob: with GPU {other} instead"


def test_those_who_lose_together_do_not_all_run_for_the_same_device(tmp_path: Path) -> None:
    second = set()
    for number in range(40):
        box = Box(tmp_path / str(number))
        box.engine.rivals = [box.engine.take]
        box.launch(box.order(gpu=1))
        second.add(box.engine.tried[1])
    assert len(second) > 1


def test_who_finds_nothing_any_more_is_told_who_has_what_and_leaves_nothing(box: Box) -> None:
    box.engine.rivals = [box.engine.take] * 4
    with pytest.raises(DevicesTaken) as caught:
        box.launch(box.order(gpu=1))
    message = caught.value.message
    assert message.startswith("nifty-bohr: others were quicker: 0 of 4 GPUs are free; ")
    for rival in range(4):
        assert f"rival-{rival} of bob" in message
    assert caught.value.hint
    assert "nifty-bohr" not in box.names()


def test_devices_named_by_hand_are_those_or_none(box: Box) -> None:
    order = box.order(devices=("2",))
    box.engine.rivals = [box.engine.take]
    with pytest.raises(DevicesTaken, match="GPU 2 is held by rival-0 of bob"):
        box.launch(order)
    assert box.names() == ["rival-0"]
    box.engine.rivals = [box.engine.take]
    box.engine.remove("rival-0")
    order = box.order(devices=("2",))
    box.engine.looks = [lambda: box.engine.remove("rival-1")]
    assert box.launch(order).devices == ("GPU-2",), "the other gave it back"


def test_a_device_given_back_a_moment_later_is_taken(box: Box) -> None:
    for gpu in GPUS[1:]:
        box.engine.put(held(f"long-{gpu.index}", gpu.uuid))
    order = box.order(gpu=1)
    box.engine.rivals = [box.engine.take]
    box.engine.looks = [lambda: None, lambda: box.engine.remove("long-3")]
    assert box.launch(order).devices == ("GPU-3",)


def test_a_launch_is_cancelled_between_two_tries(box: Box) -> None:
    cancellation = Cancellation()

    def take_and_cancel(order: Order) -> None:
        box.engine.take(order)
        cancellation.request()

    order = box.order(gpu=1)
    box.engine.rivals = [take_and_cancel]
    with pytest.raises(Cancelled):
        box.launch(order, cancellation)
    assert box.names() == ["rival-0"]


def test_tries_come_to_an_end(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "TRIES", 2)
    box.engine.rivals = [box.engine.take] * 3
    with pytest.raises(DevicesTaken, match="is held by rival-1 of bob"):
        box.launch(box.order(gpu=1))
    assert len(box.engine.tried) == 2


def test_an_engine_that_can_give_no_gpu_by_now_says_so(box: Box) -> None:
    def break_it(order: Order) -> None:
        box.engine.take(order)
        box.engine.trouble = "the container toolkit is missing"

    order = box.order(gpu=1)
    box.engine.rivals = [break_it]
    with pytest.raises(StartFailed, match="nifty-bohr: the container toolkit is missing"):
        box.launch(order)


def test_a_sharer_goes_where_most_memory_is_left(box: Box) -> None:
    for gpu in GPUS:
        box.engine.put(held(f"mine-{gpu.index}", gpu.uuid, owner=ALICE))
    with pytest.raises(Refused, match="0-3 can be shared, if you ask for that"):
        box.order(gpu=1)
    (device,) = box.order(gpu=1, gpu_memory=20 * GIB, gpu_shared=True).devices
    assert device != "GPU-0", "70 of its 80 GiB are in use"


def test_of_twenty_at_once_as_many_run_as_there_are_devices(box: Box) -> None:
    orders = [box.order(f"train-{number:02}", gpu=1) for number in range(20)]

    def launch(order: Order) -> Session | DevicesTaken:
        try:
            return box.launch(order)
        except DevicesTaken as error:
            return error

    with ThreadPoolExecutor(20) as threads:
        ends = list(threads.map(launch, orders))
    running = [one for one in ends if isinstance(one, Session)]
    assert sorted(one.devices[0] for one in running) == [gpu.uuid for gpu in GPUS]
    assert sorted(box.names()) == sorted(one.name for one in running)
    for error in ends:
        if isinstance(error, DevicesTaken):
            assert all(f"{one.name} of alice" in error.message for one in running)


class TestStart:
    """Starting a session that had devices."""

    @pytest.fixture
    def stopped(self, box: Box) -> Session:
        return end.stop(box.ports, box.launch(box.order(gpu=2)))

    def test_has_them_again_where_nobody_took_them(self, box: Box, stopped: Session) -> None:
        assert end.start(box.ports, stopped).devices == ("GPU-0", "GPU-1")

    def test_says_who_has_one_by_now(self, box: Box, stopped: Session) -> None:
        box.engine.put(held("train-7", "GPU-1"))
        with pytest.raises(DevicesTaken, match="GPU 1 is held by train-7 of bob") as caught:
            end.start(box.ports, stopped)
        assert caught.value.hint
        assert box.engine.sessions()[-1].phase is Phase.STOPPED

    def test_says_what_is_not_on_the_machine_any_more(self, box: Box, stopped: Session) -> None:
        gpus = (GPUS[2], replace(GPUS[1], trouble="GPU is lost"))
        ports = replace(box.ports, gpus=ScriptedGpus(gpus))
        with pytest.raises(StartFailed) as caught:
            end.start(ports, stopped)
        assert caught.value.message == (
            "nifty-bohr: its GPU GPU-0 is not on this machine any more; its GPU 1 cannot be used: GPU is lost"
        )
        assert "sessiontui launch --repeat nifty-bohr" in caught.value.hint

    def test_is_left_to_the_engine_where_no_driver_tells_of_any(self, box: Box, stopped: Session) -> None:
        ports = replace(box.ports, gpus=ScriptedGpus())
        assert end.start(ports, stopped).phase is Phase.RUNNING
