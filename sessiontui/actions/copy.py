"""Lists and copies files between this machine and a running session of the person."""

from __future__ import annotations

import posixpath
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sessiontui.actions.app_life import ensure_running
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineError, StorageError
from sessiontui.domain.files import Copying, CopyReport, Head, Listing
from sessiontui.domain.session import Session
from sessiontui.engine.files import COMPLETE, SessionFiles, finish
from sessiontui.engine.port import Pipe
from sessiontui.storage import local_files
from sessiontui.storage.packing import Packed, content, packed

_PLACE = re.compile(
    r"((?:[A-Za-z0-9_][A-Za-z0-9_.@-]*/)?[A-Za-z0-9][A-Za-z0-9_.-]{2,62}[A-Za-z0-9]):(.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is copied from or to: a path here, or one of a session."""

    path: str
    session: str = ""
    """Name of the session; empty for this machine."""


def place_of(text: str) -> Place:
    """``NAME:PATH`` and ``OWNER/NAME:PATH`` are in a session, the rest is here.

    A path here that looks like that is written with ``./`` before it. ``NAME:`` is the session's home,
    and a path of a session that does not begin with a slash is below it.
    """
    match = _PLACE.fullmatch(text)
    if match is None:
        return Place(text)
    path = match[2]
    return Place((path[2:] if path.startswith("~/") else path) or ".", match[1])


def session_listing(ports: Ports, session: Session, path: str) -> Listing:
    """What is in a directory of the session. Raises NotYours, EngineError."""
    return _files(ports, session).listing(path)


def make_in_session(ports: Ports, session: Session, path: str) -> None:
    """Make a directory in the session. Raises AlreadyThere, NotYours, EngineError."""
    _files(ports, session).make(path)


def session_head(ports: Ports, session: Session, path: str, limit: int) -> Head:
    """How a file of the session begins: at most ``limit`` bytes.

    Raises NotYours, EngineError; StorageError for a directory.
    """
    with _files(ports, session).sending(path) as (_, incoming):
        sent = incoming.sent
        if sent.directory:
            raise StorageError(f"{path} is not a file")
        size, data = sent.size or 0, bytearray()
        while len(data) < min(limit, size) and (chunk := incoming.read()):
            data += chunk
    return Head(bytes(data[: min(limit, size)]), size, float(sent.changed_at or 0))


def local_listing(path: str) -> Listing:
    """What is in a directory of this machine. Raises StorageError."""
    return local_files.listing(path)


def make_here(ports: Ports, path: str) -> None:
    """Make a directory on this machine. Raises AlreadyThere, StorageError."""
    local_files.make(path, ports.owner)


def upload(
    ports: Ports,
    session: Session,
    path: str,
    to: str,
    report: CopyReport,
    cancellation: Cancellation,
    *,
    over: bool = False,
) -> tuple[str, ...]:
    """Copy a file or directory of this machine into the session; what was left out of it.

    It becomes ``to``, or is put into it where that is a directory. ``over`` replaces what is there, a
    directory as a whole. Raises AlreadyThere, StorageError, NotYours, EngineError, DiskFull, Cancelled;
    there is then nothing new, and what was there is there.
    """
    files = _files(ports, session)
    cancellation.check()
    source = packed(path)
    try:
        count = Count(source.name, source.size, report, cancellation)
        cancellation.check()
        receiving = files.receiving(
            to,
            source.name,
            size=None if source.directory else source.size,
            mode=source.mode,
            changed_at=source.changed_at,
            over=over,
        )
        with receiving as pipe, cancellation.breaking(pipe.close):
            _send(pipe, source, count.advance)
            finish(pipe, session)
        count.end()
        return source.skipped
    finally:
        source.close()


def download(
    ports: Ports,
    session: Session,
    path: str,
    to: str,
    report: CopyReport,
    cancellation: Cancellation,
    *,
    over: bool = False,
) -> tuple[str, ...]:
    """Copy a file or directory of the session to this machine: as ``upload``, the other way."""
    files = _files(ports, session)
    cancellation.check()
    with files.sending(path) as (pipe, incoming), cancellation.breaking(pipe.close):
        sent = incoming.sent
        count = Count(sent.name, sent.size, report, cancellation)
        # The name that was asked for, where it is one: what the session calls it is a stranger's choice.
        asked = posixpath.basename(path.rstrip("/"))
        name = sent.name if asked in ("", ".", "..") else asked
        with local_files.arrival(to, name, ports.owner, over=over, advanced=count.advance) as arrival:
            skipped: tuple[str, ...] = ()
            if sent.directory:
                skipped = arrival.directory(incoming.read)
                incoming.finish()
            else:
                arrival.file(incoming.read, sent.size or 0, sent.mode, sent.changed_at)
            cancellation.check()
            arrival.settle(sent.mode if sent.directory else None)
        count.end()
        return skipped


def _files(ports: Ports, session: Session) -> SessionFiles:
    ensure_may_touch(session, ports.owner)
    ensure_running(session)
    return SessionFiles(ports.engine, session)


def _send(pipe: Pipe, source: Packed, advanced: Callable[[int], None]) -> None:
    """Give it all, or what it takes until it has failed; why it has, it says at its end."""
    # Output, or its end, before all was sent is a failure.
    failed = threading.Thread(target=pipe.read, daemon=True)
    failed.start()
    with suppress(EngineError):
        for chunk in content(source, advanced):
            if not failed.is_alive():
                break
            pipe.write(chunk)
        if not source.directory:
            pipe.write(COMPLETE)
    pipe.end_input()
    failed.join()


class Count:
    """Counts the bytes of one copy and reports them; ends it where that was asked for."""

    def __init__(self, name: str, total: int | None, report: CopyReport, cancellation: Cancellation) -> None:
        self._name, self._total = name, total
        self._report, self._cancellation = report, cancellation
        self._done = 0
        report(Copying(name, 0, total))

    def advance(self, count: int) -> None:
        """So many bytes more went over. Raises Cancelled."""
        self._cancellation.check()
        self._done += count
        self._report(Copying(self._name, self._done, self._total))

    def end(self) -> None:
        """All went over."""
        self._report(Copying(self._name, self._done, self._done))
