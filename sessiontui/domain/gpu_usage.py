"""What sessions and others use of the GPUs, from what the drivers told: no figure here is a guess."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sessiontui.domain.gpu import Gpu, GpuProcess, GpuReading, GpuSample, Place, Vendor
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import MIB

IDLE_MEMORY = 64 * MIB
"""Bytes below which a process that computes nothing is in nobody's way: what a display server and a
driver's own services hold."""
IDLE_BUSY = 0.05
"""Share (0 to 1) of the time below which a process of so little memory computes nothing: a display server
draws for some hundredths, now and then."""

_Number = TypeVar("_Number", int, float)

_NVIDIAS = ("GPU-", "MIG-")
"""How NVIDIA's names of devices and parts begin, and no other vendor's."""
_PART = "MIG-"
"""How NVIDIA's names of parts begin: a part that is listed no more is still known for one."""


@dataclass(frozen=True, slots=True)
class GpuUse:
    """What a session uses of its GPUs, all together; None is unknown, never zero."""

    busy: float | None = None
    """Share (0 to 1) of the time, the mean over its devices."""
    memory: int | None = None
    """Bytes in use."""
    total: int | None = None
    """Bytes that its devices have."""
    divided: bool = False
    """Whether it has a part of a device: how busy a part is, no driver tells."""


def use_of(session: Session, gpus: Sequence[Gpu], sample: GpuSample) -> GpuUse | None:
    """What a session uses of its devices; None where it has none. One that does not run uses nothing known.

    ``gpus`` are the devices with their holders. A device that nobody else has or uses is told by its
    own figures, else only the session's own processes count; what the driver does not tell of one
    device is unknown of all.
    """
    if not session.devices:
        return None
    known = {gpu.uuid: gpu for gpu in gpus}
    shares: list[float | None] = []
    memories: list[int | None] = []
    totals: list[int | None] = []
    divided = False
    for uuid in session.devices:
        gpu, reading = known.get(uuid), sample.readings.get(uuid)
        totals.append(_total_memory(gpu, reading))
        divided = divided or uuid.startswith(_PART) or (gpu is not None and gpu.part is not None)
        busy, memory = _use_of_one(session, gpu, reading)
        shares.append(busy)
        memories.append(memory)
    busy = None if divided else _sum(shares)
    return GpuUse(
        None if busy is None else min(1.0, busy / len(shares)), _sum(memories), _sum(totals), divided
    )


def others_on(uuid: str, sample: GpuSample, container_ids: Collection[str]) -> tuple[GpuProcess, ...]:
    """The processes on a device that are in none of these containers, as the driver lists them.

    What runs in no container, in another one, or where nobody can tell; none where the driver lists
    no processes.
    """
    reading = sample.readings.get(uuid)
    processes = (reading.processes or ()) if reading is not None else ()
    return tuple(
        one for one in processes if one.place is not Place.CONTAINER or one.container_id not in container_ids
    )


def strangers_on(gpu: Gpu, sample: GpuSample) -> tuple[GpuProcess, ...]:
    """The processes on a device that are none of its holders' and in a session's way.

    They run in no container, or in one that the engine gave no device: another engine's. Of a device
    that nobody holds, whoever is on it is a stranger; beside a holder, what cannot be placed may be its.
    """
    containers = {holder.container_id for holder in gpu.holders}
    placed = not gpu.holders or "" not in containers
    return tuple(
        one
        for one in others_on(gpu.uuid, sample, containers)
        if in_somebodys_way(one)
        and (
            one.place is Place.HOST
            or (one.place is Place.CONTAINER and placed)
            or (one.place is Place.UNKNOWN and not gpu.holders)
        )
    )


def with_strangers(gpus: tuple[Gpu, ...], sample: GpuSample) -> tuple[Gpu, ...]:
    """The devices with the strangers on them, the same object where these are the same processes as before.

    Of a device whose driver does not tell now, those who were there last are kept.
    """
    new = tuple(_with_strangers(gpu, sample) for gpu in gpus)
    return gpus if all(one is before for one, before in zip(new, gpus, strict=True)) else new


def _with_strangers(gpu: Gpu, sample: GpuSample) -> Gpu:
    reading = sample.readings.get(gpu.uuid)
    if reading is None or reading.processes is None:
        return gpu
    strangers = strangers_on(gpu, sample)
    same = [(one.pid, one.began) for one in strangers] == [(one.pid, one.began) for one in gpu.strangers]
    return gpu if same else replace(gpu, strangers=strangers)


def is_lost(uuid: str, gpus: Sequence[Gpu], sample: GpuSample) -> bool:
    """Whether a device that a session has is listed no more: by a driver that answers.

    ``gpus`` are those listed; where no driver tells how it is, others among them say that one answered.
    """
    if uuid in sample.readings or any(gpu.uuid == uuid for gpu in gpus):
        return False
    of_nvidia = uuid.startswith(_NVIDIAS)
    theirs = [one for one in sample.drivers if (one.vendor is Vendor.NVIDIA) is of_nvidia]
    return not any(one.trouble for one in theirs) if theirs else bool(gpus)


def in_somebodys_way(process: GpuProcess) -> bool:
    """Whether a process takes so much of its device that others feel it; what is not told counts as much."""
    if process.memory is None and process.busy is None:
        return True
    busy = process.busy or 0.0
    if process.memory is None:
        return busy > 0
    return process.memory >= IDLE_MEMORY or busy >= IDLE_BUSY


def _use_of_one(
    session: Session, gpu: Gpu | None, reading: GpuReading | None
) -> tuple[float | None, int | None]:
    """How busy the session keeps a device, and the bytes it uses there."""
    if session.phase is not Phase.RUNNING or reading is None or reading.trouble:
        return None, None
    busy: float | None = None
    memory: int | None = None
    if reading.processes is not None and all(one.place is not Place.UNKNOWN for one in reading.processes):
        own = [one for one in reading.processes if _is_of(session, one)]
        busy = _sum(one.busy for one in own)
        memory = _sum(one.memory for one in own)
    if not _alone(session, gpu, reading):
        return busy, memory
    return reading.busy, reading.memory if memory is None else memory


def _alone(session: Session, gpu: Gpu | None, reading: GpuReading) -> bool:
    """Whether a device is the session's only: nobody else has it, and no other process is seen on it."""
    if gpu is None or any(holder.session_id != session.id for holder in gpu.holders):
        return False
    return not any(
        one.place is not Place.UNKNOWN and not _is_of(session, one) and in_somebodys_way(one)
        for one in reading.processes or ()
    )


def _is_of(session: Session, process: GpuProcess) -> bool:
    return process.place is Place.CONTAINER and process.container_id == session.container_id


def _total_memory(gpu: Gpu | None, reading: GpuReading | None) -> int | None:
    if gpu is not None and gpu.memory is not None:
        return gpu.memory
    return None if reading is None else reading.memory_total


def _sum(figures: Iterable[_Number | None]) -> _Number | None:
    """The sum; None where any is unknown."""
    known: list[_Number] = []
    for figure in figures:
        if figure is None:
            return None
        known.append(figure)
    return sum(known)
