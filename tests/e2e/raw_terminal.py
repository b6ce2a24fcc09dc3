"""A pseudo-terminal whose bytes are looked at as they are, in both directions."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import pytest


class RawTerminal:
    """One program in a pseudo-terminal; ``received`` is all it has printed."""

    def __init__(self, pid: int, file: int) -> None:
        self.pid = pid
        self.received = b""
        self._file = file

    def send(self, data: bytes) -> None:
        """Type bytes."""
        os.write(self._file, data)

    def wait(self, words: bytes, seconds: float = 30) -> None:
        """Wait until these bytes have come since the last :meth:`forget`."""
        end = time.monotonic() + seconds
        while words not in self.received:
            if time.monotonic() > end or not self._read():
                pytest.fail(f"{words!r} did not come; what came ends with {self.received[-2000:]!r}")

    def settle(self, seconds: float = 0.5) -> None:
        """Read until nothing has come for a while."""
        while select.select([self._file], [], [], seconds)[0] and self._read():
            pass

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self.received = b""

    def _read(self) -> bool:
        if select.select([self._file], [], [], 0.1)[0]:
            try:
                self.received += os.read(self._file, 65536)
            except OSError:
                return False
        return True

    def hang_up(self) -> None:
        """The line drops."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


@contextmanager
def raw_terminal(
    argv: Sequence[str], environ: Mapping[str, str], *, columns: int = 100, rows: int = 30
) -> Iterator[RawTerminal]:
    """Run a program in a pseudo-terminal of that size; it is killed at the end."""
    pid, file = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvpe(argv[0], list(argv), dict(environ))
    terminal = RawTerminal(pid, file)
    try:
        yield terminal
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        terminal.hang_up()
