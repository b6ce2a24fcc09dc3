"""Swallows what one thread prints while the others print on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO, cast


@contextmanager
def quiet_thread() -> Iterator[None]:
    """Swallow what the thread that calls this prints through ``sys.stdout``, until the end of the block.

    ``sys.stdout`` is the whole process's: whoever replaces it meanwhile, or puts back what was there before,
    has the last word.
    """
    before: TextIO | None = sys.stdout
    if before is None:
        # A program without output: what is printed goes nowhere.
        yield
        return
    ours = _QuietThread(before)
    sys.stdout = cast("TextIO", ours)
    try:
        yield
    finally:
        # Who took it over meanwhile gives it back later: it is open to everybody then.
        ours.open()
        if cast("object", sys.stdout) is ours:
            sys.stdout = before


class _QuietThread:
    """Passes on all but what the thread writes that made it: a text stream for everybody else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._quiet: int | None = threading.get_ident()

    def open(self) -> None:
        """Pass on everything from now on."""
        self._quiet = None

    def write(self, text: str) -> int:
        """See ``TextIO``."""
        return len(text) if self._quiet == threading.get_ident() else self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """See ``TextIO``."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._stream, name)
        return found
