"""A short-lived container that stands in for a session's own: its home read-only, and nothing else of it.

It belongs to no session (its labels say so), promises no resources, has no network and none of the
person's mounts. One that a killed process left is known by its label and removed by the next.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import EngineError, EngineUnreachable, ImageUnavailable, SessionGone
from sessiontui.domain.folder import HOME
from sessiontui.engine import launcher_mark
from sessiontui.engine.labels import ID_LABEL, LAUNCHER_LABEL, PREFIX, Labels
from sessiontui.engine.link import Link
from sessiontui.engine.payload import home_volume

STAND_IN_LABEL = PREFIX + "stand-in"
"""On a stand-in: the id of the session whose home it has."""
PURPOSE_LABEL = PREFIX + "purpose"
COUNT, COPY = "count", "copy"
"""What a stand-in is for. A delete of the session ends a count, and is refused while there is a copy."""


_NEVER = ("true",)
"""The command of one that is not started: the engine reads its files without it."""


class StandIns:
    """Makes and removes them, from any thread."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._mine: set[str] = set()
        """The names of those in use here."""

    @contextmanager
    def of(
        self,
        session_id: str,
        name: str,
        images: Sequence[str],
        purpose: str,
        command: Sequence[str] = ("true",),
    ) -> Iterator[str]:
        """A created container, by its id, from the first of the images that does; gone afterwards.

        ``name`` is the session's, for errors. Raises SessionGone where the home is gone.
        """
        volume = home_volume(session_id)
        with translated(name, gone=True):
            self._link.reader.get(f"/volumes/{volume}")
        called = f"sessiontui-stand-in-{secrets.token_hex(6)}"
        with self._lock:
            self._mine.add(called)
        try:
            container_id = self._create(called, session_id, name, images, purpose, command)
            # Of a home that was removed this moment, the engine has made a new and empty one.
            with translated(name, gone=True):
                labels = Labels(self._link.reader.get(f"/volumes/{volume}").get("Labels"))
            if labels.id != session_id:
                self._remove(called)
                with translated(name, gone=True):
                    self._link.client.remove_volume(volume)
                raise SessionGone(f"{name} is gone", "it was deleted meanwhile")
            yield container_id
        finally:
            # What cannot be removed now is swept later.
            with suppress(EngineError):
                self._remove(called)
            with self._lock:
                self._mine.discard(called)

    def sweep(self) -> None:
        """Remove those that nobody uses any more."""
        for item in self._list([STAND_IN_LABEL]):
            if not self._used(item):
                with suppress(SessionGone):
                    self._remove(item["Id"])

    def release(self, session_id: str, name: str) -> None:
        """Take away what keeps the session's home from being removed. Raises EngineError during a copy."""
        for item in self._list([f"{STAND_IN_LABEL}={session_id}"]):
            if (item.get("Labels") or {}).get(PURPOSE_LABEL) == COPY and self._used(item):
                raise EngineError(
                    f"{name} is being saved to a folder, perhaps by another dashboard",
                    "wait for the end of that",
                )
            with suppress(SessionGone):
                self._remove(item["Id"])

    def _create(
        self,
        called: str,
        session_id: str,
        name: str,
        images: Sequence[str],
        purpose: str,
        command: Sequence[str],
    ) -> str:
        failure: EngineError = EngineError(
            f"no image on the engine can show the home of {name}", "pull any small image, such as busybox"
        )
        for image in images:
            payload = _payload(session_id, image, purpose, command)
            try:
                with translated(name):
                    created = self._link.patiently(
                        lambda client, payload=payload: client.create_container_from_config(payload, called)  # type: ignore[misc]
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
        with suppress(SessionGone), translated(container, gone=True):
            self._link.patiently(lambda client: client.remove_container(container, v=True, force=True))

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
        return found if isinstance(found, list) else []


_LONGEST = 24 * 3600
"""Seconds after which one of another machine is in nobody's use."""


def _payload(session_id: str, image: str, purpose: str, command: Sequence[str]) -> dict[str, Any]:
    return {
        "Image": image,
        "User": "0:0",
        "WorkingDir": "/",
        "Entrypoint": list(command),
        "Cmd": [],
        "Labels": {
            STAND_IN_LABEL: session_id,
            PURPOSE_LABEL: purpose,
            LAUNCHER_LABEL: launcher_mark.mark(),
            # An image made of a session passes that session's id on.
            ID_LABEL: "",
        },
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "NetworkMode": "none",
            "CapDrop": ["ALL"],
            "CapAdd": ["DAC_OVERRIDE"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 128,
            "LogConfig": {"Type": "json-file"},
            "Mounts": [
                {
                    "Type": "volume",
                    "Source": home_volume(session_id),
                    "Target": HOME,
                    "ReadOnly": True,
                    # What the image has there is not copied into an empty home.
                    "VolumeOptions": {"NoCopy": True},
                }
            ],
        },
    }
