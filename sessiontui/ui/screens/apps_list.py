"""The list of the app dialog: the apps of a session below the headings of their groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.widgets import OptionList
from textual.widgets.option_list import Option

from sessiontui.actions.app_life import OfferedApp
from sessiontui.domain.environment import AppPhase, AppState
from sessiontui.ui.present import clean
from sessiontui.ui.screens.apps_text import Row, rows

_MOVES = {"up": "cursor_up", "down": "cursor_down", "home": "first", "end": "last", "enter": "select"}
"""Keys of the list, and what it calls them."""

MOVES = frozenset(_MOVES)
"""Keys that mean something to the list."""


class AppList(OptionList):
    """Rows of apps; the one below the cursor stays there whatever comes and goes around it."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, markup=False, compact=True)
        self.offered: tuple[OfferedApp, ...] = ()
        self._rows: Sequence[Row] = ()

    def show(self, offered: Sequence[OfferedApp], *, busy: str | None = None, doing: str = "") -> None:
        """Show these; with ``busy`` something is being done now, and ``doing`` says what."""
        before = self.chosen
        self.offered = tuple(offered)
        self._rows = rows(self.offered, busy=busy, doing=doing)
        self.set_options(Option(row.text, disabled=row.app is None) for row in self._rows)
        self.display = bool(self.offered)
        places = [place for place, row in enumerate(self._rows) if row.app is not None]
        same = [place for place in places if before and self._rows[place].app == before.app.name]
        self.highlighted = next(iter(same or places), None)

    @property
    def chosen(self) -> OfferedApp | None:
        """The app below the cursor."""
        return None if self.highlighted is None else self.at(self.highlighted)

    def at(self, place: int) -> OfferedApp | None:
        """The app of a row."""
        return self.find(self._rows[place].app) if place < len(self._rows) else None

    def find(self, name: str | None) -> OfferedApp | None:
        """The app of that name."""
        return next((one for one in self.offered if one.app.name == name), None)

    def label(self, name: str) -> str:
        """What a person calls it."""
        found = self.find(name)
        return clean(found.app.label if found else name)

    def mark(self, name: str, phase: AppPhase) -> None:
        """Show what is known of the apps of one server before the session is asked again."""
        found = self.find(name)
        server = found.app.server if found else name
        self.show(
            [
                replace(one, state=replace(one.state, phase=phase, reason=""))
                if one.app.server == server
                else one
                for one in self.offered
            ]
        )

    def mark_all_stopped(self) -> None:
        """Show that nothing runs."""
        self.show([replace(one, state=AppState(AppPhase.STOPPED)) for one in self.offered])

    def move(self, key: str) -> None:
        """Do what the key would do."""
        getattr(self, f"action_{_MOVES[key]}")()
