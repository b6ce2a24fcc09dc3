"""Lines of cells on Textual's line API: of another show only the columns that differ are drawn."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from sessiontui.ui.changed import changed_runs
from sessiontui.ui.present import Cell


def cell_style(widget: Widget, style: str, surface: str = "") -> Style:
    """The look of a span of that style on a widget, or on its component class ``surface``."""
    under = widget.get_visual_style(*([surface] if surface else ()))
    return (under + widget._get_style(f".cell--{style}") if style else under).rich_style


class DrawnLines(Widget):
    """Shows cells, one a line, cut at its right edge."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._lines: tuple[Cell, ...] = ()
        self._style_of = lru_cache(maxsize=256)(lambda style: cell_style(self, style))

    def show(self, *lines: Cell) -> None:
        """Show these lines."""
        before, self._lines = self._lines, lines
        for y in range(max(len(before), len(lines))):
            for start, end in changed_runs(_line(before, y), _line(lines, y)):
                self.refresh(Region(start, y, end - start, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the content."""
        segments = [Segment(span.text, self._style_of(span.style)) for span in _line(self._lines, y)]
        return Strip(Segment.simplify(segments)).adjust_cell_length(
            self.content_size.width, self._style_of("")
        )

    def notify_style_update(self) -> None:
        """Forget looks when the theme changes."""
        super().notify_style_update()
        self._style_of.cache_clear()


def _line(lines: tuple[Cell, ...], y: int) -> Cell:
    return lines[y] if y < len(lines) else ()
