"""The half of the Docker adapter that sees to images: found, pulled, built, imported."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from sessiontui.dockerd.errors import disk_full, disk_is_full, translated
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import FoundImage
from sessiontui.domain.errors import BuildFailed, EngineError, EngineUnreachable, ImageUnavailable
from sessiontui.domain.launch import Progress, Step
from sessiontui.engine import launcher_mark
from sessiontui.engine.labels import RECIPE_LABEL, STAGE_LABEL
from sessiontui.engine.link import Link
from sessiontui.engine.port import OURS, Build, Report
from sessiontui.engine.transfer import BuildProgress, PullProgress

CLEAN_UP_TRIES = 30
_NAMELESS = "<none>:<none>"
_DAY = 24 * 3600
_REGISTRY_SAID_NO = (
    "not found",
    "manifest unknown",
    "denied",
    "unauthorized",
    "does not exist",
    "invalid",
    "toomanyrequests",
    "no matching manifest",
)


class DockerImages:
    """Fills the image part of :class:`sessiontui.engine.port.Engine`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._stages: set[str] = set()
        """Of builds under way."""

    def has_image(self, image: str, fingerprint: str = "") -> bool:
        """See the port."""
        try:
            with translated(image):
                found = self._link.client.inspect_image(image)
        except ImageUnavailable:
            return False
        labels = (found.get("Config") or {}).get("Labels") or {}
        return not fingerprint or labels.get(RECIPE_LABEL) == fingerprint

    def images(self) -> frozenset[str]:
        """See the port."""
        with translated("listing images"):
            listed = self._link.client.images()
        tags = {tag for image in listed for tag in image.get("RepoTags") or ()}
        return frozenset(tags - {_NAMELESS})

    def found_images(self) -> tuple[FoundImage, ...]:
        """See the port."""
        with translated("listing images"):
            listed = self._link.reader.get("/images/json")
        return tuple(
            FoundImage(reference, image.get("Labels") or {}, image.get("Size"))
            for image in listed
            for reference in image.get("RepoTags") or ()
            if reference != _NAMELESS and not reference.removeprefix("localhost/").startswith(OURS)
        )

    def pull(self, image: str, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        import docker.auth

        from sessiontui.dockerd.client import json_stream

        name, tag = name_and_tag(image)
        registry, _ = docker.auth.resolve_repository_name(name)
        parameters = {"fromImage": name, "tag": tag}
        progress = PullProgress(time.monotonic)
        report(Progress(Step.PULLING, f"asking {registry} for {image}"))
        try:
            with translated(image):
                header = docker.auth.get_config_header(self._link.client, registry)
                messages = json_stream(
                    self._link.connection,
                    "/images/create",
                    parameters=parameters,
                    headers={"X-Registry-Auth": header.decode()} if header else {},
                    cancellation=cancellation,
                )
                for message in messages:
                    raise_stream_error(image, message)
                    if (step := progress.add(message)) is not None:
                        report(step)
        except EngineUnreachable:
            raise
        except (ImageUnavailable, EngineError) as error:
            raise _pull_error(image, error) from error

    def build(self, build: Build, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        from sessiontui.dockerd.client import json_stream

        stage = f"{launcher_mark.mark()}:{time.time_ns():x}"
        progress = BuildProgress()
        report(Progress(Step.BUILDING, build.image))
        parameters = {
            "t": build.image,
            "buildargs": json.dumps({**build.arguments, "STAGE": stage}),
            "labels": json.dumps({RECIPE_LABEL: build.fingerprint}),
            "rm": "1",
            "forcerm": "1",
        }
        self._stages.add(stage)
        try:
            with translated(build.image):
                messages = json_stream(
                    self._link.connection,
                    "/build",
                    parameters=parameters,
                    data=_tar(build.context),
                    headers={"Content-Type": "application/x-tar"},
                    cancellation=cancellation,
                )
                for message in messages:
                    raise_stream_error(build.image, message)
                    if (step := progress.add(message)) is not None:
                        report(step)
        except EngineUnreachable:
            raise
        except (ImageUnavailable, EngineError) as error:
            if type(error) in (EngineError, ImageUnavailable):
                output = "\n".join(progress.lines)
                if disk_is_full(output):
                    raise disk_full(build.image) from error
                raise BuildFailed(error.message, "its last output says why", output=output) from error
            raise
        else:
            # What the name meant before, unless a session still uses it.
            self._prune(RECIPE_LABEL)
        finally:
            self._remove_stages(stage)
            self._stages.discard(stage)

    def _remove_stages(self, mine: str) -> None:
        """Remove the stages that saw the host's certificates and index settings.

        Those of this build, and what is left of builds that were killed.
        """
        with suppress(EngineError), translated("removing build stages"):
            for _ in range(CLEAN_UP_TRIES):
                images = self._link.client.images(filters={"dangling": True, "label": [STAGE_LABEL]})
                stages = {str(image["Labels"][STAGE_LABEL]): int(image["Created"]) for image in images}
                for stage, created in stages.items():
                    if stage == mine or self._is_left(stage, created):
                        self._remove_stage(stage)
                if mine not in stages:
                    return
                # A build that was broken off holds its last step for a moment: looked at once more.
                time.sleep(0.3)

    def _remove_stage(self, stage: str) -> None:
        label = f"{STAGE_LABEL}={stage}"
        # An engine that died in a build keeps the container of the step.
        held = {"label": [label], "status": ["created", "exited"]}
        for container in self._link.client.containers(all=True, filters=held):
            with suppress(EngineError), translated("removing a build step"):
                self._link.client.remove_container(container["Id"], v=True)
        self._prune(label)

    def _is_left(self, stage: str, created: int) -> bool:
        """Whether its build has ended. Of one on another machine that is not known: it gets a day."""
        if stage.startswith(f"{launcher_mark.mark()}:"):
            return stage not in self._stages
        return launcher_mark.is_dead(stage) or time.time() - created > _DAY

    def _prune(self, label: str) -> None:
        """Remove what carries the label, has no name and is not in use."""
        with suppress(EngineError), translated("removing old images"):
            self._link.patiently(
                lambda client: client.prune_images(filters={"dangling": True, "label": [label]})
            )

    def import_image(self, archive: BinaryIO, image: str, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        from sessiontui.dockerd.client import json_stream

        name, tag = name_and_tag(image)
        try:
            with translated(image):
                for message in json_stream(
                    self._link.connection,
                    "/images/create",
                    parameters={"fromSrc": "-", "repo": name, "tag": tag},
                    data=archive,
                    headers={"Content-Type": "application/x-tar"},
                    cancellation=cancellation,
                ):
                    raise_stream_error(image, message)
        except EngineUnreachable:
            raise
        except EngineError as error:
            if type(error) is EngineError:
                raise BuildFailed(error.message, error.hint) from error
            raise


def name_and_tag(image: str) -> tuple[str, str]:
    """Repository and tag (or digest) of a reference; a colon before the last slash is a port's."""
    if "@" in image:
        name, _, digest = image.partition("@")
        return name, digest
    head, slash, last = image.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", tag or "latest"


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def raise_stream_error(subject: str, message: Mapping[str, Any]) -> None:
    """Raise what a message of the engine's stream says went wrong, if it says so."""
    if "error" in message:
        words = str(message["error"]).strip()
        if disk_is_full(words):
            raise disk_full(subject)
        raise EngineError(f"{subject}: {words}")


def _pull_error(image: str, error: EngineError) -> EngineError:
    if type(error) not in (EngineError, ImageUnavailable):
        return error
    words = error.message.removeprefix(f"{image}: ")
    if any(no in words.lower() for no in _REGISTRY_SAID_NO) and "no such host" not in words:
        return ImageUnavailable(
            f"the registry does not give {image}: {words}",
            "check the name; for a private image: docker login",
        )
    return ImageUnavailable(
        f"no registry answers for {image}: {words}",
        "check the network and its proxy settings, or load the image with: docker load",
        out_of_reach=True,
    )
