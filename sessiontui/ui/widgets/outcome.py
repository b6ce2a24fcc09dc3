"""The foot of the launch dialog: what will happen, what to beware of, and the way to make it happen."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.widgets import Button, Static

from sessiontui.ui.present import clean


class Outcome(Vertical):
    """Always in view, however long the form is."""

    checking: reactive[bool] = reactive(False)
    """Whether the order is being checked: it is launched once."""

    def __init__(self, will: str, *, id: str) -> None:  # noqa: A002 # Textual's own name for it
        """``will`` is what is said at first."""
        super().__init__(id=id)
        self._will = will

    def compose(self) -> ComposeResult:
        """The sentence, the cautions, the buttons."""
        yield Static(self._will, id="will", markup=False)
        yield Static(id="cautions", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("LAUNCH", id="go", variant="primary")
            yield Button("Cancel", id="cancel")

    def say(self, will: str, warnings: Sequence[str] = ()) -> None:
        """Say what will happen, or why nothing can."""
        self.query_one("#will", Static).update(clean(will))
        line = self.query_one("#cautions", Static)
        line.update("\n".join(f"! {clean(one)}" for one in warnings))
        line.display = bool(warnings)

    def watch_checking(self, checking: bool) -> None:
        """The button says so."""
        if self.is_mounted:
            button = self.query_one("#go", Button)
            button.label = "checking…" if checking else "LAUNCH"
            button.disabled = checking
