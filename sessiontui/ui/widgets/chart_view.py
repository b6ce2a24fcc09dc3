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
    """The last columns of a chart, the newest among them.

    The compositor sends a line to the terminal from the left edge of a widget to the end of what
    changed. What changes most stands at the right: as a widget it is sent alone.
    """

    DEFAULT_CSS = "_Newest { dock: right; width: 1; height: 100%; }"

    def __init__(self, view: ChartView) -> None:
        super().__init__()
        self._view = view

    def render_line(self, y: int) -> Strip:
        """The end of the chart's line."""
        width = self._view.size.width
        return self._view.render_line(y).crop(width - self.size.width, width)


class ChartView(Lines):
    """Shows a chart in whatever room it has, with axes or without."""

    def __init__(self, *, axes: bool = False) -> None:
        super().__init__()
        self._axes = axes
        self._newest = _Newest(self)
        self._chart: Chart | None = None
        self._laid_out: tuple[Chart | None, Size] = (None, Size())

    def compose(self) -> ComposeResult:
        """The last columns for themselves."""
        yield self._newest

    def show_chart(self, chart: Chart) -> None:
        """Show another chart, or the same one later."""
        self._chart = chart
        self._part()
        self.show(*self._lay_out())

    def on_resize(self) -> None:
        """Other columns move at once."""
        self._part()

    def _part(self) -> None:
        if self._chart is not None:
            plot = self.size.width - (chart.AXIS if self._axes else 0)
            self._newest.styles.width = chart.stride(self._chart.series.window, plot)

    def _lay_out(self) -> tuple[Cell, ...]:
        self._laid_out = (self._chart, self.size)
        if self._chart is None or not self.size:
            return ()
        draw = chart.framed if self._axes else chart.compact
        return draw(self._chart, self.size.width, self.size.height)

    def _line(self, y: int) -> Cell:
        if self._laid_out != (self._chart, self.size):
            self._lines = self._lay_out()
        # A chart's lines are as wide as it is.
        return self._lines[y] if y < len(self._lines) else super()._line(y)

    def redraw(self, y: int, start: int, end: int) -> None:
        """Have a run drawn, its end by the widget that is there for it."""
        edge = self.size.width - self._newest.size.width
        if end > edge:
            first = max(start, edge)
            self._newest.refresh(Region(first - edge, y, end - first, 1))
        if start < edge:
            super().redraw(y, start, min(end, edge))


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
