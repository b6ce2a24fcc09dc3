"""Launches sessions: checks what a person chose, sees to the image, and has the engine start it."""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sessiontui.actions import devices, mounting
from sessiontui.actions.environments import environments, named
from sessiontui.actions.observe import capacity
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import OTHER, Environment, Version
from sessiontui.domain.errors import DevicesTaken, ImageUnavailable, Problem, Refused, StartFailed, Unknown
from sessiontui.domain.gpu_words import numbers
from sessiontui.domain.launch import Draft, Order, Progress, Step, check, suggest_name
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Session
from sessiontui.engine.port import Build, Report

_SWAPPED = "look who changes what is there (ls -la), and launch again"


def distribution_base(distribution: str) -> str:
    """Name of the base image made from a distribution's own packages, which says that it is."""
    return f"sessiontui/base:{distribution}-from-packages"


def is_prepared(ports: Ports, environment: Environment, version: Version) -> bool:
    """Whether a launch of it starts at once: its image is on the engine, as its recipe is now."""
    fingerprint = ports.catalogue.fingerprint(environment) if environment.recipe else ""
    return ports.engine.has_image(version.image, fingerprint)


def preferred_version(ports: Ports, environment: Environment) -> Version:
    """The version to take when the person names none: the default, unless another takes less time.

    A version comes before the default where its image is here, or the base that was made of the
    distribution's packages, and neither the default's image nor its base is.
    """
    default = environment.version(environment.default) or environment.versions[0]
    if is_prepared(ports, environment, default) or ports.engine.has_image(default.base or default.image):
        return default
    for version in environment.versions:
        if is_prepared(ports, environment, version):
            return version
    for version in environment.versions:
        if any(ports.engine.has_image(distribution_base(one)) for one in version.distributions):
            return version
    return default


def ready_images(ports: Ports) -> frozenset[str]:
    """The images a launch starts from at once: those on the engine, but those of an older recipe."""
    images = ports.engine.images()
    outdated = {
        version.image
        for environment in ports.catalogue.environments()
        if environment.recipe
        for version in environment.versions
        if version.image in images and not is_prepared(ports, environment, version)
    }
    return images - outdated


