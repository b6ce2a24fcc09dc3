"""The GPUs of this machine, with drivers that answer, hang, come and go, and engines that tell."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.domain.errors import EngineUnreachable
from sessiontui.domain.gpu import (
    NO_SAMPLE,
    ComputeMode,
    Driver,
    Gpu,
    GpuProcess,
    GpuReading,
    GpuSample,
    Place,
    Vendor,
)
from sessiontui.domain.session import Phase
from sessiontui.metering import driver_watch, engine_tops
from sessiontui.metering.driver_watch import DEVICES_KEPT, LATE
from sessiontui.metering.gpus import LocalGpus
from tests.unit.metering.drivers import ScriptedSource, device
from tests.unit.metering.sessions import CONTAINER, OTHER_CONTAINER, RUNNING
from tests.unit.metering.test_gpu_processes import HOST, NOW, OURS, Tree

PATIENCE = 20.0
"""Seconds until a test gives up; nothing waits that long unless something is broken."""
SESSION = replace(RUNNING, devices=("GPU-0",))


class Clock:
    """Goes forward when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Box:
    """A machine with drivers, whose processes are in a tree of our own."""

    def __init__(self, directory: Path) -> None:
        self.clock = Clock()
        self.source = ScriptedSource(at=self.clock.now)
        self.tree = Tree(directory)
        self._made: list[tuple[LocalGpus, tuple[ScriptedSource, ...]]] = []

    def gpus(self, *others: ScriptedSource, ask: Callable[[str], object] | None = None) -> LocalGpus:
        sources = (self.source, *others)
        made = LocalGpus(sources, ask, proc=self.tree.root, clock=self.clock, ticks=lambda: NOW)
        self._made.append((made, sources))
        return made

    def close(self) -> None:
        """Have no thread of this test go on in the next one."""
        for gpus, sources in self._made:
            gpus.close()
            for source in sources:
                source.answers.set()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.close()


