"""What a person can choose: the catalogue's environments, and those that images on the engine describe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sessiontui.actions.ports import Ports
from sessiontui.domain.environment import IMAGE, Environment


def environments(ports: Ports, *, hidden: bool = False) -> tuple[Environment, ...]:
    """All of them, the catalogue's first; with ``hidden`` also what is not for everybody to choose.

    The engine is asked once, however many images it has. Raises ConfigError, EngineError.
    """
    return (*ports.catalogue.environments(), *found_environments(ports, hidden=hidden))


def found_environments(ports: Ports, *, hidden: bool = False) -> tuple[Environment, ...]:
    """Those that only an image on the engine describes. Raises ConfigError, EngineError."""
    found = ports.catalogue.found(ports.engine.found_images())
    return found if hidden else tuple(filter(None, map(_for_everybody, found)))


def named(known: Sequence[Environment], name: str) -> Environment | None:
    """The environment of that name; one of images also goes by their whole repository."""
    for environment in known:
        if environment.name == name:
            return environment
    for environment in known:
        repositories = {version.image.removesuffix(f":{version.name}") for version in environment.versions}
        if environment.source == IMAGE and name in repositories:
            return environment
    return None


def _for_everybody(environment: Environment) -> Environment | None:
    """The environment without its hidden versions; None when it has no other."""
    versions = tuple(version for version in environment.versions if not version.hidden)
    return replace(environment, versions=versions) if versions else None
