"""A command with its input and output open, played in memory."""

from __future__ import annotations

import queue

from sessiontui.domain.errors import EngineError
from sessiontui.engine.port import Outcome


class MemoryPipe:
    """Fills :class:`sessiontui.engine.port.Pipe`: prints an outcome, or for None gives back its input."""

    def __init__(self, outcome: Outcome | None) -> None:
        self._outcome = outcome or Outcome(0, b"")
        self._chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._echoes = outcome is None
        self._ended = False
        if outcome is not None:
            if outcome.output:
                self._chunks.put(outcome.output)
            self._chunks.put(b"")

    def read(self) -> bytes:
        """See the port."""
        if self._ended:
            return b""
        chunk = self._chunks.get()
        self._ended = not chunk
        return chunk

    def write(self, data: bytes) -> None:
        """See the port."""
        if self._ended:
            raise EngineError("the command takes no more input")
        if self._echoes and data:
            self._chunks.put(data)

    def end_input(self) -> None:
        """See the port."""
        if self._echoes:
            self._chunks.put(b"")

    def outcome(self) -> Outcome:
        """See the port."""
        while self.read():
            pass
        return Outcome(self._outcome.exit_code, b"", self._outcome.errors)

    def close(self) -> None:
        """See the port."""
        self._chunks.put(b"")
