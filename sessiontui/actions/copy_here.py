"""Copies files between two directories of this machine, one or both of them a folder."""

from __future__ import annotations

import os
import posixpath

from sessiontui.actions.copy import Count
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import StorageError
from sessiontui.domain.files import CopyReport
from sessiontui.domain.session import Owner
from sessiontui.storage.local_tree import LocalTree
from sessiontui.storage.packing import Packed, archive, content


def copy_here(
    source: LocalTree,
    path: str,
    target: LocalTree,
    to: str,
    owner: Owner,
    report: CopyReport,
    cancellation: Cancellation,
    *,
    over: bool = False,
) -> tuple[str, ...]:
    """Copy a file or directory into the directory ``to``; what was left out of it.

    ``over`` replaces what is there, a directory as a whole. Raises AlreadyThere, StorageError, Cancelled;
    there is then nothing new, and what was there is there.
    """
    cancellation.check()
    packed = source.packed(path)
    try:
        if packed.directory and _holds(packed, to):
            raise StorageError(f"{packed.shown} cannot be copied into itself")
        count = Count(packed.name, packed.size, report, cancellation)
        with target.arrival(to, packed.name, owner, over=over, advanced=count.advance) as arrival:
            skipped = packed.skipped
            # An empty chunk would be the end.
            if packed.directory:
                chunks = filter(None, archive(packed, _ignore))
                skipped = (*skipped, *arrival.directory(lambda: next(chunks, b"")))
            else:
                chunks = filter(None, content(packed, _ignore))
                arrival.file(lambda: next(chunks, b""), packed.size, packed.mode, packed.changed_at)
            cancellation.check()
            arrival.settle(packed.mode if packed.directory else None)
        count.end()
        return skipped
    finally:
        packed.close()


def _holds(packed: Packed, to: str) -> bool:
    """Whether the directory that is to get the copy is in what is copied, or is it."""
    own = os.fstat(packed.descriptor)
    place = os.path.realpath(to)
    while True:
        try:
            if os.path.samestat(own, os.stat(place)):  # noqa: PTH116 - names that are no text stay
                return True
        except OSError:
            return False
        if place == "/":
            return False
        place = posixpath.dirname(place)


def _ignore(count: int) -> None:
    """What was read is counted as it is written."""
