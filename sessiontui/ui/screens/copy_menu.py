"""The small menu of what can be copied about a session."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from sessiontui.domain.session import Session
from sessiontui.ui.present import clean, truncate
from sessiontui.ui.styles import stylesheet

_ROOM = 40
"""Columns in which a text is shown; it is copied whole."""


def copies_of(session: Session) -> tuple[tuple[str, str], ...]:
    """(what it is, text) for everything worth copying."""
    name = clean(session.name)
    found = [
        ("name", name),
        ("id", clean(session.id)),
        ("container id", clean(session.container_id or "")),
        ("image", clean(session.image)),
        ("shell command", f"sessiontui shell {name}"),
        ("ssh", f"sessiontui open {name} ssh"),
    ]
    return tuple((label, text) for label, text in found if text)


class CopyMenu(ModalScreen[str | None]):
    """Lets the person choose a text about a session; None for nothing."""

    CSS_PATH = [stylesheet("dialogs.tcss")]

    BINDINGS = [Binding("escape,c", "dismiss(None)", "Cancel")]

    def __init__(self, session: Session) -> None:
        super().__init__(classes="dialog")
        self._copies = copies_of(session)

    def compose(self) -> ComposeResult:
        """One line each."""
        with Vertical(classes="dialog--box"):
            yield Static("Copy", classes="dialog--title")
            yield OptionList(
                *(
                    Option(Content.assemble((label.ljust(15), "$text-muted"), truncate(text, _ROOM)))
                    for label, text in self._copies
                ),
                compact=True,
            )

    @on(OptionList.OptionSelected)
    def close_with_choice(self, event: OptionList.OptionSelected) -> None:
        """The chosen text goes back."""
        self.dismiss(self._copies[event.option_index][1])
