"""Amounts as people write and read them: bytes, cores, durations."""

from __future__ import annotations

import re

KIB = 1024
MIB = 1024**2
GIB = 1024**3
TIB = 1024**4

_BYTES = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$", re.IGNORECASE)
_FACTORS = {"": 1, "k": KIB, "m": MIB, "g": GIB, "t": TIB}
_DURATION = re.compile(r"^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?\Z", re.IGNORECASE)
_SPANS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


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


def cores_in_words(cores: float) -> str:
    """``1 core``, ``2 cores``, ``0.5 cores``."""
    return f"{format_cores(cores)} core{'' if cores == 1 else 's'}"


def format_age(seconds: float | None) -> str:
    """``5s``, ``12m``, ``2h``, ``3d``: the largest whole unit, ``—`` for unknown."""
    if seconds is None:
        return "—"
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def parse_duration(text: str) -> int:
    """Seconds of ``90s``, ``30m``, ``1h30m`` or ``2d``.

    Raises ValueError, with a sentence for the person, on anything else.
    """
    bare = "".join(text.split())
    match = _DURATION.match(bare)
    if match is None or not bare.isascii() or not bare:
        raise ValueError(f"{text!r} is not a duration: write it like 90s, 30m, 1h30m or 2d")
    return sum(int(count or 0) * size for count, (size, _) in zip(match.groups(), _SPANS, strict=True))


def format_duration(seconds: int) -> str:
    """``1h30m``: exact, to be read by :func:`parse_duration` again."""
    parts = []
    left = seconds
    for size, unit in _SPANS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
