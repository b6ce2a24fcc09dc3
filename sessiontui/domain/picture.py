"""Everything one refresh saw, in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sessiontui.domain.gpu import NO_SAMPLE, GpuSample, GpuWay
from sessiontui.domain.launch import Preparation
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import UNKNOWN, Usage


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the engine is: shown in the header and asked by rules that depend on it."""

    name: str
    """Product and version, e.g. ``Docker 28.5``."""
    host: str
    """Name of the machine it runs on."""
    local: bool
    """Whether that is this machine: folders, cgroup files and loopback ports are then ours to reach."""
    rootless: bool = False
    address: str = ""
    """Where it answers, e.g. ``unix:///var/run/docker.sock``."""
    warnings: tuple[str, ...] = ()
    gpu_way: GpuWay | None = None
    """How it gives containers their GPUs; None where it cannot."""


@dataclass(frozen=True, slots=True)
class HostUsage:
    """What this machine uses in all: cores and bytes."""

    cpu: float | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What the dashboard shows until the next one."""

    taken_at: float = 0.0
    """Seconds since the epoch."""
    engine: EngineFacts | None = None
    capacity: Capacity | None = None
    host: HostUsage = HostUsage()
    sessions: tuple[Session, ...] = ()
    preparations: tuple[Preparation, ...] = ()
    """Launches of this dashboard that have no container yet."""
    saving: frozenset[str] = frozenset()
    """Ids of the sessions that this dashboard makes images of at the moment."""
    stopping: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Since when this dashboard stops or deletes sessions, by id, in seconds since the epoch."""
    usage: Mapping[str, Usage] = field(default_factory=lambda: MappingProxyType({}))
    """By session id."""
    gpus: GpuSample = NO_SAMPLE
    """What the GPUs of this machine do; who holds them is the capacity's."""
    notes: tuple[str, ...] = ()
    """What a person should know about how the meters read, in sentences."""
    trouble: str = ""
    """Why the engine does not answer; the rest is then the last that was seen."""
    remedy: str = ""
    """What may mend the trouble, in a sentence."""

    def session(self, session_id: str) -> Session | None:
        """The session of that id."""
        return next((session for session in self.sessions if session.id == session_id), None)

    def usage_of(self, session: Session) -> Usage:
        """Its usage, unknown unless it runs."""
        return self.usage.get(session.id, UNKNOWN) if session.phase is Phase.RUNNING else UNKNOWN
