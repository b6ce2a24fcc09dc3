"""The GPUs of this machine: asks the vendors' drivers, with patience for those that hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from sessiontui.domain.gpu import NO_SAMPLE, Driver, Gpu, GpuReading, GpuSample, Place, Vendor
from sessiontui.domain.session import Phase, Session
from sessiontui.metering.driver_watch import DriverWatch
from sessiontui.metering.engine_tops import Contained, EngineTops
from sessiontui.metering.gpu_processes import GpuProcesses, ticks_now
from sessiontui.metering.port import GpuSource

FIRST_ANSWER = 3.0
"""Seconds that a driver has for its first answer."""


class LocalGpus:
    """Fills :class:`sessiontui.metering.port.GpuMeter` from the drivers of this machine.

    Nothing is asked, and no thread begun, before the first call.
    """

    def __init__(
        self,
        sources: Sequence[GpuSource],
        ask_engine: Callable[[str], object] | None = None,
        *,
        proc: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
        ticks: Callable[[], int] = ticks_now,
    ) -> None:
        """``ask_engine`` gives the engine's list of a container's processes, or raises a SessiontuiError;
        ``ticks`` is the clock by which the kernel tells when a process began."""
        self._containers: frozenset[str] = frozenset()
        self._watches = tuple(self._watch(source, GpuProcesses(proc, ticks), clock) for source in sources)
        self._vendors = tuple(source.vendor for source in sources)
        self._tops = None if ask_engine is None else EngineTops(ask_engine, clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._deadline: float | None = None
        self._sample = NO_SAMPLE

    def devices(self) -> tuple[Gpu, ...]:
        """See the port."""
        with self._lock:
            # Whoever comes after has waited already: a driver that hangs costs this time once.
            if self._deadline is None:
                self._deadline = self._clock() + FIRST_ANSWER
        for watch in self._watches:
            watch.begin(for_devices=True)
        return tuple(gpu for watch in self._watches for gpu in watch.devices(self._deadline - self._clock()))

    def sample(self, sessions: Sequence[Session], *, patience: float = 0.0) -> GpuSample:
        """See the port."""
        holding = frozenset(
            one.container_id
            for one in sessions
            if one.devices and one.phase is Phase.RUNNING and one.container_id
        )
        # Who asks for the devices alone names no session.
        self._containers = holding or self._containers
        deadline = self._clock() + patience
        looks = [watch.begin() for watch in self._watches]
        told = [
            watch.told(look, deadline - self._clock())
            for watch, look in zip(self._watches, looks, strict=True)
        ]
        readings = [reading for one in told for reading in one.readings]
        if self._tops is not None and holding and any(map(_has_unplaced, readings)):
            known = self._tops.known(holding, deadline - self._clock())
            readings = [_placed(reading, known) for reading in readings]
        # Who waited in vain is to know for whom.
        drivers = [
            one.driver or (_silent(vendor) if patience > 0 else None)
            for one, vendor in zip(told, self._vendors, strict=True)
        ]
        sample = GpuSample(
            MappingProxyType({reading.uuid: reading for reading in readings}),
            tuple(one for one in drivers if one is not None),
        )
        # An equal sample stays the same object, so that whoever draws it sees at once that it is.
        last = self._sample
        if sample == last:
            return last
        self._sample = sample
        return sample

    def close(self) -> None:
        """See the port. Waits for nobody."""
        for watch in self._watches:
            watch.close()
        if self._tops is not None:
            self._tops.close()

    def _watch(self, source: GpuSource, processes: GpuProcesses, clock: Callable[[], float]) -> DriverWatch:
        return DriverWatch(source, lambda readings: processes.placed(readings, self._containers), clock)


def _silent(vendor: Vendor) -> Driver:
    return Driver(vendor, trouble="the driver has not answered yet", answered=False)


def _has_unplaced(reading: GpuReading) -> bool:
    return any(one.place is Place.UNKNOWN for one in reading.processes or ())


def _placed(reading: GpuReading, known: Mapping[int, Contained]) -> GpuReading:
    """The reading, its processes in the containers that the engine found them in."""
    if reading.processes is None:
        return reading
    processes = tuple(
        replace(one, place=Place.CONTAINER, container_id=known[one.pid][0], command=known[one.pid][1])
        if one.place is Place.UNKNOWN and one.pid in known
        else one
        for one in reading.processes
    )
    return replace(reading, processes=processes)
