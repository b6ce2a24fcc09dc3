"""Draws the charts of :mod:`sessiontui.ui.chart`: one widget a chart, so that each is drawn for itself."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from sessiontui.ui import chart
from sessiontui.ui.chart import Chart
from sessiontui.ui.present import Cell
from sessiontui.ui.widgets.lines import Lines

LEAST_WIDTH = 24
"""Columns below which a chart leaves a row of them."""
GAP = 2
"""Columns between the charts of a row."""


class _Newest(Widget):
    """The last column of a chart.

    The compositor sends a line to the terminal from the left edge of a widget to the end of what
    changed. The column that changes most stands at the right: as a widget it is sent alone.
    """

    DEFAULT_CSS = "_Newest { dock: right; width: 1; height: 100%; }"

    def __init__(self, view: ChartView) -> None:
        super().__init__()
        self._view = view

    def redraw(self, y: int) -> None:
        """Have it drawn in one line."""
        self.refresh(Region(0, y, 1, 1))

    def render_line(self, y: int) -> Strip:
        """The last column of the chart's line."""
        width = self._view.size.width
        return self._view.render_line(y).crop(width - 1, width)


class ChartView(Lines):
    """Shows a chart in whatever room it has, with axes or without."""

    def __init__(self, *, axes: bool = False) -> None:
        super().__init__()
        self._axes = axes
        self._newest = _Newest(self)
        self._chart: Chart | None = None
        self._laid_out: tuple[Chart | None, Size] = (None, Size())

    def compose(self) -> ComposeResult:
        """The last column for itself."""
        yield self._newest

    def show_chart(self, chart: Chart) -> None:
        """Show another chart, or the same one later."""
        self._chart = chart
        self.show(*self._lay_out())

    def _lay_out(self) -> tuple[Cell, ...]:
        self._laid_out = (self._chart, self.size)
        if self._chart is None or not self.size:
            return ()
        draw = chart.framed if self._axes else chart.compact
        return draw(self._chart, self.size.width, self.size.height)

    def _line(self, y: int) -> Cell:
        if self._laid_out != (self._chart, self.size):
            self._lines = self._lay_out()
        return super()._line(y)

    def redraw(self, y: int, start: int, end: int) -> None:
        """Have a run drawn, the last column by its own widget."""
        width = self.size.width
        if end >= width:
            self._newest.redraw(y)
            end = width - 1
        if start < end:
            super().redraw(y, start, end)


class ChartRow(Horizontal):
    """Charts side by side, the first ones where there is no room for all."""

    def __init__(self, count: int, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._views = tuple(ChartView() for _ in range(count))

    def compose(self) -> ComposeResult:
        """From the left."""
        yield from self._views

    def show_charts(self, charts: Sequence[Chart]) -> None:
        """Show as many charts as there are views."""
        for view, one in zip(self._views, charts, strict=True):
            view.show_chart(one)

    def on_resize(self) -> None:
        """As many as have room."""
        shown = max(1, (self.size.width + GAP) // (LEAST_WIDTH + GAP))
        for number, view in enumerate(self._views):
            view.display = number < shown
