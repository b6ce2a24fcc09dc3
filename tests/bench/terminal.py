"""A program in a terminal of a given size, its output stamped as it comes and looked at later.

Reading does next to nothing: a chunk is stamped, counted and kept, and a question of the program is
answered at once, so that no program waits for its terminal. What the chunks draw is worked out by
:meth:`Terminal.replay`, when nothing is being timed.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import termios
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pyte

_T = TypeVar("_T")

COLUMNS, ROWS = 160, 45

_QUESTION = re.compile(
    rb"\x1b\[(?P<device>>?)0?c"  # DA1, DA2
    rb"|\x1b\[\??(?P<report>[56])n"  # DSR: state, cursor
    rb"|\x1b\[\?(?P<mode>\d+)\$p"  # DECRQM
    rb"|\x1b\[>0?(?P<version>q)"  # XTVERSION
    rb"|\x1b\](?P<colour>1[01]);\?(?:\x07|\x1b\\)"  # OSC 10, 11
)
_MODES = frozenset({1, 7, 25, 1000, 1002, 1003, 1006, 1049, 2004, 2026})
"""Private modes this terminal says it knows; 2026 (synchronised output) is one of today's terminals."""
_COLOURS = {b"10": b"rgb:e0e0/e0e0/e0e0", b"11": b"rgb:1010/1010/1010"}
_LONGEST_QUESTION = 32
_LONGEST_WORD = 64
"""Bytes of the last chunk that are looked through again with the next, for a word cut in two."""

_UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: titles, colours
    rb"|\x1b[PX^_][^\x1b]*\x1b\\"  # DCS and its kin
    rb"|\x1b\[[<=>][0-?]*[ -/]*[@-~]"  # CSI of other private kinds: keyboard, version
    rb"|\x1b\[\?[0-9;]*(?:[ -/]+[@-~]|[@-gi-km-~])"  # CSI ? that neither sets nor resets a mode
    rb"|\x1b\[[0-9;]*[ -/]+[@-~]"  # CSI with intermediates
    rb"|\x1b\[[0-9;]*t"  # window operations
)
_COLON_COLOUR = re.compile(rb"\x1b\[[0-9;:]*:[0-9;:]*m")
_CUT_OFF = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?\Z")
"""A sequence whose end is in the next chunk."""


class TimedOutError(Exception):
    """What should have shown did not; the message ends with what was shown instead."""


class Picture:
    """The cells of the terminal as far as its output was replayed."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._lines = [""] * ROWS
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Draw a chunk; a sequence that is cut off waits for the next."""
        chunk = self._rest + chunk
        cut_off = _CUT_OFF.search(chunk)
        self._rest = cut_off[0] if cut_off else b""
        chunk = _UNKNOWN_TO_PYTE.sub(b"", chunk[: cut_off.start()] if cut_off else chunk)
        self._stream.feed(_COLON_COLOUR.sub(_with_semicolons, chunk))

    @property
    def lines(self) -> Sequence[str]:
        """The text of each line."""
        for row in self._screen.dirty:
            if row < ROWS:
                cells = self._screen.buffer[row]
                self._lines[row] = "".join(cells[column].data for column in range(COLUMNS))
        self._screen.dirty.clear()
        return self._lines

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the terminal's cursor, from 1."""
        return self._screen.cursor.y + 1, self._screen.cursor.x + 1

    def backgrounds(self, column: int) -> tuple[tuple[str, bool], ...]:
        """Background and reverse of each line's cell in a column: where a row is highlighted."""
        cells = [self._screen.buffer[row][column] for row in range(ROWS)]
        return tuple((cell.bg, cell.reverse) for cell in cells)

    def line_with(self, text: str) -> str | None:
        """The first line that holds the text."""
        return next((line for line in self.lines if text in line), None)

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


def _with_semicolons(colour: re.Match[bytes]) -> bytes:
    """A colour as pyte reads it: ``38:2::R:G:B`` is ``38;2;R;G;B``, an underline's shape is any."""
    plain = re.sub(rb"\b4:\d", b"4", colour[0])
    plain = re.sub(rb"([345]8):2:\d*:(\d+:\d+:\d+)", rb"\1:2:\2", plain)
    return plain.replace(b":", b";")


