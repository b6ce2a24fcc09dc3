"""Says how far a copy is, purely."""

from __future__ import annotations

from sessiontui.domain.files import Copying
from sessiontui.ui.present import Cell, Span, bar, clean

_BAR = 20


def progress_cell(copying: Copying, seconds: float, left: int, arrow: str) -> Cell:
    """How far a copy is: where it goes, bar, bytes, rate, what, and how many things are left with it."""
    spans: Cell = (Span(f" {arrow} ", "key"),)
    if (share := copying.share) is not None:
        spans = (*spans, *bar(share, _BAR, "preparing"), Span(f" {share:4.0%} ", "preparing"))
    rest = f"  ({left - 1} more)" if left > 1 else ""
    return (
        *spans,
        Span(copying.amount(seconds), "muted"),
        Span(f"  {clean(copying.name)}"),
        Span(rest, "muted"),
    )
