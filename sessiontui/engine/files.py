"""The files of a running session, by the words of ``inside/files.sh`` over a pipe."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sessiontui.domain.errors import AlreadyThere, DiskFull, EngineError, SessiontuiError
from sessiontui.domain.files import Entry, Kind, Listing
from sessiontui.domain.folder import HOME
from sessiontui.domain.session import Session
from sessiontui.engine.payload import SESSION_DIRECTORY
from sessiontui.engine.port import Engine, Pipe
from sessiontui.engine.text import plain

SCRIPT = f"{SESSION_DIRECTORY}/files.sh"

_KINDS = {"f": Kind.FILE, "d": Kind.DIRECTORY, "l": Kind.LINK}
_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large|Wrote only \d+ of \d+ bytes")
_READ_ONLY = "Read-only file system"
_CHANGED = re.compile(r"shrank|padding|File removed")
"""What GNU tar says, with code 1, of a file that is not in the archive as it was."""
_HEADING = 8192
"""The most bytes of what is said before a file's content."""

COMPLETE = b"\n"
"""What follows the content of a file, and is no part of it: it was not cut off."""
ALREADY_THERE = 5
"""Exit code of the script for a name that is taken."""
_WORDLESS = {
    3: "it may not be copied: only the home and mounted folders are, and what may be read there",
    4: "there is no such file or directory",
    ALREADY_THERE: "there is one of that name already",
    6: "the image has no tar: single files can be copied, directories cannot",
    8: "it did not come as a whole",
}
"""What the other codes mean, for when the script's own words are lost: an engine under load lets a
command's last output go a moment after its end."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a session is about to send."""

    directory: bool
    """Whether a tar of a directory's content follows, and not the content of a file."""
    name: str
    size: int | None
    """Bytes of content in all, None for unknown."""
    mode: int
    changed_at: int | None


class Incoming:
    """A file or directory that a session sends: ``read`` gives the next of it, empty at the end."""

    def __init__(self, pipe: Pipe, session: Session) -> None:
        """Raises EngineError with the session's reason when it sends nothing."""
        self._pipe = pipe
        self._session = session
        self._rest = b""
        heading = b""
        while b"\0" not in heading:
            chunk = pipe.read()
            if not chunk or len(heading) > _HEADING:
                finish(pipe, session)
                raise EngineError(f"{session.name} sends what cannot be understood")
            heading += chunk
        said, _, self._rest = heading.partition(b"\0")
        self.sent = parse_heading(said)

    def read(self) -> bytes:
        """The next chunk."""
        chunk, self._rest = self._rest, b""
        return chunk or self._pipe.read()

    def finish(self) -> None:
        """See that all of it was sent. Raises EngineError when not."""
        finish(self._pipe, self._session, lenient=self.sent.directory)


LONGEST_LISTING = 64 * 1024 * 1024
"""Bytes of a listing that are taken: what prints it is a stranger's, and may not end."""


class SessionFiles:
    """Lists, sends and receives. Paths are absolute or below the home.

    Every method raises EngineError (``SessionGone``, ``DiskFull``), with the session's own reason.
    """

    def __init__(self, engine: Engine, session: Session) -> None:
        self._engine = engine
        self._session = session

    def listing(self, path: str) -> Listing:
        """What is in a directory."""
        with self._running("list", encoded(path)) as pipe:
            said = bytearray()
            while chunk := pipe.read():
                said += chunk
                if len(said) > LONGEST_LISTING:
                    raise EngineError(f"{path} of {self._session.name} holds too much to be listed")
            finish(pipe, self._session)
        return parse_listing(bytes(said))

    def make(self, path: str) -> None:
        """Make a directory. Raises AlreadyThere."""
        with self._running("make", encoded(path)) as pipe:
            finish(pipe, self._session)

    @contextmanager
    def sending(self, path: str) -> Iterator[tuple[Pipe, Incoming]]:
        """Have a file or directory sent. Who leaves before its end stops the session's side."""
        with self._running("send", encoded(path)) as pipe:
            yield pipe, Incoming(pipe, self._session)

    @contextmanager
    def receiving(
        self, path: str, name: str, *, size: int | None, mode: int, changed_at: float, over: bool
    ) -> Iterator[Pipe]:
        """Have ``size`` bytes and ``COMPLETE`` received, or for None a tar of ``tree`` and ``complete``.

        It becomes ``path``, or ``name`` where that is a directory; a path that ends with a slash has to
        be one. It is whole, or not there, once the input was ended and ``finish`` has returned.
        """
        stamp = time.strftime("%Y%m%d%H%M.%S", time.gmtime(max(0, changed_at)))
        kind, length = ("tree", "0") if size is None else ("file", str(size))
        words = [kind, length, f"{mode & 0o777:o}", stamp, "over" if over else "new"]
        with self._running("receive", encoded(path), encoded(name), *words) as pipe:
            yield pipe

    @contextmanager
    def _running(self, *words: str) -> Iterator[Pipe]:
        pipe = self._engine.pipe(self._session, ["/bin/sh", SCRIPT, *words])
        try:
            yield pipe
        finally:
            pipe.close()


