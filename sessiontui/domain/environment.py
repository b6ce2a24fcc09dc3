"""Environments: images with their defaults, versions and apps, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sessiontui.domain.resources import Ask
from sessiontui.domain.units import MIB

Protocol = Literal["http", "tcp"]


@dataclass(frozen=True, slots=True)
class App:
    """Something in an environment that listens on a port inside the session."""

    name: str
    label: str
    protocol: Protocol
    port: int
    """The port inside the session."""
    path: str = "/"
    """Where a browser enters, from the root of the port that carries the app."""
    command: str = ""
    """A line of POSIX shell, run as the session's user, that serves the port in the foreground."""
    secret: bool = False
    """Whether the URL needs the session's secret (as ``?token=``)."""
    via: str = ""
    """Name of the app whose port carries this one; such an app's own port is never published."""
    needs: str = ""
    """A line of POSIX shell that succeeds where the image can run the app."""
    timeout: float = 60.0
    """Seconds to wait for the port."""
    icon: str = "▸"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an environment."""

    name: str
    image: str
    """What a session of this version runs: built here from the recipe, or pulled as it is."""
    base: str = ""
    """What the recipe builds on; empty when the image is used as it comes."""
    distributions: tuple[str, ...] = ()
    """Suites (``debian-bookworm``) whose own packages can stand in for the base."""
    accelerators: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    label: str = ""
    """How it is shown, where that differs from its name."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A kind of session a person can choose."""

    name: str
    label: str
    versions: tuple[Version, ...]
    default: str
    """Name of the version to choose when the person names none."""
    apps: tuple[App, ...] = ()
    minimum: Ask = field(default=Ask(0.1, 64 * MIB))
    description: str = ""
    icon: str = ""
    recipe: str = ""
    """Path of the Dockerfile that turns a base into the image; empty when nothing is built."""
    source: str = "built-in"
    """Where it is described: ``built-in`` or the file's path."""

    def version(self, name: str) -> Version | None:
        """The version of that name."""
        return next((version for version in self.versions if version.name == name), None)


OTHER = "other"
"""Environment of a session whose image the person named outright."""
