"""One line of text that is never broken, to be taken whole."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from sessiontui.ui.present import clean


class Line(ScrollableContainer, can_focus=True):
    """Text on one row, however long: what does not fit is reached by scrolling, not by a break.

    Nothing stands beside the text on its row, so that a terminal recognises an address in it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_home", "Beginning", show=False),
        Binding("end", "scroll_right_end", "End", show=False),
    ]

    DEFAULT_CSS = """
    Line {
        height: 1;
        width: 1fr;
        overflow-x: auto;
        overflow-y: hidden;

        & > Static { width: auto; height: 1; text-wrap: nowrap; }
        &:focus { background: $foreground 8%; }
    }
    """

    class Measured(Message):
        """The line, or the room for it, has another length."""

    class Clicked(Message):
        """Somebody clicked the line."""

        def __init__(self, line: Line) -> None:
            super().__init__()
            self.line = line

    text: reactive[str] = reactive("")
    """The line."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.set_reactive(Line.text, text)

    def on_click(self) -> None:
        """It is wanted."""
        self.post_message(self.Clicked(self))

    def compose(self) -> ComposeResult:
        """The text and nothing else."""
        yield Static(self._shown(), markup=False)

    def on_resize(self) -> None:
        """There is more room, or less."""
        self.post_message(self.Measured())

    def watch_virtual_size(self) -> None:
        """The text is longer, or shorter."""
        self.post_message(self.Measured())

    def watch_text(self) -> None:
        """Show the text."""
        for one in self.query(Static):
            one.update(self._shown())
        self.scroll_home(animate=False)

    def _shown(self) -> Text:
        """The text, as a link where it is an address: a terminal opens it where the person sits."""
        shown = clean(self.text)
        self.set_class(shown.startswith("http"), "-link")
        return Text(shown, style=Style(link=shown) if self.has_class("-link") else Style(), no_wrap=True)

    @property
    def overflows(self) -> bool:
        """Whether part of the line is out of view."""
        return self.max_scroll_x > 0

    def action_scroll_right_end(self) -> None:
        """Show the end of the line."""
        self.scroll_to(x=self.max_scroll_x, animate=False)
