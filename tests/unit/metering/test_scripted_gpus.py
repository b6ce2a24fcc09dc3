"""The devices of the demo: they do what devices do, and no more than they can."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sessiontui.domain.gpu import GpuReading, Place
from sessiontui.domain.gpu_usage import strangers_on, use_of
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB
from sessiontui.metering.scripted_gpus import DEMO_GPUS, ScriptedGpus, demo_script


def session(name: str, *numbers: str) -> Session:
    devices = tuple(gpu.uuid for gpu in DEMO_GPUS if gpu.number in numbers and not gpu.divided)
    owner, ask = Owner("alice", 1000, 1000), Ask(1, GIB, len(devices))
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return Session(
        name,
        name,
        owner,
        Phase.RUNNING,
        "python",
        "3",
        "image",
        ask,
        made,
        container_id=f"c-{name}",
        devices=devices,
    )


def over_time(*sessions: Session) -> list[dict[str, GpuReading]]:
    """What the devices do in each second of a few minutes."""
    now = 0.0
    gpus = ScriptedGpus(DEMO_GPUS, demo_script(lambda: now))
    seen = []
    for second in range(200):
        now = float(second)
        seen.append(dict(gpus.sample(sessions).readings))
    return seen


def test_the_load_comes_and_goes_within_what_a_device_can() -> None:
    fit, peek = session("fit", "0", "1"), session("peek", "1")
    seen = over_time(fit, peek)
    for uuid in fit.devices:
        shares = [readings[uuid].busy for readings in seen]
        assert min(one for one in shares if one is not None) < 0.3
        assert max(one for one in shares if one is not None) > 0.8
    for readings in seen:
        for gpu in DEMO_GPUS:
            told = readings[gpu.uuid]
            assert told.memory is not None
            assert 0 < told.memory <= (gpu.memory or 0)
            assert told.busy is None or 0 <= told.busy <= 1
            assert (told.busy is None) == (gpu.divided or gpu.part is not None)


def test_a_session_uses_what_its_own_processes_do_and_nothing_when_it_is_stopped() -> None:
    fit = session("fit", "7:1")
    gpus = ScriptedGpus(DEMO_GPUS, demo_script(lambda: 5.0))
    use = use_of(fit, gpus.devices(), gpus.sample([fit]))
    assert use is not None
    assert use.divided
    assert (use.memory or 0) > GIB
    stopped = gpus.sample([replace(fit, phase=Phase.STOPPED)]).readings[fit.devices[0]]
    assert stopped.processes == ()
    assert stopped.memory is not None
    assert stopped.memory < GIB


def test_one_device_is_in_use_by_a_process_of_no_session() -> None:
    gpus = ScriptedGpus(DEMO_GPUS, demo_script(lambda: 5.0))
    sample = gpus.sample([])
    strangers = {gpu.number: strangers_on(gpu, sample) for gpu in gpus.devices()}
    assert [number for number, found in strangers.items() if found] == ["5"]
    assert strangers["5"][0].place is Place.HOST
