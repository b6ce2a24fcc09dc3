"""The connection of the Docker adapter: opened on first use, and what the engine says of itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import docker

from sessiontui.dockerd import Connection, connect, is_here, patiently, translated

_T = TypeVar("_T")


class Link:
    """One engine's connection, shared by all threads. Every property may raise an EngineError."""

    def __init__(
        self,
        environ: Mapping[str, str],
        open_connection: Callable[[Mapping[str, str]], Connection] = connect,
    ) -> None:
        self._environ = environ
        self._open = open_connection
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._info: dict[str, Any] | None = None

    @property
    def connection(self) -> Connection:
        """The open client and where it leads."""
        with self._lock:
            if self._connection is None:
                self._connection = self._open(self._environ)
            return self._connection

    @property
    def client(self) -> docker.APIClient:
        """The SDK's low-level client."""
        return self.connection.client

    def patiently(self, work: Callable[[docker.APIClient], _T]) -> _T:
        """Do what may take minutes: see :func:`sessiontui.dockerd.patiently`."""
        return patiently(self.connection, work)

    @property
    def info(self) -> dict[str, Any]:
        """``GET /info``, asked for once a connection."""
        known = self._info
        if known is None:
            with translated("the engine"):
                known = self._info = self.client.info()
        return known

    @property
    def here(self) -> bool:
        """Whether the engine runs on this machine."""
        return is_here(self.connection.address, self.info)

    @property
    def rootless(self) -> bool:
        """Whether the engine runs as an ordinary user, who is root inside containers."""
        return any("name=rootless" in str(option) for option in self.info.get("SecurityOptions") or ())

    def drop(self) -> None:
        """Close the connection; the next use opens another, perhaps to an engine that was upgraded."""
        with self._lock:
            connection, self._connection = self._connection, None
            self._info = None
        if connection is not None:
            connection.close()
