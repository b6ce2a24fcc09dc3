"""Deletes the person's batch sessions that are to go once their command ended well: nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime

from sessiontui.actions import end
from sessiontui.actions.past import due
from sessiontui.domain.errors import SessionGone, SessiontuiError
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Session
from sessiontui.ui.desk import Desk


class FinishedSessions:
    """Tries each once: one that cannot be deleted stays, and the person is told."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tried: set[tuple[str, datetime | None]] = set()

    def look(self, picture: Picture) -> tuple[Session, ...]:
        """Those that are due and were not tried; they count as tried from now on."""
        if picture.trouble or not any(one.batch and one.batch.delete for one in picture.sessions):
            return ()
        now = datetime.fromtimestamp(self._desk.now(), UTC)
        found = due(picture.sessions, self._desk.ports.owner, now)
        new = tuple(one for one in found if (one.id, one.ended_at) not in self._tried)
        self._tried |= {(one.id, one.ended_at) for one in new}
        return new

    async def delete(self, sessions: tuple[Session, ...]) -> None:
        """Delete them, and say so."""
        for session in sessions:
            try:
                warning = await self._desk.end(session, end.delete_ended)
            except SessionGone:
                continue
            except SessiontuiError as error:
                self._desk.tell(error)
                continue
            self._desk.say(f"{session.name} finished and is deleted, as it was to be: the history has it")
            if warning:
                self._desk.say(warning, warning=True)
