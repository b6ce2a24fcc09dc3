"""Small charts in rows, as many as there is something to draw, in one widget."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from sessiontui.ui import chart, present
from sessiontui.ui.chart import Chart
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.widgets.chart_view import GAP, LEAST_WIDTH
from sessiontui.ui.widgets.lines import Lines

_WALL_GAP = 3
"""Columns between the charts of a wall."""


def grid(charts: Sequence[Chart], width: int, height: int, rows: int, rest: str) -> tuple[Cell, ...]:
    """The charts side by side in at most so many rows of that height; ``rest`` says where others are seen."""
    if not charts or width < 1:
        return ()
    across = max(1, (width + GAP) // (LEAST_WIDTH + GAP))
    down = min(rows, -(-len(charts) // across))
    # Rows are filled evenly.
    across = min(across, -(-len(charts) // down)) if across * down >= len(charts) else across
    room = (width - GAP * (across - 1)) // across
    shown = charts if len(charts) <= across * down else charts[: across * down - 1]
    pieces = [chart.compact(one, room, height) for one in shown]
    if left := len(charts) - len(shown):
        said = present.fit((Span(f"{left} more", "muted"), Span(f"  {rest}", "faint")), room)
        pieces.append((said, *(present.fit((), room) for _ in range(height - 1))))
    lines: list[Cell] = []
    for start in range(0, len(pieces), across):
        beside = pieces[start : start + across]
        for y in range(height):
            line: list[Span] = []
            for at, piece in enumerate(beside):
                line += [Span(" " * GAP) if at else Span(""), *piece[y]]
            lines.append(present.fit(tuple(line), width))
    return tuple(lines)


def wall(blocks: Sequence[Sequence[Chart]], across: int, width: int, height: int) -> tuple[Cell, ...]:
    """Charts with axes, those of a block one over the other, blocks in rows of so many, in all that room."""
    if not blocks or width < 1 or height < 1:
        return ()
    across = min(across, len(blocks))
    down = -(-len(blocks) // across)
    room = max(1, (width - _WALL_GAP * (across - 1)) // across)
    lines: list[Cell] = []
    for row in range(down):
        high = (row + 1) * height // down - row * height // down
        beside = [_stack(block, room, high) for block in blocks[row * across : (row + 1) * across]]
        for pieces in zip(*beside, strict=True):
            line: list[Span] = []
            for at, piece in enumerate(pieces):
                line += [Span(" " * _WALL_GAP), *piece] if at else piece
            lines.append(present.fit(tuple(line), width))
    return tuple(lines)


def _stack(charts: Sequence[Chart], width: int, height: int) -> list[Cell]:
    """Charts one over the other in exactly so many lines."""
    lines: list[Cell] = []
    for at, one in enumerate(charts):
        high = (at + 1) * height // len(charts) - at * height // len(charts)
        lines += (present.fit(line, width) for line in chart.framed(one, width, high))
        lines += [present.fit((), width)] * ((at + 1) * height // len(charts) - len(lines))
    return lines


class ChartWall(Lines):
    """Shows blocks of charts over all its room."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._blocks: tuple[tuple[Chart, ...], ...] = ()
        self._across = 1
        self._laid_out: tuple[object, ...] = ()

    def show_blocks(self, blocks: Sequence[Sequence[Chart]], across: int) -> None:
        """Show these, so many beside each other."""
        self._blocks, self._across = tuple(map(tuple, blocks)), across
        self.show(*self._lay_out())

    def _lay_out(self) -> tuple[Cell, ...]:
        self._laid_out = (self._blocks, self._across, self.size)
        return wall(self._blocks, self._across, self.size.width, self.size.height)

    def _line(self, y: int) -> Cell:
        if self._laid_out != (self._blocks, self._across, self.size):
            self._lines = self._lay_out()
        return super()._line(y)


class ChartGrid(Lines):
    """Shows charts in rows, as high as they need."""

    def __init__(self, rest: str, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        """``rest`` says where charts are seen that have no room."""
        super().__init__(id=id)
        self._rest = rest
        self._charts: tuple[Chart, ...] = ()
        self._height = 3
        self._rows = 2
        self._laid_out: tuple[tuple[Chart, ...], int] = ((), 0)

    def show_charts(self, charts: Sequence[Chart], height: int, rows: int) -> None:
        """Show these charts, or the same ones later, each in so many lines."""
        self._charts, self._height, self._rows = tuple(charts), height, rows
        self.show(*self._lay_out(self.size.width))

    def _lay_out(self, width: int) -> tuple[Cell, ...]:
        self._laid_out = (self._charts, width)
        return grid(self._charts, width, self._height, self._rows, self._rest)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the charts take in that width."""
        return len(grid(self._charts, width, self._height, self._rows, self._rest))

    def _line(self, y: int) -> Cell:
        if self._laid_out != (self._charts, self.size.width):
            self._lines = self._lay_out(self.size.width)
        return super()._line(y)