class Terminal:
    """One program in one terminal, from its start to :meth:`close`."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], directory: Path, *, quit_key: bytes = b"q"
    ) -> None:
        self.picture = Picture()
        self.bytes_read = 0
        self._quit_key = quit_key
        self._kept: deque[tuple[float, bytes]] = deque()
        self._asked = b""
        self._tail = b""
        self._descriptor, inside = os.openpty()
        termios.tcsetwinsize(inside, (ROWS, COLUMNS))
        self.started = time.monotonic()
        """When the program was started, on the clock of all stamps."""
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=dict(environ),
            cwd=directory,
        )
        os.close(inside)
        self.pid = self._process.pid

    # While something is timed

    def send(self, keys: bytes) -> float:
        """Press keys; the moment at which they were pressed."""
        pressed = time.monotonic()
        with suppress(OSError):
            os.write(self._descriptor, keys)
        return pressed

    def read(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Keep what comes in that time, or until something holds after a chunk or a pause of 20 ms.

        True when it held. Ends early with the program.
        """
        end = time.monotonic() + seconds
        while not until():
            left = end - time.monotonic()
            if left <= 0 or not self._read_chunk(min(left, 0.02)):
                return until()
        return True

    def runs_for(self, seconds: float) -> bool:
        """Keep what comes in that time; False when the program ended in it."""
        self.read(seconds)
        return self._process.poll() is None

    def read_until_written(self, text: bytes, seconds: float) -> bool:
        """Keep what comes until the text was written in one piece, wherever it lands on the screen."""
        self._tail = b""
        return self.read(seconds, lambda: text in self._tail)

    def _read_chunk(self, seconds: float) -> bool:
        """Wait that long for a chunk; False when the program has closed its terminal."""
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return True
        try:
            chunk = os.read(self._descriptor, 1 << 16)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self._kept.append((time.monotonic(), chunk))
        self.bytes_read += len(chunk)
        self._tail = self._tail[-_LONGEST_WORD:] + chunk
        self._answer(chunk)
        return bool(chunk)

    def _answer(self, chunk: bytes) -> None:
        asked = self._asked + chunk
        answered = 0
        for question in _QUESTION.finditer(asked):
            answered = question.end()
            self.send(self._answer_to(question))
        self._asked = asked[max(answered, len(asked) - _LONGEST_QUESTION) :]

    def _answer_to(self, question: re.Match[bytes]) -> bytes:
        if question["device"] is not None:
            return b"\x1b[>1;10;0c" if question["device"] else b"\x1b[?62;22c"
        if question["report"]:
            if question["report"] == b"5":
                return b"\x1b[0n"
            self.replay(lambda: None)
            return b"\x1b[%d;%dR" % self.picture.cursor
        if question["mode"]:
            return b"\x1b[?%s;%d$y" % (question["mode"], 2 if int(question["mode"]) in _MODES else 0)
        if question["version"]:
            return b"\x1bP>|bench 1\x1b\\"
        return b"\x1b]%s;%s\x1b\\" % (question["colour"], _COLOURS[question["colour"]])

    # While nothing is timed

    def replay(self, look: Callable[[], _T]) -> list[tuple[float, _T]]:
        """Draw what was kept; after each chunk its stamp and what ``look`` saw then."""
        seen = []
        while self._kept:
            stamp, chunk = self._kept.popleft()
            self.picture.feed(chunk)
            seen.append((stamp, look()))
        return seen

    def first(self, holds: Callable[[], bool]) -> float | None:
        """Draw what was kept; the stamp of the chunk that made something hold."""
        return next((stamp for stamp, held in self.replay(holds) if held), None)

    def forget(self) -> None:
        """Drop what was kept undrawn: the screen is of no interest any more."""
        self._kept.clear()

    def wait_for(self, pattern: str, seconds: float = 30) -> float:
        """Wait for a pattern on the screen; the stamp of the chunk that made it appear (or of now).

        Draws at every pause, so chunks that come meanwhile are stamped late: for set-up only. Raises
        TimedOutError.
        """
        wanted = re.compile(pattern)
        end = time.monotonic() + seconds
        while True:

            def shown() -> bool:
                return any(wanted.search(line) for line in self.picture.lines)

            stamp = self.first(shown)
            if stamp is not None:
                return stamp
            if shown():
                return time.monotonic()
            if time.monotonic() > end or self._process.poll() is not None:
                raise TimedOutError(f"{pattern!r} did not appear; on the screen:\n{self.picture}")
            self.read(0.05)

    def close(self) -> None:
        """End the program, by its own key if it takes it, and let the terminal go."""
        self.send(self._quit_key)
        for ending in (None, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None and ending is not None:
                self._process.send_signal(ending)
            self.read(2.0, lambda: self._process.poll() is not None)
        self._process.wait()
        os.close(self._descriptor)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
