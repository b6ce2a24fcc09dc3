"""Lays rows of cells out in columns that come and go with the room there is, purely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sessiontui.ui import present
from sessiontui.ui.present import Cell, Span

MARGIN = 2
"""Columns before the first one, where the cursor's sign stands."""
GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it is wanted."""

    key: str
    title: str
    rank: int = 0
    """Which leaves first where there is no room: the highest. 0 stays."""
    least: int = 0
    """To how little it may be cut before another leaves; 0: not at all."""
    right: bool = False
    """Whether it is aligned to the right, as figures are."""
    sorts: bool = True
    """Whether rows can be sorted by it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a cell for each column, by its key."""

    key: str
    """Tells the row from all others, also when it has changed."""
    cells: Mapping[str, Cell] = field(default_factory=lambda: MappingProxyType({}))
    subject: object = None
    """What the line is about."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A column where it stands now."""

    column: Column
    start: int
    width: int


Layout = tuple[Placed, ...]


def layout(columns: Sequence[Column], rows: Sequence[Row], room: int) -> Layout:
    """The columns that fit into that many positions; the first that may be cut gets what is left over."""
    # Titles of what can be sorted have room for a mark.
    full = {
        one.key: max(
            len(one.title) + (2 if one.sorts else 0),
            *(present.width(row.cells.get(one.key, ())) for row in rows),
            0,
        )
        for one in columns
    }
    kept = list(columns)

    def least(one: Column) -> int:
        return min(full[one.key], one.least) if one.least else full[one.key]

    while len(kept) > 1 and _taken(kept, [least(one) for one in kept]) > room:
        worst = max(kept, key=lambda one: one.rank)
        if not worst.rank:
            break
        kept.remove(worst)
    widths = {one.key: least(one) for one in kept}
    spare = room - _taken(kept, list(widths.values()))
    for one in kept:
        more = max(0, min(full[one.key] - widths[one.key], spare))
        widths[one.key] += more
        spare -= more
    placed, at = [], MARGIN
    for one in kept:
        width = max(1, min(widths[one.key], room - at))
        placed.append(Placed(one, at, width))
        at += width + GAP
    return tuple(placed)


def _taken(columns: Sequence[Column], widths: Sequence[int]) -> int:
    return MARGIN + sum(widths) + GAP * (len(columns) - 1)


def heading(placed: Layout, by: str, reverse: bool) -> Cell:
    """The line of titles; the sorted column carries a mark."""
    spans: list[Span] = []
    for one in placed:
        title, sign = one.column.title, "▾" if reverse else "▴"
        marked = one.column.key == by
        cell = (Span(f"{title} {sign}" if marked else title, "sorted" if marked else "heading"),)
        _put(spans, one, cell)
    return tuple(spans)


def line(row: Row, placed: Layout, *, selected: bool) -> Cell:
    """One row's line."""
    spans: list[Span] = [Span("▸ ", "accent")] if selected else []
    for one in placed:
        _put(spans, one, row.cells.get(one.column.key, ()))
    return tuple(spans)


def _put(spans: list[Span], placed: Placed, cell: Cell) -> None:
    if (gap := placed.start - present.width(spans)) > 0:
        spans.append(Span(" " * gap))
    if placed.column.right and (blank := placed.width - present.width(cell)) > 0:
        cell = (Span(" " * blank), *cell)
    spans.extend(present.fit(cell, placed.width))
