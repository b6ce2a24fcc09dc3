"""What sessiontui asks of meters. None of the methods raises: what cannot be read is absent or None."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sessiontui.domain.gpu import NO_SAMPLE, Driver, Gpu, GpuReading, GpuSample, Vendor
from sessiontui.domain.picture import HostUsage
from sessiontui.domain.session import Session
from sessiontui.domain.usage import Reading


class Meter(Protocol):
    """Reads the counters of sessions."""

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        """Readings by session id, of the running sessions among those given that this meter knows.

        ``shown`` are the ids of the sessions a person sees now (None: of all). What is dear to ask
        for is asked for those only; a session that is left out for that keeps no reading.
        """

    def notes(self) -> tuple[str, ...]:
        """What a person should know about how it reads now, in sentences; empty when all is well."""

    def close(self) -> None:
        """Let go of files and connections."""


class MachineMeter(Protocol):
    """Reads the machine sessiontui runs on."""

    def usage(self) -> HostUsage:
        """Cores and bytes in use; CPU is unknown on the first call."""

    def memory_available(self) -> int | None:
        """Bytes the kernel can still give."""


class GpuSource(Protocol):
    """The devices of one vendor. Every call may take as long as the driver likes; none of them raises."""

    @property
    def vendor(self) -> Vendor:
        """Whose."""

    def driver(self) -> Driver:
        """What answers, or why nothing does."""

    def devices(self) -> tuple[Gpu, ...]:
        """All devices and their parts, nobody's yet; none where no driver answers."""

    def readings(self) -> tuple[GpuReading, ...]:
        """What each device does now, parts included, at moments of ``time.monotonic``; of the processes
        only what the driver tells."""

    def close(self) -> None:
        """Let go of the driver."""


class GpuMeter(Protocol):
    """The GPUs of this machine, of all vendors. None of the calls raises or waits long for a driver."""

    def devices(self) -> tuple[Gpu, ...]:
        """All devices and their parts, nobody's yet; waits some seconds for a driver's first answer."""

    def sample(self, sessions: Sequence[Session], *, patience: float = 0.0) -> GpuSample:
        """What the drivers told last, with processes told apart by container, and a new look begun.

        ``sessions`` are those that may hold devices: where a process cannot be looked at, the engine is
        asked for those of their containers. ``patience`` are seconds to wait for a look of now.
        """

    def close(self) -> None:
        """Let go of the drivers."""


class _NoGpus:
    def devices(self) -> tuple[Gpu, ...]:
        """None."""
        return ()

    def sample(self, sessions: Sequence[Session], *, patience: float = 0.0) -> GpuSample:
        """Nothing."""
        return NO_SAMPLE

    def close(self) -> None:
        """Nothing to let go of."""


NO_GPUS: GpuMeter = _NoGpus()
"""A machine without GPUs."""
