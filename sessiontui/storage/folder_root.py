"""The directory that holds one owner's folders, open, and the hidden one in it that is ours.

    ROOT/NAME                     a folder
    ROOT/.sessiontui-UID/         the owner's, 0700: several may have folders in one root
        imported/NAME             a link: the folder of that name is what it leads to
        trash/MILLISECONDS-RANDOM-NAME   a folder that was discarded then
        lock                      held while names change

A link in ROOT itself is no folder: whatever may write there could have put it there, a session that
has a folder around it, an archive that was unpacked. Into the hidden directory nobody writes but the
owner, and no session ever mounts it; so a link in it says that the owner wanted it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sessiontui.domain.errors import StorageError
from sessiontui.domain.session import Owner
from sessiontui.storage.descent import OPEN_DIRECTORY, there

IMPORTED = "imported"
TRASH = "trash"


@dataclass(frozen=True, slots=True)
class FolderRoot:
    """The directory, open while it is used."""

    descriptor: int
    path: str
    """Where it is, free of links."""
    owner: Owner

    @property
    def hidden_name(self) -> str:
        """The name of the hidden directory."""
        return f".sessiontui-{self.owner.uid}"

    @property
    def acting(self) -> bool:
        """Whether this is root at work for somebody else."""
        return os.geteuid() == 0 and self.owner.uid != 0

    @contextmanager
    def hidden(self, name: str, *, make: bool = False) -> Iterator[int | None]:
        """The directory of that name in the hidden one, open; None where there is none and none is made.

        Raises StorageError where somebody else could have put something into it; OSError.
        """
        with self._own(self.hidden_name, self.descriptor, make=make) as hidden:
            if hidden is None:
                yield None
                return
            with self._own(name, hidden, make=make) as directory:
                yield directory

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other process changes names here, and keep them from it. Raises as ``hidden``."""
        # A disk that is full later has no room for it, and that is when folders are discarded.
        with suppress(OSError), self.hidden(TRASH, make=True):
            pass
        with self._own(self.hidden_name, self.descriptor, make=True) as hidden:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            lock = os.open("lock", flags, 0o600, dir_fd=hidden)
            try:
                self.give(lock)
                # Where a file system knows no locks, only those of the same moment are not kept apart.
                with suppress(OSError):
                    fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)

    def taken(self, name: str) -> bool:
        """Whether anything has this name here. Raises OSError."""
        if there(name, self.descriptor):
            return True
        with self.hidden(IMPORTED) as imported:
            return imported is not None and there(name, imported)

    def give(self, descriptor: int) -> None:
        """Make something that was made the owner's."""
        if self.acting:
            os.fchown(descriptor, self.owner.uid, self.owner.gid)

    @contextmanager
    def _own(self, name: str, parent: int, *, make: bool) -> Iterator[int | None]:
        try:
            directory = self._open_own(name, parent, make=make)
        except FileNotFoundError:
            if make:
                raise
            yield None
            return
        try:
            status = os.fstat(directory)
            if status.st_uid not in (self.owner.uid, os.geteuid()) or status.st_mode & 0o022:
                raise StorageError(
                    f"{self.path}/{self.hidden_name} is not {self.owner.name}'s alone",
                    f"what is kept there cannot be trusted: see ls -la {self.path}/{self.hidden_name}",
                )
            yield directory
        finally:
            os.close(directory)

    def _open_own(self, name: str, parent: int, *, make: bool) -> int:
        made = False
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=parent)
                made = True
        directory = os.open(name, OPEN_DIRECTORY, dir_fd=parent)
        if made:
            self.give(directory)
        return directory


@contextmanager
def opened(path: Path, owner: Owner, *, make: bool = False) -> Iterator[FolderRoot]:
    """The folder root at a path, which may be a link to a larger disk; made where it is missing.

    Raises OSError.
    """
    if make:
        _make(path, owner)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Of the very directory that is open, whatever becomes of the links that led to it.
        real = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
        yield FolderRoot(descriptor, real, owner)
    finally:
        os.close(descriptor)


def is_directory(name: str, directory: int) -> bool:
    """Whether it is a real one. Raises OSError."""
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _make(path: Path, owner: Owner) -> None:
    """Make the root, which opens for its owner only, and the way to it."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for directory in reversed(missing):
        try:
            directory.mkdir(mode=0o700 if directory == path else 0o777)
        except FileExistsError:
            if not directory.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory)) from None
            continue
        if os.geteuid() == 0 and owner.uid != 0:
            os.chown(directory, owner.uid, owner.gid, follow_symlinks=False)
