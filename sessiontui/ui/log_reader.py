"""Reads what a session prints, however fast it comes, and keeps as much of it as will be shown."""

from __future__ import annotations

import contextlib
import threading
from collections import deque

from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.session import Session
from sessiontui.domain.units import MIB
from sessiontui.engine.port import Engine, Stream
from sessiontui.ui.log_text import LogText

_WAITING = 8 * MIB
"""Bytes that wait for whoever draws; of a session that prints faster, the older ones are passed over."""


class LogReader:
    """One thread reads the stream, another takes the lines. What is not drawn is not even looked at."""

    def __init__(self, engine: Engine, session: Session, kept: int) -> None:
        """``kept`` is the number of lines that whoever draws will keep."""
        self._engine, self._session, self._kept = engine, session, kept
        self._lock = threading.Lock()
        self._taking = threading.Lock()
        self._text = LogText()
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._passed_over = False
        self._stream: Stream | None = None
        self._closed = False

    @property
    def waiting(self) -> bool:
        """Whether something came since the last ``take``."""
        return bool(self._chunks)

    def read(self) -> None:
        """Read to the end of the stream. Raises EngineError."""
        stream = self._engine.logs(self._session, follow=True, tail=self._kept)
        with self._lock:
            self._stream = stream
            closed = self._closed
        if closed:
            stream.close()
        for chunk in stream:
            with self._lock:
                self._chunks.append(chunk)
                self._size += len(chunk)
                while self._size > _WAITING and len(self._chunks) > 1:
                    self._size -= len(self._chunks.popleft())
                    self._passed_over = True

    def take(self) -> tuple[list[str], str]:
        """The lines since the last call, at most those that will be kept, and the one that has not ended
        yet. Works on them for a while: for a thread of its own.
        """
        with self._taking:
            with self._lock:
                chunks, self._chunks = self._chunks, deque()
                self._size, passed_over, self._passed_over = 0, self._passed_over, False
            data = b"".join(chunks)
            if passed_over:
                # What is left of a line that begins in what was passed over is none.
                self._text = LogText()
                data = data[data.find(b"\n") + 1 :]
            begin = _last_lines(data, self._kept)
            if begin:
                self._text = LogText()
            return self._text.feed(data[begin:]), self._text.partial

    def close(self) -> None:
        """End the reading, from any thread."""
        with self._lock:
            self._closed = True
            stream = self._stream
        if stream is not None:
            with contextlib.suppress(SessiontuiError):
                stream.close()


def _last_lines(data: bytes, count: int) -> int:
    """Where the last so many lines begin; what follows them without an end does not count."""
    at = data.rfind(b"\n")
    for _ in range(count):
        if at < 0:
            return 0
        at = data.rfind(b"\n", 0, at)
    return at + 1
