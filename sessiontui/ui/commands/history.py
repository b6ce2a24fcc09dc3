"""Commands about deleted sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessiontui.domain.picture import Picture
from sessiontui.domain.record import Record
from sessiontui.domain.session import Owner
from sessiontui.ui.background import in_background
from sessiontui.ui.commands.base import Command, OnEngine, Selected
from sessiontui.ui.commands.life import ask_and_launch
from sessiontui.ui.present import clean

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen

HISTORY = "history"
"""The tab of deleted sessions, as the ``tab`` of a command."""

_NOTHING = "no session of the history is selected"


class ShowHistory(Command):
    """Show what deleted sessions were."""

    name, keys, label, group = "show-history", "5", "history", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.show_pane(HISTORY)


class RepeatPast(OnEngine):
    """Start a session like the deleted one: the dialog opens filled in."""

    name, keys, label, hinted, group, tab = "repeat-past", "R,enter", "repeat", True, "History", HISTORY

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        return super().why_not(picture, selected, owner) if isinstance(selected, Record) else _NOTHING

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        if isinstance(screen.under_cursor, Record):
            await ask_and_launch(screen, screen.under_cursor)


class ForgetPast(Command):
    """Forget the deleted session: its line goes from the history."""

    name, keys, label, hinted, group, tab = "forget-past", "d,delete", "forget", True, "History", HISTORY

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        return None if isinstance(selected, Record) else _NOTHING

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.confirm import ConfirmScreen

        record, pane = screen.under_cursor, screen.pane
        if not isinstance(record, Record) or pane is None:
            return
        question = ConfirmScreen(
            f"Forget {clean(record.session.name)}?",
            "Its line goes from the history, and with it the way to repeat it. Nothing else is touched.",
            "Forget",
        )
        if await screen.desk.ask(question):
            await in_background(screen.desk.ports.records.forget, (record.session.id,))
            pane.enter()
