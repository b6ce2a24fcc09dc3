"""A few choices in a row, of which one is taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from sessiontui.ui.present import clean

_GAP = 2
"""Columns between two choices."""


class Choices(Widget, can_focus=True):
    """One of a few, side by side; the row breaks where the width ends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Previous", show=False),
        Binding("right,l", "move(1)", "Next", show=False),
        Binding("home", "move(-1000)", "First", show=False),
        Binding("end", "move(1000)", "Last", show=False),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | left, right, h, l | The previous or next one |
    | home, end | The first, the last |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"choices--taken", "choices--other"}

    DEFAULT_CSS = """
    Choices {
        width: 1fr;
        height: auto;
        pointer: pointer;

        & > .choices--taken { color: $foreground; text-style: bold; }
        & > .choices--other { color: $foreground 65%; }
        &:focus { background: $foreground 8%; }
        &:focus > .choices--taken { color: $primary; text-style: bold; }
    }
    """

    options: reactive[tuple[str, ...]] = reactive[tuple[str, ...]]((), layout=True)
    """What can be chosen."""
    value: reactive[str] = reactive("")
    """The one that is taken; none where it is not among the options."""

    class Changed(Message):
        """The person took another choice."""

        def __init__(self, choices: Choices, value: str) -> None:
            super().__init__()
            self.choices = choices
            self.value = value

        @property
        def control(self) -> Choices:
            """The row it was taken from."""
            return self.choices

    def _places(self, width: int) -> Iterator[tuple[int, int, str]]:
        """(row, column, option) of each."""
        row = column = 0
        for option in self.options:
            cells = cell_len(clean(option)) + 2
            if column and column + cells > width:
                row, column = row + 1, 0
            yield row, column, option
            column += cells + _GAP

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the width makes."""
        return max((row for row, _, _ in self._places(width)), default=0) + 1

    def render(self) -> RenderResult:
        """The row, broken where it has to be."""
        if not self.options:
            return Text("—", self.get_component_rich_style("choices--other", partial=True))
        text = Text(no_wrap=True, end="")
        at_row = at_column = 0
        for row, column, option in self._places(self.size.width):
            if row > at_row:
                text.append("\n")
                at_row, at_column = row, 0
            taken = option == self.value
            style = self.get_component_rich_style(f"choices--{'taken' if taken else 'other'}", partial=True)
            text.append(" " * (column - at_column))
            text.append(f"{'●' if taken else '○'} {clean(option)}", style)
            at_column = column + cell_len(clean(option)) + 2
        return text

    def action_move(self, count: int) -> None:
        """Take the choice that many places further, or the last on that side."""
        if not self.options:
            return
        here = self.options.index(self.value) if self.value in self.options else 0
        self._take(self.options[max(0, min(len(self.options) - 1, here + count))])

    def on_click(self, event: events.Click) -> None:
        """Take the choice under the mouse."""
        for row, column, option in self._places(self.size.width):
            if event.y == row and column <= event.x < column + cell_len(clean(option)) + 2:
                event.stop()
                self._take(option)

    def _take(self, option: str) -> None:
        if option != self.value:
            self.value = option
            self.post_message(self.Changed(self, option))
