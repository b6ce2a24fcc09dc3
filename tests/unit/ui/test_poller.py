"""What the dashboard asks of the engine: a list at first, then what events name, and never too much."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from sessiontui.actions.observe import Observer
from sessiontui.actions.ports import Ports
from sessiontui.domain.gpu import NO_SAMPLE, Gpu, GpuReading, GpuSample
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.port import Change
from sessiontui.metering.port import NO_GPUS, GpuMeter
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.storage.memory_records import MemoryRecords
from sessiontui.ui.poller import Poller
from tests.pilot.stage import ALICE, ListedEnvironments, QuietHost, ScriptedMachine, ScriptedMeter, TwoFolders
from tests.unit.metering.sessions import running


def scripted(engine: MemoryEngine) -> Ports:
    """Ports of which only the engine matters."""
    return Ports(
        engine,
        ScriptedMeter(),
        ScriptedMachine(),
        TwoFolders(),
        ListedEnvironments(),
        QuietHost(),
        ALICE,
        MemoryRecords(),
    )


class NotingEngine(MemoryEngine):
    """Notes what it is asked, and may be slow."""

    def __init__(self) -> None:
        super().__init__()
        self.lists = 0
        self.looks: list[str] = []
        self.surveys = 0
        self.slow = 0.0

    def glance(self) -> tuple[Session, ...]:
        self.lists += 1
        time.sleep(self.slow)
        return super().glance()

    def look(self, change: Change, before: Session | None = None) -> Session | None:
        self.looks.append(change.session_id)
        time.sleep(self.slow)
        return super().look(change, before)


class SlowGpus(ScriptedGpus):
    """One device, of which the driver tells when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.told = False

    def devices(self) -> tuple[Gpu, ...]:
        return (Gpu("GPU-0", 0, "H100"),) if self.told else ()

    def sample(self, sessions: Sequence[Session], *, patience: float = 0.0) -> GpuSample:
        return GpuSample({"GPU-0": GpuReading("GPU-0", 1.0)}) if self.told else NO_SAMPLE


class Watch:
    """A poller at work on an engine, and the pictures it posts."""

    def __init__(self, engine: NotingEngine, gpus: GpuMeter = NO_GPUS) -> None:
        self.engine = engine
        self.pictures: list[Picture] = []
        ports = replace(scripted(engine), gpus=gpus)
        self.observer = Observer(ports, time.time)
        self.poller = Poller(engine, self.observer, self.pictures.append)
        poller = self.poller
        loops = (poller.listen, poller.follow, poller.explain, poller.survey)
        self.threads = [threading.Thread(target=loop, daemon=True) for loop in loops]
        for thread in self.threads:
            thread.start()

    def until(self, condition: Callable[[Picture], object], seconds: float = 10) -> Picture:
        """Wait for a picture that is like that."""
        deadline = time.monotonic() + seconds
        while not (self.pictures and condition(self.pictures[-1])):
            assert time.monotonic() < deadline, "this did not come about"
            time.sleep(0.005)
        return self.pictures[-1]


@pytest.fixture
def watch() -> Iterator[Watch]:
    engine = NotingEngine()
    for number in range(3):
        engine.put(running(number))
    watch = Watch(engine)
    watch.until(lambda picture: len(picture.sessions) == 3)
    yield watch
    watch.poller.close()
    for thread in watch.threads:
        thread.join(5)
        assert not thread.is_alive()


def test_one_list_at_the_start_and_then_only_what_events_name(watch: Watch) -> None:
    assert (watch.engine.lists, watch.engine.looks) == (1, [])
    watch.engine.put(running(7))
    watch.until(lambda picture: len(picture.sessions) == 4)
    watch.engine.put(replace(running(1), phase=Phase.STOPPED))
    watch.until(lambda picture: (one := picture.session("s1")) and one.phase is Phase.STOPPED)
    watch.engine.remove("s2")
    watch.until(lambda picture: picture.session("s2") is None)
    assert (watch.engine.lists, watch.engine.looks) == (1, ["s7", "s1", "s2"])


def test_many_changes_at_once_are_one_list(watch: Watch) -> None:
    watch.engine.slow = 0.1
    watch.engine.put(running(50))
    for number in range(100, 160):
        watch.engine.put(running(number))
    watch.until(lambda picture: len(picture.sessions) == 64)
    assert len(watch.engine.looks) <= 20
    assert watch.engine.lists <= 4


def test_a_flood_of_events_keeps_the_engine_busy_for_a_part_of_the_time_only(watch: Watch) -> None:
    watch.engine.slow = 0.02
    began, lists = time.monotonic(), watch.engine.lists
    for round_ in range(40):
        for number in range(25):
            watch.engine.put(replace(running(number), reason=str(round_)))
        time.sleep(0.025)
    seconds = time.monotonic() - began
    asked = watch.engine.lists - lists + len(watch.engine.looks)
    assert asked * 0.02 <= 0.4 * seconds
    watch.until(lambda picture: all(one.reason == "39" for one in picture.sessions))


