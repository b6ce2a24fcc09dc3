"""How the command line prints what it found."""

from __future__ import annotations

import json
from collections.abc import Sequence


def print_json(value: object) -> None:
    """Indented, keys in their order."""
    print(json.dumps(value, indent=2))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell. What others wrote is shown without control characters."""
    clean = [[printable(str(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in clean) for column in range(len(head))]
    for row in clean:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def printable(text: str, instead: str = "\ufffd") -> str:
    """What others wrote, with nothing in it that a terminal obeys: another sign is ``instead`` of that."""
    return "".join(sign if sign.isprintable() else instead for sign in text)


def shorten(text: str, signs: int) -> str:
    """At most that many signs of it."""
    return text if len(text) <= signs else text[: signs - 1] + "…"
