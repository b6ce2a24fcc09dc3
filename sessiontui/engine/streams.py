"""What goes on until its end or until somebody closes it: a session's log, the engine's events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import EngineUnreachable
from sessiontui.engine.inspected import Inspected
from sessiontui.engine.labels import Labels
from sessiontui.engine.link import Link
from sessiontui.engine.payload import session_of_home
from sessiontui.engine.port import ANYTHING, Change

if TYPE_CHECKING:
    from docker.types import CancellableStream

    from sessiontui.dockerd.reading import EventStream

_GONE = ("destroy", "remove")
"""What Docker and Podman call the end of a container or volume."""
_EVENTS = ["create", "start", "die", *_GONE, "rename", "update", "pause", "unpause", "oom"]
EVENT_FILTERS = {"type": ["container", "volume"], "event": _EVENTS}
"""What is asked of ``GET /events``: not the commands run in containers, of which there may be very many."""
_EXIT_CODE = re.compile(r"[0-9]{1,3}")


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
        from sessiontui.dockerd.client import break_off

        self._closed = True
        break_off(self._stream)


class DockerEvents:
    """Changes of containers and homes. An end that nobody asked for is a lost engine."""

    def __init__(self, stream: EventStream, link: Link, inspected: Inspected) -> None:
        """``inspected`` is told of each change before its word comes."""
        self._stream = stream
        self._link = link
        self._inspected = inspected
        self._closed = False

    def __iter__(self) -> Iterator[Change]:
        with self._inspected.followed(), translated("listening to the engine"):
            yield ANYTHING
            for event in self._stream:
                change = change_of(event)
                if change.container_id:
                    self._inspected.changed(change.container_id)
                if change != ANYTHING:
                    yield change
        if not self._closed:
            # Perhaps to come back as another version: the next call connects anew.
            self._link.drop()
            raise EngineUnreachable("the engine closed the connection", "it may be restarting")

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        self._stream.close()


def change_of(event: Mapping[str, Any]) -> Change:
    """The change an event of ``GET /events`` tells of; ANYTHING for one that is about nothing of interest."""
    actor = event.get("Actor") or {}
    subject, said = str(actor.get("ID") or ""), actor.get("Attributes") or {}
    gone = event.get("Action") in _GONE
    if event.get("Type") == "volume":
        # A home that was made is followed by its container.
        session_id = session_of_home(subject) if gone else ""
        return Change("", session_id, gone=True) if session_id else ANYTHING
    labels = Labels(said)
    # A label of this name comes in place of the engine's own word.
    code = _EXIT_CODE.fullmatch(str(said.get("exitCode"))) if event.get("Action") == "die" else None
    return Change(subject, labels.id if labels.ours else "", int(code[0]) if code else None, gone)
