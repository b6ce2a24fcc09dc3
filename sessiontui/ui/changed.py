"""Finds what of a drawn line is different from before, purely: the rest is not drawn again."""

from __future__ import annotations

from sessiontui.ui import present
from sessiontui.ui.present import Cell


def changed_run(before: Cell, after: Cell) -> tuple[int, int]:
    """The columns from the first to behind the last that look different; (0, 0) when none does.

    Lines of different width count as different up to the longer one's end.
    """
    if before == after:
        return 0, 0
    start = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        start += present.width((new,))
    old_width, new_width = present.width(before), present.width(after)
    end = max(old_width, new_width)
    if old_width == new_width:
        for old, new in zip(reversed(before), reversed(after), strict=False):
            if old != new:
                break
            end -= present.width((new,))
    return start, max(start, end)
