"""The details of containers, each asked for once as long as the engine's events tell what changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import EngineDenied, EngineError, EngineUnreachable, SessionGone
from sessiontui.engine.link import Link


class Inspected:
    """Answers of ``GET /containers/ID/json``. While nobody follows the events nothing is kept."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {}
        self._followers = 0
        self._asked: dict[str, object] = {}
        """The newest question about a container whose answer is on its way, and overtaken by no event."""

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
        question = object()
        with self._lock:
            self._asked[container_id] = question
        try:
            with translated(container_id, gone=True):
                details: dict[str, Any] = self._link.reader.get(f"/containers/{container_id}/json")
        except SessionGone:
            return None
        else:
            with self._lock:
                if self._followers and self._asked.get(container_id) is question:
                    self._kept[container_id] = details
            return details
        finally:
            with self._lock:
                if self._asked.get(container_id) is question:
                    del self._asked[container_id]

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Inside, whoever follows the events says what changed."""
        with self._lock:
            self._followers += 1
            # What was asked before may be older than the first event.
            self._asked.clear()
        try:
            yield
        finally:
            with self._lock:
                self._followers -= 1
                self._kept.clear()
                self._asked.clear()

    def changed(self, container_id: str) -> None:
        """Something happened to a container."""
        with self._lock:
            self._kept.pop(container_id, None)
            self._asked.pop(container_id, None)


class Round:
    """One look at many containers, of which one that the engine cannot tell of is not the end."""

    def __init__(self, inspected: Inspected) -> None:
        self._inspected = inspected
        self._silent = False

    def of(
        self, item: Mapping[str, Any], otherwise: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any] | None:
        """As of ``Inspected``; ``otherwise`` where the engine does not tell them.

        Raises EngineDenied; EngineUnreachable for the second in a row that gets no answer: then it is
        the engine that does not answer.
        """
        try:
            details = self._inspected.of(item)
        except EngineDenied:
            raise
        except EngineUnreachable:
            if self._silent:
                raise
            self._silent = True
            return otherwise
        except EngineError:
            self._silent = False
            return otherwise
        self._silent = False
        return details
