"""Joined meters, the scripted one, and this machine's own figures."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from sessiontui.domain.picture import HostUsage
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import Reading, Usage, usage_between
from sessiontui.metering.layered import LayeredMeter
from sessiontui.metering.machine import LocalMachine
from sessiontui.metering.port import MachineMeter, Meter
from sessiontui.metering.scripted import ScriptedMeter, waves
from tests.unit.metering.sessions import RUNNING, running


def knowing(*ids: str, memory: int) -> ScriptedMeter:
    """A meter that knows some sessions."""

    def script(session: Session, at: float) -> Usage | None:
        return Usage(1.0, memory) if session.id in ids else None

    return ScriptedMeter(lambda: 7.0, script)


def test_first_meter_that_knows_a_session_wins_for_it() -> None:
    first, second = knowing("s1", memory=1), knowing("s1", "s2", memory=2)
    meter: Meter = LayeredMeter([first, second])
    found = meter.readings([running(1), running(2), running(3)])
    assert {one: reading.memory for one, reading in found.items()} == {"s1": 1, "s2": 2}


class Recording:
    """A meter that notes what it was asked, and knows all of it if it knows any."""

    def __init__(self, memory: int | None, *notes: str) -> None:
        self.asked: list[tuple[list[str], Collection[str] | None]] = []
        self._memory = memory
        self._notes = notes

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        self.asked.append(([session.id for session in sessions], shown))
        if self._memory is None:
            return {}
        return {session.id: Reading(7.0, memory=self._memory) for session in sessions}

    def notes(self) -> tuple[str, ...]:
        return self._notes

    def close(self) -> None: ...


def test_next_meter_is_asked_for_what_the_first_does_not_know_only() -> None:
    last = Recording(2)
    meter = LayeredMeter([knowing("s1", "s3", memory=1), last])
    found = meter.readings([running(1), running(2), running(3)], {"s2", "s3"})
    assert last.asked == [(["s2"], {"s2", "s3"})]
    assert {one: reading.memory for one, reading in found.items()} == {"s1": 1, "s2": 2, "s3": 1}


def test_next_meter_is_asked_for_nothing_where_the_first_knows_everything() -> None:
    last = Recording(2)
    LayeredMeter([knowing("s1", memory=1), last]).readings([running(1)])
    assert last.asked == [([], None)], "so that it lets go of what it held"


def test_session_that_does_not_run_is_nobodys_question() -> None:
    first, last = Recording(None), Recording(2)
    stopped = replace(running(1), phase=Phase.STOPPED)
    assert LayeredMeter([first, last]).readings([stopped]) == {}
    assert first.asked == last.asked == [([], None)]


def test_notes_of_all_meters_are_told_in_turn() -> None:
    assert LayeredMeter([Recording(1, "a", "b"), Recording(2), Recording(3, "c")]).notes() == ("a", "b", "c")


def test_close_closes_all() -> None:
    meters = [knowing(memory=1), knowing(memory=2)]
    LayeredMeter(meters).close()
    assert all(meter.closed for meter in meters)


def clock(*seconds: float) -> Iterator[float]:
    return iter(seconds)


def test_scripted_counters_grow_as_the_script_says() -> None:
    times = clock(10.0, 12.0, 13.0)
    meter = ScriptedMeter(lambda: next(times), lambda session, at: Usage(1.5, 300))
    early, late = meter.readings([RUNNING]), meter.readings([RUNNING])
    assert usage_between(early["s1"], late["s1"]) == Usage(1.5, 300)
    assert meter.readings([replace(RUNNING, phase=Phase.STOPPED)]) == {}


def test_scripted_meter_gives_back_every_figure_of_its_script() -> None:
    times = clock(10.0, 20.0)
    script = Usage(1.5, 300, 400, 0.25, 7, 1000.0, 2000.0, 30.0, 40.0, 1, 2.0, 500)
    meter = ScriptedMeter(lambda: next(times), lambda session, at: script)
    early, late = meter.readings([RUNNING]), meter.readings([RUNNING])
    assert usage_between(early["s1"], late["s1"]) == script


def test_what_is_not_shown_has_no_details() -> None:
    script = Usage(1.5, 300, 400, 0.25, 7, 1000.0, 2000.0, 30.0, 40.0, 1, 2.0, 500)
    meter = ScriptedMeter(lambda: 7.0, lambda session, at: script)
    reading = meter.readings([RUNNING], {"s2"})["s1"]
    assert (reading.pids, reading.memory_peak, reading.oom_kills, reading.memory_limit) == (None,) * 4
    assert reading.memory == 300


def test_demo_has_every_figure_and_holds_some_sessions_back_now_and_then() -> None:
    now = 0.0
    meter = ScriptedMeter(lambda: now)
    sessions = [running(number) for number in range(12)]
    held_back = set()
    earlier = meter.readings(sessions)
    for second in range(1, 120):
        now = float(second)
        later = meter.readings(sessions)
        for session in sessions:
            usage = usage_between(earlier[session.id], later[session.id])
            figures = (usage.read, usage.written, usage.received, usage.sent, usage.throttled, usage.pids)
            assert all(figure is not None and figure >= 0 for figure in figures)
            assert usage.memory is not None
            assert usage.memory_peak is not None
            assert usage.memory <= usage.memory_peak <= session.ask.memory
            if usage.throttled:
                held_back.add(session.id)
        earlier = later
    assert 0 < len(held_back) < len(sessions)


def test_waves_stay_within_what_was_asked_for() -> None:
    for second in range(100):
        usage = waves(RUNNING, float(second))
        assert usage.cpu is not None
        assert usage.memory is not None
        assert 0 < usage.cpu < RUNNING.ask.cpu
        assert 0 < usage.memory < RUNNING.ask.memory


def test_scripted_machine_tells_what_it_was_given() -> None:
    machine: MachineMeter = ScriptedMeter(lambda: 0.0, host=HostUsage(3.0, 5), available=9)
    assert (machine.usage(), machine.memory_available()) == (HostUsage(3.0, 5), 9)


def test_this_machine_is_measured() -> None:
    machine: MachineMeter = LocalMachine()
    first = machine.usage()
    assert first.cpu is None
    assert first.memory is not None
    sum(number * number for number in range(2_000_000))
    second = machine.usage()
    assert second.cpu is not None
    assert 0 < second.cpu <= (os.cpu_count() or 1) * 1.5
    available = machine.memory_available()
    assert available is not None
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < available < total
    assert 0 < first.memory < total


def test_libraries_of_the_machine_are_not_loaded_before_they_are_used() -> None:
    code = "import sys, sessiontui.metering.machine, sessiontui.metering.nvml; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"psutil", "pynvml"} & set(done.stdout.split())
