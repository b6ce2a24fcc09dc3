"""Changes the limits of a session: of a running one at once, of a stopped one for its next start."""

from __future__ import annotations

from dataclasses import replace

from sessiontui.actions.environments import environments, named
from sessiontui.actions.observe import capacity
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.environment import OTHER
from sessiontui.domain.errors import SessionGone, SessiontuiError
from sessiontui.domain.launch import SMALLEST
from sessiontui.domain.resize import Room, new_limits, without
from sessiontui.domain.resources import BOUNDLESS, Ask, Ceiling
from sessiontui.domain.session import Session
from sessiontui.engine.port import Change


def room(ports: Ports, session: Session) -> Room:
    """What new limits are held against, asked of the engine now. Raises NotYours, SessionGone."""
    ensure_may_touch(session, ports.owner)
    now = ports.engine.look(Change(session.container_id or "", session.id))
    if now is None:
        raise SessionGone(f"{session.name} is gone", "it was deleted meanwhile")
    used = ports.engine.memory_in_use(now)
    minimum, ceiling = _borders(ports, now)
    there = without(capacity(ports), now, used)
    return Room(now, there, minimum, ceiling, used)


def resize(ports: Ports, session: Session, cpu: float | None = None, memory: int | None = None) -> Session:
    """Change the limits that are given and keep the others. Raises Refused with every problem, NotYours."""
    now = room(ports, session)
    return ports.engine.resize(now.session, new_limits(now, cpu, memory))


def _borders(ports: Ports, session: Session) -> tuple[Ask, Ceiling]:
    """What its environment needs and can use; the widest where nothing describes it any more."""
    if session.environment == OTHER:
        return SMALLEST, BOUNDLESS
    try:
        environment = named(environments(ports, hidden=True), session.environment)
    except SessiontuiError:
        # A catalogue that cannot be read keeps nobody from changing what runs.
        environment = None
    version = environment.version(session.version) if environment else None
    if environment is None or version is None:
        return SMALLEST, BOUNDLESS
    return replace(environment.minimum_of(version), gpu=0), version.ceiling
