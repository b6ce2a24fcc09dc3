"""Stops, starts and deletes sessions of the person who asks."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from sessiontui.actions import mounting
from sessiontui.actions.devices import machine_gpus
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.errors import EngineError, StartFailed, StorageError
from sessiontui.domain.record import record_of
from sessiontui.domain.session import Losses, Phase, Session
from sessiontui.engine.port import Change


def losses(ports: Ports, session: Session) -> Losses:
    """What deleting it would destroy of its home. Raises NotYours, SessionGone, EngineError."""
    ensure_may_touch(session, ports.owner)
    return ports.engine.losses(session)


def losses_outside(ports: Ports, session: Session) -> Losses:
    """What deleting it would destroy outside its home and its folders; raises as ``losses``."""
    ensure_may_touch(session, ports.owner)
    return ports.engine.losses_outside(session)


def delete(ports: Ports, session: Session) -> str:
    """Delete the session, its home and its anonymous volumes; mounted folders stay. Raises NotYours.

    A record of it is kept. Returns why not, in a sentence, where that could not be done.
    """
    return _delete(ports, session, running=True)


def delete_ended(ports: Ports, session: Session) -> str:
    """The same, unless somebody has started it again by now: then EngineError, and it goes on."""
    return _delete(ports, session, running=False)


def _delete(ports: Ports, session: Session, *, running: bool) -> str:
    ensure_may_touch(session, ports.owner)
    # First the record: cut off in between, there is one too many, of a session that is still there.
    warning = _keep_record(ports, session)
    ports.engine.delete(session, running=running)
    return warning


def _keep_record(ports: Ports, session: Session) -> str:
    seen = session
    if session.brief:
        with suppress(EngineError):
            seen = ports.engine.look(Change(session.container_id or "", session.id), session) or session
    try:
        ports.records.add(record_of(seen, datetime.now(UTC), ports.owner.name))
    except StorageError as error:
        return f"{session.name} leaves no line in the history: {error.message}"
    return ""


def stop(ports: Ports, session: Session) -> Session:
    """Stop the session and keep its home. Raises NotYours."""
    ensure_may_touch(session, ports.owner)
    return ports.engine.stop(session)


def kill(ports: Ports, session: Session) -> Session:
    """End the session by force and keep its home. Raises NotYours, EngineError that says what holds it."""
    ensure_may_touch(session, ports.owner)
    return ports.engine.kill(session)


def start(ports: Ports, session: Session) -> Session:
    """Start a stopped session, or finish a launch that was cut off.

    Raises NotYours, DevicesTaken where another has one of its GPUs by now, StartFailed also where one is
    not on the machine any more; Refused where one of its folders is not there any more, or is a link by now.
    """
    ensure_may_touch(session, ports.owner)
    if session.phase is Phase.RUNNING:
        return session
    gpus = machine_gpus(ports, session)
    held = mounting.identities(ports, session.mounts)
    try:
        started = ports.engine.start(session, gpus)
    except StartFailed as error:
        raise mounting.explained(error, session.mounts, held) from error
    mounting.ensure_mounted(
        ports,
        started,
        held,
        take_back=ports.engine.stop,
        taken_back="it was stopped again",
        hint="put the folder back, then start it",
    )
    return started
