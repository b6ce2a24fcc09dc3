"""Finds what of a drawn line is different from before, purely: the rest is not drawn again."""

from __future__ import annotations

from collections.abc import Iterator

from sessiontui.ui import present
from sessiontui.ui.present import Cell

_TOO_CLOSE = 6
"""Columns between two changes that are drawn along: moving the terminal's cursor costs as much."""


def changed_runs(before: Cell, after: Cell) -> tuple[tuple[int, int], ...]:
    """The runs of columns that look different, each from its first column to behind its last.

    Where the spans do not stand under each other it is one run, up to the longer line's end.
    """
    if before == after:
        return ()
    widths = [present.width((span,)) for span in after]
    if [present.width((span,)) for span in before] != widths:
        return (_one_run(before, after),)
    runs: list[tuple[int, int]] = []
    at = 0
    for old, new, width in zip(before, after, widths, strict=True):
        if old != new:
            if runs and at - runs[-1][1] <= _TOO_CLOSE:
                runs[-1] = (runs[-1][0], at + width)
            else:
                runs.append((at, at + width))
        at += width
    return tuple(runs)


def _one_run(before: Cell, after: Cell) -> tuple[int, int]:
    old_width, new_width = present.width(before), present.width(after)
    start = _alike(zip(before, after, strict=False))
    end = max(old_width, new_width)
    if old_width == new_width:
        end -= _alike(zip(reversed(before), reversed(after), strict=False))
    return start, max(start, end)


def _alike(pairs: Iterator[tuple[present.Span, present.Span]]) -> int:
    """The columns of the pairs up to the first that differs."""
    columns = 0
    for old, new in pairs:
        if old != new:
            break
        columns += present.width((new,))
    return columns