class Launcher:
    """Launches for one owner. One image is prepared once, however many launches wait for it."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._images: dict[str, threading.Lock] = {}
        self._images_lock = threading.Lock()
        self._chosen: dict[str, mounting.Held] = {}
        """By the id of an order, the directories that its mounts meant when it was checked."""

    def suggest_name(self, names_in_preparation: Iterable[str] = ()) -> str:
        """A name no session of the owner has."""
        mine = {
            session.name
            for session in self._ports.engine.glance()
            if session.owner.uid == self._ports.owner.uid
        }
        return suggest_name(mine | set(names_in_preparation), random.SystemRandom().choice)

    def capacity(self) -> Capacity:
        """What can be asked for now."""
        return capacity(self._ports)

    def order(
        self, draft: Draft, names_in_preparation: Iterable[str] = (), *, misread: Sequence[Problem] = ()
    ) -> Order:
        """The checked order for a draft. Raises Refused with all problems.

        ``misread`` are those of what could not even be read into the draft.
        """
        ports = self._ports
        known = environments(ports, hidden=True)
        chosen = named(known, draft.environment, ports.owner.uid)
        if chosen is not None:
            version = draft.version or preferred_version(ports, chosen).name
            draft = replace(draft, environment=chosen.name, version=version)
        try:
            order = self._check(draft, known, names_in_preparation)
        except Refused as refusal:
            raise Refused((*refusal.problems, *misread)) from None
        if misread:
            raise Refused(misread)
        order = mounting.without_dead(ports, order)
        self._chosen[order.id] = mounting.identities(ports, order.mounts)
        return order

    def _check(
        self, draft: Draft, known: Sequence[Environment], names_in_preparation: Iterable[str]
    ) -> Order:
        ports = self._ports
        return check(
            draft,
            session_id=secrets.token_hex(6),
            owner=ports.owner,
            environments=known,
            other_apps=ports.catalogue.other_apps(),
            folders=ports.storage.folders(),
            capacity=self.capacity(),
            sessions=ports.engine.glance(),
            names_in_preparation=names_in_preparation,
            gpu_memory_used=devices.memory_used(ports) if draft.gpu_shared else {},
        )

    def launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        """Prepare the image and launch.

        Where others were quicker to get its devices, others that fit are taken: the session tells which.

        Raises what :meth:`Engine.launch` and the preparing raise, and Refused and StartFailed where a
        folder is not there any more, or was exchanged since the order was checked.
        """
        chosen = self._chosen.pop(order.id, {})
        self.prepare(order.environment, order.version, order.image, report, cancellation)
        cancellation.check()
        order = mounting.without_dead(self._ports, order)
        for _ in range(devices.TRIES):
            try:
                return self._launch(order, chosen, report, cancellation)
            except DevicesTaken as error:
                taken = error
            order = devices.with_others(self._ports, order, taken, cancellation)
            report(Progress(Step.CREATING, f"{taken.message}: with GPU {numbers(order.gpus)} instead"))
        raise taken

    def _launch(
        self, order: Order, chosen: mounting.Held, report: Report, cancellation: Cancellation
    ) -> Session:
        ports = self._ports
        held = mounting.identities(ports, order.mounts)
        mounting.ensure_unchanged(order.mounts, chosen, held)
        try:
            session = ports.engine.launch(order, report, cancellation)
        except DevicesTaken:
            raise
        except StartFailed as error:
            if (left := mounting.without_refused(order, error)) is not None:
                return self._launch(left, chosen, report, cancellation)
            raise mounting.explained(error, order.mounts, held) from error
        mounting.ensure_mounted(
            ports,
            session,
            held,
            take_back=ports.engine.delete,
            taken_back="it was removed again",
            hint=_SWAPPED,
        )
        return session

    def prepare(
        self, environment: str, version: str, image: str, report: Report, cancellation: Cancellation
    ) -> None:
        """See to it that the image is on the engine: pulled, or built from its recipe."""
        with self._images_lock:
            lock = self._images.setdefault(image, threading.Lock())
        report(Progress(Step.PENDING))
        while not lock.acquire(timeout=0.2):
            cancellation.check()
            report(Progress(Step.PENDING, "waiting for another launch that prepares the same image"))
        try:
            chosen = None if environment == OTHER else self._find(environment, version, image)
            if chosen is None or not chosen[0].recipe:
                if not self._ports.engine.has_image(image):
                    self._ports.engine.pull(image, report, cancellation)
                return
            self._build(*chosen, report, cancellation)
        finally:
            lock.release()

    def _find(self, environment: str, version: str, image: str) -> tuple[Environment, Version] | None:
        """Where the catalogue describes it; None for an image on the engine that describes itself."""
        for one in self._ports.catalogue.environments():
            if one.name == environment and (found := one.version(version)) is not None:
                return one, found
        if self._ports.engine.has_image(image):
            return None
        raise Unknown(
            f"environment {environment}:{version} is not there any more",
            "its image was deleted, or its description taken away: choose another",
        )

    def _build(
        self, environment: Environment, version: Version, report: Report, cancellation: Cancellation
    ) -> None:
        ports = self._ports
        if is_prepared(ports, environment, version):
            return
        settings = ports.host.build_settings()
        base = self._base(version, report, cancellation)
        context = dict(ports.catalogue.recipe(environment))
        context["build/ca-certificates.crt"] = settings.certificates
        context["build/pip.conf"] = settings.pip.encode()
        fingerprint = ports.catalogue.fingerprint(environment)
        build = Build(version.image, context, {"BASE": base, **settings.proxies}, fingerprint)
        ports.engine.build(build, report, cancellation)

    def _base(self, version: Version, report: Report, cancellation: Cancellation) -> str:
        """What to build on: the version's base, or one made from the distribution's packages."""
        engine, host = self._ports.engine, self._ports.host
        if engine.has_image(version.base):
            return version.base
        possible = [one for one in version.distributions if one in host.distributions()]
        # One that is here already serves everybody, also those who could not make it.
        ready = next((one for one in version.distributions if engine.has_image(distribution_base(one))), None)
        if ready is not None:
            return distribution_base(ready)
        try:
            engine.pull(version.base, report, cancellation)
        except ImageUnavailable as error:
            if not error.out_of_reach:
                raise
            if not possible:
                raise ImageUnavailable(error.message, self._without_registry(), out_of_reach=True) from error
        else:
            return version.base
        name = distribution_base(possible[0])
        text = f"{possible[0]} from its own packages: no registry answers"
        report(Progress(Step.BUILDING, text))

        def say(line: str) -> None:
            report(Progress(Step.BUILDING, f"{text} · {line}"))

        with host.bootstrap(possible[0], say, cancellation) as archive:
            engine.import_image(archive, name, report, cancellation)
        return name

    def _without_registry(self) -> str:
        engine, here = self._ports.engine, set(self._ports.host.distributions())
        able = [
            f"{environment.name}:{version.name}"
            for environment in self._ports.catalogue.environments()
            for version in environment.versions
            if here & set(version.distributions)
            or is_prepared(self._ports, environment, version)
            or any(engine.has_image(distribution_base(one)) for one in version.distributions)
        ]
        if not able:
            return (
                "connect to a registry, load the image with docker load, "
                "or have an administrator run: sessiontui setup"
            )
        return f"without a registry this machine can give: {', '.join(able)}"


def refused_fields(error: Refused) -> dict[str, str]:
    """The problems of a refusal by field, several of one field joined."""
    fields: dict[str, str] = {}
    for problem in error.problems:
        fields[problem.field] = "; ".join(filter(None, (fields.get(problem.field), problem.message)))
    return fields
