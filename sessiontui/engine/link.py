"""The connection of the Docker adapter: opened on first use, and what the engine says of itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sessiontui import dockerd
from sessiontui.dockerd.addresses import Address, first_that_answers, is_here
from sessiontui.dockerd.errors import translated
from sessiontui.domain.cancellation import Cancellation

if TYPE_CHECKING:
    import docker

    from sessiontui.dockerd.client import Connection
    from sessiontui.dockerd.reading import Json, Reader

_T = TypeVar("_T")


class Link:
    """One engine's connection, shared by all threads. Every property may raise an EngineError.

    Reading and the SDK's client are opened apart, the client not before something needs it.
    """

    def __init__(self, environ: Mapping[str, str], timeout: float | None = None) -> None:
        """``timeout`` is the seconds one answer may take, the usual ones where it is None."""
        self._environ = environ
        self._timeout = dockerd.TIMEOUT if timeout is None else timeout
        self._lock = threading.RLock()
        self._asking = threading.Lock()
        self._address: Address | None = None
        self._reader: Reader | None = None
        self._connection: Connection | None = None
        self._info: dict[str, Any] | None = None

    @property
    def address(self) -> Address:
        """Where the engine answers: the first place that did."""
        with self._lock:
            if self._address is None:
                self._address, self._reader = first_that_answers(self._environ, self._open_reader)
            return self._address

    @property
    def reader(self) -> Reader:
        """What asks without changing anything."""
        with self._lock:
            if self._reader is None:
                with translated(f"engine at {self.address.url}"):
                    self._reader = self._open_reader(self.address)[1]
            return self._reader

    @property
    def connection(self) -> Connection:
        """The SDK's open client and where it leads."""
        from sessiontui.dockerd.client import connect

        with self._lock:
            if self._connection is None:
                with translated(f"engine at {self.address.url}"):
                    self._connection = connect(self.address, self._timeout)
            return self._connection

    @property
    def client(self) -> docker.APIClient:
        """The SDK's low-level client."""
        return self.connection.client

    def patiently(
        self, work: Callable[[docker.APIClient], _T], cancellation: Cancellation | None = None
    ) -> _T:
        """Do what may take minutes: see :func:`sessiontui.dockerd.client.patiently`."""
        from sessiontui.dockerd.client import patiently

        return patiently(self.connection, work, cancellation=cancellation)

    @property
    def info(self) -> dict[str, Any]:
        """``GET /info``, asked for once a connection."""
        with self._asking:
            if self._info is not None:
                return self._info
            reader = self.reader
            with translated("the engine"):
                told: dict[str, Any] = reader.get("/info")
            with self._lock:
                # An answer of the engine that was dropped meanwhile is none of the next one's.
                if self._reader is reader:
                    self._info = told
            return told

    @property
    def here(self) -> bool:
        """Whether the engine runs on this machine."""
        return is_here(self.address, self.info)

    @property
    def rootless(self) -> bool:
        """Whether the engine runs as an ordinary user, who is root inside containers."""
        return any("name=rootless" in str(option) for option in self.info.get("SecurityOptions") or ())

    def stats(self, container_id: str) -> Json:
        """What the engine counts of a container now: one look, no stream."""
        with translated(container_id, gone=True):
            return self.reader.get(f"/containers/{container_id}/stats", {"stream": False, "one-shot": True})

    def top(self, container_id: str) -> Json:
        """The processes of a container, by their numbers on the engine's machine."""
        with translated(container_id, gone=True):
            return self.reader.get(f"/containers/{container_id}/top", {"ps_args": "-eo pid,comm"})

    def drop(self) -> None:
        """Close the connection; the next use opens another, perhaps to an engine that was upgraded."""
        with self._lock:
            reader, connection = self._reader, self._connection
            self._address = self._reader = self._connection = self._info = None
        if reader is not None:
            reader.close()
        if connection is not None:
            connection.close()

    def _open_reader(self, address: Address) -> tuple[Address, Reader]:
        from sessiontui.dockerd import reading

        if address.socket is not None:
            return address, reading.SocketReader(address.socket, self._timeout)
        from sessiontui.dockerd.client import connect

        self._connection = connect(address, self._timeout)
        return address, reading.SdkReader(self._connection.client)
