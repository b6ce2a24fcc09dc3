"""Sessions that are past: their records, and those that are to be deleted once they are finished."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sessiontui.actions import end
from sessiontui.actions.ports import Ports, why_not_touch
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.record import Record
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.engine.port import Change

GRACE = timedelta(seconds=10)
"""How long a finished session stays that is to be deleted: who waits for it reads its end."""


def past(ports: Ports, sessions: Iterable[Session]) -> tuple[Record, ...]:
    """The records of what was deleted, newest first. Raises StorageError.

    ``sessions`` are those there are: a record is written before its session goes, which may have failed.
    """
    there = {session.id for session in sessions}
    return tuple(record for record in ports.records.records() if record.session.id not in there)


def due(sessions: Iterable[Session], owner: Owner, now: datetime | None = None) -> tuple[Session, ...]:
    """The owner's sessions whose command ended well and that were to be deleted then."""
    latest = (now or datetime.now(UTC)) - GRACE
    return tuple(
        session
        for session in sessions
        if session.batch is not None
        and session.batch.delete
        and session.phase is Phase.FINISHED
        and session.exit_code == 0
        and session.owner.uid == owner.uid
        and why_not_touch(session, owner) is None
        and session.ended_at is not None
        and session.ended_at <= latest
    )


def delete_due(ports: Ports, sessions: Iterable[Session]) -> tuple[str, ...]:
    """Delete those; their ids. Nobody waits for it: one that cannot be deleted stays for the next look."""
    gone = []
    for session in due((_told(ports, one) for one in sessions), ports.owner):
        with suppress(SessiontuiError):
            end.delete_ended(ports, session)
            gone.append(session.id)
    return tuple(gone)


def _told(ports: Ports, session: Session) -> Session:
    """The session; with its end, where that matters and only a list has told of it."""
    marked = session.batch is not None and session.batch.delete and not session.phase.live
    if session.brief and marked and session.owner.uid == ports.owner.uid:
        with suppress(SessiontuiError):
            return ports.engine.look(Change(session.container_id or "", session.id)) or session
    return session
