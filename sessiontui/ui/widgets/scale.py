"""How an amount is stepped, written and read: the pure half of a slider."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sessiontui.domain.units import GIB, MIB, format_bytes, format_cores, parse_bytes


@dataclass(frozen=True, slots=True)
class Scale:
    """Steps that grow with the amount, and its text both ways."""

    bands: tuple[tuple[float, float], ...]
    """(up to this amount, step), the last one without end. A step divides its band's borders."""
    format: Callable[[float], str]
    parse: Callable[[str], float]
    """Raises ValueError."""
    marks: str = ""
    """What may be typed besides digits."""

    def step(self, amount: float, count: int) -> float:
        """The amount that many steps up (or down); the first one goes to the next whole step."""
        for _ in range(abs(count)):
            amount = self._up(amount) if count > 0 else self._down(amount)
        return amount

    def snap(self, amount: float) -> float:
        """The whole step nearest to the amount."""
        below = self._down(self._up(amount))
        above = self._up(below)
        return below if amount - below <= above - amount else above

    def _up(self, amount: float) -> float:
        step = next(step for border, step in self.bands if amount < border)
        return (math.floor(amount / step + 1e-9) + 1) * step

    def _down(self, amount: float) -> float:
        step = next(step for border, step in self.bands if amount <= border)
        return max(0.0, (math.ceil(amount / step - 1e-9) - 1) * step)


def _memory_text(amount: float) -> str:
    """Quarters of a GiB exactly, anything else to three digits."""
    quarters = amount / (256 * MIB)
    return f"{amount / GIB:g}G" if amount >= GIB and quarters == int(quarters) else format_bytes(int(amount))


def _parse_memory(text: str) -> float:
    """A bare number is GiB: nobody asks for 16 bytes."""
    return float(parse_bytes(text if text[-1:].isalpha() else f"{text}g"))


CORES = Scale(((4, 0.5), (64, 1), (math.inf, 2)), format_cores, float, ".")
"""CPU cores."""

DEVICES = Scale(((math.inf, 1),), lambda amount: f"{amount:.0f}", lambda text: float(int(text)))
"""Whole GPUs."""

MEMORY = Scale(
    ((4 * GIB, 256 * MIB), (64 * GIB, GIB), (256 * GIB, 4 * GIB), (math.inf, 16 * GIB)),
    _memory_text,
    _parse_memory,
    ".gm",
)
"""Bytes of memory."""
