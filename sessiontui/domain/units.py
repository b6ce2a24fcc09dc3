"""Amounts as people write and read them: bytes, cores, durations."""

from __future__ import annotations

import re

KIB = 1024
MIB = 1024**2
GIB = 1024**3
TIB = 1024**4

_BYTES = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$", re.IGNORECASE)
_FACTORS = {"": 1, "k": KIB, "m": MIB, "g": GIB, "t": TIB}


def parse_bytes(text: str) -> int:
    """Bytes of ``512m``, ``4g``, ``1.5 GiB`` or a bare number; every unit is a power of 1024.

    Raises ValueError, with a sentence for the person, on anything else.
    """
    match = _BYTES.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not an amount of memory: write it like 512m, 4g or 1.5g")
    return int(float(match[1]) * _FACTORS[match[2].lower()])


def format_bytes(amount: int | None) -> str:
    """``6.2G`` for 6.2 GiB: three significant digits, powers of 1024, ``—`` for unknown."""
    if amount is None:
        return "—"
    size = float(amount)
    for unit in ("B", "K", "M", "G", "T"):
        if size < 1000 or unit == "T":
            break
        size /= 1024
    if unit == "B" or size >= 99.95 or size == int(size):
        return f"{size:.0f}{unit}"
    return f"{size:.1f}{unit}"


def format_cores(cores: float | None) -> str:
    """``2.1`` or ``0.25`` cores, ``4`` when whole, ``—`` for unknown."""
    return "—" if cores is None else f"{cores:.2f}".rstrip("0").rstrip(".")


def format_age(seconds: float | None) -> str:
    """``5s``, ``12m``, ``2h``, ``3d``: the largest whole unit, ``—`` for unknown."""
    if seconds is None:
        return "—"
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"
