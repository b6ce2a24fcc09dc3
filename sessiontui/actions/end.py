"""Stops, starts and deletes sessions of the person who asks."""

from __future__ import annotations

from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.session import Losses, Phase, Session


def losses(ports: Ports, session: Session) -> Losses:
    """What deleting it would destroy."""
    ensure_may_touch(session, ports.owner)
    return ports.engine.losses(session)


def delete(ports: Ports, session: Session) -> None:
    """Delete the session, its home and its anonymous volumes; mounted folders stay. Raises NotYours."""
    ensure_may_touch(session, ports.owner)
    ports.engine.delete(session)


def stop(ports: Ports, session: Session) -> Session:
    """Stop the session and keep its home. Raises NotYours."""
    ensure_may_touch(session, ports.owner)
    return ports.engine.stop(session)


def start(ports: Ports, session: Session) -> Session:
    """Start a stopped session, or finish a launch that was cut off. Raises NotYours, StartFailed."""
    ensure_may_touch(session, ports.owner)
    return session if session.phase is Phase.RUNNING else ports.engine.start(session)
