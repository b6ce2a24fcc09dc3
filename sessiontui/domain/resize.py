"""Within what the limits of a session can be changed, and what is wrong with new ones: pure rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sessiontui.domain.asks import ask_cautions, ask_problems
from sessiontui.domain.errors import Problem, Refused
from sessiontui.domain.resources import Ask, Capacity, Ceiling
from sessiontui.domain.session import Session
from sessiontui.domain.units import format_bytes


@dataclass(frozen=True, slots=True)
class Room:
    """What new limits of a session are held against, all of it as it is now."""

    session: Session
    capacity: Capacity
    """With the session's own limits counted as free."""
    minimum: Ask
    """What its environment needs."""
    ceiling: Ceiling
    """What is of use to its environment."""
    memory_in_use: int | None = None
    """Bytes that the kernel could not give back; None where it does not run or nobody tells."""


def without(capacity: Capacity, session: Session, memory_in_use: int | None) -> Capacity:
    """The capacity as it were without the session: its limits are not promised, its memory is not taken."""
    if not session.phase.live:
        return capacity
    available = capacity.memory_available
    return replace(
        capacity,
        cpu_promised=max(0.0, capacity.cpu_promised - session.ask.cpu),
        memory_promised=max(0, capacity.memory_promised - session.ask.memory),
        memory_available=None if available is None else available + (memory_in_use or 0),
    )


def new_limits(room: Room, cpu: float | None, memory: int | None) -> Ask:
    """The checked ask; None keeps what is. Raises Refused with every problem: fields ``cpu memory``.

    Only what is changed is checked: limits in force may be older than the rules of the environment.
    """
    now = room.session.ask
    ask = Ask(now.cpu if cpu is None else cpu, now.memory if memory is None else memory, now.gpu)
    changed = {
        name for name, same in (("cpu", ask.cpu == now.cpu), ("memory", ask.memory == now.memory)) if not same
    }
    problems = [
        problem
        for problem in ask_problems(ask, room.minimum, room.ceiling, room.capacity)
        if problem.field in changed
    ]
    used = room.memory_in_use
    if "memory" in changed and used is not None and ask.memory < used:
        problems.append(Problem("memory", too_little(used)))
    if problems:
        raise Refused(problems)
    return ask


def too_little(used: int) -> str:
    """Why memory cannot be lowered below what is in use."""
    return f"{format_bytes(used)} are in use now: end programs in it first, or leave it more"


def resize_cautions(room: Room, ask: Ask) -> tuple[Problem, ...]:
    """What a person should know before, though it is allowed."""
    return ask_cautions(ask, room.capacity)
