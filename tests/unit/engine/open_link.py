"""A connection to an engine that answers as a test wants."""

from __future__ import annotations

from sessiontui.dockerd.addresses import Address
from sessiontui.dockerd.reading import Reader
from sessiontui.engine.link import Link


class OpenLink(Link):
    """A connection that is open already."""

    def __init__(self, reader: Reader) -> None:
        super().__init__({})
        self._address = Address("unix:///nowhere/docker.sock", "DOCKER_HOST")
        self._reader = reader
