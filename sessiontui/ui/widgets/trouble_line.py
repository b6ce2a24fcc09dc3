"""What could not be asked for a form, with a way to ask again."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Static

from sessiontui.domain.errors import SessiontuiError
from sessiontui.ui.present import clean


class TroubleLine(Horizontal):
    """Takes no room while all is well."""

    def compose(self) -> ComposeResult:
        """The reasons, and the button."""
        yield Static(id="trouble-text", markup=False)
        yield Button("Retry ctrl+r", id="retry", compact=True)

    def show(self, errors: Iterable[SessiontuiError]) -> None:
        """Say what went wrong, or nothing."""
        lines = [" — ".join(filter(None, (one.message, one.hint))) for one in errors]
        self.display = bool(lines)
        self.query_one("#trouble-text", Static).update("\n".join(f"✗ {clean(line)}" for line in lines))
