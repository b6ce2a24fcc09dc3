"""Draws the charts of :mod:`sessiontui.ui.chart`, one widget a chart."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size

from sessiontui.ui import chart
from sessiontui.ui.chart import Chart
from sessiontui.ui.present import Cell
from sessiontui.ui.widgets.lines import Lines

LEAST_WIDTH = 24
"""Columns below which a chart leaves a row of them."""
GAP = 2
"""Columns between the charts of a row."""


class ChartView(Lines):
    """Shows a chart in whatever room it has, with axes or without."""

    def __init__(self, *, axes: bool = False) -> None:
        super().__init__()
        self._axes = axes
        self._chart: Chart | None = None
        self._laid_out: tuple[Chart | None, Size] = (None, Size())

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
        # A chart's lines are as wide as it is.
        return self._lines[y] if y < len(self._lines) else super()._line(y)


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