def test_devices_of_which_a_driver_tells_late_are_seen_without_any_change_of_sessions(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessiontui.ui.poller._SURVEY", 0.01)
    gpus = SlowGpus()
    late = Watch(watch.engine, gpus)
    late.until(lambda picture: picture.capacity is not None)
    seen = len(late.pictures)
    late.observer.measure()
    time.sleep(0.1)
    assert len(late.pictures) == seen, "nothing is asked of an engine on which nothing happens"
    gpus.told = True
    late.observer.measure()
    late.until(lambda picture: picture.capacity is not None and len(picture.capacity.gpus) == 1)
    late.poller.close()


class ToldEngine(NotingEngine):
    """Takes the end of a session from the event, as Docker's adapter does."""

    def look(self, change: Change, before: Session | None = None) -> Session | None:
        found = super().look(change, before)
        if change.exit_code is None or found is None:
            return found
        return replace(found, phase=Phase.FINISHED, exit_code=change.exit_code)


def test_a_session_that_started_ended_and_started_again_in_one_burst_runs() -> None:
    engine = ToldEngine()
    engine.put(running(1))
    watch = Watch(engine)
    watch.until(lambda picture: picture.sessions)
    time.sleep(0.3)
    engine.slow = 0.2
    engine.put(running(1))
    time.sleep(0.1)
    # What comes during that look is one burst.
    started, seen = running(1), len(watch.pictures)
    for code in (None, 0, None):
        watch.poller._stir(Change(started.container_id or "", started.id, code))
    watch.until(lambda picture: len(engine.looks) >= 3)
    time.sleep(0.3)
    phases = {one.phase for picture in watch.pictures[seen:] for one in picture.sessions}
    assert phases == {Phase.RUNNING}
    watch.poller.close()


def test_strangers_are_never_looked_at(watch: Watch) -> None:
    for number in range(50):
        watch.engine._tell(replace(running(number), id="", container_id=f"{number}"))
    watch.engine.put(running(9))
    watch.until(lambda picture: picture.session("s9"))
    assert watch.engine.looks == ["s9"]
    assert watch.engine.lists == 1


def test_after_a_loss_all_is_listed_anew(watch: Watch) -> None:
    watch.engine.down = True
    watch.until(lambda picture: picture.trouble)
    watch.engine.remove("s0")
    watch.engine.down = False
    picture = watch.until(lambda picture: not picture.trouble)
    assert picture.session("s0") is None
    assert watch.engine.lists >= 2


class Waits(threading.Event):
    """Notes how long is waited, and waits for nothing; it is set after six waits."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return len(self.seconds) == 6


@pytest.mark.parametrize(
    ("local", "seconds"), [(True, [1, 1.5, 1.5, 1.5, 1.5, 1.5]), (False, [1, 2, 4, 8, 10, 10])]
)
def test_an_engine_of_this_machine_is_asked_so_often_that_its_return_is_seen_in_two_seconds(
    local: bool, seconds: list[float]
) -> None:
    engine = MemoryEngine(local=local)
    ports = scripted(engine)
    observer = Observer(ports, time.time)
    observer.resync()
    engine.down = True
    poller = Poller(engine, observer, lambda _: None)
    poller._closed = waits = Waits()
    poller.listen()
    assert waits.seconds == seconds


class BriefEngine(NotingEngine):
    """Its list tells nothing of why sessions ended; a look does."""

    def glance(self) -> tuple[Session, ...]:
        return tuple(replace(one, brief=True, reason="") for one in super().glance())


def test_ended_sessions_of_which_only_the_list_has_told_are_looked_at_after_it() -> None:
    engine = BriefEngine()
    engine.put(running(1))
    for number in range(2, 50):
        engine.put(replace(running(number), phase=Phase.STOPPED, reason="killed"))
    watch = Watch(engine)
    picture = watch.until(
        lambda picture: all(one.reason for one in picture.sessions[1:]) and picture.sessions
    )
    assert [one.reason for one in picture.sessions].count("killed") == 48
    assert picture.sessions[0].brief, "what runs is not looked at"
    assert "s1" not in engine.looks
    watch.poller.close()


class BusyEngine(BriefEngine):
    """Is listed anew, with one session more, while one of its sessions is looked at."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def look(self, change: Change, before: Session | None = None) -> Session | None:
        found = super().look(change, before)
        self.put(running(len(self.sessions()) + 1))
        self.meanwhile()
        return found


def test_what_a_look_found_is_kept_though_all_was_listed_anew_meanwhile() -> None:
    engine = BusyEngine()
    engine.put(running(1))
    ports = scripted(engine)
    observer = Observer(ports, time.time)
    first = observer.resync().sessions[0]
    assert first.brief
    engine.meanwhile = observer.resync
    explained, another = observer.explain(first).sessions
    assert another.brief
    assert not explained.brief
