"""The details of containers, each asked for once as long as the engine's events tell what changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sessiontui.dockerd import translated
from sessiontui.domain.errors import SessionGone
from sessiontui.engine.link import Link


class Inspected:
    """Answers of ``GET /containers/ID/json``. While nobody follows the events nothing is kept."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {}
        self._followers = 0
        self._changes = 0

    def of(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """The details of a container of ``GET /containers/json``; None when it is gone by now."""
        container_id = item["Id"]
        with self._lock:
            known = self._kept.get(container_id)
            changes = self._changes
        if known is not None and known["State"]["Status"] == item.get("State"):
            return known
        try:
            with translated(container_id, gone=True):
                details: dict[str, Any] = self._link.client.inspect_container(container_id)
        except SessionGone:
            return None
        with self._lock:
            # An event in between may have been about what was just seen.
            if self._followers and changes == self._changes:
                self._kept[container_id] = details
        return details

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Inside, whoever follows the events says what changed."""
        with self._lock:
            self._followers += 1
        try:
            yield
        finally:
            with self._lock:
                self._followers -= 1
                self._kept.clear()
                self._changes += 1

    def changed(self, container_id: str) -> None:
        """Something happened to a container."""
        with self._lock:
            self._kept.pop(container_id, None)
            self._changes += 1
