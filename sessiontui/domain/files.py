"""Files and directories as they are listed and copied, here and in a session alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sessiontui.domain.units import format_bytes

PART = ".sessiontui-"
"""How the names of directories begin in which a copy is kept until it is whole."""


class Kind(StrEnum):
    """What stands behind a name."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"
    """A device, socket or named pipe."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of a directory. Names are those of the file system, undecodable bytes as surrogates."""

    name: str
    kind: Kind
    size: int = 0
    """In bytes."""
    changed_at: float | None = None
    """Seconds since 1970, None for unknown."""
    target: str = ""
    """What a link says it leads to."""
    enters: bool = False
    """Whether a directory is there, or a link that leads to one."""
    outside: bool = False
    """Whether it is a link that leads out of the folder it is in; nobody goes there through it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a directory, in no order."""

    path: str
    """Absolute, without links."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """How a file begins."""

    data: bytes
    size: int
    """Bytes of the whole file."""
    changed_at: float
    """Seconds since 1970."""

    @property
    def whole(self) -> bool:
        """Whether that is all of it."""
        return len(self.data) >= self.size


@dataclass(frozen=True, slots=True)
class Copying:
    """How far a copy is."""

    name: str
    """What is being copied."""
    done: int
    """Bytes of it that went over."""
    total: int | None
    """Bytes it has, None for unknown."""

    @property
    def share(self) -> float | None:
        """0 to 1; None where the total is unknown or nothing."""
        return min(1.0, self.done / self.total) if self.total else None

    def amount(self, seconds: float) -> str:
        """``225M of 500M · 180M/s``, so many seconds after it began."""
        # What there is of it was an estimate where more went over by now.
        total = f" of {format_bytes(self.total)}" if self.total and self.done <= self.total else ""
        rate = f" · {format_bytes(int(self.done / seconds))}/s" if seconds > 0.5 else ""
        return f"{format_bytes(self.done)}{total}{rate}"


CopyReport = Callable[[Copying], None]
"""Told how far a copy is, from the thread that does it."""


def name_problem(name: str) -> str | None:
    """Why nothing can have this name in a directory, None when it can."""
    if name in ("", ".", ".."):
        return "give it a name"
    if "/" in name or "\0" in name:
        return "a name has no / in it"
    if len(name.encode("utf-8", "surrogateescape")) > 255:
        return "a name has at most 255 bytes"
    return None


def stays_inside(target: bytes, depth: int) -> bool:
    """Whether a link stays in its tree that says ``target`` in a directory ``depth`` below the tree's top.

    ``..`` counts at the beginning only, where it leads up from a true directory: after a name, which
    may be another link, it could lead anywhere.
    """
    if not target or target.startswith(b"/") or b"\0" in target:
        return False
    parts = [part for part in target.split(b"/") if part not in (b"", b".")]
    ups = 0
    while ups < len(parts) and parts[ups] == b"..":
        ups += 1
    return ups <= depth and b".." not in parts[ups:]
