"""What a session asks for, what the engine can give, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sessiontui.domain.allocation import most
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.units import GIB, MIB, format_bytes, format_cores


@dataclass(frozen=True, slots=True)
class Ask:
    """Resources wanted: ``cpu`` in cores, ``memory`` in bytes, ``gpu`` in whole devices."""

    cpu: float
    memory: int
    gpu: int = 0

    @property
    def shared_memory(self) -> int:
        """Bytes of /dev/shm: 64 MiB, and 1 GiB from 4 GiB of memory up (Backend.AI's rule)."""
        return GIB if self.memory >= 4 * GIB else 64 * MIB

    def __str__(self) -> str:
        gpu = f" · {self.gpu} GPU" if self.gpu else ""
        return f"{format_cores(self.cpu)} CPU · {format_bytes(self.memory)}{gpu}"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that can be of use, in the units of an ask; None: whatever the engine has."""

    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None

    def covers(self, ask: Ask) -> bool:
        """Whether the ask stays below it."""
        pairs = ((ask.cpu, self.cpu), (ask.memory, self.memory), (ask.gpu, self.gpu))
        return all(most is None or amount <= most for amount, most in pairs)


BOUNDLESS = Ceiling()
"""Whatever the engine has."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the engine can give and what is promised already.

    Promised counts the limits of every live container, ours or not: a limit that somebody holds is
    not free, used or not. ``memory_available`` is what the host's kernel says can still be had in
    bytes, None when the engine is elsewhere.
    """

    cpu: int
    memory: int
    gpus: tuple[Gpu, ...] = ()
    cpu_promised: float = 0.0
    memory_promised: int = 0
    memory_available: int | None = None
    gpu_trouble: str = ""
    """Why the engine can give no GPU though there are some."""
    gpu_remedy: str = ""
    """What would mend that."""

    @property
    def free_cpu(self) -> float:
        """Cores that no container's limit claims."""
        return max(0.0, self.cpu - self.cpu_promised)

    @property
    def free_memory(self) -> int:
        """Bytes that no container's limit claims and the host still has."""
        unclaimed = max(0, self.memory - self.memory_promised)
        return unclaimed if self.memory_available is None else min(unclaimed, self.memory_available)

    @property
    def free_gpus(self) -> tuple[Gpu, ...]:
        """Devices that nobody holds or uses and that can be given."""
        return () if self.gpu_trouble else tuple(gpu for gpu in self.gpus if gpu.free)

    @property
    def most_gpus(self) -> int:
        """How many GPUs a count alone can get now: all whole, or all parts where every device is divided."""
        return 0 if self.gpu_trouble else most(self.gpus)

    def fits(self, ask: Ask) -> bool:
        """Whether the ask is covered by what is free."""
        return ask.cpu <= self.free_cpu and ask.memory <= self.free_memory and ask.gpu <= self.most_gpus


@dataclass(frozen=True, slots=True)
class Preset:
    """A named ask to start from."""

    name: str
    ask: Ask


PRESETS = (
    Preset("small", Ask(1, 2 * GIB)),
    Preset("medium", Ask(2, 8 * GIB)),
    Preset("large", Ask(8, 32 * GIB)),
    Preset("medium-gpu", Ask(4, 32 * GIB, 1)),
    Preset("large-gpu", Ask(16, 128 * GIB, 4)),
)
"""The presets offered when the settings name none."""


def presets_that_fit(
    presets: Iterable[Preset], capacity: Capacity, minimum: Ask, ceiling: Ceiling = BOUNDLESS
) -> tuple[Preset, ...]:
    """The presets covered by what is free, not below the environment's minimum nor above its ceiling."""
    return tuple(
        preset
        for preset in presets
        if capacity.fits(preset.ask)
        and ceiling.covers(preset.ask)
        and preset.ask.cpu >= minimum.cpu
        and preset.ask.memory >= minimum.memory
        and preset.ask.gpu >= minimum.gpu
    )
