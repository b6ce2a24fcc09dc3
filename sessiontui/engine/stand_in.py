"""A short-lived container that stands in for a session's own: its home read-only, and nothing else of it.

It belongs to no session (its labels say so), promises no resources, has no network and none of the
person's mounts. One that a killed process left is known by its label and removed by the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import EngineError, SessionGone
from sessiontui.domain.folder import HOME
from sessiontui.engine import launcher_mark
from sessiontui.engine.labels import ID_LABEL, LAUNCHER_LABEL, PREFIX, Labels
from sessiontui.engine.link import Link
from sessiontui.engine.payload import home_volume
from sessiontui.engine.short_lived import NO_GPUS, ShortLived

STAND_IN_LABEL = PREFIX + "stand-in"
"""On a stand-in: the id of the session whose home it has."""
PURPOSE_LABEL = PREFIX + "purpose"
COUNT, COPY = "count", "copy"
"""What a stand-in is for. A delete of the session ends a count, and is refused while there is a copy."""


_NEVER = ("true",)
"""The command of one that is not started: the engine reads its files without it."""


class StandIns(ShortLived):
    """Makes and removes them, from any thread."""

    def __init__(self, link: Link) -> None:
        super().__init__(link, "stand-in", STAND_IN_LABEL)

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
        missing = EngineError(
            f"no image on the engine can show the home of {name}", "pull any small image, such as busybox"
        )
        called = self._begin()
        try:
            container_id = self._create(
                called, name, images, lambda image: _payload(session_id, image, purpose, command), missing
            )
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
            self._end(called)

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


def _payload(session_id: str, image: str, purpose: str, command: Sequence[str]) -> dict[str, Any]:
    return {
        "Image": image,
        "User": "0:0",
        "WorkingDir": "/",
        "Entrypoint": list(command),
        "Cmd": [],
        "Env": [NO_GPUS],
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
