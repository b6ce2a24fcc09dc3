"""GPUs that read a script instead of a driver: the double of tests, and the devices of ``--demo``."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from sessiontui.domain.gpu import (
    NO_SAMPLE,
    Driver,
    Gpu,
    GpuProcess,
    GpuReading,
    GpuSample,
    Place,
    Vendor,
)
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB, MIB

Script = Callable[[Sequence[Session]], GpuSample]
"""What the devices do while these sessions are there."""

_LARGE = "NVIDIA H100 80GB HBM3"
DEMO_GPUS = (
    *(Gpu(f"GPU-{index:08d}-demo", index, _LARGE, 80 * GIB, island=index // 4) for index in range(7)),
    Gpu("GPU-00000007-demo", 7, _LARGE, 80 * GIB, divided=True, island=1),
    *(
        Gpu(
            f"MIG-0000007{part}-demo",
            7,
            f"{_LARGE} MIG {size}",
            memory * GIB,
            parent="GPU-00000007-demo",
            part=part,
        )
        for part, (size, memory) in enumerate((("3g.40gb", 40), ("2g.20gb", 20), ("1g.10gb", 10)))
    ),
)
"""The devices of ``--demo``: one of them divided."""
_TAKEN = "GPU-00000005-demo"
"""The one that a process of no session computes on."""
_REST_POWER, _POWER = 70.0, 700.0
"""Watts at rest and at most."""


class ScriptedGpus:
    """Fills the port for GPUs with devices and figures as given."""

    def __init__(self, devices: Sequence[Gpu] = (), script: Script = lambda sessions: NO_SAMPLE) -> None:
        self._devices = tuple(devices)
        self._script = script

    def devices(self) -> tuple[Gpu, ...]:
        """The devices as given."""
        return self._devices

    def sample(self, sessions: Sequence[Session], *, patience: float = 0.0) -> GpuSample:
        """What the script says."""
        return self._script(sessions)

    def close(self) -> None:
        """Nothing to let go of."""


def demo_script(now: Callable[[], float]) -> Script:
    """A load that comes and goes on the devices of ``--demo``, of an own rhythm for each session on each."""

    def script(sessions: Sequence[Session]) -> GpuSample:
        at = now()
        readings = (_reading(gpu, sessions, at) for gpu in DEMO_GPUS)
        return GpuSample({one.uuid: one for one in readings}, (Driver(Vendor.NVIDIA, "570.86.15"),))

    return script


def _reading(gpu: Gpu, sessions: Sequence[Session], at: float) -> GpuReading:
    """What a device does at a moment while these sessions are there."""
    total = gpu.memory or 0
    holders = [one for one in sessions if one.phase is Phase.RUNNING and gpu.uuid in one.devices]
    part = 1 / max(1, len(holders))
    processes = tuple(
        _process(f"{holder.id}{gpu.uuid}", int(total * part), part, at, holder.container_id or "")
        for holder in holders
    )
    if gpu.uuid == _TAKEN:
        stranger = _process("stranger", total, 0.6, at)
        processes += (replace(stranger, place=Place.HOST, command="python3", user="dave"),)
    busy = min(1.0, sum(one.busy or 0.0 for one in processes))
    memory = sum(one.memory or 0 for one in processes) + 3 * MIB
    if gpu.part is not None or gpu.divided:
        # Of a device that is divided, and of its parts, drivers tell memory only.
        processes = tuple(replace(one, busy=None) for one in processes)
        return GpuReading(gpu.uuid, at, memory=memory, memory_total=total, processes=processes)
    return GpuReading(
        gpu.uuid,
        at,
        busy,
        memory,
        total,
        encoder=0.0,
        decoder=round(busy / 5, 2) if gpu.index == 0 else 0.0,
        power=_REST_POWER + (_POWER - _REST_POWER) * 0.9 * busy,
        power_limit=_POWER,
        temperature=round(31 + 40 * busy),
        errors=0,
        processes=processes,
    )


def _process(rhythm: str, memory: int, most: float, at: float, container_id: str = "") -> GpuProcess:
    """A process that trains in waves: with that much memory and at most that share of a device."""
    seed = zlib.crc32(rhythm.encode())
    start, period = seed % 628 / 100, 15 + seed % 31
    level = 0.5 + 0.5 * math.sin(at * 2 * math.pi / period + start)
    busy = most * min(1.0, 0.15 + level) if level > 0.1 else 0.0
    # Memory grows in steps, as programs take it in blocks.
    held = int(memory * (0.35 + 0.1 * round(4 * level) / 4 + seed % 5 / 20))
    pid = 2000 + seed % 30000
    return GpuProcess(pid, held, round(busy, 2), 1, Place.CONTAINER, container_id, "python", "")
