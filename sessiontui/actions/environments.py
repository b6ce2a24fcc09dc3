"""What a person can choose: the catalogue's environments, and those that images on the engine describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sessiontui.actions.ports import Ports
from sessiontui.domain.environment import IMAGE, SAVED_FROM, Environment

YOURS = "Yours"
"""Heading over what a person saved."""


def environments(ports: Ports, *, hidden: bool = False) -> tuple[Environment, ...]:
    """All of them, the catalogue's first; with ``hidden`` also what is not for this person to choose.

    The engine is asked once, however many images it has. Raises ConfigError, EngineError.
    """
    return (*ports.catalogue.environments(), *found_environments(ports, hidden=hidden))


def found_environments(ports: Ports, *, hidden: bool = False) -> tuple[Environment, ...]:
    """Those that only an image on the engine describes. Raises ConfigError, EngineError."""
    uid = ports.owner.uid
    found = tuple(_for(one, uid) for one in ports.catalogue.found(ports.engine.found_images()))
    if hidden:
        return found
    offered = (one for one in found if one.uid is None or uid in (one.uid, 0))
    return tuple(filter(None, map(_for_everybody, offered)))


def named(known: Sequence[Environment], name: str, uid: int | None = None) -> Environment | None:
    """The environment of that name; one of images also goes by their whole repository.

    Those that the user ``uid`` saved go by their names without the user's, too.
    """
    for environment in known:
        if environment.name == name:
            return environment
    for environment in known:
        if uid is not None and environment.uid == uid and environment.label == name:
            return environment
    for environment in known:
        repositories = {version.image.removesuffix(f":{version.name}") for version in environment.versions}
        if environment.source in (IMAGE, SAVED_FROM) and name in repositories:
            return environment
    return None


def _for(environment: Environment, uid: int) -> Environment:
    """As that user sees it: what they saved themselves stands together."""
    return replace(environment, group=YOURS) if environment.uid == uid else environment


def _for_everybody(environment: Environment) -> Environment | None:
    """The environment without its hidden versions; None when it has no other."""
    versions = tuple(version for version in environment.versions if not version.hidden)
    return replace(environment, versions=versions) if versions else None
