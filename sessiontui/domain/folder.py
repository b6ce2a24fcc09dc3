"""Folders: named storage that outlives sessions, and where it appears inside one."""

from __future__ import annotations

import re
from dataclasses import dataclass

HOME = "/home/work"
"""The session's own home; folders appear below it."""

_NAME = re.compile(r"^[A-Za-z0-9._-]{1,64}\Z")
_RESERVED = re.compile(
    r"^(\.|\.\.|\.ssh|\.terminfo|\.jupyter|\.tmux\.conf|\.[a-z0-9]+rc|\.[a-z0-9]+_profile|\.profile"
    r"|\.sessiontui.*|id_container)\Z"
)


def folder_name_problem(name: str) -> str | None:
    """Why a folder cannot have this name, None when it can.

    The rule and the reserved names are Backend.AI's: a mount over a dot file that the session's
    shell or SSH reads would break every session.
    """
    if not _NAME.match(name):
        return "use letters, digits, dot, dash and underscore, at most 64"
    return reserved_name_problem(name)


def reserved_name_problem(name: str) -> str | None:
    """Why nothing of that name can be put into a session's home, None when it can."""
    if _RESERVED.match(name):
        return f"{name} is reserved: sessions keep their own settings there"
    return None


_SYSTEM = frozenset(
    "/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /proc /run /sbin /sys /usr /var/cache /var/lib /var/log "
    "/var/run /var/spool".split()
)
"""Directories of the system, with all that is below them."""
_GATHERING = frozenset("/ /home /media /mnt /opt /root /srv /tmp /var /var/tmp".split())
"""Directories that hold what is many people's; what is below them may be one person's."""


def import_problem(path: str) -> str | None:
    """Why a directory cannot be a folder by where it is, None when it can.

    ``path`` is the real place, absolute and free of links.
    """
    root, *parts = path.split("/")
    if root or not parts or (path != "/" and any(part in ("", ".", "..") for part in parts)):
        return f"{path!r} is not the full path of a directory"
    if path in _GATHERING or any(path == one or path.startswith(f"{one}/") for one in _SYSTEM):
        return f"{path} is the system's: import a directory of yours"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its path is not UTF-8: an engine cannot mount it"
    return None


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory under its owner's folder root, or one elsewhere that was imported."""

    name: str
    path: str
    """Absolute path on the machine that runs sessiontui, free of links."""
    writable: bool = True
    owner: str = ""
    """Name of the user to whom the directory belongs; its number where it has no name."""
    imported: bool = False
    """Whether its files stay where they were before it was a folder, in ``path``."""
    trouble: str = ""
    """Why no session can mount it as it is now, in words; empty when one can."""

    @property
    def permission(self) -> str:
        """``rw`` or ``ro``: what its user may do with it on the host."""
        return "rw" if self.writable else "ro"

    @property
    def automatic(self) -> bool:
        """Whether every session of the owner mounts it without being asked."""
        return self.name.startswith(".")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which directory it is, whatever path or link leads to it."""

    device: int | None
    """Number of its file system (``st_dev``); None where that was not told."""
    inode: int

    def matches(self, other: Identity) -> bool:
        """Whether both are the same directory, as far as is known."""
        unknown = self.device is None or other.device is None
        return self.inode == other.inode and (unknown or self.device == other.device)


@dataclass(frozen=True, slots=True)
class MountChoice:
    """A folder that a person wants in the session."""

    folder: str
    """Its name."""
    read_only: bool = False
    target: str = ""
    """Where it appears: absolute, or below the home; empty for the usual place."""


@dataclass(frozen=True, slots=True)
class Discarded:
    """A folder in the trash."""

    id: str
    """Names it among all in the trash, of which several may have had one name."""
    name: str
    """What it was called, and will be when it is restored."""
    path: str
    """Absolute path of where its files are meanwhile."""
    discarded_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What is in a directory and below it: links are not followed, a file of several names counts once."""

    bytes: int = 0
    """Sum of the sizes of its files."""
    files: int = 0
    """Whatever is not a directory."""
    changed_at: float | None = None
    """When the newest of the files was changed, in seconds since the epoch; None where there is none."""
    complete: bool = True
    """False while it is being counted, and where something was left out: what may not be read, and
    other file systems that are mounted in it."""


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

    @property
    def automatic(self) -> bool:
        """Whether the folder is one that mounts by itself."""
        return self.folder.startswith(".")

    def __str__(self) -> str:
        return f"{self.folder} {'ro' if self.read_only else 'rw'}"
