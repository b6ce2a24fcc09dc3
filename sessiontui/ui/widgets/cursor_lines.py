"""What lists have in common that are drawn by line and have a cursor: keys, looks, and keeping it in view."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sessiontui.ui.present import Cell
from sessiontui.ui.widgets.lines import cell_style


class CursorLines(ScrollView, can_focus=True):
    """A base: who builds on it draws its lines, and moves the cursor for ``move`` and ``page``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "move(-100000000)", "First", show=False),
        Binding("end,G", "move(100000000)", "Last", show=False),
    ]
    HEADINGS: ClassVar[int] = 0
    """Lines at the top that do not scroll."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._cursor = 0
        self._style_of = lru_cache(maxsize=256)(self._find_style)

    def _find_style(self, style: str, surface: str) -> Style:
        return cell_style(self, style, surface)

    def _strip(self, line: Cell, surface: str) -> Strip:
        """The line on a component class of the list, empty for the list itself, as wide as the list."""
        segments = [Segment(span.text, self._style_of(span.style, surface)) for span in line]
        return Strip(Segment.simplify(segments)).adjust_cell_length(
            self.size.width, self._style_of("", surface)
        )

    def notify_style_update(self) -> None:
        """Forget looks when the theme changes."""
        super().notify_style_update()
        self._style_of.cache_clear()

    def on_focus(self) -> None:
        """The cursor looks different with focus."""
        self._style_of.cache_clear()
        self.refresh()

    def on_blur(self) -> None:
        """The cursor looks different without focus."""
        self._style_of.cache_clear()
        self.refresh()

    def _bring_into_view(self) -> None:
        top, shown = self.scroll_offset.y, self.size.height - self.HEADINGS
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif shown > 0 and self._cursor >= top + shown:
            self.scroll_to(y=self._cursor - shown + 1, animate=False)
