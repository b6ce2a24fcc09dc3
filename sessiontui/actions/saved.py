"""Saves sessions as environments of the person who asks, and frees the disk of images again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sessiontui.actions.environments import environments, named
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.environment import OTHER, SAVED_FROM, Environment, Version
from sessiontui.domain.errors import ImageInUse, NotYours, Problem, Refused, Unknown
from sessiontui.domain.launch import unknown
from sessiontui.domain.saved import Saved, label_of, saved_name_problem, saved_repository, version_of
from sessiontui.domain.session import Owner, Session


@dataclass(frozen=True, slots=True)
class Deletion:
    """An image that is to be deleted, and what speaks against it."""

    environment: Environment
    version: Version
    users: tuple[Session, ...] = ()
    """The sessions that were made of it, whatever they do now."""


def namesake(ports: Ports, name: str) -> Environment | None:
    """The environment of the person that a save under that name would add a version to."""
    repository = saved_repository(ports.owner.uid, name)
    for one in ports.catalogue.found(ports.engine.found_images()):
        if one.source == SAVED_FROM and any(
            version.image == f"{repository}:{version.name}" for version in one.versions
        ):
            return one
    return None


def save(ports: Ports, session: Session, name: str, now: datetime, *, again: bool = False) -> str:
    """Save the session as a version of the person's environment ``name``; how it is launched.

    Home and folders are not in it. ``now`` has the person's time zone: it becomes the version's name.
    Without ``again`` it is refused where there is an environment of that name already.
    Raises NotYours, Refused (field ``name``), and what :meth:`Engine.save_image` raises.
    """
    ensure_may_touch(session, ports.owner)
    if (wrong := saved_name_problem(name)) is not None:
        raise Refused([Problem("name", wrong)])
    before = namesake(ports, name)
    if before is not None and not again:
        raise Refused([Problem("name", f"there is {before.label} already: this would add a version to it")])
    version = _free(version_of(now), before)
    image = f"{saved_repository(ports.owner.uid, name)}:{version}"
    ports.engine.save_image(session, image, label_of(_saved(ports, session, name, now)))
    return f"{ports.owner.name}/{name}:{version}"


def may_delete(environment: Environment, owner: Owner) -> str | None:
    """Why this person may not delete an image of the environment, None when they may."""
    if environment.uid is not None and owner.uid not in (environment.uid, 0):
        return f"{environment.label} is {environment.owner}'s"
    if environment.uid is None and not environment.recipe:
        return f"the image of {environment.label} was not made here: remove it with docker rmi"
    return None


def deletion(ports: Ports, name: str, version: str = "") -> Deletion:
    """The image to delete by the environment's name and version (its only one where none is named).

    Raises Unknown, NotYours.
    """
    known = environments(ports, hidden=True)
    environment = named(known, name, ports.owner.uid)
    if environment is None:
        raise Unknown(unknown("environment", name, [one.name for one in known]))
    here = [one for one in environment.versions if not version or one.name == version]
    if not here:
        names = [one.name for one in environment.versions]
        raise Unknown(unknown(f"version of {environment.label}", version, names))
    if len(here) > 1:
        raise Unknown(
            f"{name} has {len(here)} versions: {', '.join(one.name for one in here)}",
            "name one: NAME:VERSION",
        )
    if (reason := may_delete(environment, ports.owner)) is not None:
        raise NotYours(reason)
    return Deletion(environment, here[0], users_of(here[0], ports.engine.glance()))


def delete(ports: Ports, environment: Environment, version: Version) -> None:
    """Delete the image: of a saved environment that version for good, of a built-in one what can be built
    again. Raises NotYours, ImageInUse naming the sessions, ImageUnavailable.
    """
    if (reason := may_delete(environment, ports.owner)) is not None:
        raise NotYours(reason)
    if users := users_of(version, ports.engine.glance()):
        raise in_use(environment, version, users)
    ports.engine.remove_image(version.image)


def in_use(environment: Environment, version: Version, users: Iterable[Session]) -> ImageInUse:
    """The refusal that names who uses it."""
    names = ", ".join(f"{one.owner.name}/{one.name}" for one in users)
    return ImageInUse(
        f"{environment.label} {version.label or version.name} is used by {names}",
        "delete these sessions first",
    )


def users_of(version: Version, sessions: Iterable[Session]) -> tuple[Session, ...]:
    """The sessions that were made of its image."""
    return tuple(one for one in sessions if one.image == version.image)


def _saved(ports: Ports, session: Session, name: str, now: datetime) -> Saved:
    known = environments(ports, hidden=True)
    environment = next((one for one in known if one.name == session.environment), None)
    version = environment.version(session.version) if environment else None
    if environment is None:
        made_of = session.image if session.environment == OTHER else session.environment
    else:
        made_of = f"{environment.label} {version.label or version.name if version else session.version}"
    return Saved(
        name=name,
        owner=ports.owner.name,
        uid=ports.owner.uid,
        made_of=made_of.strip(),
        base=session.image,
        created_at=now.isoformat(timespec="seconds"),
        # The ports of the person's own programs are the session's.
        apps=tuple(app for app in session.apps if not app.own),
        minimum=environment.minimum_of(version) if environment else None,
        shared_memory=version.shared_memory if version else None,
        core_variables=version.core_variables if version else (),
    )


def _free(version: str, before: Environment | None) -> str:
    """The name, or the next like it: two can be saved in one second."""
    number, name = 1, version
    while before is not None and before.version(name) is not None:
        number += 1
        name = f"{version}-{number}"
    return name
