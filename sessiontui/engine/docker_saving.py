"""The part of the Docker adapter that makes images of sessions, and removes images.

An image is saved in two steps. The engine's commit makes one of the container, which takes over the
container's own settings: our start script, and variables and labels that are the session's. So the
result is only a step on the way, under a name that says whose it is while it lasts; its layers get a
second image with the settings of the image that the session was launched from. That one is loaded from
an archive which names the layers and does not hold them: the engine has them.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineError, EngineUnreachable, ImageInUse, ImageUnavailable, SessionGone
from sessiontui.domain.saved import SAVED_LABEL
from sessiontui.domain.session import Session
from sessiontui.engine import launcher_mark
from sessiontui.engine.docker_images import name_and_tag, raise_stream_error
from sessiontui.engine.labels import PREFIX, RECIPE_LABEL
from sessiontui.engine.link import Link
from sessiontui.engine.payload import SESSION_DIRECTORY
from sessiontui.engine.port import OURS

SAVING = OURS + "saving"
"""Repository of the images that are on the way; nobody is offered them."""
SAVING_LABEL = PREFIX + "saving"
"""On such an image: the process that makes it."""
_DAY = 24 * 3600
_USED = ("image is being used", "using its referenced image", "image is in use", "in use by a container")
"""What Docker and Podman say of an image that a container was made of."""


class DockerSaving:
    """Fills the part of :class:`sessiontui.engine.port.Engine` about images of sessions."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._savings: set[str] = set()
        """The images on the way that this process makes."""

    def image_sizes(self) -> Mapping[str, int]:
        """See the port."""
        with translated("listing images"):
            listed = self._link.reader.get("/images/json")
        if any(SAVING_LABEL in (one.get("Labels") or {}) for one in listed):
            # Whoever saved may have been killed in the middle.
            self._remove_left()
        return {name: int(one.get("Size") or 0) for one in listed for name in one.get("RepoTags") or ()}

    def remove_image(self, image: str) -> None:
        """See the port."""
        try:
            with translated(image):
                self._link.patiently(lambda client: client.remove_image(image))
        except ImageUnavailable as error:
            raise ImageUnavailable(f"{image} is not on the engine", "it was removed meanwhile") from error
        except EngineError as error:
            if any(words in error.message for words in _USED):
                raise ImageInUse(
                    f"{image} is in use by a container", f"see which: docker ps -a --filter ancestor={image}"
                ) from error
            raise

    def layer_size(self, session: Session) -> int | None:
        """See the port."""
        if session.container_id is None:
            return None
        path = f"/containers/{session.container_id}/json"
        with translated(session.name, gone=True):
            # The engine walks through all that was changed.
            size = self._link.reader.get(path, {"size": True}).get("SizeRw")
        return int(size) if size is not None else None

    def save_image(self, session: Session, image: str, label: str) -> None:
        """See the port."""
        self._remove_left()
        container, made_from = self._looked_at(session)
        step = f"{SAVING}:{secrets.token_hex(6)}"
        self._savings.add(step)
        try:
            settings = _settings(container, made_from, label)
            with translated(session.name, gone=True):
                _, tag = name_and_tag(step)
                mark = {SAVING_LABEL: f"{launcher_mark.mark()}:{int(time.time())}"}
                conf = {**settings, "Labels": {**settings["Labels"], **mark}}
                self._link.patiently(lambda client: client.commit(container["Id"], SAVING, tag, conf=conf))
                made = self._link.client.inspect_image(step)
            before = self._id_of(image)
            self._name(
                image, step, made, {**(made_from["Config"] or {}), "Labels": _labels(made_from, label)}
            )
            if before:
                # What the name meant until now would stay without one, unless a session uses it.
                # Asked to remove one by its id, an engine takes the last name of somebody else's with it.
                with suppress(EngineError), translated(image):
                    if not self._link.client.inspect_image(before).get("RepoTags"):
                        self._link.patiently(lambda client: client.remove_image(before))
        finally:
            # An engine that does not answer keeps it; the next save removes it.
            with suppress(EngineError), translated("removing a step"):
                self._link.patiently(lambda client: client.remove_image(step))
            self._savings.discard(step)

    def _id_of(self, image: str) -> str:
        """The id of what the name means now; empty: nothing."""
        try:
            with translated(image):
                return str(self._link.client.inspect_image(image)["Id"])
        except ImageUnavailable:
            return ""

    def _looked_at(self, session: Session) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What the engine says of the container and of the image that it was made of."""
        if session.container_id is None:
            raise SessionGone(
                f"only the home of {session.name} is left", "there is nothing to make an image of"
            )
        with translated(session.name, gone=True):
            container = self._link.reader.get(f"/containers/{session.container_id}/json")
        mounted = {mount.get("Destination") for mount in container.get("Mounts") or ()}
        if SESSION_DIRECTORY not in mounted:
            raise EngineError(
                f"{session.name} was made by an older sessiontui, and its keys would be in the image",
                "launch a new session and save that",
            )
        try:
            with translated(session.image):
                return container, self._link.client.inspect_image(container["Image"])
        except ImageUnavailable as error:
            raise ImageUnavailable(
                f"the image {session.image} of {session.name} is no longer on the engine",
                "pull or build it again, then save",
            ) from error

    def _name(self, image: str, step: str, made: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Make the image of the step's layers and of those settings."""
        from sessiontui.dockerd.client import json_stream

        try:
            with translated(image):
                for message in json_stream(
                    self._link.connection,
                    "/images/load",
                    parameters={"quiet": "1"},
                    data=_archive(image, made, config),
                    headers={"Content-Type": "application/x-tar"},
                    cancellation=Cancellation(),
                ):
                    raise_stream_error(image, message)
                return
        except EngineUnreachable:
            raise
        except EngineError as error:
            if type(error) is not EngineError:
                raise
        # Podman, and Docker with containerd's image store, want the layers in the archive. What was
        # committed does as well, with variables of the session left over that are empty.
        repository, tag = name_and_tag(image)
        with translated(image):
            self._link.client.tag(step, repository, tag)

    def _remove_left(self) -> None:
        """Remove what was on the way when its process was killed; of one elsewhere, after a day."""
        with suppress(EngineError), translated("removing what is left of saves"):
            for one in self._link.reader.get("/images/json", {"filters": {"label": [SAVING_LABEL]}}):
                process, _, began = str((one.get("Labels") or {}).get(SAVING_LABEL)).rpartition(":")
                for name in one.get("RepoTags") or ():
                    mine = process == launcher_mark.mark()
                    old = began.isdecimal() and time.time() - int(began) > _DAY
                    dead = name not in self._savings if mine else launcher_mark.is_dead(process)
                    if name.removeprefix("localhost/").startswith(SAVING + ":") and (dead or old):
                        with suppress(EngineError), translated(name):
                            self._link.client.remove_image(name)


