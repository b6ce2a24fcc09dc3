"""The half of the Docker adapter that sees to images: found, pulled, built, imported."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO

import docker.auth

from sessiontui.dockerd import disk_full, disk_is_full, json_stream, translated
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import BuildFailed, EngineError, EngineUnreachable, ImageUnavailable
from sessiontui.domain.launch import Progress, Step
from sessiontui.engine.labels import RECIPE_LABEL, STAGE_LABEL
from sessiontui.engine.link import Link
from sessiontui.engine.port import Build, Report
from sessiontui.engine.transfer import BuildProgress, PullProgress

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
        return frozenset(tag for image in listed for tag in image.get("RepoTags") or ())

    def pull(self, image: str, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        name, tag = _name_and_tag(image)
        registry, _ = docker.auth.resolve_repository_name(name)
        parameters = {"fromImage": name, **({"tag": tag} if tag else {})}
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
                    _raise_stream_error(image, message)
                    if (step := progress.add(message)) is not None:
                        report(step)
        except EngineUnreachable:
            raise
        except (ImageUnavailable, EngineError) as error:
            raise _pull_error(image, error) from error

    def build(self, build: Build, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        stage = f"{time.time_ns():x}"
        progress = BuildProgress()
        report(Progress(Step.BUILDING, build.image))
        parameters = {
            "t": build.image,
            "buildargs": json.dumps({**build.arguments, "STAGE": stage}),
            "labels": json.dumps({RECIPE_LABEL: build.fingerprint}),
            "rm": "1",
            "forcerm": "1",
        }
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
                    _raise_stream_error(build.image, message)
                    if (step := progress.add(message)) is not None:
                        report(step)
        except EngineUnreachable:
            raise
        except (ImageUnavailable, EngineError) as error:
            if type(error) in (EngineError, ImageUnavailable):
                raise BuildFailed(
                    error.message, "its last output says why", output="\n".join(progress.lines)
                ) from error
            raise
        finally:
            # The stages that saw the host's certificates and index settings, of this build only.
            with suppress(EngineError), translated("removing build stages"):
                self._link.client.prune_images(
                    filters={"dangling": True, "label": [f"{STAGE_LABEL}={stage}"]}
                )

    def import_image(self, archive: BinaryIO, image: str, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        name, tag = _name_and_tag(image)
        try:
            with translated(image):
                for message in json_stream(
                    self._link.connection,
                    "/images/create",
                    parameters={"fromSrc": "-", "repo": name, "tag": tag or "latest"},
                    data=archive,
                    headers={"Content-Type": "application/x-tar"},
                    cancellation=cancellation,
                ):
                    _raise_stream_error(image, message)
        except EngineUnreachable:
            raise
        except EngineError as error:
            if type(error) is EngineError:
                raise BuildFailed(error.message, error.hint) from error
            raise


def _name_and_tag(image: str) -> tuple[str, str]:
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


def _raise_stream_error(subject: str, message: Mapping[str, Any]) -> None:
    if "error" in message:
        words = str(message["error"]).strip()
        if disk_is_full(words):
            raise disk_full(subject)
        raise EngineError(f"{subject}: {words}")


def _pull_error(image: str, error: EngineError) -> EngineError:
    if type(error) not in (EngineError, ImageUnavailable):
        return error
    if any(words in error.message.lower() for words in _REGISTRY_SAID_NO) and (
        "no such host" not in error.message
    ):
        return ImageUnavailable(
            f"the registry does not give {image}: {error.message}",
            "check the name; for a private image: docker login",
        )
    return ImageUnavailable(
        f"no registry answers for {image}: {error.message}",
        "check the network and its proxy settings, or load the image with: docker load",
        out_of_reach=True,
    )
