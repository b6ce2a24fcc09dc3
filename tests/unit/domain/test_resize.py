"""New limits of a session: what is refused, what is only said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sessiontui.domain.errors import Refused
from sessiontui.domain.resize import Room, new_limits, resize_cautions, without
from sessiontui.domain.resources import BOUNDLESS, Ask, Capacity, Ceiling
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB, MIB

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SESSION = Session(
    "ab", "nifty-bohr", Owner("alice", 1000, 1000), Phase.RUNNING, "python", "1", "i:1", Ask(2, 4 * GIB, 1),
    BEGAN,
)  # fmt: skip
CAPACITY = Capacity(8, 32 * GIB, cpu_promised=6, memory_promised=30 * GIB, memory_available=3 * GIB)


def room(used: int | None = 3 * GIB, minimum: Ask = Ask(0.5, GIB), ceiling: Ceiling = BOUNDLESS) -> Room:  # noqa: B008 # frozen
    return Room(SESSION, without(CAPACITY, SESSION, used), minimum, ceiling, used)


def refused(room: Room, cpu: float | None, memory: int | None) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        new_limits(room, cpu, memory)
    return {one.field: one.message for one in caught.value.problems}


def test_its_own_limits_and_memory_count_as_free() -> None:
    there = room().capacity
    assert (there.free_cpu, there.free_memory) == (4, 6 * GIB)
    stopped = replace(SESSION, phase=Phase.STOPPED)
    assert without(CAPACITY, stopped, None) == CAPACITY


def test_what_is_not_named_stays_and_gpus_do() -> None:
    assert new_limits(room(), 3, None) == Ask(3, 4 * GIB, 1)
    assert new_limits(room(), None, 5 * GIB) == Ask(2, 5 * GIB, 1)


def test_memory_below_what_is_in_use_is_refused_with_the_figure() -> None:
    assert refused(room(), None, 2 * GIB)["memory"].startswith("3G are in use now")
    assert new_limits(room(None), None, 2 * GIB).memory == 2 * GIB
    assert new_limits(room(3 * GIB), None, 3 * GIB).memory == 3 * GIB


@pytest.mark.parametrize(
    ("cpu", "memory", "words"),
    [
        (9, 33 * GIB, ("the machine has 8 cores", "the machine has 32G")),
        (0.1, 512 * MIB, ("at least 0.5 cores", "at least 1G")),
        (5, 20 * GIB, ("at most 4 cores", "at most 16G")),
    ],
)
def test_the_borders_of_a_launch_hold(cpu: float, memory: int, words: tuple[str, str]) -> None:
    ceiling = Ceiling(4, 16 * GIB) if cpu == 5 else BOUNDLESS
    problems = refused(room(None, ceiling=ceiling), cpu, memory)
    assert words[0] in problems["cpu"]
    assert words[1] in problems["memory"]


def test_what_stays_is_not_judged_by_rules_that_came_later() -> None:
    assert new_limits(room(minimum=Ask(4, 8 * GIB)), None, 9 * GIB) == Ask(2, 9 * GIB, 1)


def test_beyond_what_is_free_is_said_and_allowed() -> None:
    there = room()
    ask = new_limits(there, 6, 8 * GIB)
    assert [one.field for one in resize_cautions(there, ask)] == ["cpu", "memory"]
    assert not resize_cautions(there, Ask(4, 6 * GIB))


def test_how_long_a_session_lasted() -> None:
    ended = replace(SESSION, started_at=BEGAN, ended_at=BEGAN + timedelta(hours=2))
    assert ended.lasted == 7200
    assert replace(ended, ended_at=BEGAN - timedelta(hours=1)).lasted == 0
    assert SESSION.lasted is None
