"""What goes on until its end or until somebody closes it: a session's log, the engine's events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docker.types import CancellableStream

from sessiontui.dockerd import break_off, translated
from sessiontui.domain.errors import EngineUnreachable
from sessiontui.engine.inspected import Inspected
from sessiontui.engine.link import Link


class DockerLog:
    """Chunks of a log. The SDK ends it alike when the log ends and when the engine does: asked then."""

    def __init__(self, stream: CancellableStream[bytes], link: Link) -> None:
        self._stream = stream
        self._link = link
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        with translated("reading the log"):
            yield from self._stream
            if not self._closed:
                self._link.client.ping()

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        break_off(self._stream)


class DockerEvents:
    """Changes of containers. An end that nobody asked for is a lost engine."""

    def __init__(self, stream: CancellableStream[dict[str, Any]], link: Link, inspected: Inspected) -> None:
        """``inspected`` is told of each change before its word comes."""
        self._stream = stream
        self._link = link
        self._inspected = inspected
        self._closed = False

    def __iter__(self) -> Iterator[str]:
        with self._inspected.followed(), translated("listening to the engine"):
            yield "subscribed"
            for event in self._stream:
                self._inspected.changed(str((event.get("Actor") or {}).get("ID", "")))
                yield str(event.get("Action", ""))
        if not self._closed:
            # Perhaps to come back as another version: the next call connects anew.
            self._link.drop()
            raise EngineUnreachable("the engine closed the connection", "it may be restarting")

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        break_off(self._stream)
