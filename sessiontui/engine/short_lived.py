"""Containers of ours that are there for a moment, and are part of no session.

Each bears a label of its kind and the mark of the process that made it. One that a killed process left is
known by them and by its name, and removed by the next that makes one. A label alone makes none: containers
have those of their images, whoever made these.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import EngineError, EngineUnreachable, ImageUnavailable, SessionGone
from sessiontui.engine import launcher_mark
from sessiontui.engine.gpu_payload import VISIBLE
from sessiontui.engine.labels import LAUNCHER_LABEL
from sessiontui.engine.link import Link

NO_GPUS = f"{VISIBLE}=void"
"""The variable that keeps NVIDIA's runtime from giving devices, as images else ask it to."""


class ShortLived:
    """Makes and removes those of one kind, from any thread. ``label`` is on each of them."""

    def __init__(self, link: Link, kind: str, label: str) -> None:
        self._link = link
        self._prefix = f"sessiontui-{kind}-"
        self._label = label
        self._lock = threading.Lock()
        self._mine: set[str] = set()
        """The names of those in use here."""

    def sweep(self) -> None:
        """Remove those that nobody uses any more."""
        for item in self._list([self._label]):
            if not self._used(item):
                self._remove(item["Id"])

    def _begin(self) -> str:
        """The name of a new one, in use from now on."""
        called = f"{self._prefix}{secrets.token_hex(6)}"
        with self._lock:
            self._mine.add(called)
        return called

    def _end(self, called: str) -> None:
        """It is not in use any more: what could not be removed is swept later."""
        with self._lock:
            self._mine.discard(called)

    def _create(
        self,
        called: str,
        name: str,
        images: Sequence[str],
        payload: Callable[[str], dict[str, Any]],
        failure: EngineError,
    ) -> str:
        """Its id, from the first of the images that does; ``name`` is the session's, for errors.

        Raises ``failure`` where there is no image at all.
        """
        for image in images:
            body = payload(image)
            try:
                with translated(name):
                    created = self._link.patiently(
                        lambda client, body=body: client.create_container_from_config(body, called)  # type: ignore[misc]
                    )
                return str(created["Id"])
            except EngineUnreachable:
                raise
            except ImageUnavailable:
                continue
            except EngineError as error:
                failure = error
        raise failure

    def _remove(self, container: str) -> None:
        try:
            with translated(container, gone=True):
                self._link.patiently(lambda client: client.remove_container(container, v=True, force=True))
        except SessionGone:
            return
        except EngineError as error:
            # Somebody else removes it at this moment.
            if "already in progress" not in error.message:
                raise

    def _used(self, item: Mapping[str, Any]) -> bool:
        launcher = str((item.get("Labels") or {}).get(LAUNCHER_LABEL, ""))
        if launcher == launcher_mark.mark():
            with self._lock:
                return any(str(one).lstrip("/") in self._mine for one in item.get("Names") or ())
        if launcher_mark.may_live(launcher):
            return True
        # One of another machine may be in use there, unless the engine was restarted with this one.
        return not launcher_mark.is_dead(launcher) and not self._stale(item)

    def _stale(self, item: Mapping[str, Any]) -> bool:
        age = time.time() - float(item.get("Created") or 0)
        return age > _LONGEST or (self._link.here and age > launcher_mark.seconds_since_boot())

    def _list(self, labels: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        with translated("listing containers"):
            found = self._link.reader.get("/containers/json", {"filters": {"label": labels}, "all": True})
        return [item for item in found if self._ours(item)]

    def _ours(self, item: Mapping[str, Any]) -> bool:
        """Whether it is one of this kind, by its label and its name."""
        if self._label not in (item.get("Labels") or {}):
            return False
        return any(str(one).lstrip("/").startswith(self._prefix) for one in item.get("Names") or ())


_LONGEST = 24 * 3600
"""Seconds after which one of another machine is in nobody's use."""
