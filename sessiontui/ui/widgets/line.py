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

    text: reactive[str] = reactive("")
    """The line."""

    def compose(self) -> ComposeResult:
        """The text and nothing else."""
        yield Static(markup=False)

    def on_resize(self) -> None:
        """There is more room, or less."""
        self.post_message(self.Measured())

    def watch_virtual_size(self) -> None:
        """The text is longer, or shorter."""
        self.post_message(self.Measured())

    def watch_text(self, text: str) -> None:
        """Show the text, as a link where it is one."""
        shown = clean(text)
        # An address is a link, too: a terminal opens it where the person sits.
        style = Style(link=shown) if shown.startswith("http") else Style()
        self.set_class(shown.startswith("http"), "-link")
        self.query_one(Static).update(Text(shown, style=style, no_wrap=True))
        self.scroll_home(animate=False)

    @property
    def overflows(self) -> bool:
        """Whether part of the line is out of view."""
        return self.max_scroll_x > 0

    def action_scroll_right_end(self) -> None:
        """Show the end of the line."""
        self.scroll_to(x=self.max_scroll_x, animate=False)
