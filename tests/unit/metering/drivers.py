"""A driver that does as told, for tests of what asks drivers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from sessiontui.domain.gpu import ComputeMode, Driver, Gpu, GpuProcess, GpuReading, Vendor
from sessiontui.domain.units import GIB


def device(number: int, vendor: Vendor = Vendor.NVIDIA) -> Gpu:
    """One of some."""
    return Gpu(f"GPU-{number}", number, "H100", 80 * GIB, vendor=vendor)


def reading(number: int, at: float = 0.0, *processes: GpuProcess) -> GpuReading:
    """What it does."""
    return GpuReading(f"GPU-{number}", at, 0.5, 8 * GIB, 80 * GIB, processes=processes)


@dataclass
class ScriptedSource:
    """A driver of so many devices. ``answers`` is set while it answers; cleared, every call hangs."""

    count: int = 1
    vendor: Vendor = Vendor.NVIDIA
    processes: tuple[GpuProcess, ...] = ()
    trouble: str = ""
    lost: str = ""
    """Why none of the devices can be used."""
    mode: ComputeMode = ComputeMode.DEFAULT
    at: float = 0.0
    answers: threading.Event = field(default_factory=threading.Event)
    calls: list[str] = field(default_factory=list)
    inside: int = 0
    most_inside: int = 0
    """The most calls that were in it at once."""
    closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    def _ask(self, call: str) -> None:
        self.calls.append(call)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.answers.wait(60)  # a test that waits for ever tells nothing
        self.inside -= 1

    def driver(self) -> Driver:
        self._ask("driver")
        return Driver(self.vendor, "" if self.trouble else "570.86", self.trouble, bool(self.trouble))

    def devices(self) -> tuple[Gpu, ...]:
        self._ask("devices")
        devices = (device(number, self.vendor) for number in range(self.count))
        return tuple(replace(one, trouble=self.lost, compute_mode=self.mode) for one in devices)

    def readings(self) -> tuple[GpuReading, ...]:
        self._ask("readings")
        readings = (reading(number, self.at, *self.processes) for number in range(self.count))
        return tuple(replace(one, trouble=self.lost) for one in readings)

    def close(self) -> None:
        self._ask("close")
        self.closed.set()
