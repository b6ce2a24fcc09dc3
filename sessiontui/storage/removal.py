"""Removes a tree for good, and goes on past what cannot be removed."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sessiontui.domain.cancellation import Cancellation
from sessiontui.storage.descent import DEEPEST, OPEN_DIRECTORY


@dataclass(slots=True)
class Removal:
    """What a removal could not do."""

    stayed: int = 0
    """Files and directories that are still there, not counting the directories that hold them."""
    reasons: list[tuple[str, str]] = field(default_factory=list)
    """The first few of them: path below the tree, and why."""

    def stays(self, path: str, reason: str) -> None:
        """Note one."""
        self.stayed += 1
        if len(self.reasons) < 3:  # as many as a person reads
            self.reasons.append((path, reason))


@dataclass(slots=True)
class _Way:
    """A directory that is being emptied."""

    descriptor: int
    name: str
    names: list[tuple[str, bool]]
    """What is left to remove in it: (name, whether it is a directory)."""


def remove_tree(name: str, parent: int, cancellation: Cancellation) -> Removal:
    """Remove a directory with all that is below it. No link is followed, no mount entered: neither of
    another file system nor of another place of this one (a bind mount).

    Directories of ours that forbid it are opened for it. Raises Cancelled with the rest still there.
    """
    removal = Removal()
    mount = _mount_of(parent)
    first = _enter(name, parent, mount)
    if isinstance(first, OSError):
        removal.stays("", _reason(first))
        return removal
    ways = [first]
    try:
        while ways:
            cancellation.check()
            way = ways[-1]
            if not way.names:
                os.close(ways.pop().descriptor)
                held = ways[-1].descriptor if ways else parent
                _remove_empty(way.name, held, _path(ways, way.name), removal)
                continue
            one, is_directory = way.names.pop()
            if not is_directory:
                try:
                    os.unlink(one, dir_fd=way.descriptor)
                except FileNotFoundError:
                    pass
                except OSError as error:
                    removal.stays(_path(ways, one), _reason(error))
                continue
            if len(ways) >= DEEPEST:
                # Deeper than descriptors are held: it is emptied from the top.
                moved = f"{one[:64]}-{secrets.token_hex(8)}"
                try:
                    os.rename(one, moved, src_dir_fd=way.descriptor, dst_dir_fd=first.descriptor)
                    first.names.append((moved, True))
                except OSError as error:
                    removal.stays(_path(ways, one), _reason(error))
                continue
            below = _enter(one, way.descriptor, mount)
            if isinstance(below, OSError):
                if below.errno != errno.ENOENT:
                    removal.stays(_path(ways, one), _reason(below))
            else:
                ways.append(below)
    finally:
        for way in ways:
            os.close(way.descriptor)
    return removal


def _mount_of(descriptor: int) -> tuple[int, str]:
    """Device and id (proc(5), ``fdinfo``) of the mount that an open directory is on."""
    told = ""
    with suppress(OSError):
        told = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    return os.fstat(descriptor).st_dev, told.partition("mnt_id:")[2].partition("\n")[0].strip()


def _enter(name: str, parent: int, mount: tuple[int, str]) -> _Way | OSError:
    try:
        below = _open(name, parent)
    except OSError as error:
        return error
    try:
        if _mount_of(below) != mount:
            raise OSError(errno.EXDEV, "another file system is mounted there")
        status = os.fstat(below)
        if status.st_mode & 0o700 != 0o700:
            with suppress(OSError):
                os.fchmod(below, 0o700)
        with os.scandir(below) as entries:
            return _Way(below, name, [(one.name, one.is_dir(follow_symlinks=False)) for one in entries])
    except OSError as error:
        os.close(below)
        return error


def _open(name: str, parent: int) -> int:
    """The directory, open; one of ours that may not be read is made readable."""
    try:
        return os.open(name, OPEN_DIRECTORY, dir_fd=parent)
    except PermissionError:
        passing = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            if not stat.S_ISDIR(os.fstat(passing).st_mode):
                raise
            # The only way that Linux has to change what a descriptor of this kind stands for.
            os.chmod(f"/proc/self/fd/{passing}", 0o700)  # noqa: PTH101
        finally:
            os.close(passing)
        return os.open(name, OPEN_DIRECTORY, dir_fd=parent)


def _remove_empty(name: str, parent: int, path: str, removal: Removal) -> None:
    try:
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except OSError as error:
        # What keeps it from being empty has been told.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or not removal.stayed:
            removal.stays(path, _reason(error))


def _path(ways: list[_Way], name: str) -> str:
    return "/".join([*(way.name for way in ways[1:]), name])


def _reason(error: OSError) -> str:
    if error.errno == errno.EXDEV:
        return "another file system is mounted there"
    return error.strerror or str(error)
