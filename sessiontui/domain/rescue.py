"""What was saved of a session before it is deleted, counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sessiontui.domain.session import Losses
from sessiontui.domain.units import format_bytes

OUTSIDE = "outside"
"""The directory of a saved session that holds the changed files from outside its home."""


_NEWEST = 10


def sum_of(losses: Iterable[Losses]) -> Losses:
    """All of them in one: what is unknown of one makes the figures lower bounds, or unknown where all are."""
    every = tuple(losses)
    sizes = [one.bytes for one in every if one.bytes is not None]
    counts = [one.files for one in every if one.files is not None]
    newest = sorted((file for one in every for file in one.newest), key=lambda file: file.changed_at)
    return Losses(
        sum(sizes) if sizes or not every else None,
        sum(counts) if counts or not every else None,
        tuple(reversed(newest[-_NEWEST:])),
        all(one.complete for one in every),
    )


def amount_of(losses: Losses) -> str:
    """``12 files, 3.2M``, with ``at least`` where counting was cut short."""
    if losses.files is None or losses.bytes is None:
        return "what cannot be counted"
    if losses.files == 0:
        return "no files" if losses.complete else "an unknown number of files"
    files = f"{losses.files} file{'' if losses.files == 1 else 's'}"
    return f"{'' if losses.complete else 'at least '}{files}, {format_bytes(losses.bytes)}"


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
    warning: str = ""
    """What else went wrong with the delete, which did not keep it from being done."""
