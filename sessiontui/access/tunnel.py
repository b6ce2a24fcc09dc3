"""A port of this machine that leads elsewhere, for the processes of some users only.

Everybody on a machine can connect to its loopback, so each connection is admitted by who made it: that covers
browsers and editors of the user on this machine, and `ssh -L`, whose end here is a process of theirs.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Protocol

from sessiontui.access.callers import caller_of
from sessiontui.domain.errors import HostError, SessiontuiError

MOST = 64
"""Connections carried at once; a browser opens six to a host."""

_CHUNK = 65536


class Connection(Protocol):
    """What a tunnel leads to, each time that somebody connects."""

    def read(self) -> bytes:
        """The next that comes; empty at the end."""

    def write(self, data: bytes) -> None:
        """Send. Raises SessiontuiError when no more is taken."""

    def end_input(self) -> None:
        """Let the other side see that no more will be sent."""

    def close(self) -> None:
        """End it at once, from any thread."""


class Tunnel:
    """Listens from the start until it is closed."""

    def __init__(
        self,
        port: int,
        uids: Collection[int],
        dial: Callable[[], Connection],
        failed: Callable[[SessiontuiError], object] = lambda error: None,
    ) -> None:
        """Listen on that port of 127.0.0.1; 0 stands for any free one. Raises HostError when it is taken.

        ``uids`` are the users let in. ``dial`` connects to what the port leads to; what it raises is told to
        ``failed``, on another thread, and whoever connected is hung up on.
        """
        self._uids = frozenset(uids)
        self._dial = dial
        self._failed = failed
        self._lock = threading.Lock()
        self._open: set[_Carried] = set()
        self.closed = threading.Event()
        """Set once nothing listens any more."""
        try:
            self._listener = socket.create_server(("127.0.0.1", port), backlog=MOST)
        except OSError as error:
            raise HostError(
                f"cannot listen on port {port} of this machine: {error.strerror}", "choose another port"
            ) from error
        self.port: int = self._listener.getsockname()[1]
        """Where it listens."""
        threading.Thread(target=self._accept, name=f"tunnel-{self.port}", daemon=True).start()

    def close(self) -> None:
        """Listen no more and end what is carried, without waiting; may be called twice, from any thread."""
        with self._lock:
            first, carried = not self.closed.is_set(), list(self._open)
            self.closed.set()
        if first:
            # Closing alone would not wake the thread that waits in accept.
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for one in carried:
            one.close()

    def _accept(self) -> None:
        while not self.closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                # No file left to open one with, or closed: the first passes.
                self.closed.wait(0.1)
                continue
            if caller_of(client) not in self._uids:
                client.close()
                continue
            carried = _Carried(client, self._dial, self._failed, self._ended)
            with self._lock:
                admitted = not self.closed.is_set() and len(self._open) < MOST
                if admitted:
                    self._open.add(carried)
            if admitted:
                carried.start()
            else:
                client.close()

    def _ended(self, carried: _Carried) -> None:
        with self._lock:
            self._open.discard(carried)


class _Carried:
    """One connection through the tunnel: a thread each way."""

    def __init__(
        self,
        client: socket.socket,
        dial: Callable[[], Connection],
        failed: Callable[[SessiontuiError], object],
        ended: Callable[[_Carried], object],
    ) -> None:
        self._client = client
        self._dial = dial
        self._failed = failed
        self._ended = ended
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._closed = False

    def start(self) -> None:
        """Connect and carry, on threads of its own."""
        threading.Thread(target=self._carry, daemon=True).start()

    def close(self) -> None:
        """End it at once."""
        with self._lock:
            self._closed = True
            connection = self._connection
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)
        if connection is not None:
            connection.close()

    def _carry(self) -> None:
        try:
            self._connect_and_carry()
        except SessiontuiError as error:
            self._failed(error)
        finally:
            self.close()
            self._client.close()
            self._ended(self)

    def _connect_and_carry(self) -> None:
        # What comes in small pieces is passed on at once.
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._dial()
        with self._lock:
            self._connection = connection
            closed = self._closed
        if closed:
            return
        sending = threading.Thread(target=self._send, args=(connection,), daemon=True)
        sending.start()
        with suppress(OSError):
            while chunk := connection.read():
                self._client.sendall(chunk)
        self.close()
        sending.join()

    def _send(self, connection: Connection) -> None:
        try:
            while chunk := self._client.recv(_CHUNK):
                connection.write(chunk)
        except (OSError, SessiontuiError):
            # Reset here, or not taken there, where an answer may still come.
            pass
        connection.end_input()
