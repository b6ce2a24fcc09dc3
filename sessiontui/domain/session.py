"""A session: a container we launched, as the engine tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sessiontui.domain.batch import Batch
from sessiontui.domain.environment import App
from sessiontui.domain.folder import Mount
from sessiontui.domain.resources import Ask

SCHEMA = 1
"""Version of the labels we write; a session of a later one is shown and not touched."""

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{2,62}[A-Za-z0-9]\Z")


def session_name_problem(name: str) -> str | None:
    """Why a session cannot have this name, None when it can."""
    if _NAME.match(name):
        return None
    return (
        "use 4 to 64 letters, digits, dot, dash and underscore, beginning and ending with a letter or digit"
    )


class Phase(StrEnum):
    """Where in its life a session is."""

    PENDING = "pending"
    PREPARING = "preparing"
    PULLING = "pulling"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def live(self) -> bool:
        """Whether the session holds resources or is about to: what the Running tab shows."""
        return self in (Phase.PENDING, Phase.PREPARING, Phase.PULLING, Phase.RUNNING, Phase.STOPPING)

    @property
    def said(self) -> str:
        """What a sentence says of a session in it: *is running*, *has failed*."""
        return f"{'has' if self in (Phase.FINISHED, Phase.FAILED) else 'is'} {self}"


@dataclass(frozen=True, slots=True)
class Owner:
    """The system user who launched a session."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Session:
    """One session. Everything in it comes from the engine's objects and labels."""

    id: str
    name: str
    owner: Owner
    phase: Phase
    environment: str
    """Name of the environment, ``other`` when the image was named outright."""
    version: str
    image: str
    ask: Ask
    created_at: datetime
    """When it was launched, with time zone."""
    started_at: datetime | None = None
    """When its container last started."""
    ended_at: datetime | None = None
    """When its container last ended, of one that does not run."""
    container_id: str | None = None
    """None when only the home is left (its container was removed by other means)."""
    pid: int | None = None
    """The container's first process on the engine's host, while it runs."""
    reason: str = ""
    """Why it is in this phase, where that needs saying."""
    exit_code: int | None = None
    devices: tuple[str, ...] = ()
    """UUIDs of its GPUs."""
    gpu_shared: bool = False
    """Whether it was launched to share them."""
    gpu_memory: int | None = None
    """Bytes that each of them was to have at least; None where any would do."""
    mounts: tuple[Mount, ...] = ()
    apps: tuple[App, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    """Published ports: (inside, on the engine's loopback)."""
    env: tuple[tuple[str, str], ...] = ()
    secret_names: tuple[str, ...] = ()
    """The variables whose values are kept inside it alone."""
    batch: Batch | None = None
    """What it runs to its end; None for a session that waits for people."""
    schema: int = SCHEMA
    brief: bool = False
    """Told by the engine's list alone: the limits are those ordered, and details that the list does not
    tell (``started_at``, ``ended_at``, ``pid``, why it ended) are None or a guess."""

    def app(self, name: str) -> App | None:
        """The app of that name."""
        return next((app for app in self.apps if app.name == name), None)

    def host_port(self, port: int) -> int | None:
        """Where a port of the session is published on the engine's loopback."""
        return next((outside for inside, outside in self.ports if inside == port), None)

    @property
    def lasted(self) -> float | None:
        """Seconds its container ran the last time; None while it runs, and where that is not known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, (self.ended_at - self.started_at).total_seconds())

    @property
    def interrupted(self) -> bool:
        """Whether its launch was cut off between creating and starting."""
        return self.phase is Phase.FAILED and self.reason.startswith("launch interrupted")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an app can be reached now, from the engine's own host."""

    app: str
    host: str
    port: int
    url: str = ""
    """With the secret; empty for what is not http."""
    ssh_command: str = ""
    """For SSH: the line that logs in. For http: the line that forwards the port to a laptop."""
    lines: tuple[tuple[str, str], ...] = ()
    """For SSH: more ways to log in and to copy files, each with what it is for; a line may be a block."""
    held: bool = False
    """Whether the way is held open by this program, and reaches the app only while it runs."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Files that die with a session, in its home or outside it; mounted folders are not counted.

    Figures that cannot be had are None.
    """

    bytes: int | None = None
    files: int | None = None
    newest: tuple[LostFile, ...] = field(default=())
    """The newest files, newest first."""
    complete: bool = True
    """False when counting was cut short: the figures are then lower bounds."""


@dataclass(frozen=True, slots=True)
class LostFile:
    """A file that dies with its session: path below the home, or absolute, size in bytes, last change."""

    path: str
    bytes: int
    changed_at: datetime
