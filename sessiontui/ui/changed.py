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


def _signs(cell: Iterable[Span]) -> list[tuple[str, str, int]]:
    """What stands in each column, its style, and which part of it: a wide sign has two, marks none."""
    signs: list[tuple[str, str, int]] = []
    for span in cell:
        if span.text.isascii():
            signs += [(sign, span.style, 0) for sign in span.text]
            continue
        for sign in span.text:
            taken = cell_len(sign)
            signs += [(sign, span.style, part) for part in range(taken)]
            if not taken and signs:
                text, _, last = signs[-1]
                signs[-1 - last :] = [(text + sign, span.style, part) for part in range(last + 1)]
    return signs
