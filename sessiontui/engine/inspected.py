"""The details of containers, each asked for once as long as the engine's events tell what changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import SessionGone
from sessiontui.engine.link import Link


class Inspected:
    """Answers of ``GET /containers/ID/json``. While nobody follows the events nothing is kept."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {}
        self._followers = 0
        self._changes: dict[str, int] = {}
        self._ends = 0

    def known(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """The details of a container of ``GET /containers/json`` if they were asked for before."""
        with self._lock:
            known = self._kept.get(item["Id"])
        return known if known is not None and known["State"]["Status"] == item.get("State") else None

    def of(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """The details of a container of ``GET /containers/json``; None when it is gone by now."""
        return self.known(item) or self.asked(item["Id"])

    def asked(self, container_id: str) -> dict[str, Any] | None:
        """The details of a container as they are now; None when it is gone."""
        with self._lock:
            before = (self._ends, self._changes.get(container_id))
        try:
            with translated(container_id, gone=True):
                details: dict[str, Any] = self._link.reader.get(f"/containers/{container_id}/json")
        except SessionGone:
            return None
        with self._lock:
            # An event in between may have been about what was just seen.
            if self._followers and before == (self._ends, self._changes.get(container_id)):
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
                self._changes.clear()
                self._ends += 1

    def changed(self, container_id: str, *, gone: bool = False) -> None:
        """Something happened to a container; one that is gone for good is forgotten."""
        with self._lock:
            self._kept.pop(container_id, None)
            if gone:
                self._changes.pop(container_id, None)
            else:
                self._changes[container_id] = self._changes.get(container_id, 0) + 1
