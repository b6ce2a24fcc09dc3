"""Where a copy lands on this machine: in a hidden directory beside its place, and there in one step.

Whoever sends is not trusted. Every name is checked, directories are opened one by one from the one
before and never through a link, files are made anew, links come last and only where they stay inside.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sessiontui.domain.errors import AlreadyThere, StorageError
from sessiontui.domain.files import PART, name_problem
from sessiontui.domain.session import Owner
from sessiontui.storage.descent import OPEN_DIRECTORY, there
from sessiontui.storage.trouble import trouble

_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class Landing:
    """A hidden directory, open, and what becomes of what is put into it."""

    directory: int
    """Descriptor of the directory that gets the copy."""
    part: int
    """Descriptor of the hidden directory in it."""
    part_name: str
    name: str
    """What the copy is called, in the hidden directory first."""
    shown: str
    """The place for a person."""
    owner: Owner | None
    """Who gets what is made; None where that is who makes it."""

    def settle_file(self, *, over: bool) -> None:
        """Move a file into place. Raises AlreadyThere, StorageError."""
        with self._settling(directory=False, over=over):
            if over:
                os.rename(self.name, self.name, src_dir_fd=self.part, dst_dir_fd=self.directory)
            else:
                self._link()

    def settle_directory(self, mode: int, *, over: bool) -> None:
        """Move a directory into place and give it its permissions. Raises AlreadyThere, StorageError."""
        with self._settling(directory=True, over=over):
            mode &= ~umask_of(self)
            moved = os.open(self.name, OPEN_DIRECTORY, dir_fd=self.part)
            try:
                if over and there(self.name, self.directory):
                    self._exchange()
                else:
                    os.rename(self.name, self.name, src_dir_fd=self.part, dst_dir_fd=self.directory)
                # Not before: one without write permission cannot be moved.
                os.fchmod(moved, mode)
            finally:
                os.close(moved)

    @contextmanager
    def _settling(self, *, directory: bool, over: bool) -> Iterator[None]:
        check(self.name, self.directory, self.shown, directory=directory, over=over)
        try:
            yield
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR):
                raise already_there(self.shown) from error
            raise trouble("write", self.shown, error) from error

    def give(self, descriptor: int) -> None:
        """Make something that was made the owner's."""
        if self.owner is not None:
            os.fchown(descriptor, self.owner.uid, self.owner.gid)

    def _link(self) -> None:
        try:
            os.link(
                self.name,
                self.name,
                src_dir_fd=self.part,
                dst_dir_fd=self.directory,
                follow_symlinks=False,
            )
        except FileExistsError:
            raise
        except OSError:
            # Not every file system knows a second name for a file.
            if there(self.name, self.directory):
                raise already_there(self.shown) from None
            os.rename(self.name, self.name, src_dir_fd=self.part, dst_dir_fd=self.directory)

    def _exchange(self) -> None:
        """What was there goes with the hidden directory, or back where the copy cannot take its place."""
        os.mkdir(_OLD, dir_fd=self.part)
        aside = f"{_OLD}/{self.name}"
        os.rename(self.name, aside, src_dir_fd=self.directory, dst_dir_fd=self.part)
        try:
            os.rename(self.name, self.name, src_dir_fd=self.part, dst_dir_fd=self.directory)
        except BaseException:
            os.rename(aside, self.name, src_dir_fd=self.part, dst_dir_fd=self.directory)
            raise


_PROBE = "\nprobe"
_OLD = "\nold"
"""Where the hidden directory keeps what was there: no sender's name is looked for under it."""


@contextmanager
def landing(directory: int, name: str, shown: str, owner: Owner | None) -> Iterator[Landing]:
    """A hidden directory in ``directory``; it is gone afterwards, with what was not moved into place.

    Raises StorageError.
    """
    sweep(directory)
    try:
        part_name, part = _hidden(directory)
    except OSError as error:
        raise trouble("write to", shown, error) from error
    try:
        land = Landing(directory, part, part_name, name, shown, owner)
        land.give(part)
        yield land
    finally:
        _remove(part_name, directory)
        os.close(part)


def _hidden(directory: int) -> tuple[str, int]:
    """A new hidden directory, by name and open, locked: that tells who sweeps that somebody is at work."""
    while True:
        name = f"{PART}{secrets.token_hex(6)}{_SUFFIX}"
        os.mkdir(name, 0o700, dir_fd=directory)
        try:
            part = os.open(name, OPEN_DIRECTORY, dir_fd=directory)
        except FileNotFoundError:
            # Swept as soon as it was made.
            continue
        try:
            # Let go with the process, whatever ends it.
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Whoever sweeps is about to remove it.
            os.close(part)
            continue
        except OSError:
            pass  # A file system without locks: nothing is swept there.
        # One that was swept between its making and its lock has no name any more.
        if there(name, directory):
            return name, part
        os.close(part)


def check(name: str, directory_fd: int, shown: str, *, directory: bool, over: bool) -> None:
    """Raise what speaks against putting a file or directory of that name there."""
    if (wrong := name_problem(name)) is not None:
        raise StorageError(f"cannot write {shown}: {wrong}")
    if not there(name, directory_fd):
        return
    if not over:
        raise already_there(shown)
    if _is_directory(name, directory_fd) != directory:
        what = "is no directory: a directory" if directory else "is a directory: a file"
        raise StorageError(f"{shown} {what} cannot take its place", "move it away first")


def already_there(shown: str) -> AlreadyThere:
    """The error for a name that is taken."""
    return AlreadyThere(f"{shown} is there already", "copy under another name, or overwrite it (--force)")


def _is_directory(name: str, directory: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)


def umask_of(land: Landing) -> int:
    """The permissions that this process gives to nobody. The file system is asked: to ask the process
    changes them for a moment, for all its threads."""
    os.mkdir(_PROBE, 0o777, dir_fd=land.part)
    try:
        return ~os.stat(_PROBE, dir_fd=land.part).st_mode & 0o777
    finally:
        os.rmdir(_PROBE, dir_fd=land.part)


def sweep(directory: int) -> None:
    """Take away what copies left in a directory that were killed.

    What one had put aside goes back where nothing is in its place.
    """
    with suppress(OSError):
        for name in os.listdir(directory):
            if not (name.startswith(PART) and name.endswith(_SUFFIX)):
                continue
            with suppress(OSError):
                part = os.open(name, OPEN_DIRECTORY, dir_fd=directory)
                try:
                    if os.geteuid() not in (0, os.fstat(part).st_uid):
                        continue
                    fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _put_back(part, directory)
                    _remove(name, directory)
                finally:
                    os.close(part)


def _put_back(part: int, directory: int) -> None:
    try:
        old = os.open(_OLD, OPEN_DIRECTORY, dir_fd=part)
    except FileNotFoundError:
        return
    try:
        for name in os.listdir(old):  # noqa: PTH208 - by descriptor
            if not there(name, directory):
                os.rename(name, name, src_dir_fd=old, dst_dir_fd=directory)
    finally:
        os.close(old)


def _remove(name: str, directory: int) -> None:
    """Remove a tree, whatever its directories forbid."""

    for _ in range(2):
        with suppress(OSError):
            shutil.rmtree(name, dir_fd=directory)
        with suppress(OSError):
            top = os.open(name, OPEN_DIRECTORY, dir_fd=directory)
            try:
                for _, _, _, one in os.fwalk(".", dir_fd=top, follow_symlinks=False):
                    os.fchmod(one, 0o700)
            finally:
                os.close(top)
