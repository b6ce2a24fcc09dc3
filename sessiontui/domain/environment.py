"""Environments: images with their defaults, versions and apps, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from sessiontui.domain.resources import BOUNDLESS, Ask, Ceiling
from sessiontui.domain.units import MIB

Protocol = Literal["http", "tcp"]

_CARRIED = re.compile(r"/proxy/(?:absolute/)?\d+(?=/|$)")


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
    """Whether it asks everybody for the session's secret: its token, or for ``tcp`` its key."""
    via: str = ""
    """Name of the app whose port carries this one; such an app's own port is never published."""
    needs: str = ""
    """A line of POSIX shell that succeeds where the image can run the app."""
    timeout: float = 60.0
    """Seconds to wait for the port."""
    icon: str = "▸"
    group: str = ""
    """Heading it stands under, where there are many."""
    parameter: str = "token"
    """Name of the URL's query parameter that takes the secret; empty where the page asks for it."""
    ready: str = ""
    """A line of POSIX shell that succeeds once the app can be used, where an open port is not enough."""
    question: str = ""
    """What the person is asked before it starts; empty: nothing."""
    answer: str = ""
    """What is taken where the person answers nothing; the command finds it in ``$SESSIONTUI_ANSWER``."""
    runs: str = ""
    """Name of the app whose server serves this page too; empty: it has one of its own."""
    own: bool = False
    """Whether the person runs it themselves: it is never started, only reached."""
    carries: str = ""
    """A line of POSIX shell that succeeds where the image lets its server carry the ports of others."""

    @property
    def published(self) -> bool:
        """Whether its port gets one on the host: only where it lets nobody in without the secret."""
        return self.secret and not self.via and not self.own

    @property
    def base(self) -> str:
        """The path under which its carrier's server shows it (jupyter-server-proxy's own two forms)."""
        found = _CARRIED.match(self.path) if self.via else None
        return found[0] if found else ""

    @property
    def page(self) -> str:
        """Where a browser enters when the app's own port is reached."""
        return self.path[len(self.base) :] or "/"

    @property
    def knows_base(self) -> bool:
        """Whether it serves other addresses under a base than at the root, and is started anew for that."""
        return "SESSIONTUI_BASE" in self.command

    @property
    def server(self) -> str:
        """Name of the app whose server this is: what is started, stopped and has an output."""
        return self.runs or self.name


class AppPhase(StrEnum):
    """Whether an app serves its port."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AppState:
    """What an app of a running session does now."""

    phase: AppPhase
    reason: str = ""
    """Why it failed: its last line of output, or how it ended. Of one that runs: what serves its port, where
    that was not started as an app and may be another program."""
    answer: str = ""
    """What it was started with, where it asks; the last answer where it does not run."""


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
    minimum: Ask | None = None
    """What it needs at least, where that is not what its environment needs."""
    ceiling: Ceiling = BOUNDLESS
    """What it can use at most."""
    apps: tuple[App, ...] | None = None
    """Its apps, where they are not those of its environment."""
    shared_memory: int | None = None
    """Bytes of /dev/shm it wants at least."""
    core_variables: tuple[str, ...] = ()
    """Variables, besides the usual ones, that hold the session's number of cores."""
    size: int | None = None
    """Bytes of its image on the engine's disk, shared layers included, where it was found with them."""
    hidden: bool = False
    """Whether it is there for programs, or not for everybody: shown only to who asks for all."""


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
    """Where it is described: ``built-in``, ``image`` (by labels or by its name), ``saved`` (from a
    session) or the file's path."""
    group: str = ""
    """Heading it stands under, where it was found with one."""
    owner: str = ""
    """Name of the user who saved it from a session; empty: it is nobody's own."""
    uid: int | None = None
    """Of that user: only they, and root, are offered it. None: everybody is."""

    def version(self, name: str) -> Version | None:
        """The version of that name."""
        return next((version for version in self.versions if version.name == name), None)

    def minimum_of(self, version: Version | None) -> Ask:
        """What a session of the version needs at least."""
        return (version.minimum if version else None) or self.minimum

    def apps_of(self, version: Version | None) -> tuple[App, ...]:
        """The apps of a session of the version."""
        return self.apps if version is None or version.apps is None else version.apps


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image on the engine by one of its names, with what its labels say."""

    reference: str
    labels: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    """Bytes on the engine's disk, shared layers included."""


IMAGE = "image"
"""Source of an environment that nothing but an image on the engine describes."""

SAVED_FROM = "saved"
"""Source of an environment that somebody saved from a session."""

OTHER = "other"
"""Environment of a session whose image the person named outright."""
