"""A connection to a port inside a session, over a command that joins its input and output to it."""

from __future__ import annotations

import threading

from sessiontui.domain.errors import EngineError
from sessiontui.engine.containers import last_words, reason_in
from sessiontui.engine.port import Outcome, Pipe

DIAL_SECONDS = 30.0
"""How long the command may take until it is connected."""

_LONGEST = 0xFFFF
"""Bytes of a frame: what two bytes of length can tell."""


def dialled(pipe: Pipe, name: str, port: int) -> Dialled:
    """The connection, once ``inside/relay.sh`` has said that there is one.

    Raises EngineError with what it said otherwise.
    """
    late = threading.Timer(DIAL_SECONDS, pipe.close)
    late.daemon = True
    late.start()
    said = b""
    try:
        while b"\n" not in said:
            chunk = pipe.read()
            if not chunk:
                raise _refusal(pipe, name, port)
            said += chunk
    except BaseException:
        pipe.close()
        raise
    finally:
        late.cancel()
    way, _, first = said.partition(b"\n")
    return Dialled(pipe, first, framed=way == b"framed")


class Dialled:
    """Fills :class:`sessiontui.engine.port.Pipe`, in the frames that ``inside/relay.sh`` tells of."""

    def __init__(self, pipe: Pipe, first: bytes, *, framed: bool) -> None:
        """``first`` is what the port has sent already."""
        self._pipe = pipe
        self._first = first
        self._framed = framed

    def read(self) -> bytes:
        """See the port."""
        first, self._first = self._first, b""
        return first or self._pipe.read()

    def write(self, data: bytes) -> None:
        """See the port."""
        if not self._framed:
            self._pipe.write(data)
            return
        for start in range(0, len(data), _LONGEST):
            chunk = data[start : start + _LONGEST]
            self._pipe.write(len(chunk).to_bytes(2, "big") + chunk)

    def end_input(self) -> None:
        """See the port."""
        if not self._framed:
            self._pipe.end_input()
            return
        try:
            self._pipe.write(b"\0\0")
        except EngineError:
            # The other side has closed already.
            return

    def outcome(self) -> Outcome:
        """See the port."""
        return self._pipe.outcome()

    def close(self) -> None:
        """See the port."""
        self._pipe.close()


def _refusal(pipe: Pipe, name: str, port: int) -> EngineError:
    outcome = pipe.outcome()
    reason = reason_in(last_words(outcome.errors))
    hint = "start what serves it first" if reason == f"nothing listens on port {port}" else ""
    return EngineError(f"{name}: {reason}", hint)
