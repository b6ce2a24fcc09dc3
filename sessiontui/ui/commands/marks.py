"""Commands that mark sessions, for those that are about several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner
from sessiontui.ui.commands.base import SESSIONS, Command, OnSession, Selected

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen


class MarkSession(OnSession):
    """Mark the session or take its mark away: stop, start and delete are then about all marked ones."""

    name, keys, label = "mark-session", "space", "mark"
    tab = SESSIONS

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.sessions.mark_next()


class MarkAll(Command):
    """Mark all of your sessions in the list, or none of them; escape takes all marks away."""

    name, keys, label = "mark-all", "ctrl+a", "mark all"
    tab = SESSIONS

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        return None if picture.sessions else "there is no session"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.sessions.mark_shown()