def _labels(made_from: Mapping[str, Any], label: str) -> dict[str, str]:
    labels = dict((made_from["Config"] or {}).get("Labels") or {})
    labels.pop(RECIPE_LABEL, None)
    return {**labels, SAVED_LABEL: label}


def _settings(container: Mapping[str, Any], made_from: Mapping[str, Any], label: str) -> dict[str, Any]:
    """What is asked of the commit: a setting of the container cannot be taken away, only set anew.

    Variables and labels of the session, which may hold what nobody else should see, become empty.
    """
    own, image = container["Config"], made_from["Config"] or {}
    before = dict(one.partition("=")[::2] for one in image.get("Env") or ())
    names = [one.partition("=")[0] for one in own.get("Env") or ()]
    ours = {name: "" for name in own.get("Labels") or {} if name.startswith(PREFIX)}
    return {
        "Env": [f"{name}={before.get(name, '')}" for name in dict.fromkeys((*before, *names))],
        "Labels": {**ours, **_labels(made_from, label)},
        "Entrypoint": image.get("Entrypoint") or [],
        "Cmd": image.get("Cmd") or [],
        "User": image.get("User") or "0",
        "WorkingDir": image.get("WorkingDir") or "/",
    }


def _archive(image: str, made: Mapping[str, Any], config: Mapping[str, Any]) -> bytes:
    """What ``docker load`` takes (OCI image configuration, ``manifest.json``), without the layers."""
    layers = list(made["RootFS"]["Layers"])
    described = {
        "architecture": made["Architecture"],
        "os": made["Os"],
        "created": made["Created"],
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": layers},
        "history": [],
    }
    if made.get("Variant"):
        described["variant"] = made["Variant"]
    content = json.dumps(described).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    manifest = [
        {"Config": name, "RepoTags": [image], "Layers": [f"{one.partition(':')[2]}.tar" for one in layers]}
    ]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, data in ((name, content), ("manifest.json", json.dumps(manifest).encode())):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
