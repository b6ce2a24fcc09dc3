"""What was saved of a session before it is deleted, counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from sessiontui.domain.units import format_bytes

OUTSIDE = "outside"
"""The directory of a saved session that holds the changed files from outside its home."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How much there is of a tree: each name counts, also where several name one file."""

    files: int = 0
    bytes: int = 0
    directories: int = 0
    links: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.files + other.files,
            self.bytes + other.bytes,
            self.directories + other.directories,
            self.links + other.links,
        )

    def __str__(self) -> str:
        parts = [f"{self.files} file{'' if self.files == 1 else 's'}", format_bytes(self.bytes)]
        if self.directories:
            parts.append(f"{self.directories} director{'y' if self.directories == 1 else 'ies'}")
        if self.links:
            parts.append(f"{self.links} link{'' if self.links == 1 else 's'}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Census:
    """What there is of a home, found by a look of its own."""

    tally: Tally
    others: tuple[str, ...] = field(default=())
    """Named pipes, sockets and devices, by their paths below the home: no copy holds them."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A session's files in a folder."""

    path: str
    """Where they are now, on the machine that runs sessiontui."""
    tally: Tally
    left_out: tuple[str, ...] = ()
    """What is not among them, each with the reason."""
