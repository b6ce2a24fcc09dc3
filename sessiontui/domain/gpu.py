"""GPUs: what a device is, who holds it, and what was read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Vendor(StrEnum):
    """Whose driver tells of a device."""

    NVIDIA = "nvidia"
    AMD = "amd"
    INTEL = "intel"


class GpuWay(StrEnum):
    """How an engine gives a container its GPUs."""

    REQUESTS = "device requests"
    """By the hook of NVIDIA's container toolkit."""
    CDI = "cdi names"
    """By the names of the Container Device Interface."""


class ComputeMode(StrEnum):
    """Which programs a device lets compute on it."""

    DEFAULT = "default"
    EXCLUSIVE = "exclusive process"
    """One process at a time."""
    PROHIBITED = "prohibited"


GPU_WATCHERS = ("*cadvisor*", "*dcgm-exporter*", "*node-exporter*", "*node_exporter*")
"""Names, as shell patterns, of containers that are given all devices and only look at them: monitors."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A session or container that has a device."""

    name: str
    """The session's name; the container's where it is no session."""
    owner: str = ""
    """The user who launched the session; empty of a container that is none."""
    uid: int | None = None
    session_id: str = ""
    container_id: str = ""
    shared: bool = False
    """Whether it was launched to share its devices."""
    why: str = ""
    """How a container that is no session comes to hold it, where that needs saying: *privileged*."""

    def __str__(self) -> str:
        if self.owner:
            return f"{self.name} of {self.owner}"
        return f"container {self.name}{f' ({self.why})' if self.why else ''}"


class Place(StrEnum):
    """Where a process runs."""

    CONTAINER = "container"
    HOST = "host"
    """In no container."""
    UNKNOWN = "unknown"
    """It cannot be looked at."""


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that uses a device, as the driver tells it: ``pid`` is the host's number."""

    pid: int
    memory: int | None = None
    """Bytes of the device."""
    busy: float | None = None
    """Share (0 to 1) of the device's multiprocessors."""
    began: int | None = None
    """Clock ticks since the machine started: with ``pid`` it is one process and no other."""
    place: Place = Place.UNKNOWN
    container_id: str = ""
    """Of one in a container."""
    command: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One device, or one part of a device that its driver gives out as a device (NVIDIA's MIG)."""

    uuid: str
    """As the driver names it, such as ``GPU-…`` and ``MIG-…``."""
    index: int
    """The driver's number; of a part, that of the device it is part of."""
    model: str
    memory: int | None = None
    """Bytes."""
    holders: tuple[Holder, ...] = ()
    vendor: Vendor = Vendor.NVIDIA
    parent: str = ""
    """UUID of the device that it is part of."""
    part: int | None = None
    """Its number among the parts of that."""
    divided: bool = False
    """Whether it is split into parts: only they can be given."""
    compute_mode: ComputeMode = ComputeMode.DEFAULT
    numa: int | None = None
    """The memory node of the machine that it is next to."""
    island: int | None = None
    """Devices of one number are joined by links of their own (NVLink)."""
    nodes: tuple[str, ...] = ()
    """The files in /dev that a container is given of a vendor that has no names for its devices."""
    strangers: tuple[GpuProcess, ...] = ()
    """Processes that use it now and are none of its holders': see :mod:`sessiontui.domain.gpu_usage`."""
    trouble: str = ""
    """Why it cannot be used, in the driver's words."""

    @property
    def number(self) -> str:
        """What people call it: ``0``, and ``0:1`` of a part."""
        return str(self.index) if self.part is None else f"{self.index}:{self.part}"

    @property
    def givable(self) -> bool:
        """Whether a session could have it at all."""
        return not self.divided and self.compute_mode is not ComputeMode.PROHIBITED and not self.trouble

    @property
    def free(self) -> bool:
        """Whether a session can have it now, for itself."""
        return self.givable and not self.holders and not self.strangers


@dataclass(frozen=True, slots=True)
class GpuWish:
    """What GPUs a person wants: so many, or just these, or such that hold so much."""

    count: int = 0
    devices: tuple[str, ...] = ()
    """Numbers (``0``, ``0:1``) or UUIDs, or beginnings of UUIDs that are one device's only."""
    memory: int | None = None
    """Bytes that each is to have at least."""
    shared: bool = False
    """Whether others may have them too."""


NO_GPU = GpuWish()
"""No GPU is wanted."""


@dataclass(frozen=True, slots=True)
class GpuReading:
    """What a driver told of a device at one moment; None where it does not tell. Shares are 0 to 1."""

    uuid: str
    at: float
    """Seconds on a clock that only goes forward."""
    busy: float | None = None
    """Share of the time in which a program computed on it (NVIDIA: SM); None of a part (MIG)."""
    memory: int | None = None
    """Bytes in use."""
    memory_total: int | None = None
    encoder: float | None = None
    decoder: float | None = None
    power: float | None = None
    """Watts."""
    power_limit: float | None = None
    temperature: int | None = None
    """Degrees Celsius."""
    errors: int | None = None
    """Memory errors that could not be corrected since the driver was loaded (volatile ECC)."""
    processes: tuple[GpuProcess, ...] | None = None
    trouble: str = ""
    """Why it does not answer, in the driver's words."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A vendor's driver, or why there is none."""

    vendor: Vendor
    version: str = ""
    """Empty where it does not answer."""
    trouble: str = ""
    """What was tried, and the driver's own words; empty when all is well."""
    expected: bool = False
    """Whether a device of the vendor is on the machine's bus, so that a driver should answer."""
    answered: bool = True
    """False while its first answer is waited for: then there is something that could give one."""


@dataclass(frozen=True, slots=True)
class GpuSample:
    """What one look at all drivers saw."""

    readings: Mapping[str, GpuReading] = field(default_factory=lambda: MappingProxyType({}))
    """By UUID of device or part."""
    drivers: tuple[Driver, ...] = ()


NO_SAMPLE = GpuSample()
