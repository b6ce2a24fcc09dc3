"""Reads a file or directory of this machine to send it: by descriptors, and through no link."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sessiontui.domain.errors import StorageError
from sessiontui.domain.files import stays_inside
from sessiontui.storage.descent import DEEPEST, OPEN_DIRECTORY
from sessiontui.storage.tar_members import padding
from sessiontui.storage.trouble import trouble

# A named pipe must not hold up who opens it.
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
CHUNK = 1024 * 1024
"""Bytes read at once."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What can be sent from this machine."""

    descriptor: int
    """Of the file or directory, open for reading."""
    name: str
    shown: str
    directory: bool
    size: int
    """Bytes of content: of the file, or of all files that will be sent."""
    mode: int
    changed_at: float
    skipped: tuple[str, ...] = ()
    """What is left out of a directory, with the reason."""

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)


def packed(path: str) -> Packed:
    """Open what is to be sent and count it. Raises StorageError, also for a link."""
    shown = path.rstrip("/") or "/"
    name = os.path.basename(shown)  # noqa: PTH119 - bytes that are no text must stay
    if name in ("", ".", ".."):
        name = os.path.basename(os.path.realpath(shown))  # noqa: PTH119
    if not name:
        raise StorageError(f"{shown} is not copied as a whole", "name what is in it")
    return packed_at(None, shown, name, path)


def packed_at(parent: int | None, way: str, name: str, path: str) -> Packed:
    """As ``packed``: what ``way`` leads to from a directory that is open, or from where this program is.

    ``path`` is what a person calls it.
    """
    shown = path.rstrip("/") or "/"
    try:
        descriptor = os.open(way, OPEN_FILE, dir_fd=parent)
    except OSError as error:
        raise trouble("read", shown, error) from error
    try:
        status = os.fstat(descriptor)
        directory = stat.S_ISDIR(status.st_mode)
        skipped: list[str] = []
        if directory:
            size = sum(one.status.st_size for one in _walk(descriptor, shown, skipped) if one.is_file)
        elif stat.S_ISREG(status.st_mode) and not path.endswith("/"):
            size = status.st_size
        else:
            raise StorageError(f"{path} is neither a file nor a directory")
    except BaseException:
        os.close(descriptor)
        raise
    return Packed(
        descriptor, name, shown, directory, size, status.st_mode & 0o777, status.st_mtime, tuple(skipped)
    )


def content(source: Packed, advanced: Callable[[int], None]) -> Iterator[bytes]:
    """The content of a file, or a tar of a directory as ``tree`` with an empty file ``complete`` at last.

    ``advanced`` is told of the bytes of content that were read. Raises StorageError where a file has
    become shorter or cannot be read; what was given by then is no whole archive.
    """
    if not source.directory:
        yield from _bytes_of(source.descriptor, source.size, source.shown, advanced)
        return
    yield from _members(source, advanced, b"tree")
    yield _header(b"complete", stat.S_IFREG | 0o600, 0, 0)
    yield bytes(2 * tarfile.BLOCKSIZE)


def archive(source: Packed, advanced: Callable[[int], None]) -> Iterator[bytes]:
    """A tar of what is in a directory, for this machine; ``advanced`` and errors as for ``content``."""
    yield from _members(source, advanced, b".")
    yield bytes(2 * tarfile.BLOCKSIZE)


def _members(source: Packed, advanced: Callable[[int], None], top: bytes) -> Iterator[bytes]:
    yield _header(top, stat.S_IFDIR | 0o700, 0, source.changed_at)
    for one in _walk(source.descriptor, source.shown, []):
        path = b"/".join((top, *one.parts))
        mode = one.status.st_mode
        if not one.is_file:
            yield _header(path, mode, 0, one.status.st_mtime, one.target)
            continue
        shown = os.path.join(source.shown, os.fsdecode(b"/".join(one.parts)))  # noqa: PTH118
        try:
            descriptor = os.open(one.parts[-1], OPEN_FILE, dir_fd=one.parent)
        except OSError as error:
            raise trouble("read", shown, error) from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise StorageError(f"{shown} has become something else while it was copied")
            yield _header(path, status.st_mode, status.st_size, status.st_mtime)
            yield from _bytes_of(descriptor, status.st_size, shown, advanced)
            yield bytes(padding(status.st_size))
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Found:
    parts: tuple[bytes, ...]
    parent: int
    """Descriptor of the directory it is in, open until the next one is asked for."""
    status: os.stat_result
    target: bytes = b""

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)


def _walk(directory: int, shown: str, skipped: list[str], parts: tuple[bytes, ...] = ()) -> Iterator[_Found]:
    """All below a directory that is to be sent, a directory before what is in it."""
    if len(parts) > DEEPEST:
        raise StorageError(f"{shown} has more than {DEEPEST} directories below each other")
    try:
        with os.scandir(directory) as entries:
            names = sorted(os.fsencode(entry.name) for entry in entries)
        for name in names:
            own = (*parts, name)
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield _Found(own, directory, status)
                below = os.open(name, OPEN_DIRECTORY, dir_fd=directory)
                try:
                    yield from _walk(below, shown, skipped, own)
                finally:
                    os.close(below)
            elif stat.S_ISREG(status.st_mode):
                yield _Found(own, directory, status)
            elif stat.S_ISLNK(status.st_mode):
                target = os.readlink(name, dir_fd=directory)
                if stays_inside(target, len(parts)):
                    yield _Found(own, directory, status, target)
                else:
                    skipped.append(f"{_text(own)}: a link that leads outside: {os.fsdecode(target)}")
            else:
                skipped.append(f"{_text(own)}: neither a file nor a directory")
    except OSError as error:
        place = os.path.join(shown, _text(parts)) if parts else shown  # noqa: PTH118
        if isinstance(error.filename, (str, bytes)):
            place = os.path.join(place, os.fsdecode(error.filename))  # noqa: PTH118
        raise trouble("read", place, error) from error


def _bytes_of(descriptor: int, size: int, shown: str, advanced: Callable[[int], None]) -> Iterator[bytes]:
    """As many bytes as the file had; what is written to it meanwhile is not sent."""
    left = size
    while left:
        try:
            chunk = os.read(descriptor, min(CHUNK, left))
        except OSError as error:
            raise trouble("read", shown, error) from error
        if not chunk:
            raise StorageError(f"{shown} has become shorter while it was copied", "copy it once more")
        left -= len(chunk)
        yield chunk
        advanced(len(chunk))


def _header(path: bytes, mode: int, size: int, changed_at: float, target: bytes = b"") -> bytes:
    """The header of one member, in GNU's format, which every tar reads; names of any bytes."""
    member = tarfile.TarInfo(os.fsdecode(path))
    member.mode, member.size, member.mtime = stat.S_IMODE(mode) & 0o777, size, max(0, int(changed_at))
    if stat.S_ISDIR(mode):
        member.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.fsdecode(target)
    return member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _text(parts: tuple[bytes, ...]) -> str:
    return os.fsdecode(b"/".join(parts))
