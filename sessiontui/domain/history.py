"""What sessions used and devices did over the last minutes and the last hour, in memory that does not grow
with time."""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, IntEnum

from sessiontui.domain.gpu import GpuReading
from sessiontui.domain.usage import Usage

REACH = 15.0
"""Seconds for which a sample speaks backwards, to the one before it; a longer silence is a gap.

A rate is measured over just that time, so looks that come late, or seldom, tell of every slot between.
"""

_UNKNOWN = math.nan
_LARGEST = 3e38
"""About the most a 32-bit float holds."""


class Figure(IntEnum):
    """What is kept of a usage."""

    CPU = 0
    """Cores."""
    MEMORY = 1
    """Bytes."""
    NETWORK = 2
    """Bytes a second, received and sent together."""
    DISK = 3
    """Bytes a second, read and written together."""


class GpuFigure(IntEnum):
    """What is kept of a device."""

    BUSY = 0
    """Share (0 to 1) of the time."""
    MEMORY = int(Figure.MEMORY)
    """Bytes; like that of sessions, the most of it in a slot."""


_FIGURES = len(Figure)
_MEMORY = int(Figure.MEMORY)  # a comparison with the enumeration costs more than all else of a sample


class Window(Enum):
    """How far back a series goes: that many slots of that many seconds."""

    FIVE_MINUTES = (100, 3)
    HOUR = (120, 30)

    def __init__(self, slots: int, seconds: int) -> None:
        self.slots = slots
        self.seconds = seconds

    def slot(self, at: float) -> int:
        """The number of the slot that a moment lies in, counted from the clock's zero."""
        return int(at // self.seconds)


@dataclass(frozen=True, slots=True)
class Series:
    """One figure over a window, slot by slot."""

    window: Window
    newest: int
    """The number of the last slot: what is drawn by slot numbers stands still until a slot is over."""
    values: tuple[float | None, ...]
    """Oldest first, one for each slot of the window; None where nothing is known."""


class History:
    """Keeps the figures of sessions and devices by id. Not for two threads at once.

    A slot holds the mean of the rates that were seen in it, and the most of the memory. Moments are
    seconds on a clock that goes forward; should it go back, what lay after is forgotten.
    """

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}

    def add(self, session_id: str, at: float, usage: Usage) -> None:
        """Note what a session used at a moment; what of it is unknown stays a gap."""
        figures = (
            _figure(usage.cpu),
            _figure(usage.memory),
            _total(usage.received, usage.sent),
            _total(usage.read, usage.written),
        )
        # Without a rate it is the first sample of its container: the one before tells of another run.
        self._add(session_id, at, figures, goes_on=figures[0] == figures[0])

    def add_device(self, at: float, reading: GpuReading) -> None:
        """Note what a device did at a moment, under its UUID."""
        figures = (_figure(reading.busy), _figure(reading.memory), _UNKNOWN, _UNKNOWN)
        self._add(reading.uuid, at, figures, goes_on=True)

    def _add(self, one: str, at: float, figures: tuple[float, ...], *, goes_on: bool) -> None:
        if not math.isfinite(at):
            return
        track = self._tracks.get(one)
        if track is None:
            track = self._tracks[one] = _Track()
        track.add(at, figures, goes_on)

    def keep(self, ids: Collection[str]) -> None:
        """Forget all others."""
        self._tracks = {one: track for one, track in self._tracks.items() if one in ids}

    def series(self, one: str, figure: Figure | GpuFigure, window: Window, now: float) -> Series:
        """A figure of a session or device up to now; all unknown where nothing was added."""
        newest = window.slot(now)
        track = self._tracks.get(one)
        if track is None:
            return Series(window, newest, (None,) * window.slots)
        return Series(window, newest, track.rings[window].values(figure, newest))


def _figure(amount: float | None) -> float:
    return amount if amount is not None and 0 <= amount < _LARGEST else _UNKNOWN


def _total(one: float | None, other: float | None) -> float:
    """Both directions together: of which only one is known is unknown."""
    return _UNKNOWN if one is None or other is None else _figure(one + other)


class _Track:
    """One session or device."""

    __slots__ = ("_last", "rings")

    def __init__(self) -> None:
        self._last = -math.inf
        self.rings = {window: _Ring(window) for window in Window}

    def add(self, at: float, figures: tuple[float, ...], goes_on: bool) -> None:
        reaches = goes_on and 0 <= at - self._last <= REACH
        self._last = at
        for ring in self.rings.values():
            ring.add(at, figures, reaches)


class _Ring:
    """One window of a session: a slot's place is its number modulo the number of slots."""

    __slots__ = ("_counts", "_held", "_newest", "_seconds", "_slots", "_sums")

    def __init__(self, window: Window) -> None:
        self._slots = window.slots
        self._seconds = window.seconds
        self._held = array("f", [_UNKNOWN]) * (_FIGURES * window.slots)
        self._newest: int | None = None
        self._sums = [0.0] * _FIGURES
        self._counts = [0] * _FIGURES

    def add(self, at: float, figures: tuple[float, ...], reaches: bool) -> None:
        slot = int(at // self._seconds)
        if slot != self._newest:
            self._begin(slot, figures, reaches)
        sums, counts = self._sums, self._counts
        place = slot % self._slots
        for figure, amount in enumerate(figures):
            if amount == amount:
                count = counts[figure]
                counts[figure] = count + 1
                if figure == _MEMORY:
                    shown = sums[figure] = max(sums[figure], amount) if count else amount
                else:
                    sums[figure] += amount
                    shown = sums[figure] / (count + 1)
                self._held[place] = shown
            place += self._slots

    def _begin(self, slot: int, figures: tuple[float, ...], reaches: bool) -> None:
        """Make a slot the newest one and empty; the slots passed over hold the sample that reaches them."""
        newest = slot if self._newest is None else self._newest
        unknown = (_UNKNOWN,) * _FIGURES
        if slot > newest:
            for passed in range(max(newest, slot - self._slots) + 1, slot):
                self._put(passed, figures if reaches else unknown)
        else:
            for undone in range(slot + 1, min(newest, slot + self._slots) + 1):
                self._put(undone, unknown)
        self._put(slot, unknown)
        self._newest = slot
        self._sums = [0.0] * _FIGURES
        self._counts = [0] * _FIGURES

    def _put(self, slot: int, figures: tuple[float, ...]) -> None:
        place = slot % self._slots
        for amount in figures:
            self._held[place] = amount
            place += self._slots

    def values(self, figure: int, newest: int) -> tuple[float | None, ...]:
        """The slots of a figure up to one of them, oldest first."""
        slots = self._slots
        ahead = newest - self._newest if self._newest is not None else slots
        if self._newest is None or abs(ahead) >= slots:
            return (None,) * slots
        held = self._held[figure * slots : (figure + 1) * slots]
        oldest = (self._newest + 1) % slots
        known = [None if one != one else one for one in (*held[oldest:], *held[:oldest])]
        if ahead >= 0:
            return (*known[ahead:], *(None,) * ahead)
        return (*(None,) * -ahead, *known[:ahead])
