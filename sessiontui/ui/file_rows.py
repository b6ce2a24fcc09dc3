"""Turns the entries of a directory into rows of a list, purely."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sessiontui.domain.files import PART, Entry, Kind
from sessiontui.domain.units import format_bytes
from sessiontui.ui.present import Cell, Span, clean, fit, width

UP = Entry("..", Kind.DIRECTORY, enters=True)
"""The row that leads to the directory above."""

_SIZE, _TIME = 6, 17
_TIME_FROM = 48
"""Columns of a list from which times have room."""


def ordered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Directories first, each by name whatever its case."""
    return tuple(
        sorted(entries, key=lambda one: (one.kind is not Kind.DIRECTORY, one.name.casefold(), one.name))
    )


def matching(entries: Iterable[Entry], *, hidden: bool, words: str) -> tuple[Entry, ...]:
    """Those whose names hold the words, in any case; those that begin with a dot only with ``hidden``.

    What a copy under way keeps for itself is never among them.
    """
    wanted = words.casefold()
    return tuple(
        one
        for one in entries
        if (hidden or not one.name.startswith(".")) and not one.name.startswith(PART)
        if wanted in one.name.casefold()
    )


def row(entry: Entry, columns: int, *, marked: bool) -> Cell:
    """Mark, name, size and time of one entry in that many columns."""
    tail: Cell = ()
    if entry is not UP:
        size = format_bytes(entry.size) if entry.kind is Kind.FILE else ""
        tail = (Span(size.rjust(_SIZE), "muted"),)
        if columns >= _TIME_FROM:
            tail = (*tail, Span(moment(entry.changed_at).rjust(_TIME), "faint"))
    sign = Span("✔ " if marked else "  ", "accent")
    return (sign, *fit(name_cell(entry), max(1, columns - 2 - width(tail))), *tail)


def name_cell(entry: Entry) -> Cell:
    """The name; a directory with a slash, a link with what it says it leads to."""
    name = clean(entry.name) or "?"
    match entry.kind:
        case Kind.DIRECTORY:
            return (Span(f"{name}/", "name"),)
        case Kind.LINK:
            outside = (Span("  leads outside", "warning"),) if entry.outside else ()
            return (Span(name), Span(f" → {clean(entry.target)}", "muted"), *outside)
        case Kind.OTHER:
            return (Span(name, "faint"), Span(" (device)", "faint"))
    return (Span(name),)


def moment(seconds: float | None) -> str:
    """``2026-03-01 09:00`` where this machine is, ``—`` for unknown."""
    if seconds is None:
        return "—"
    try:
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "—"
