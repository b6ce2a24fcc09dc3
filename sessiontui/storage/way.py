"""Walks in a tree that is being made: each directory is opened from the one before, never through a link."""

from __future__ import annotations

import os
from contextlib import suppress

from sessiontui.storage.descent import OPEN_DIRECTORY
from sessiontui.storage.landing import Landing

Parts = tuple[bytes, ...]


class Way:
    """The directories from the top of ``land``'s tree to the last one that was entered, held open."""

    def __init__(self, land: Landing) -> None:
        self._land = land
        self._top = os.fsencode(land.name)
        self._open: list[tuple[bytes, int]] = []
        self.made = 0
        """Directories that were made on the way, the top not counted."""

    def enter(self, parts: Parts) -> int:
        """The descriptor of a directory of the tree, made where it is missing. Raises OSError."""
        way = (self._top, *parts)
        known = 0
        while known < min(len(way), len(self._open)) and self._open[known][0] == way[known]:
            known += 1
        self.leave(known)
        for name in way[known:]:
            parent = self._open[-1][1] if self._open else self._land.part
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=parent)
                self.made += bool(self._open)
            descriptor = os.open(name, OPEN_DIRECTORY, dir_fd=parent)
            self._open.append((name, descriptor))
            self._land.give(descriptor)
        return self._open[-1][1]

    def name_again(self, file: Parts, parts: Parts) -> None:
        """Give a file of the tree another name in it. Raises OSError."""
        parent = os.dup(self.enter(file[:-1]))
        try:
            os.link(
                file[-1],
                parts[-1],
                src_dir_fd=parent,
                dst_dir_fd=self.enter(parts[:-1]),
                follow_symlinks=False,
            )
        finally:
            os.close(parent)

    def leave(self, kept: int = 0) -> None:
        """Let go of all directories but that many from the top."""
        while len(self._open) > kept:
            os.close(self._open.pop()[1])
