"""Resizing asks the engine anew, whatever the picture said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.actions import end
from sessiontui.actions.ports import Ports
from sessiontui.actions.resize import resize, room
from sessiontui.domain.errors import EngineUnreachable, Refused, SessionGone, StartFailed
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.metering.scripted_gpus import ScriptedGpus
from tests.unit.actions.test_open_app import SESSION, ports

__all__ = ["ports"]


def engine(ports: Ports) -> MemoryEngine:
    assert isinstance(ports.engine, MemoryEngine)
    return ports.engine


def test_the_memory_in_use_now_decides(ports: Ports) -> None:
    engine(ports).in_use[SESSION.id] = 700 * MIB
    with pytest.raises(Refused, match="700M are in use now"):
        resize(ports, SESSION, memory=600 * MIB)
    engine(ports).in_use[SESSION.id] = 500 * MIB
    assert resize(ports, SESSION, memory=600 * MIB).ask == Ask(1, 600 * MIB)


def test_limits_changed_by_others_meanwhile_are_kept(ports: Ports) -> None:
    engine(ports).put(replace(SESSION, ask=Ask(3, 2 * GIB)))
    assert resize(ports, SESSION, cpu=2).ask == Ask(2, 2 * GIB)


def test_its_environment_says_what_it_needs(ports: Ports) -> None:
    python = next(one for one in ports.catalogue.environments() if one.name == "python")
    known = engine(ports).put(replace(SESSION, version=python.default))
    there = room(ports, known)
    version = python.version(python.default)
    assert version is not None
    assert (there.minimum.cpu, there.minimum.memory) == (
        python.minimum_of(version).cpu,
        python.minimum_of(version).memory,
    )


def test_one_that_is_gone_or_stopped_meanwhile(ports: Ports) -> None:
    engine(ports).stop(SESSION)
    assert resize(ports, SESSION, cpu=2).phase is Phase.STOPPED
    engine(ports).remove(SESSION.id)
    with pytest.raises(SessionGone):
        resize(ports, SESSION, cpu=2)
    engine(ports).down = True
    with pytest.raises(EngineUnreachable):
        resize(ports, SESSION, cpu=2)


def test_a_gpu_that_another_session_has_by_now_is_not_shared(ports: Ports, tmp_path: Path) -> None:
    ports = replace(ports, gpus=ScriptedGpus((Gpu("GPU-1", 1, "H100", 80 * GIB),)))
    stopped = engine(ports).put(replace(SESSION, phase=Phase.STOPPED, devices=("GPU-1",)))
    other = engine(ports).put(replace(SESSION, id="ffff", name="train-7", devices=("GPU-1",)))
    with pytest.raises(StartFailed, match="GPU 1 is held by train-7"):
        end.start(ports, stopped)
    engine(ports).stop(other)
    assert end.start(ports, stopped).phase is Phase.RUNNING
