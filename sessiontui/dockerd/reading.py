"""Reads from the engine: its answers as JSON, and its events as they come.

What is read all the time goes straight through the engine's unix socket, so that a dashboard is on
the screen before the SDK would be imported. Other addresses (TLS, ssh) are the SDK's business.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from sessiontui.dockerd.errors import BrokenAnswerError, RefusedRequestError
from sessiontui.dockerd.shapes import checked

if TYPE_CHECKING:
    import docker
    from docker.types import CancellableStream

_LARGEST_IDLE = 4
"""Connections kept open for the next request."""

Json = Any
"""A parsed answer of whatever shape: who reads it is lenient."""

Parameters = Mapping[str, object]
"""Query parameters; anything that is no text is sent as JSON (filters, booleans)."""


class EventStream(Protocol):
    """Events as the engine's JSON objects, until its end or until somebody closes it."""

    def __iter__(self) -> Iterator[dict[str, Any]]: ...

    def close(self) -> None:
        """End the iteration, from any thread."""


class Reader(Protocol):
    """Asks an engine without changing anything, from any thread.

    Raises what :func:`sessiontui.dockerd.errors.translated` turns into our errors.
    """

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        """The answer to ``GET path`` of the Engine API, which is without its version."""

    def events(self, filters: Mapping[str, object]) -> EventStream:
        """``GET /events`` from now on."""

    def close(self) -> None:
        """Let go of idle connections."""


class SocketReader:
    """Reads through a unix socket. ``timeout`` is the seconds the engine may be silent in an answer."""

    def __init__(self, path: str, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._lock = threading.Lock()
        self._idle: list[_SocketConnection] = []
        self._version = self._ask_version()

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        """See Reader."""
        connection = self._take()
        try:
            body = _answer(self._ask(connection, path, parameters)).read()
        except (http.client.HTTPException, OSError, RefusedRequestError) as error:
            connection.close()
            if connection.used and isinstance(error, ConnectionError | http.client.RemoteDisconnected):
                # The engine may close what is idle; only a new connection tells whether it is there.
                self.close()
                return self.get(path, parameters)
            raise _in_our_words(error) from error
        connection.used = True
        with self._lock:
            if len(self._idle) < _LARGEST_IDLE:
                self._idle.append(connection)
            else:
                connection.close()
        return checked(path, _parsed(body))

    def events(self, filters: Mapping[str, object]) -> EventStream:
        """See Reader."""
        connection = _SocketConnection(self._path, self._timeout)
        try:
            connection.connect()
            # Of an answer that ends the connection, the response owns the socket from then on.
            line = connection.sock
            response = _answer(self._ask(connection, "/events", {"filters": filters}))
        except (http.client.HTTPException, OSError, RefusedRequestError) as error:
            connection.close()
            raise _in_our_words(error) from error
        return _SocketEvents(line, response)

    def close(self) -> None:
        """See Reader."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> _SocketConnection:
        with self._lock:
            return self._idle.pop() if self._idle else _SocketConnection(self._path, self._timeout)

    def _ask(
        self, connection: _SocketConnection, path: str, parameters: Parameters | None
    ) -> http.client.HTTPResponse:
        query = urlencode(_texts(parameters))
        connection.request("GET", f"/v{self._version}{path}" + (f"?{query}" if query else ""))
        return connection.getresponse()

    def _ask_version(self) -> str:
        """The newest version of the API that the engine speaks."""
        connection = _SocketConnection(self._path, self._timeout)
        try:
            connection.request("GET", "/_ping")
            response = connection.getresponse()
            response.read()
            version = response.getheader("Api-Version")
        except (http.client.HTTPException, OSError) as error:
            raise _in_our_words(error) from error
        finally:
            connection.close()
        if response.status != 200 or not version:
            raise BrokenAnswerError("what answers there is no container engine")
        return version


class SdkReader:
    """Reads through the SDK's client, wherever that leads."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        """See Reader."""
        client = self._client
        response = client.get(
            f"{client.base_url}/v{client.api_version}{path}",
            params=_texts(parameters),
            timeout=client.timeout,
        )
        if response.status_code >= 400:
            raise RefusedRequestError(response.status_code, _explanation(response.content))
        return checked(path, _parsed(response.content))

    def events(self, filters: Mapping[str, object]) -> EventStream:
        """See Reader."""
        return _SdkEvents(self._client.events(decode=True, filters=dict(filters)))

    def close(self) -> None:
        """The client is its maker's to close."""


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        self.used = False
        """Whether it has carried an answer before."""

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _SocketEvents:
    def __init__(self, line: socket.socket, response: http.client.HTTPResponse) -> None:
        # The response may close its socket at any time; the copy outlives it, to be shut from elsewhere.
        self._socket = line.dup()
        line.settimeout(None)
        self._line = line
        self._response = response
        self._closed = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            for line in self._response:
                if line.strip():
                    event: dict[str, Any] = checked("/events", _parsed(line))
                    yield event
        except (http.client.HTTPException, OSError, ValueError, AttributeError) as error:
            # A response that is shut under its reader fails in any of these ways.
            if not self._closed:
                raise _in_our_words(error) from error
        finally:
            self.close()

    def close(self) -> None:
        """See EventStream."""
        self._closed = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._line.close()


class _SdkEvents:
    def __init__(self, stream: CancellableStream[dict[str, Any]]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._stream)

    def close(self) -> None:
        """See EventStream."""
        from sessiontui.dockerd.client import break_off

        break_off(self._stream)


def _texts(parameters: Parameters | None) -> dict[str, str]:
    """The parameters as they stand in a query."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in (parameters or {}).items()
    }


def _answer(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    if response.status >= 400:
        raise RefusedRequestError(response.status, _explanation(response.read()))
    return response


def _explanation(body: bytes) -> str:
    """What the engine says went wrong: ``{"message": …}``."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()


def _parsed(body: bytes) -> Json:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BrokenAnswerError("the engine's answer cannot be read") from error


def _in_our_words(error: Exception) -> Exception:
    """HTTP's own errors as broken answers; the rest as they are."""
    if isinstance(error, OSError | RefusedRequestError | BrokenAnswerError):
        return error
    return BrokenAnswerError(str(error) or "the engine's answer was cut off")
