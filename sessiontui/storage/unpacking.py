"""Unpacks the tar of a directory that nobody vouches for into a landing place."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from sessiontui.domain.errors import StorageError
from sessiontui.domain.files import stays_inside
from sessiontui.storage.descent import DEEPEST
from sessiontui.storage.landing import Landing, umask_of
from sessiontui.storage.tar_members import Member, MemberKind, Source, members, padding
from sessiontui.storage.trouble import trouble
from sessiontui.storage.way import Parts, Way

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class _Directory:
    mode: int
    changed_at: float


class Unpacking:
    """Makes the directory ``land.name`` of an archive's members. Raises StorageError, and is then done for.

    ``advanced`` is told of the bytes of content as they are written.
    """

    def __init__(self, land: Landing, advanced: Callable[[int], None]) -> None:
        self._land = land
        self._advanced = advanced
        self._top = os.fsencode(land.name)
        self._way = Way(land)
        self._files: set[Parts] = set()
        self._directories: dict[Parts, _Directory] = {}
        self._links: list[tuple[Parts, Member]] = []
        self.skipped: list[str] = []
        """What was left out, with the reason."""

    def run(self, source: Source) -> None:
        """Read the archive to its end and make what is in it."""
        with ExitStack() as stack:
            stack.callback(self._way.leave)
            for member in members(source):
                parts = parts_of(member.path)
                try:
                    self._take(member, parts, source)
                except OSError as error:
                    raise trouble("write", b"/".join((self._top, *parts)), error) from error
            source.drain()
            try:
                self._make_links()
                self._finish_directories()
            except OSError as error:
                raise trouble("write", self._land.shown, error) from error

    def _take(self, member: Member, parts: Parts, source: Source) -> None:
        match member.kind:
            case MemberKind.DIRECTORY:
                self._directories[parts] = _Directory(member.mode, member.changed_at)
                self._way.enter(parts)
            case MemberKind.FILE if parts:
                self._write(member, parts, source)
            case MemberKind.SECOND_NAME if parts:
                self._name_again(parts, parts_of(member.target))
            case MemberKind.LINK if parts:
                self._links.append((parts, member))
            case _:
                self._skip(parts, "neither a file nor a directory")
                for _ in source.pieces(member.size):
                    pass
        source.exactly(padding(member.size))

    # Directories

    def _finish_directories(self) -> None:
        """Give directories their times and permissions, now that nothing more is put into them.

        The top has to be movable: its permissions are for who moves it.
        """
        umask = umask_of(self._land)
        for parts in sorted(self._directories, key=len, reverse=True):
            wanted, descriptor = self._directories[parts], self._way.enter(parts)
            os.utime(descriptor, (wanted.changed_at, wanted.changed_at))
            if parts:
                os.fchmod(descriptor, wanted.mode & ~umask)

    # Files

    def _write(self, member: Member, parts: Parts, source: Source) -> None:
        parent = self._way.enter(parts[:-1])
        room = os.fstatvfs(parent)
        if member.size > room.f_bavail * room.f_frsize:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_file(
            parent, parts[-1], source, member.size, member.mode, member.changed_at, self._land, self._advanced
        )
        self._files.add(parts)

    def _name_again(self, parts: Parts, target: Parts) -> None:
        """A second name of a file that came before; of anything else there is none."""
        if target not in self._files:
            raise StorageError(f"the session sends a link to what it has not sent: {_shown(target)}")
        self._way.name_again(target, parts)
        self._files.add(parts)

    def _make_links(self) -> None:
        for parts, member in self._links:
            if not stays_inside(member.target, len(parts) - 1):
                self._skip(parts, f"a link that leads outside: {_shown((member.target,))}")
                continue
            parent = self._way.enter(parts[:-1])
            os.symlink(member.target, parts[-1], dir_fd=parent)
            if self._land.owner is not None:
                owner = self._land.owner
                os.chown(parts[-1], owner.uid, owner.gid, dir_fd=parent, follow_symlinks=False)

    def _skip(self, parts: Parts, reason: str) -> None:
        self.skipped.append(f"{_shown(parts)}: {reason}")


def write_file(
    parent: int,
    name: bytes,
    source: Source,
    size: int,
    mode: int,
    changed_at: float | None,
    land: Landing,
    advanced: Callable[[int], None],
) -> None:
    """Make a file of the next ``size`` bytes of the stream. Raises OSError, StorageError."""
    descriptor = os.open(name, _NEW_FILE, mode & 0o777, dir_fd=parent)
    try:
        land.give(descriptor)
        for piece in source.pieces(size):
            rest = piece
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            advanced(len(piece))
        if changed_at is not None:
            os.utime(descriptor, (changed_at, changed_at))
    finally:
        os.close(descriptor)


def parts_of(path: bytes) -> Parts:
    """The names on the way to a member. Raises StorageError for a way that leads out of the tree."""
    parts = tuple(part for part in path.split(b"/") if part not in (b"", b"."))
    if path.startswith(b"/") or b".." in parts or b"\0" in path:
        raise StorageError(
            f"the session sends a path that leads elsewhere, {_shown((path,))}: nothing was copied"
        )
    if len(parts) > DEEPEST:
        raise StorageError(f"the session sends more than {DEEPEST} directories below each other")
    return parts


def _shown(parts: Sequence[bytes]) -> str:
    text = os.fsdecode(b"/".join(parts))
    return text if len(text) <= 200 else text[:200] + "…"
