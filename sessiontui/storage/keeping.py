"""Keeps the files of a session in a folder, as they are: owners, times, modes, links, holes, odd names.

They land in a hidden directory, are counted there, and are moved into place in one step. Links are data
here: they are made last, lead where they led, and nothing is ever written through one.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from sessiontui.domain.errors import AlreadyThere, StorageError
from sessiontui.domain.rescue import Tally
from sessiontui.domain.session import Owner
from sessiontui.storage.descent import OPEN_DIRECTORY, descend, there
from sessiontui.storage.landing import Landing, landing, sweep
from sessiontui.storage.local_files import given_to
from sessiontui.storage.tar_members import Member, MemberKind, Source, members, padding
from sessiontui.storage.trouble import trouble
from sessiontui.storage.unpacking import parts_of
from sessiontui.storage.way import Parts, Way

LeftOut = Callable[[bytes], bool]
"""Whether a member of an archive is not to be kept, by its path; that of a directory ends with a slash."""

_BLOCK = 64 * 1024
_NOTHING = bytes(_BLOCK)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Keeping:
    """Makes one directory of several archives. Raises StorageError, and is then done for."""

    def __init__(
        self,
        land: Landing,
        folder: str,
        name: str,
        root_is: Owner | None,
        advanced: Callable[[int], None],
    ) -> None:
        """``folder`` is where it lands; ``name`` is what it should be called where that is free; ``root_is``
        who a session's root is outside, where that is not root.
        """
        self._land = land
        self._folder = folder
        self._name = name
        self._root_is = root_is
        self._advanced = advanced
        self._way = Way(land)
        self._files: dict[Parts, int] = {}
        """The sizes of the files, by all their names."""
        self._directories: dict[Parts, Member] = {}
        self._links: dict[Parts, Member] = {}
        self._others: set[Parts] = set()
        self._between: set[Parts] = set()
        """The directories that lead to archives, of which nothing was sent."""
        self._unwanted: list[tuple[Parts, bool]] = []
        """What is to be taken away again, and whether it is a directory."""
        self.left_out: list[str] = []
        """The names of what no folder can hold."""

    def take(self, place: bytes, read: Callable[[], bytes], left_out: LeftOut) -> Tally:
        """Make what is in an archive below ``place``; how much was in it, its top not counted."""
        source, below = Source(read), parts_of(place)
        self._between |= {below[:end] for end in range(1, len(below) + 1)}
        seen = Tally()
        with self._walking():
            for member in members(source):
                parts = (*below, *parts_of(member.path))
                directory = member.kind is MemberKind.DIRECTORY
                name = b"/".join(parts[len(below) :])
                if name and left_out(name + b"/" if directory else name):
                    self._unwanted.append((parts, directory))
                try:
                    seen += self._take(member, parts, below, source)
                except OSError as error:
                    raise trouble("write", self._shown(parts), error) from error
            source.drain()
        return seen

    def has(self, name: str) -> bool:
        """Whether something at the top has that name."""
        with self._walking():
            return (os.fsencode(name),) in self._links or there(name, self._way.enter(()))

    def finish(self) -> Tally:
        """Complete it, see that all of it is there, and have it written to the disk; how much it is."""
        with self._walking():
            self._make_links()
            expected = self._drop_unwanted()
            found = self._count()
            self._finish_directories()
            _flush(self._land.part)
        if found != expected:
            raise StorageError(
                f"the copy is not what was sent: {found} in place of {expected}",
                "the disk or its file system may be at fault",
            )
        return found

    def settle(self) -> str:
        """Move it into place, under a free name; where it is."""
        top = self._directories.get(())
        mode = 0o755 if top is None else top.mode | 0o700
        self._ensure_in_place()
        while True:
            try:
                self._land.settle_directory(mode, over=False)
            except AlreadyThere:
                self._rename()
            else:
                # Nothing is deleted before the name is on the disk too.
                with self._told():
                    _flush(self._land.directory)
                self._ensure_in_place()
                return self._land.shown

    # Members

    def _take(self, member: Member, parts: Parts, below: Parts, source: Source) -> Tally:
        seen = Tally()
        match member.kind:
            case MemberKind.DIRECTORY:
                seen = Tally(directories=int(parts != below))
                self._directories[parts] = member
                self._way.enter(parts)
            case MemberKind.FILE if parts != below:
                seen = Tally(1, member.size)
                self._write(member, parts, source)
            case MemberKind.SECOND_NAME if parts != below:
                seen = self._name_again(parts, (*below, *parts_of(member.target)))
            case MemberKind.LINK if parts != below:
                seen = Tally(links=1)
                self._links[parts] = member
            case _:
                self._leave_out(parts)
                for _ in source.pieces(member.size):
                    pass
        source.exactly(padding(member.size))
        return seen

    def _leave_out(self, parts: Parts) -> None:
        self._others.add(parts)
        self.left_out.append(os.fsdecode(b"/".join(parts)))

    def _name_again(self, parts: Parts, target: Parts) -> Tally:
        if target in self._others:
            self._leave_out(parts)
            return Tally()
        if target in self._links:
            self._links[parts] = self._links[target]
            return Tally(links=1)
        if target not in self._files:
            raise StorageError(f"the engine sends a link to what it has not sent: {self._shown(target)!r}")
        self._way.name_again(target, parts)
        self._files[parts] = self._files[target]
        return Tally(1, self._files[parts])

    def _write(self, member: Member, parts: Parts, source: Source) -> None:
        descriptor = os.open(parts[-1], _NEW_FILE, 0o600, dir_fd=self._way.enter(parts[:-1]))
        try:
            for piece in source.pieces(member.size):
                for at in range(0, len(piece), _BLOCK):
                    _write_block(descriptor, bytes(piece[at : at + _BLOCK]))
                self._advanced(len(piece))
            # What was passed over at the end is a hole too.
            os.ftruncate(descriptor, member.size)
            self._own(descriptor, member, 0o1000)
            os.utime(descriptor, (member.changed_at, member.changed_at))
        finally:
            os.close(descriptor)
        self._files[parts] = member.size

    def _own(self, descriptor: int, member: Member, special: int) -> None:
        """Give it its owner, where that is permitted, and its mode: never one that lends anybody's powers."""
        with _where_permitted():
            os.fchown(descriptor, *self._ids(member))
        os.fchmod(descriptor, member.mode | member.special & special)

    def _ids(self, member: Member) -> tuple[int, int]:
        if self._root_is is None:
            return member.uid, member.gid
        return member.uid or self._root_is.uid, member.gid or self._root_is.gid

    # The end

    def _make_links(self) -> None:
        for parts, member in self._links.items():
            parent = self._way.enter(parts[:-1])
            os.symlink(member.target, parts[-1], dir_fd=parent)
            with _where_permitted():
                os.chown(parts[-1], *self._ids(member), dir_fd=parent, follow_symlinks=False)
            moment = (member.changed_at, member.changed_at)
            os.utime(parts[-1], moment, dir_fd=parent, follow_symlinks=False)

    def _drop_unwanted(self) -> Tally:
        """Take away again what is not the person's; what should be left.

        It was made first: it may have another name, which is kept.
        """
        directories = self._way.made
        for parts, directory in reversed(self._unwanted):
            if parts in self._others:
                continue
            parent = self._way.enter(parts[:-1])
            if not directory:
                os.unlink(parts[-1], dir_fd=parent)
                self._files.pop(parts, None)
                self._links.pop(parts, None)
                continue
            # One that holds something of the person's stays.
            with suppress(OSError):
                os.rmdir(parts[-1], dir_fd=parent)
                self._directories.pop(parts, None)
                self._between.discard(parts)
                directories -= 1
        return Tally(len(self._files), sum(self._files.values()), directories, len(self._links))

    def _count(self) -> Tally:
        """What is there, as the file system tells it."""
        found = Tally()
        top = os.dup(self._way.enter(()))
        try:
            for _, directories, names, place in os.fwalk(".", dir_fd=top, follow_symlinks=False):
                for name in (*directories, *names):
                    status = os.stat(name, dir_fd=place, follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        found += Tally(directories=1)
                    elif stat.S_ISLNK(status.st_mode):
                        found += Tally(links=1)
                    else:
                        found += Tally(1, status.st_size)
        finally:
            os.close(top)
        return found

    def _finish_directories(self) -> None:
        """Give directories their times and modes, now that nothing more is put into them."""
        for parts in sorted(self._directories, key=len, reverse=True):
            member, descriptor = self._directories[parts], self._way.enter(parts)
            self._own(descriptor, member, 0o3000)
            if not parts:
                # It has to be movable, and open to who comes to fetch it.
                os.fchmod(descriptor, member.mode | 0o700)
            os.utime(descriptor, (member.changed_at, member.changed_at))
        for parts in self._between - self._directories.keys():
            os.fchmod(self._way.enter(parts), 0o755)

    def _ensure_in_place(self) -> None:
        """See that the folder is where it was: one in the trash keeps nothing."""
        try:
            found = descend(self._folder)
            try:
                same = os.path.samestat(os.fstat(found), os.fstat(self._land.directory))
            finally:
                os.close(found)
        except OSError:
            same = False
        if not same:
            raise StorageError(
                f"folder {self._folder} was renamed or moved away meanwhile", "choose another folder"
            )

    def _rename(self) -> None:
        """Take the next free name: somebody was faster."""
        land = self._land
        with self._told():
            name = _free(land.directory, self._name)
            os.rename(land.name, name, src_dir_fd=land.part, dst_dir_fd=land.part)
        shown = land.shown.removesuffix(land.name) + name
        self._land = replace(land, name=name, shown=shown)

    @contextmanager
    def _walking(self) -> Iterator[None]:
        with self._told():
            try:
                yield
            finally:
                self._way.leave()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise trouble("write", self._land.shown, error) from error

    def _shown(self, parts: Parts) -> bytes:
        return b"/".join((os.fsencode(self._land.shown), *parts))


@contextmanager
def keeping(
    folder: str, name: str, owner: Owner, *, root_is: Owner | None, advanced: Callable[[int], None]
) -> Iterator[Keeping]:
    """What keeps files in that folder, below ``name`` or a free name beside it.

    ``advanced`` is told of bytes as they are written. Nothing of it is there afterwards unless it was
    settled. Raises StorageError.
    """
    try:
        directory = descend(folder, OPEN_DIRECTORY)
    except OSError as error:
        raise trouble("write to", folder, error) from error
    try:
        try:
            free = _free(directory, name)
        except OSError as error:
            raise trouble("write to", folder, error) from error
        with landing(directory, free, f"{folder}/{free}", given_to(owner)) as land:
            yield Keeping(land, folder, name, root_is, advanced)
    finally:
        os.close(directory)


def sweep_folder(folder: str) -> None:
    """Take away what copies left in that folder that were killed."""
    with suppress(OSError):
        directory = descend(folder, OPEN_DIRECTORY)
        try:
            sweep(directory)
        finally:
            os.close(directory)


@contextmanager
def _where_permitted() -> Iterator[None]:
    """Give a file away, unless that is not for this user to do or its file system knows no owners."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOTSUP):
            raise


def _free(directory: int, name: str) -> str:
    """The name, or one with a number behind it that nothing in the directory has."""
    number, free = 2, name
    while there(free, directory):
        free, number = f"{name}-{number}", number + 1
    return free


def _write_block(descriptor: int, block: bytes) -> None:
    """Write it, or leave a hole where it is nothing but zeros."""
    if block == _NOTHING[: len(block)]:
        os.lseek(descriptor, len(block), os.SEEK_CUR)
        return
    written = 0
    while written < len(block):
        written += os.write(descriptor, block[written:])


def _flush(descriptor: int) -> None:
    """Have the file system written to its disk, and learn of what could not be. Raises OSError."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.fsync(descriptor)
    elif syncfs(descriptor) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
