"""The output of something that failed, to be read and scrolled."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from sessiontui.ui.log_text import LogText
from sessiontui.ui.present import clean
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.log_view import LogView


class OutputScreen(ModalScreen[None]):
    """Shows what a build or an app said before it failed."""

    CSS_PATH = [stylesheet("dialogs.tcss")]

    BINDINGS = [
        Binding("escape,q,enter", "dismiss(None)", "Close"),
        Binding("w", "wrap", "Wrap", show=False),
    ]

    def __init__(self, title: str, hint: str, output: str) -> None:
        super().__init__(classes="dialog")
        self._title, self._hint, self._output = clean(title), clean(hint), output

    def compose(self) -> ComposeResult:
        """What failed, its output, how to leave."""
        with Vertical(classes="dialog--box -wide -danger"):
            yield Static(self._title, classes="dialog--title", markup=False)
            if self._hint:
                yield Static(self._hint, markup=False)
            yield LogView()
            yield Static("esc closes · w wraps", classes="dialog--hint")

    def on_mount(self) -> None:
        """The end is what tells why."""
        view = self.query_one(LogView)
        view.append(LogText().feed(self._output.rstrip("\n").encode(errors="replace") + b"\n"))
        view.focus()

    def action_wrap(self) -> None:
        """Wrap long lines or let them run out."""
        self.query_one(LogView).toggle_wrap()
