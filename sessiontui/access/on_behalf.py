"""Touches a person's files with that person's rights alone, where root works for them (sudo)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from sessiontui.domain.errors import StorageError
from sessiontui.domain.session import Owner

_ASK = 0xFFFFFFFF
"""No id: the call changes nothing and tells what is set (setfsuid(2))."""


@contextlib.contextmanager
def on_behalf(owner: Owner | None) -> Iterator[None]:
    """Within, this thread reads and writes files as that user, and what it makes is theirs.

    A link in their home then leads nowhere that they could not go themselves. None changes nothing.
    The kernel keeps this identity for each thread, so others are not disturbed; one that is started
    within begins with it. Raises StorageError.
    """
    if owner is None or owner.uid == os.geteuid():
        yield
        return
    import ctypes

    libc = ctypes.CDLL(None)
    before = libc.setfsuid(_ASK), libc.setfsgid(_ASK)
    # The group first: without root's rights it could not be changed any more.
    libc.setfsgid(owner.gid)
    libc.setfsuid(owner.uid)
    try:
        if (libc.setfsuid(_ASK), libc.setfsgid(_ASK)) != (owner.uid, owner.gid):
            raise StorageError(
                f"cannot write as {owner.name}, on whose behalf this runs", f"run it as {owner.name}"
            )
        yield
    finally:
        libc.setfsuid(before[0])
        libc.setfsgid(before[1])
