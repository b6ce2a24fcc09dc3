"""Lines of cells that are redrawn where they changed, and nowhere else."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from sessiontui.ui import present
from sessiontui.ui.changed import changed_runs
from sessiontui.ui.present import Cell


def cell_style(widget: Widget, style: str, surface: str = "") -> Style:
    """The look of a span of that style on a widget, or on its component class ``surface``.

    The styles are the component classes of :data:`present.STYLES`, which the screen declares.
    """
    under = widget.get_visual_style(*([surface] if surface else ()))
    return (under + widget._get_style(f".cell--{style}") if style else under).rich_style


class Lines(Widget):
    """Shows lines cut to its width; as high as they are many where its height is automatic."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._lines: tuple[Cell, ...] = ()
        self._drawn: dict[int, Cell] = {}
        self._style_of = lru_cache(maxsize=64)(self._find_style)

    def show(self, *lines: Cell) -> None:
        """Show other lines."""
        if lines == self._lines:
            return
        grown = len(lines) != len(self._lines)
        self._lines = lines
        if grown and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        for y in range(self.size.height):
            before, after = self._drawn.get(y), self._line(y)
            if before is None:
                self.refresh(Region(0, y, self.size.width, 1))
                continue
            self._drawn[y] = after
            for start, end in changed_runs(before, after):
                self.refresh(Region(start, y, end - start, 1))

    def _line(self, y: int) -> Cell:
        return present.fit(self._lines[y] if y < len(self._lines) else (), self.size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The number of lines."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """One line."""
        line = self._line(y)
        self._drawn[y] = line
        segments = [Segment(span.text, self._style_of(span.style)) for span in line if span.text]
        return Strip(Segment.simplify(segments), self.size.width)

    def _find_style(self, style: str) -> Style:
        return cell_style(self, style)

    def notify_style_update(self) -> None:
        """Forget looks when the theme changes."""
        super().notify_style_update()
        self._style_of.cache_clear()
        self._drawn.clear()

    def on_resize(self) -> None:
        """Other columns, other lines."""
        self._drawn.clear()
