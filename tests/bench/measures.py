"""What is measured of a program in a terminal, as a person before it would notice it."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import cost
from tests.bench.fleet import name_of
from tests.bench.terminal import Terminal, TimedOutError

FIRST = name_of(0)
"""What a list sorted by name begins with."""
DOWN, UP = b"\x1b[B", b"\x1b[A"
_LONGEST_START = 20.0
_LONGEST_KEY = 2.0
_KEY_WINDOW = 0.12
"""Seconds for which nothing but the terminal is looked at after a key."""

Opener = Callable[[], Terminal]


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from a program's start to its first frame (anything but blanks) and to a session's name."""

    frame: float
    name: float | None


@dataclass(frozen=True, slots=True)
class Steady:
    """What a program costs that nobody touches, a figure for each window.

    ``own`` CPU in percent of a core; ``resident`` in bytes. ``engine`` is the CPU of the engine's
    processes over all windows, in percent of a core.
    """

    engine: float
    own: tuple[float, ...] = ()
    bytes_per_second: tuple[float, ...] = ()
    resident: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Keys:
    """Seconds from a key to the moved cursor, for each key that moved it, and how many did not."""

    took: tuple[float, ...]
    missed: int

    @property
    def median(self) -> float:
        """The key in the middle."""
        return statistics.median(self.took) if self.took else _LONGEST_KEY

    @property
    def slow(self) -> float:
        """The 95th percentile."""
        ranked = sorted(self.took) or [_LONGEST_KEY]
        return ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]


def start(open_program: Opener, *, name: bool = True) -> Start:
    """Start a program and end it again. Its output is drawn when all of it is there."""
    with open_program() as terminal:
        if name:
            terminal.read_until_written(FIRST.encode(), _LONGEST_START)
        else:
            terminal.read(_LONGEST_START, lambda: terminal.bytes_read > 0)
        terminal.read(0.5)
        seen = terminal.replay(lambda: (_is_drawn(terminal), terminal.picture.line_with(FIRST) is not None))
        frame = next((stamp for stamp, (drawn, _) in seen if drawn), None)
        named = next((stamp for stamp, (_, has_name) in seen if has_name), None)
        if frame is None:
            raise TimedOutError(f"nothing was drawn in {_LONGEST_START:.0f} s")
        return Start(frame - terminal.started, None if named is None else named - terminal.started)


def _is_drawn(terminal: Terminal) -> bool:
    return any(line.strip() for line in terminal.picture.lines)


def steady(terminal: Terminal, windows: int, seconds: float) -> Steady:
    """What a program and the engine cost meanwhile. Raises TimedOutError when it ends by itself."""
    moments, began = [cost.processes()], time.monotonic()
    own, written, resident = [], [], []
    for _ in range(windows):
        before, window_began = terminal.bytes_read, time.monotonic()
        if not terminal.runs_for(seconds):
            raise TimedOutError(f"the program ended by itself; on the screen:\n{terminal.picture}")
        lasted = time.monotonic() - window_began
        moments.append(cost.processes())
        spent = [cost.tree_seconds(terminal.pid, moment) for moment in moments[-2:]]
        own.append(100 * (spent[1] - spent[0]) / lasted)
        written.append((terminal.bytes_read - before) / lasted)
        resident.append(cost.tree_resident(terminal.pid))
    engine = 100 * cost.engine_seconds(moments) / (time.monotonic() - began)
    return Steady(engine, tuple(own), tuple(written), tuple(resident))


def idle(windows: int, seconds: float) -> Steady:
    """What the engine costs when nobody asks it."""
    moments, began = [cost.processes()], time.monotonic()
    for _ in range(windows):
        time.sleep(seconds)
        moments.append(cost.processes())
    return Steady(100 * cost.engine_seconds(moments) / (time.monotonic() - began))


def keys(terminal: Terminal, count: int) -> Keys:
    """Press DOWN and UP, one at a time, at random moments of the program's own second.

    The cursor has moved with the chunk that changes the background of another line in the column
    of the names. Nothing is drawn between a key and its answer.
    """
    terminal.wait_for(FIRST)
    line = terminal.picture.line_with(FIRST)
    column = line.index(FIRST) if line else 0
    took: list[float] = []
    for number in range(count):
        terminal.read(random.uniform(0, 0.25))
        pressed = terminal.send(DOWN if number % 8 < 4 else UP)
        moved = None
        before: object = terminal.picture.backgrounds(column)
        while moved is None and time.monotonic() < pressed + _LONGEST_KEY:
            terminal.read(_KEY_WINDOW)
            for stamp, lit in terminal.replay(lambda: terminal.picture.backgrounds(column)):
                if stamp <= pressed:
                    before = lit
                elif moved is None and lit != before:
                    moved = stamp
        if moved is not None:
            took.append(moved - pressed)
    return Keys(tuple(took), count - len(took))
