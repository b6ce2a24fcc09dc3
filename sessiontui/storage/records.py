"""The records of deleted sessions: a file of JSON lines in the state directory of their owner."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sessiontui.domain.errors import StorageError
from sessiontui.domain.record import Record, read_record, record_json
from sessiontui.storage.trouble import trouble

MOST = 1000
"""Records that are kept, the newest."""

_SLACK = 100
"""How many more there may be before the file is written anew."""
_PATIENCE = 5.0
"""Seconds to wait for another sessiontui that writes."""


class RecordFile:
    """Fills :class:`sessiontui.storage.port.Records`. Several processes may work on one file at once.

    A line that was cut off in the middle, or that somebody spoilt, is passed over, and goes when the
    file is next written anew. ``on_behalf`` is what this is done within (sudo).
    """

    def __init__(
        self,
        path: Path,
        on_behalf: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._path = path
        self._on_behalf = on_behalf

    def records(self) -> tuple[Record, ...]:
        """See the port."""
        with self._told("read"):
            return tuple(reversed(list(_parsed(self._lines()).values())))

    def add(self, record: Record) -> None:
        """See the port."""
        line = json.dumps(record_json(record)).encode() + b"\n"
        with self._told("write"), self._alone():
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            opened = os.open(self._path, flags, 0o600)
            try:
                _append(opened, line)
            finally:
                os.close(opened)
            lines = self._lines()
            if len(lines) > MOST + _SLACK:
                kept = list(_parsed(lines).values())[-MOST:]
                self._write(json.dumps(record_json(one)).encode() for one in kept)

    def forget(self, session_ids: Collection[str]) -> None:
        """See the port."""
        with self._told("write"), self._alone():
            kept = [one for one in _parsed(self._lines()).values() if one.session.id not in session_ids]
            self._write(json.dumps(record_json(one)).encode() for one in kept)

    def _lines(self) -> list[bytes]:
        try:
            opened = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        with os.fdopen(opened, "rb") as file:
            return file.read().split(b"\n")

    def _write(self, lines: Iterable[bytes]) -> None:
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(6)}")
        opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(opened, "wb") as file:
                file.writelines(line + b"\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Within, no other sessiontui writes. The lock has a file of its own: the records' is replaced."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._path.with_name(f".{self._path.name}.lock")
        opened = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            end = time.monotonic() + _PATIENCE
            while True:
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise StorageError(f"another sessiontui holds {lock}", "try again") from None
                    time.sleep(0.02)
            yield
        finally:
            os.close(opened)

    @contextlib.contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        try:
            with self._on_behalf():
                yield
        except OSError as error:
            raise trouble(verb, str(self._path), error) from error


def _append(opened: int, line: bytes) -> None:
    """Add a line, all of it or nothing. Raises OSError."""
    size = os.fstat(opened).st_size
    if size and os.pread(opened, 1, size - 1) != b"\n":
        line = b"\n" + line
    try:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(opened, rest) :]
        os.fsync(opened)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(opened, size)
        raise


def _parsed(lines: Iterable[bytes]) -> dict[str, Record]:
    """The records by the ids of their sessions, oldest first; of two about one session the later."""
    found: dict[str, Record] = {}
    for line in lines:
        try:
            record = read_record(json.loads(line)) if line.strip() else None
        except (ValueError, RecursionError):
            continue
        if record is not None:
            found.pop(record.session.id, None)
            found[record.session.id] = record
    return found
