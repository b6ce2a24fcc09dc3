"""A directory of this machine that nothing leads out of: it is walked by descriptors and through no link.

Whoever else can write into it (a session, a colleague) may put a link in place of a directory at any
moment. Links are looked through once, beforehand; the way found is then gone name by name, and ends
where a link has come into it.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import StorageError
from sessiontui.domain.files import Entry, Head, Kind, Listing, name_problem
from sessiontui.domain.session import Owner
from sessiontui.storage.descent import OPEN_DIRECTORY, descend, there
from sessiontui.storage.landing import already_there
from sessiontui.storage.local_files import Arrival, arrival_at, entry_of, given_to
from sessiontui.storage.packing import OPEN_FILE, Packed, packed_at
from sessiontui.storage.removal import remove_tree
from sessiontui.storage.trouble import trouble


class LocalTree:
    """All below ``top``, which is absolute; with ``/`` it is the whole machine.

    Paths are absolute and may hold links that stay inside. Every method raises StorageError for what
    leads outside, and for what the file system refuses.
    """

    def __init__(self, top: str) -> None:
        self.top = os.path.realpath(top)

    def listing(self, path: str) -> Listing:
        """What is in a directory; a link that leads outside says so and is not to be entered."""
        with self.directory(path) as (directory, place):
            entries = []
            try:
                with os.scandir(directory) as found:
                    for one in found:
                        try:
                            entries.append(self._seen(entry_of(one, directory), place))
                        except OSError:
                            # Gone meanwhile, or of a file system that does not answer.
                            continue
            except OSError as error:
                raise trouble("list", place, error) from error
        return Listing(place, tuple(entries))

    def _seen(self, entry: Entry, place: str) -> Entry:
        """A link is told by where it leads from the top, not from where this program happens to be."""
        if entry.kind is not Kind.LINK:
            return entry
        found = os.path.realpath(posixpath.join(place, entry.name))
        if not self._holds(found):
            return replace(entry, enters=False, outside=True)
        return replace(entry, enters=os.path.isdir(found))  # noqa: PTH112 - names that are no text stay

    def make(self, path: str, owner: Owner) -> None:
        """Make a directory of the owner. Raises AlreadyThere."""
        parent, name = _split(path)
        with self.directory(parent) as (directory, place):
            try:
                os.mkdir(name, dir_fd=directory)
                if (giving := given_to(owner)) is not None:
                    os.chown(name, giving.uid, giving.gid, dir_fd=directory, follow_symlinks=False)
            except FileExistsError as error:
                raise already_there(posixpath.join(place, name)) from error
            except OSError as error:
                raise trouble("make", path, error) from error

    def rename(self, path: str, new: str) -> None:
        """Give a file, directory or link another name in its directory. Raises AlreadyThere."""
        if (wrong := name_problem(new)) is not None:
            raise StorageError(f"cannot call it {new}: {wrong}")
        parent, name = _split(path)
        with self.directory(parent) as (directory, place):
            try:
                _rename(name, new, directory)
            except FileExistsError as error:
                taken = posixpath.join(place, new)
                raise StorageError(f"{taken} is there already", "choose another name") from error
            except OSError as error:
                raise trouble("rename", path, error) from error

    def remove(self, path: str, cancellation: Cancellation) -> None:
        """Remove a file or link, or a directory with all that is in it. Raises Cancelled: the rest stays.

        Another file system that is mounted in it is not touched, and neither is what holds it.
        """
        parent, name = _split(path)
        with self.directory(parent) as (directory, _):
            cancellation.check()
            try:
                if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                    os.unlink(name, dir_fd=directory)
                    return
            except OSError as error:
                raise trouble("remove", path, error) from error
            removal = remove_tree(name, directory, cancellation)
        if removal.stayed:
            below, reason = removal.reasons[0]
            more = f", and {removal.stayed - 1} more" if removal.stayed > 1 else ""
            raise StorageError(f"cannot remove {posixpath.join(path, below)}: {reason}{more}", "see ls -la")

    def head(self, path: str, limit: int) -> Head:
        """How a file begins: at most ``limit`` bytes. A link is followed as long as it stays inside."""
        parent, name = _split(self._inside(path))
        with self.directory(parent) as (directory, _):
            try:
                descriptor = os.open(name, OPEN_FILE, dir_fd=directory)
            except OSError as error:
                raise trouble("read", path, error) from error
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise StorageError(f"{path} is not a file")
                data = bytearray()
                while len(data) < limit and (chunk := os.read(descriptor, limit - len(data))):
                    data += chunk
            except OSError as error:
                raise trouble("read", path, error) from error
            finally:
                os.close(descriptor)
        return Head(bytes(data), max(status.st_size, len(data)), status.st_mtime)

    def packed(self, path: str) -> Packed:
        """Open what is to be copied and count it. Raises StorageError, also for a link."""
        parent, name = _split(path.rstrip("/"))
        with self.directory(parent) as (directory, place):
            return packed_at(directory, name, name, posixpath.join(place, name))

    @contextmanager
    def arrival(
        self, path: str, name: str, owner: Owner, *, over: bool, advanced: Callable[[int], None]
    ) -> Iterator[Arrival]:
        """Where a thing called ``name`` lands in the directory ``path``."""
        if (wrong := name_problem(name)) is not None:
            raise StorageError(f"cannot write {name}: {wrong}")
        with self.directory(path) as (directory, place):
            shown = posixpath.join(place, name)
            with arrival_at(directory, name, shown, owner, over=over, advanced=advanced) as arriving:
                yield arriving

    @contextmanager
    def directory(self, path: str) -> Iterator[tuple[int, str]]:
        """A directory, open for reading, and its path free of links."""
        place = self._inside(path)
        try:
            opened = descend(place, OPEN_DIRECTORY)
        except OSError as error:
            raise trouble("open", path, error) from error
        try:
            yield opened, place
        finally:
            os.close(opened)

    def _inside(self, path: str) -> str:
        """The path without links, as they are now."""
        place = os.path.realpath(path)
        if not self._holds(place):
            raise StorageError(f"{path} leads out of {self.top}", f"it is {place}: go there by itself")
        return place

    def _holds(self, place: str) -> bool:
        return self.top == "/" or place == self.top or place.startswith(f"{self.top}/")


def _split(path: str) -> tuple[str, str]:
    """A directory and a name in it, which is one: neither the directory itself nor the one above."""
    parent, name = posixpath.split(path)
    if (wrong := name_problem(name)) is not None:
        raise StorageError(f"{path or '/'} is no name in a directory: {wrong}")
    return parent, name


def _rename(name: str, new: str, directory: int) -> None:
    """Rename, and take the place of nothing. Raises OSError (FileExistsError)."""
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if there(new, directory):
        raise FileExistsError
    if stat.S_ISDIR(status.st_mode):
        # What may come between the look and this is replaced only where it is an empty directory.
        os.rename(name, new, src_dir_fd=directory, dst_dir_fd=directory)
        return
    try:
        os.link(name, new, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system knows a second name for a file, and not every file may have one.
        os.rename(name, new, src_dir_fd=directory, dst_dir_fd=directory)
        return
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        os.unlink(new, dir_fd=directory)
        raise
