"""Finds what of a drawn line is different from before, purely: the rest is not drawn again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from rich.cells import cell_len

from sessiontui.ui.present import Cell, Span

_TOO_CLOSE = 6
"""Columns between two changes that are drawn along: moving the terminal's cursor costs as much."""


def changed_runs(before: Cell, after: Cell) -> tuple[tuple[int, int], ...]:
    """The runs of columns that look different, each from its first column to behind its last."""
    if before == after:
        return ()
    runs: list[tuple[int, int]] = []
    for at, (old, new) in enumerate(zip_longest(_signs(before), _signs(after))):
        if old == new:
            continue
        if runs and at - runs[-1][1] <= _TOO_CLOSE:
            runs[-1] = (runs[-1][0], at + 1)
        else:
            runs.append((at, at + 1))
    return tuple(runs)


def _signs(cell: Iterable[Span]) -> list[tuple[str, str]]:
    """What stands in each column: a wide sign stands in two, marks stand with their letter."""
    signs: list[tuple[str, str]] = []
    for span in cell:
        if span.text.isascii():
            signs += [(sign, span.style) for sign in span.text]
            continue
        for sign in span.text:
            taken = cell_len(sign)
            if taken:
                signs += [(sign, span.style)] * taken
            elif signs:
                signs[-1] = (signs[-1][0] + sign, span.style)
    return signs
