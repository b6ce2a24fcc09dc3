"""Joined meters, the scripted one, and this machine's own figures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from sessiontui.domain.picture import HostUsage
from sessiontui.domain.resources import Gpu
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import Usage, usage_between
from sessiontui.metering import nvml
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


def test_waves_stay_within_what_was_asked_for() -> None:
    for second in range(100):
        usage = waves(RUNNING, float(second))
        assert usage.cpu is not None
        assert usage.memory is not None
        assert 0 < usage.cpu < RUNNING.ask.cpu
        assert 0 < usage.memory < RUNNING.ask.memory


def test_scripted_machine_tells_what_it_was_given() -> None:
    gpu = Gpu("GPU-0", 0, "H100")
    machine: MachineMeter = ScriptedMeter(lambda: 0.0, host=HostUsage(3.0, 5), available=9, devices=(gpu,))
    assert (machine.usage(), machine.memory_available(), machine.devices()) == (HostUsage(3.0, 5), 9, (gpu,))


def test_this_machine_is_measured() -> None:
    machine: MachineMeter = LocalMachine(nvml.devices)
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


def test_devices_are_told_or_none_and_kept() -> None:
    found = nvml.devices()
    assert all(gpu.uuid and gpu.model and gpu.holder is None for gpu in found)
    assert [gpu.index for gpu in found] == list(range(len(found)))
    assert nvml.devices() == found