def until(condition: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "this did not come about"
        time.sleep(0.001)


def hang(box: Box, gpus: LocalGpus) -> None:
    """Have the driver hang in a look that has begun."""
    box.source.answers.clear()
    gpus.sample([SESSION])
    until(lambda: box.source.inside)


def test_nothing_is_asked_before_the_first_call(box: Box) -> None:
    threads = threading.active_count()
    gpus = box.gpus()
    assert (box.source.calls, threading.active_count()) == ([], threads)
    assert gpus.devices() == (device(0),)


def test_sample_does_not_wait_and_begins_a_look(box: Box) -> None:
    gpus = box.gpus()
    box.source.answers.clear()
    assert gpus.sample([SESSION]) == NO_SAMPLE
    until(lambda: box.source.inside)
    box.source.answers.set()
    until(lambda: gpus.sample([SESSION]).readings)
    found = gpus.sample([SESSION])
    assert list(found.readings) == ["GPU-0"]
    assert found.drivers == (Driver(Vendor.NVIDIA, "570.86"),)


def test_patience_waits_for_a_look_that_begins_now(box: Box) -> None:
    gpus = box.gpus()
    for moment in (101.0, 102.0, 103.0):
        box.clock.now = box.source.at = moment
        assert gpus.sample([SESSION], patience=PATIENCE).readings["GPU-0"].at == moment


def test_look_that_began_before_is_not_one_of_now(box: Box) -> None:
    gpus = box.gpus()
    hang(box, gpus)
    found = []
    waiting = threading.Thread(target=lambda: found.append(gpus.sample([SESSION], patience=PATIENCE)))
    waiting.start()
    box.source.answers.set()
    waiting.join(PATIENCE)
    assert found[0].readings
    assert box.source.calls.count("readings") == 2


def test_driver_is_in_one_call_at_a_time_however_many_ask(box: Box) -> None:
    gpus = box.gpus()
    box.source.answers.clear()
    asking = [
        threading.Thread(target=ask)
        for _ in range(8)
        for ask in (gpus.devices, lambda: gpus.sample([SESSION], patience=PATIENCE))
    ]
    for one in asking:
        one.start()
    until(lambda: box.source.inside)
    box.source.answers.set()
    for one in asking:
        one.join(PATIENCE)
    assert not any(one.is_alive() for one in asking)
    assert box.source.most_inside == 1


def test_driver_that_hangs_leaves_figures_until_they_are_too_old(box: Box) -> None:
    gpus = box.gpus()
    assert gpus.sample([SESSION], patience=PATIENCE).readings
    hang(box, gpus)
    box.clock.now += LATE - 0.1
    found = gpus.sample([SESSION])
    assert found.readings
    assert found.drivers[0].trouble == ""
    box.clock.now += 0.1
    found = gpus.sample([SESSION])
    assert not found.readings
    (driver,) = found.drivers
    assert driver.expected
    assert driver.version == "570.86"
    assert driver.trouble.startswith("the driver has not answered in time since ")
    assert gpus.devices() == (device(0),), "which devices there are is known all the same"


def test_trouble_is_the_same_words_until_the_driver_answers_and_then_all_is_well(box: Box) -> None:
    gpus = box.gpus()
    gpus.sample([SESSION], patience=PATIENCE)
    hang(box, gpus)
    box.clock.now += LATE
    first = gpus.sample([SESSION])
    box.clock.now += 3600
    assert gpus.sample([SESSION]) is first
    box.source.at = box.clock.now
    box.source.answers.set()
    until(lambda: gpus.sample([SESSION]).drivers == (Driver(Vendor.NVIDIA, "570.86"),))
    assert gpus.sample([SESSION], patience=PATIENCE).readings


def test_driver_that_is_always_late_is_said_to_be_so_between_its_answers(box: Box) -> None:
    minutes = itertools.count(3)
    watch = driver_watch.DriverWatch(box.source, tuple, box.clock, lambda: f"12:{next(minutes):02}")
    late = Driver(Vendor.NVIDIA, "570.86", "the driver has not answered in time since 12:03", True)
    looks = []
    for _ in range(2):
        box.source.answers.clear()
        looks.append(watch.begin())
        until(lambda: box.source.inside)
        box.clock.now += LATE
        box.source.answers.set()
        until(lambda: box.source.calls.count("driver") == len(looks) and not box.source.inside)
        until(lambda: watch.told(looks[-1], PATIENCE).driver == late)
    box.source.answers.clear()
    watch.begin()
    until(lambda: box.source.inside)
    assert watch.told().driver == late, "the third look is not late yet"
    box.source.answers.set()
    until(lambda: watch.told(watch.begin(), PATIENCE).driver == Driver(Vendor.NVIDIA, "570.86"))
    watch.close()


def test_what_is_asked_for_seldom_is_not_too_old(box: Box) -> None:
    gpus = box.gpus()
    gpus.sample([SESSION], patience=PATIENCE)
    box.clock.now += 3600
    assert gpus.sample([SESSION]).readings


def test_driver_that_never_answered_is_in_trouble_and_is_waited_for_once(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessiontui.metering.gpus.FIRST_ANSWER", 0.01)
    gpus = box.gpus()
    box.source.answers.clear()
    assert gpus.devices() == ()
    box.clock.now += 1
    monkeypatch.setattr("sessiontui.metering.gpus.FIRST_ANSWER", 3600)
    assert gpus.devices() == (), "without another wait"
    assert gpus.sample([]).drivers == ()
    (driver,) = gpus.sample([], patience=0.01).drivers
    words = "the driver has not answered yet"
    assert driver == Driver(Vendor.NVIDIA, trouble=words, answered=False), "who waits is told"
    box.clock.now += LATE
    (driver,) = gpus.sample([]).drivers
    assert (driver.vendor, driver.version, driver.expected) == (Vendor.NVIDIA, "", True)
    assert driver.trouble


def test_devices_are_kept_and_asked_for_anew_in_the_background(box: Box) -> None:
    gpus = box.gpus()
    gpus.sample([], patience=PATIENCE)
    box.source.mode = ComputeMode.PROHIBITED
    box.clock.now += DEVICES_KEPT - 0.1
    gpus.sample([], patience=PATIENCE)
    assert gpus.devices() == (device(0),)
    box.clock.now += 0.1
    box.source.answers.clear()
    assert gpus.devices() == (device(0),)
    box.source.answers.set()
    until(lambda: gpus.devices()[0].compute_mode is ComputeMode.PROHIBITED)


def test_devices_that_are_known_cost_no_look(box: Box) -> None:
    gpus = box.gpus()
    gpus.sample([], patience=PATIENCE)
    asked = list(box.source.calls)
    gpus.devices()
    gpus.sample([], patience=PATIENCE)
    assert box.source.calls == [*asked, "readings", "driver"]


def test_driver_that_is_not_there_is_looked_for_again_but_seldom(box: Box) -> None:
    box.source.count, box.source.trouble = 0, "libnvidia-ml.so.1: not found"
    gpus = box.gpus()
    first = gpus.sample([], patience=PATIENCE)
    assert first.drivers[0].trouble == "libnvidia-ml.so.1: not found"
    asked = len(box.source.calls)
    for _ in range(100):
        box.clock.now += DEVICES_KEPT / 200
        assert gpus.sample([SESSION], patience=PATIENCE) is first
        assert gpus.devices() == ()
    assert len(box.source.calls) == asked
    assert "readings" not in box.source.calls
    box.clock.now += DEVICES_KEPT
    box.source.count, box.source.trouble, box.source.at = 1, "", box.clock.now
    assert gpus.sample([], patience=PATIENCE).readings


def test_vendors_do_not_wait_for_each_other(box: Box) -> None:
    amd = ScriptedSource(vendor=Vendor.AMD, at=box.clock.now)
    box.source.count = 0
    gpus = box.gpus(amd)
    gpus.sample([], patience=PATIENCE)
    amd.answers.clear()
    gpus.sample([])
    until(lambda: amd.inside)
    box.clock.now += max(DEVICES_KEPT, LATE)
    box.source.count = 2
    nvidia = gpus.sample([SESSION])
    until(lambda: len(gpus.devices()) == 3)
    assert [one.vendor for one in nvidia.drivers] == [Vendor.NVIDIA, Vendor.AMD]
    assert [bool(one.trouble) for one in nvidia.drivers] == [False, True]


def test_processes_are_told_apart_by_container(box: Box) -> None:
    box.tree.add(10, OURS)
    box.tree.add(11, HOST)
    box.tree.add(12, f"0::/docker/{OTHER_CONTAINER}\n")
    box.source.processes = tuple(GpuProcess(pid, 5, 0.1) for pid in (10, 11, 12, 13))
    found = box.gpus().sample([SESSION], patience=PATIENCE).readings["GPU-0"].processes or ()
    assert [(one.pid, one.place, one.container_id) for one in found] == [
        (10, Place.CONTAINER, CONTAINER),
        (11, Place.HOST, ""),
        (12, Place.CONTAINER, OTHER_CONTAINER),
    ]


def test_of_containers_in_containers_the_sessions_own_is_meant(box: Box) -> None:
    box.tree.add(10, f"0::/docker/{OTHER_CONTAINER}/docker/{CONTAINER}\n")
    box.source.processes = (GpuProcess(10),)
    gpus = box.gpus()
    for sessions in ([SESSION], []):
        (found,) = gpus.sample(sessions, patience=PATIENCE).readings["GPU-0"].processes or ()
        assert found.container_id == CONTAINER


class Engine:
    """Tells the processes of containers, and notes what it was asked."""

    def __init__(self, **processes: list[str]) -> None:
        self.asked: list[str] = []
        self.processes = processes or {CONTAINER: ["10"]}
        self.answers = threading.Event()
        self.answers.set()

    def __call__(self, container_id: str) -> object:
        self.asked.append(container_id)
        self.answers.wait()
        if container_id not in self.processes:
            raise EngineUnreachable("gone")
        rows = [[pid, "python"] for pid in self.processes[container_id]]
        return {"Titles": ["PID", "COMMAND"], "Processes": rows}


@pytest.fixture
def hidden(tmp_path: Path) -> Iterator[Box]:
    """A machine on which nobody sees the processes of others."""
    made = Box(tmp_path)
    made.tree.end(1)
    made.source.processes = (GpuProcess(10, 5), GpuProcess(11, 6))
    yield made
    made.close()


def test_where_processes_are_hidden_the_engine_is_asked(hidden: Box) -> None:
    engine = Engine()
    gpus = hidden.gpus(ask=engine)
    found = gpus.sample([SESSION], patience=PATIENCE).readings["GPU-0"].processes or ()
    assert [(one.pid, one.place, one.container_id, one.command) for one in found] == [
        (10, Place.CONTAINER, CONTAINER, "python"),
        (11, Place.UNKNOWN, "", ""),
    ]
    stopped = replace(SESSION, id="s2", phase=Phase.STOPPED, container_id=OTHER_CONTAINER)
    without = replace(RUNNING, id="s3", container_id=OTHER_CONTAINER)
    gpus.sample([SESSION, stopped, without], patience=PATIENCE)
    assert set(engine.asked) == {CONTAINER}, "of containers that may use a device only"


def test_engine_is_asked_in_rounds_and_only_while_somebody_is_unplaced(hidden: Box) -> None:
    engine = Engine()
    gpus = hidden.gpus(ask=engine)
    for _ in range(3):
        gpus.sample([SESSION], patience=PATIENCE)
    assert engine.asked == [CONTAINER]
    hidden.clock.now += engine_tops.ASKED_AGAIN
    gpus.sample([SESSION])
    until(lambda: len(engine.asked) == 2)
    hidden.source.processes = ()
    gpus.sample([SESSION], patience=PATIENCE)
    hidden.clock.now += engine_tops.ASKED_AGAIN
    gpus.sample([SESSION], patience=PATIENCE)
    assert len(engine.asked) == 2


def test_engine_that_hangs_or_refuses_leaves_processes_unplaced(hidden: Box) -> None:
    engine = Engine()
    gpus = hidden.gpus(ask=engine)
    gpus.sample([SESSION], patience=PATIENCE)
    engine.answers.clear()
    hidden.clock.now += engine_tops.KEPT
    hidden.source.at = hidden.clock.now
    gpus.sample([SESSION])
    until(lambda: len(engine.asked) == 2)
    found = gpus.sample([SESSION]).readings["GPU-0"].processes or ()
    assert {one.place for one in found} == {Place.UNKNOWN}, "an answer that old may be of other processes"
    engine.processes = {"": []}
    engine.answers.set()
    until(lambda: gpus.sample([SESSION], patience=0.01) and len(engine.asked) == 2)
    found = gpus.sample([SESSION], patience=PATIENCE).readings["GPU-0"].processes or ()
    assert {one.place for one in found} == {Place.UNKNOWN}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"Titles": None, "Processes": None},
        {"Titles": ["UID", "COMMAND"], "Processes": [["root", "x"]]},
        {
            "Titles": ["PID", "COMMAND"],
            "Processes": [["7"], "7", None, ["x", "y"], ["-1", "y"], [7, "y"], ["²", "y"]],
        },
    ],
)
def test_answer_that_is_none_names_no_process(answer: object) -> None:
    assert engine_tops.processes_of(answer) == {}


