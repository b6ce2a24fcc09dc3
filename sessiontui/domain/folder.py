"""Folders: named storage that outlives sessions, and where it appears inside one."""

from __future__ import annotations

import re
from dataclasses import dataclass

HOME = "/home/work"
"""The session's own home; folders appear below it."""

_NAME = re.compile(r"^[A-Za-z0-9._-]{1,64}\Z")
_RESERVED = re.compile(
    r"^(\.|\.\.|\.ssh|\.terminfo|\.jupyter|\.tmux\.conf|\.[a-z0-9]+rc|\.[a-z0-9]+_profile|\.profile|\.sessiontui"
    r"|id_container)\Z"
)


def folder_name_problem(name: str) -> str | None:
    """Why a folder cannot have this name, None when it can.

    The rule and the reserved names are Backend.AI's: a mount over a dot file that the session's
    shell or SSH reads would break every session.
    """
    if not _NAME.match(name):
        return "use letters, digits, dot, dash and underscore, at most 64"
    if _RESERVED.match(name):
        return f"{name} is reserved: sessions keep their own settings there"
    return None


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory under its owner's folder root."""

    name: str
    path: str
    """Absolute path on the machine that runs sessiontui."""
    writable: bool = True

    @property
    def permission(self) -> str:
        """``rw`` or ``ro``: what its user may do with it on the host."""
        return "rw" if self.writable else "ro"

    @property
    def automatic(self) -> bool:
        """Whether every session of the owner mounts it without being asked."""
        return self.name.startswith(".")


@dataclass(frozen=True, slots=True)
class MountChoice:
    """A folder that a person wants in the session."""

    folder: str
    """Its name."""
    read_only: bool = False
    target: str = ""
    """Where it appears: absolute, or below the home; empty for the usual place."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder inside a session."""

    folder: str
    source: str
    """Absolute path on the host."""
    target: str
    """Absolute path in the session."""
    read_only: bool = False

    @classmethod
    def of(cls, folder: Folder, *, read_only: bool = False, target: str = "") -> Mount:
        """The folder at ``target``, absolute or below the home, or at its usual place.

        A folder its user may only read is mounted so.
        """
        place = target or folder.name
        absolute = place if place.startswith("/") else f"{HOME}/{place}"
        return cls(folder.name, folder.path, absolute, read_only or not folder.writable)

    def __str__(self) -> str:
        return f"{self.folder} {'ro' if self.read_only else 'rw'}"
