"""The files of this machine, as the person who runs sessiontui may see and change them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sessiontui.domain.errors import StorageError
from sessiontui.domain.files import Entry, Kind, Listing, name_problem
from sessiontui.domain.session import Owner
from sessiontui.storage.landing import Landing, already_there, check, landing
from sessiontui.storage.tar_members import Source
from sessiontui.storage.trouble import trouble
from sessiontui.storage.unpacking import Unpacking, write_file

# A directory that a person names may be reached by links of theirs: it is what is in it that is not trusted.
_OPEN_PLACE = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def listing(path: str) -> Listing:
    """What is in a directory. Raises StorageError."""
    place = os.path.realpath(path)
    entries = []
    try:
        with os.scandir(place) as found:
            for one in found:
                try:
                    entries.append(entry_of(one))
                except OSError:
                    # Gone meanwhile, or of a file system that does not answer.
                    continue
    except OSError as error:
        raise trouble("list", place, error) from error
    return Listing(place, tuple(entries))


def entry_of(one: os.DirEntry[str], directory: int | None = None) -> Entry:
    """What a directory says of one of its names, found by its path or its descriptor. Raises OSError."""
    status = one.stat(follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(one.path, dir_fd=directory)
        return Entry(one.name, Kind.LINK, 0, status.st_mtime, target, one.is_dir())
    if stat.S_ISDIR(status.st_mode):
        return Entry(one.name, Kind.DIRECTORY, 0, status.st_mtime, enters=True)
    kind = Kind.FILE if stat.S_ISREG(status.st_mode) else Kind.OTHER
    return Entry(one.name, kind, status.st_size, status.st_mtime)


def make(path: str, owner: Owner) -> None:
    """Make a directory of the owner. Raises AlreadyThere, StorageError."""
    try:
        os.mkdir(path)  # noqa: PTH102 - names that are no text stay as they are
        if (giving := given_to(owner)) is not None:
            os.chown(path, giving.uid, giving.gid, follow_symlinks=False)
    except FileExistsError as error:
        raise already_there(path) from error
    except OSError as error:
        raise trouble("make", path, error) from error


def given_to(owner: Owner) -> Owner | None:
    """Who gets what is made: what root makes on behalf of another user is that user's."""
    return owner if os.geteuid() == 0 and owner.uid != 0 else None


class Arrival:
    """Where something that is sent lands on this machine, under its own name or another."""

    def __init__(self, land: Landing, *, over: bool, advanced: Callable[[int], None]) -> None:
        self._land = land
        self._over = over
        self._advanced = advanced

    def file(self, read: Callable[[], bytes], size: int, mode: int, changed_at: float | None) -> None:
        """Take a file of that many bytes. Raises AlreadyThere, StorageError; nothing is there then."""
        self._check(directory=False)
        land, name = self._land, os.fsencode(self._land.name)
        try:
            room = os.fstatvfs(land.part)
            if size > room.f_bavail * room.f_frsize:
                raise StorageError(f"no room for {land.shown}", "make room on its disk: df -h")
            write_file(land.part, name, Source(read), size, mode, changed_at, land, self._advanced)
        except OSError as error:
            raise trouble("write", land.shown, error) from error

    def stream(self, chunks: Iterable[bytes], mode: int) -> None:
        """Take a file that is as long as it turns out to be. Raises AlreadyThere, StorageError."""
        self._check(directory=False)
        land = self._land
        how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            opened = os.open(land.name, how, mode, dir_fd=land.part)
            with os.fdopen(opened, "wb") as file:
                land.give(file.fileno())
                for chunk in chunks:
                    file.write(chunk)
                    self._advanced(len(chunk))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise trouble("write", land.shown, error) from error

    def directory(self, read: Callable[[], bytes]) -> tuple[str, ...]:
        """Take the tar of a directory's content; what was left out of it. Raises as ``file``."""
        self._check(directory=True)
        unpacking = Unpacking(self._land, self._advanced)
        unpacking.run(Source(read))
        return tuple(unpacking.skipped)

    def settle(self, mode: int | None) -> None:
        """Move it into place: a directory with that mode, or a file. Raises AlreadyThere, StorageError."""
        if mode is None:
            self._land.settle_file(over=self._over)
        else:
            self._land.settle_directory(mode, over=self._over)

    def _check(self, *, directory: bool) -> None:
        land = self._land
        check(land.name, land.directory, land.shown, directory=directory, over=self._over)


@contextmanager
def arrival(
    path: str, name: str, owner: Owner, *, over: bool, advanced: Callable[[int], None]
) -> Iterator[Arrival]:
    """Where a thing called ``name`` lands: in ``path`` if that is a directory, else as ``path`` itself.

    A path that ends with a slash has to be a directory. Raises StorageError.
    """
    if os.path.isdir(path):  # noqa: PTH112 - names that are no text stay as they are
        parent = path
    elif path.endswith("/"):
        raise StorageError(f"there is no directory {path}", "make it first, or leave the slash out")
    else:
        parent, name = os.path.split(path)
    shown = os.path.join(parent, name)  # noqa: PTH118
    if (wrong := name_problem(name)) is not None:
        raise StorageError(f"cannot write {shown}: {wrong}")
    try:
        directory = os.open(parent or ".", _OPEN_PLACE)
    except OSError as error:
        raise trouble("write to", parent, error) from error
    try:
        with arrival_at(directory, name, shown, owner, over=over, advanced=advanced) as arriving:
            yield arriving
    finally:
        os.close(directory)


@contextmanager
def arrival_at(
    directory: int, name: str, shown: str, owner: Owner, *, over: bool, advanced: Callable[[int], None]
) -> Iterator[Arrival]:
    """Where a thing called ``name`` lands in a directory that is open. Raises StorageError."""
    with landing(directory, name, shown, given_to(owner)) as land:
        yield Arrival(land, over=over, advanced=advanced)
