"""An image in half blocks: each character is two pixels, one above the other, in 24-bit colour."""

from __future__ import annotations

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from sessiontui.ui.preview import Color, Picture, Rows


class ImageView(Widget):
    """Shows one image in the middle, as large as there is room."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._picture: Picture | None = None
        self._rows: Rows = []

    def show(self, picture: Picture) -> None:
        """Show another one."""
        self._picture = picture
        self._fit()

    def on_resize(self) -> None:
        """Other room, other size."""
        self._fit()

    def _fit(self) -> None:
        if self._picture is not None and self.size.height:
            self._rows = self._picture.rows(self.size.width, self.size.height)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of it."""
        at = y - (self.size.height - len(self._rows)) // 2
        if not 0 <= at < len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        row = self._rows[at]
        left = (self.size.width - len(row)) // 2
        blank = Segment(" " * left, self.rich_style)
        points = [Segment("▀", _style(upper, lower)) for upper, lower in row]
        return Strip([blank, *Segment.simplify(points)]).adjust_cell_length(self.size.width, self.rich_style)


def _style(upper: Color, lower: Color) -> Style:
    return Style(color=RichColor.from_rgb(*upper), bgcolor=RichColor.from_rgb(*lower))