def test_answers_of_every_order_of_columns_are_read() -> None:
    rows = [["root", "14538", "14516", "sleep 600"]]
    answer = {"Titles": ["UID", "PID", "PPID", "CMD"], "Processes": rows}
    assert engine_tops.processes_of(answer) == {14538: ""}
    answer = {"Titles": ["PID", "COMMAND"], "Processes": [["14538", "sleep"]]}
    assert engine_tops.processes_of(answer) == {14538: "sleep"}


def test_close_lets_go_of_a_driver_that_answers(box: Box) -> None:
    gpus = box.gpus()
    gpus.sample([], patience=PATIENCE)
    gpus.close()
    assert box.source.closed.wait(PATIENCE)
    asked = len(box.source.calls)
    gpus.sample([SESSION], patience=PATIENCE)
    gpus.devices()
    assert len(box.source.calls) == asked


def test_close_does_not_wait_for_a_driver_that_hangs(box: Box) -> None:
    gpus = box.gpus()
    hang(box, gpus)
    gpus.close()
    assert box.source.inside == 1
    assert "close" not in box.source.calls
    box.source.answers.set()
    assert box.source.closed.wait(PATIENCE)


def test_program_ends_while_a_driver_hangs() -> None:
    program = """
        from sessiontui.metering.gpus import LocalGpus
        from tests.unit.metering.drivers import ScriptedSource

        source = ScriptedSource()
        source.answers.clear()
        gpus = LocalGpus([source])
        gpus.sample([])
        while not source.inside:
            pass
        gpus.close()
        print("ends")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout == "ends\n"


def test_device_that_figures_tell_of_is_listed_with_them(box: Box) -> None:
    gpus = box.gpus()
    assert gpus.devices() == (device(0),)
    box.source.count = 2
    assert set(gpus.sample([SESSION], patience=PATIENCE).readings) == {"GPU-0", "GPU-1"}
    assert gpus.devices() == (device(0), device(1)), "who divides a device need not wait a minute"


def test_device_that_is_lost_is_listed_so_with_its_figures_and_asked_for_once(box: Box) -> None:
    gpus = box.gpus()
    assert gpus.devices() == (device(0),)
    box.source.lost = "GPU is lost"
    gpus.sample([SESSION], patience=PATIENCE)
    assert [gpu.trouble for gpu in gpus.devices()] == ["GPU is lost"]
    for _ in range(3):
        gpus.sample([SESSION], patience=PATIENCE)
    assert box.source.calls.count("devices") == 2
    box.source.lost = ""
    gpus.sample([SESSION], patience=PATIENCE)
    assert gpus.devices() == (device(0),)


class Broken(ScriptedSource):
    """A source that has a bug, from the time on that it is told to."""

    broken = False

    def readings(self) -> tuple[GpuReading, ...]:
        told = super().readings()
        if self.broken:
            raise KeyError("pid")
        return told


def test_bug_in_a_source_is_told_as_such_and_its_traceback_comes_out(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncaught: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", uncaught.append)
    box.source = broken = Broken(at=box.clock.now)
    gpus = box.gpus(ScriptedSource(2, Vendor.AMD, at=box.clock.now))
    assert gpus.sample([SESSION], patience=PATIENCE).drivers[0].trouble == ""
    broken.broken = True
    for later in (0.0, LATE):
        box.clock.now += later
        driver, other = gpus.sample([SESSION], patience=PATIENCE).drivers
        assert driver.trouble.startswith("a bug of sessiontui: KeyError('pid') in test_gpus.py, line ")
        assert (driver.vendor, driver.version, driver.expected) == (Vendor.NVIDIA, "570.86", True)
        assert other == Driver(Vendor.AMD, "570.86")
    until(lambda: uncaught)
    assert [one.exc_type for one in uncaught] == [KeyError]


def test_bug_at_the_first_question_keeps_nobody_waiting(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    uncaught: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", uncaught.append)
    nothing: dict[str, tuple[Gpu, ...]] = {}
    monkeypatch.setattr(box.source, "devices", lambda: nothing["bus"])
    gpus = box.gpus()
    assert gpus.devices() == ()
    until(lambda: uncaught)
    assert "KeyError('bus')" in gpus.sample([], patience=PATIENCE).drivers[0].trouble


def test_bug_in_what_asks_the_engine_keeps_nobody_waiting(
    hidden: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    uncaught: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", uncaught.append)

    def ask(container_id: str) -> object:
        raise KeyError(container_id)

    gpus = hidden.gpus(ask=ask)
    found: list[GpuSample] = []

    def look() -> None:
        found.extend(gpus.sample([SESSION], patience=10 * PATIENCE) for _ in range(2))

    threading.Thread(target=look, daemon=True).start()
    until(lambda: len(found) == 2 and uncaught)
    for sample in found:
        (told,) = sample.readings.values()
        assert [one.place for one in told.processes or ()] == [Place.UNKNOWN] * 2
    assert [one.exc_type for one in uncaught] == [KeyError]
