"""A question before something that cannot be undone. Opens on the answer that changes nothing."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from sessiontui.ui.styles import stylesheet


class ConfirmScreen(ModalScreen[bool]):
    """Asks one question; True for yes."""

    CSS_PATH = [stylesheet("dialogs.tcss")]

    BINDINGS = [
        Binding("escape,n", "answer(False)", "Cancel"),
        Binding("y", "answer(True)", "Yes"),
        Binding("left,up", "app.focus_previous", "Left", show=False),
        Binding("right,down", "app.focus_next", "Right", show=False),
    ]

    def __init__(self, title: str, text: str, yes: str, *, stay: str = "Cancel") -> None:
        super().__init__(classes="dialog")
        self._title, self._text, self._yes, self._stay = title, text, yes, stay

    def compose(self) -> ComposeResult:
        """Title, consequence, and two buttons, the harmless one first."""
        with Vertical(classes="dialog--box"):
            yield Static(self._title, classes="dialog--title", markup=False)
            yield Static(self._text, markup=False)
            with Horizontal(classes="dialog--buttons"):
                yield Button(self._stay, id="stay")
                yield Button(self._yes, id="yes", variant="error")

    def on_mount(self) -> None:
        """A stray Enter changes nothing."""
        self.query_one("#stay").focus()

    @on(Button.Pressed)
    def close_with_answer(self, event: Button.Pressed) -> None:
        """A button answers."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """A key answers."""
        self.dismiss(yes)
