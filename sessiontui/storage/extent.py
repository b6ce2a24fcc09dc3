"""Counts what is in a directory."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.folder import Extent
from sessiontui.storage.descent import DEEPEST, OPEN_DIRECTORY

_BETWEEN_REPORTS = 0.25
"""Seconds between two reports."""


def extent_of(
    directory: int,
    cancellation: Cancellation,
    report: Callable[[Extent], None] = lambda extent: None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Extent:
    """What is below an open directory; see :class:`Extent` for what counts.

    Raises Cancelled; OSError where the directory itself cannot be read.
    """
    count = _Count(os.fstat(directory).st_dev)
    next_report = clock() + _BETWEEN_REPORTS
    ways: list[tuple[int, list[str]]] = []
    try:
        ways.append((os.dup(directory), count.add(directory)))
        while ways:
            cancellation.check()
            if clock() >= next_report:
                report(count.extent(complete=False))
                next_report = clock() + _BETWEEN_REPORTS
            here, names = ways[-1]
            if not names:
                os.close(ways.pop()[0])
            elif (below := count.enter(names.pop(), here, len(ways))) is not None:
                ways.append(below)
    finally:
        for descriptor, _ in ways:
            os.close(descriptor)
    return count.extent(complete=count.whole)


class _Count:
    """The sums so far."""

    def __init__(self, device: int) -> None:
        self.whole = True
        self._device = device
        self._bytes = self._files = 0
        self._changed_at: float | None = None
        self._seen: set[int] = set()

    def extent(self, *, complete: bool) -> Extent:
        """The sums as a value."""
        return Extent(self._bytes, self._files, self._changed_at, complete)

    def enter(self, name: str, parent: int, depth: int) -> tuple[int, list[str]] | None:
        """A directory, open and counted, with the directories in it; None where it is left out."""
        if depth >= DEEPEST:
            self.whole = False
            return None
        try:
            below = os.open(name, OPEN_DIRECTORY, dir_fd=parent)
        except FileNotFoundError:
            return None
        except OSError:
            self.whole = False
            return None
        try:
            if os.fstat(below).st_dev == self._device:
                return below, self.add(below)
        except OSError:
            pass
        except BaseException:
            os.close(below)
            raise
        self.whole = False
        os.close(below)
        return None

    def add(self, directory: int) -> list[str]:
        """Count the files of a directory; the names of the directories in it."""
        names = []
        with os.scandir(directory) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                except OSError:
                    self.whole = False
                    continue
                if stat.S_ISDIR(status.st_mode):
                    names.append(entry.name)
                elif status.st_nlink == 1 or status.st_ino not in self._seen:
                    if status.st_nlink > 1:
                        self._seen.add(status.st_ino)
                    self._bytes += status.st_size
                    self._files += 1
                    if self._changed_at is None or status.st_mtime > self._changed_at:
                        self._changed_at = status.st_mtime
        return names
