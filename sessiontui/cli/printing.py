"""How the command line prints what it found."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence

_GAP = "  "
_NARROWEST = 12
"""A column that is cut shows that many signs, or leaves."""


def print_json(value: object) -> None:
    """Indented, keys in their order."""
    print(json.dumps(value, indent=2))


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, fit: bool = False, give: int | None = None
) -> None:
    """Columns as wide as their widest cell. What others wrote is shown without control characters.

    With ``fit``, a terminal gets no wider lines than it has room for: columns leave from the right, and
    the last that stays is cut. The first always stays whole. Before any leaves, the column ``give``, by
    its number, gives what is too much.
    """
    clean = [[printable(str(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in clean) for column in range(len(head))]
    if fit and sys.stdout.isatty():
        room = shutil.get_terminal_size().columns
        if give is not None:
            over = sum(widths) + len(_GAP) * (len(widths) - 1) - room
            widths[give] = max(min(widths[give], _NARROWEST), widths[give] - max(0, over))
        widths = _fitting(widths, room)
    for row in clean:
        cells = (shorten(cell, width).ljust(width) for cell, width in zip(row, widths, strict=False))
        print(_GAP.join(cells).rstrip())


def _fitting(widths: Sequence[int], room: int) -> list[int]:
    """The widths of the columns that stay."""
    found = [widths[0]]
    left = room - widths[0]
    for width in widths[1:]:
        left -= len(_GAP)
        if left < min(width, _NARROWEST):
            break
        found.append(min(width, left))
        left -= width
    return found


def printable(text: str, instead: str = "\ufffd") -> str:
    """What others wrote, with nothing in it that a terminal obeys: another sign is ``instead`` of that."""
    return "".join(sign if sign.isprintable() else instead for sign in text)


def shorten(text: str, signs: int) -> str:
    """At most that many signs of it."""
    return text if len(text) <= signs else text[: signs - 1] + "…"
