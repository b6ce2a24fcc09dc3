"""A labelled row of a form, with room for what is wrong with it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from sessiontui.ui.present import clean


class Field(Vertical):
    """One input with its label; the problem stands under the input and takes no room when there is none."""

    DEFAULT_CSS = """
    Field {
        height: auto;
        border-left: blank;

        &:focus-within { border-left: thick $primary; }
        & > Horizontal { height: auto; }
        & > Horizontal > .field--label { width: 12; height: 1; color: $foreground 75%; }
        &:focus-within > Horizontal > .field--label { color: $primary; text-style: bold; }
        & > Horizontal > .field--inputs { width: 1fr; height: auto; }
        & .field--problem { display: none; width: 1fr; height: auto; padding-left: 1; color: $text-error; }
        &.-problem .field--problem { display: block; }
    }
    """

    problem: reactive[str] = reactive("")
    """What is wrong with the input, in a sentence; empty when nothing is known to be."""

    def __init__(self, label: str, field: str, *inputs: Widget) -> None:
        super().__init__(id=f"field-{field}")
        self.field = field
        """The field's name in a Problem."""
        self.label = label
        """What a person calls it."""
        self._inputs = inputs

    def compose(self) -> ComposeResult:
        """Label, inputs, problem."""
        with Horizontal():
            yield Static(self.label, classes="field--label", markup=False)
            with Vertical(classes="field--inputs"):
                yield from self._inputs
                yield Static("", classes="field--problem", markup=False)

    def watch_problem(self, problem: str) -> None:
        """Show or hide the problem."""
        self.set_class(bool(problem), "-problem")
        if self.is_mounted:
            self.query_one(".field--problem", Static).update(f"✗ {clean(problem)}" if problem else "")

    def focus_input(self) -> None:
        """Bring the input into view, and the focus to it where it takes one."""
        for one in self._inputs:
            if one.focusable:
                one.focus()
                break
        self.scroll_visible()
