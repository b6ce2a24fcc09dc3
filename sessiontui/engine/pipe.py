"""A command in a session with its input and output open, over the engine's exec."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import EngineError
from sessiontui.domain.folder import HOME
from sessiontui.engine.link import Link
from sessiontui.engine.port import Outcome

ERRORS_KEPT = 8000
"""Bytes kept of the end of what the command says on its error output."""

_HEADER = 8
"""Bytes before each chunk: a stream's number (1 output, 2 errors), three zeros and a length of four
bytes, big-endian. Docker Engine API, attach to a container, stream format."""


class DockerPipe:
    """Fills :class:`sessiontui.engine.port.Pipe`."""

    def __init__(self, link: Link, name: str, container_id: str, command: Sequence[str]) -> None:
        self._name = name
        self._link = link
        self._errors = bytearray()
        self._closed = False
        self._close_once = threading.Lock()
        with translated(name, gone=True):
            client = link.client
            created = client.exec_create(container_id, list(command), stdin=True, user="work", workdir=HOME)
            self._exec_id: str = created["Id"]
            # Kept whole: its last reference closes the connection under the socket.
            self._response: Any = client.exec_start(self._exec_id, socket=True)
        # Over a unix socket or TCP the SDK hands out the reader of a socket.
        self._socket: Any = getattr(self._response, "_sock", self._response)
        self._socket.settimeout(None)

    def read(self) -> bytes:
        """See the port."""
        while True:
            header = self._exactly(_HEADER)
            if not header:
                return b""
            chunk = self._exactly(int.from_bytes(header[4:], "big"))
            if header[0] != 2:
                return chunk
            self._errors += chunk
            del self._errors[:-ERRORS_KEPT]

    def write(self, data: bytes) -> None:
        """See the port."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise EngineError(f"{self._name}: the command takes no more input") from error

    def end_input(self) -> None:
        """See the port."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def outcome(self) -> Outcome:
        """See the port."""
        while self.read():
            pass
        with translated(self._name, gone=True):
            code = self._link.client.exec_inspect(self._exec_id)["ExitCode"]
        if code is None:
            raise EngineError(f"{self._name}: the command was cut off", "the session may have ended")
        return Outcome(int(code), b"", bytes(self._errors))

    def close(self) -> None:
        """See the port."""
        with self._close_once:
            if self._closed:
                return
            self._closed = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # The SDK's answer first: it would flush a socket that is closed by then, when it is collected.
        answer = getattr(self._response, "_response", None)
        for one in (answer, self._response, self._socket):
            with suppress(OSError, ValueError):
                if one is not None:
                    one.close()

    def _exactly(self, length: int) -> bytes:
        """That many bytes, fewer only where the stream ends or is closed meanwhile."""
        parts = bytearray()
        while len(parts) < length:
            try:
                part = self._socket.recv(length - len(parts))
            except OSError:
                part = b""
            if not part:
                return b""
            parts += part
        return bytes(parts)
