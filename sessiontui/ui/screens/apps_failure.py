"""The part of the app dialog that says what went wrong."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Static

from sessiontui.ui.present import clean


class FailureView(Vertical):
    """Message, hint, and the last words of an app where there are any."""

    def compose(self) -> ComposeResult:
        """Nothing of it is markup."""
        yield Static(id="apps-message", markup=False)
        yield Static(id="apps-hint", markup=False)
        with VerticalScroll(id="apps-output"):
            yield Static(id="apps-output-text", markup=False)
        with Horizontal(classes="apps-buttons"):
            yield Button("r Try again", id="apps-retry", compact=True)

    def show(self, message: str, hint: str, output: str = "") -> None:
        """Say this; the end of the output is in view."""
        self.query_one("#apps-message", Static).update(f"✗ {clean(message)}")
        shown = self.query_one("#apps-hint", Static)
        shown.update(clean(hint))
        shown.display = bool(hint)
        box = self.query_one("#apps-output")
        box.display = bool(output.strip())
        lines = [clean(line) for line in output.rstrip().splitlines()]
        self.query_one("#apps-output-text", Static).update("\n".join(lines))
        self.call_after_refresh(box.scroll_end, animate=False)