def finish(pipe: Pipe, session: Session, *, lenient: bool = False) -> None:
    """Await the end of the script and raise what it says went wrong.

    ``lenient`` lets pass that a file changed while it was put into a tar that is sound all the same.
    """
    outcome = pipe.outcome()
    if outcome.exit_code == 0:
        return
    said = plain(outcome.errors.decode(errors="replace")).strip()
    if lenient and outcome.exit_code == 1 and "changed as we read it" in said and not _CHANGED.search(said):
        return
    raise trouble(session.name, outcome.exit_code, said)


def trouble(name: str, code: int, said: str) -> SessiontuiError:
    """The error for an exit code and the last words."""
    _, ours, reason = said.rpartition("sessiontui: ")
    lines = [line for line in said.splitlines() if line.strip()]
    words = (
        reason if ours else lines[0] if lines else _WORDLESS.get(code, f"files.sh ended with status {code}")
    )
    if "files.sh" in said and not ours:
        return EngineError(
            f"{name} cannot copy files: {words}",
            "it was launched by an older sessiontui: launch a new session",
        )
    if code == ALREADY_THERE:
        return AlreadyThere(f"{name}: {words}", "copy under another name, or overwrite it (--force)")
    if found := _FULL.search(said):
        return DiskFull(f"{name}: {words}: {found[0]}", "make room where the session keeps its files")
    if code > 128:
        return EngineError(f"{name}: the copy was cut off", "the session may have ended")
    cause = next((line for line in lines if "sessiontui: " not in line), "") if code == 1 else ""
    hint = "that folder is mounted read-only" if _READ_ONLY in said else cause
    return EngineError(f"{name}: {words}", hint)


def encoded(path: str) -> str:
    """A path as an argument of the script: plain ASCII, whatever bytes are in it."""
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or byte in b"/._-" else f"\\0{byte:03o}"
        for byte in path.encode("utf-8", "surrogateescape")
    )


def parse_heading(said: bytes) -> Sent:
    """What ``files.sh send`` says first. Raises EngineError for what is no heading."""
    match said.split(b" ", 4):
        case [(b"file" | b"tree") as kind, size, mode, changed, name]:
            known = int(size) if size.isdigit() and len(size) < 19 else None
            if kind == b"tree" or known is not None:
                return Sent(
                    kind == b"tree",
                    _text(name),
                    known,
                    int(mode, 8) & 0o777 if re.fullmatch(rb"[0-7]{1,5}", mode) else 0o644,
                    int(changed) if re.fullmatch(rb"-?[0-9]{1,12}", changed) else None,
                )
    raise EngineError("the session sends what cannot be understood")


def parse_listing(said: bytes) -> Listing:
    """What ``files.sh list`` prints; an entry that is garbled, or that no directory can have, is left out."""
    path, _, rest = said.partition(b"\0")
    fields = rest.split(b"\0")
    entries = []
    for heading, target in zip(fields[::2], fields[1::2], strict=False):
        match heading.split(b" ", 3):
            case [kinds, size, changed, name] if name not in (b"", b".", b"..") and b"/" not in name:
                own, behind = kinds[:1].decode("ascii", "replace"), kinds[1:2]
                entries.append(
                    Entry(
                        _text(name),
                        _KINDS.get(own, Kind.OTHER),
                        int(size) if size.isdigit() else 0,
                        _seconds(changed),
                        _text(target),
                        behind == b"d",
                    )
                )
    return Listing(absolute(_text(path)), tuple(entries))


def absolute(path: str) -> str:
    """The absolute path of one that is absolute or below the home."""
    return path if path.startswith("/") else f"{HOME}/{path}".removesuffix("/.").rstrip("/")


def _seconds(text: bytes) -> float | None:
    return float(text) if re.fullmatch(rb"-?[0-9]{1,12}(\.[0-9]{0,12})?", text) else None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
