"""Reads a tar stream that nobody vouches for: ustar, GNU long names and POSIX (pax) headers.

Everything a header says is checked for size before it is held, and nothing is written here. Formats:
POSIX.1-2017 pax "ustar Interchange Format" and "pax Header Block", GNU tar manual "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sessiontui.domain.errors import StorageError

BLOCK = 512
LONGEST_HEADER = 64 * 1024
"""The most bytes of a name or of the settings of one member."""

LONGEST_FILLING = 4 * 1024 * 1024
"""The most bytes that follow the end of an archive."""
_UNDERSTOOD = (b"path", b"linkpath", b"size", b"mtime", b"uid", b"gid")

_NO_CONTENT = b"123456"
"""Types without content, whatever size they claim: links, devices, directories, pipes."""


class MemberKind(StrEnum):
    """What a member of an archive is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    SECOND_NAME = "second name"
    """A hard link: another name of a file that came before."""
    OTHER = "other"


_KINDS = {
    b"0": MemberKind.FILE,
    b"\0": MemberKind.FILE,
    b"7": MemberKind.FILE,
    b"1": MemberKind.SECOND_NAME,
    b"2": MemberKind.LINK,
    b"5": MemberKind.DIRECTORY,
}


@dataclass(frozen=True, slots=True)
class Member:
    """One member, as its header says; its content follows in the stream."""

    path: bytes
    kind: MemberKind
    size: int
    """Bytes of content."""
    mode: int
    changed_at: float
    target: bytes = b""
    """Of a link or second name."""
    uid: int = 0
    gid: int = 0
    special: int = 0
    """The bits of the mode that are no permissions: set-user-id, set-group-id, sticky."""


class Source:
    """A stream of bytes that comes in chunks of any size."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        """``read`` gives the next chunk, empty at the end."""
        self._read = read
        self._rest = memoryview(b"")

    def pieces(self, length: int) -> Iterator[memoryview]:
        """The next ``length`` bytes as they come. Raises StorageError when the stream ends before."""
        while length:
            if not self._rest:
                self._rest = memoryview(self._read())
                if not self._rest:
                    raise StorageError("the copy was cut off", "the session or the engine may have ended")
            piece, self._rest = self._rest[:length], self._rest[length:]
            length -= len(piece)
            yield piece

    def exactly(self, length: int) -> bytes:
        """The next ``length`` bytes, which are few."""
        return b"".join(self.pieces(length))

    def drain(self) -> None:
        """Read to the end, where nothing but what fills an archive's last record is left."""
        left = LONGEST_FILLING - len(self._rest)
        self._rest = memoryview(b"")
        while left >= 0 and (chunk := self._read()):
            left -= len(chunk)
        if left < 0:
            raise _unsound()


def members(source: Source) -> Iterator[Member]:
    """The members up to the end of the archive. The content of each is to be read before the next.

    Raises StorageError for what is no sound archive.
    """
    settings: dict[bytes, bytes] = {}
    while (header := source.exactly(BLOCK)).strip(b"\0"):
        _check(header)
        kind, size = header[156:157], _number(header[124:136])
        if size < 0:
            raise _unsound()
        if kind in (b"x", b"g", b"L", b"K"):
            content = _setting(source, size)
            if kind == b"x":
                for name, value in _pax(content):
                    if name in _UNDERSTOOD:
                        settings[name] = value
                    elif name.startswith(b"GNU.sparse"):
                        raise StorageError(
                            "the session sends a file with holes in a form that is not understood"
                        )
            elif kind != b"g":
                settings[b"path" if kind == b"L" else b"linkpath"] = content.partition(b"\0")[0]
            continue
        yield _member(header, kind, size, settings)
        settings = {}


def _member(header: bytes, kind: bytes, size: int, settings: dict[bytes, bytes]) -> Member:
    path = _text(header[:100])
    if header[257:263] == b"ustar\0" and (prefix := _text(header[345:500])):
        path = prefix + b"/" + path
    if b"size" in settings:
        size = _decimal(settings[b"size"])
    changed_at = float(_number(header[136:148]))
    if b"mtime" in settings:
        try:
            changed_at = float(settings[b"mtime"][:32])
        except ValueError as error:
            raise _unsound() from error
    return Member(
        settings.get(b"path", path),
        _KINDS.get(kind, MemberKind.OTHER),
        0 if kind in _NO_CONTENT else size,
        _number(header[100:108]) & 0o777,
        # What no file system knows is no time.
        changed_at if -(2**40) < changed_at < 2**40 else 0.0,
        settings.get(b"linkpath", _text(header[157:257])),
        _decimal(settings[b"uid"]) if b"uid" in settings else _number(header[108:116]),
        _decimal(settings[b"gid"]) if b"gid" in settings else _number(header[116:124]),
        _number(header[100:108]) & 0o7000,
    )


def _setting(source: Source, size: int) -> bytes:
    if size > LONGEST_HEADER:
        raise StorageError("the session sends a name that is longer than any file system allows")
    return source.exactly(size + padding(size))[:size]


def padding(size: int) -> int:
    """The bytes after content of that size that fill its last block."""
    return -size % BLOCK


def _pax(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The settings: each is ``LENGTH NAME=VALUE`` and a line end, LENGTH counting all of it."""
    while content.strip(b"\0"):
        length = _decimal(content[:8].partition(b" ")[0])
        name, equals, value = content[:length].partition(b" ")[2].partition(b"=")
        if not equals or not value.endswith(b"\n") or length > len(content):
            raise _unsound()
        yield name, value[:-1]
        content = content[length:]


def _check(header: bytes) -> None:
    summed = sum(header[:148]) + sum(header[156:]) + 8 * ord(" ")
    if summed != _number(header[148:156]):
        raise _unsound()


def _number(field: bytes) -> int:
    """Octal digits, or for large numbers all bytes with the highest bit set."""
    if field[0] == 0x80:
        return _bounded(int.from_bytes(field[1:], "big"))
    if field[0] == 0xFF:
        # Negative: a time before 1970.
        return _bounded(int.from_bytes(field, "big", signed=True))
    digits = field.partition(b"\0")[0].strip()
    if digits.strip(b"01234567"):
        raise _unsound()
    return int(digits or b"0", 8)


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 19:
        raise _unsound()
    return _bounded(int(digits))


def _bounded(number: int) -> int:
    if abs(number) >= 2**62:
        raise _unsound()
    return number


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _unsound() -> StorageError:
    return StorageError("the session sends an archive that is not sound")
