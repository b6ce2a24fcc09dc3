"""The source of NVIDIA's devices on clocks and a bus of a test's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sessiontui.domain.gpu import Gpu, GpuReading
from sessiontui.metering.nvml import NvmlSource


@dataclass
class Clock:
    """Seconds that go by when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Watched:
    """A source, and what it is seen through."""

    bus: Path
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.source = NvmlSource(self.bus, self.clock, time.time)

    def later(self, seconds: float) -> Watched:
        """The same, that many seconds on."""
        self.clock.now += seconds
        return self

    def gpus(self) -> dict[str, Gpu]:
        """The devices, by number."""
        return {gpu.number: gpu for gpu in self.source.devices()}

    def readings(self) -> dict[str, GpuReading]:
        """What the devices do, by number."""
        readings = self.source.readings()
        numbers = {gpu.uuid: gpu.number for gpu in self.source.devices()}
        return {numbers[reading.uuid]: reading for reading in readings}

    def display(self, address: str, vendor: str = "0x10de", node: int = -1) -> None:
        """Put a display controller on the bus."""
        device = self.bus / address
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text("0x030200\n")
        (device / "numa_node").write_text(f"{node}\n")


@contextmanager
def watched(bus: Path) -> Iterator[Watched]:
    """A source that is closed at the end."""
    bus.mkdir(exist_ok=True)
    watched = Watched(bus)
    yield watched
    watched.source.close()
