"""The meter of GPUs, made by the first who asks: most commands never do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from sessiontui.domain.gpu import Gpu, GpuSample
from sessiontui.domain.session import Session
from sessiontui.metering.port import NO_GPUS, GpuMeter


class GpusOnFirstUse:
    """Fills :class:`sessiontui.metering.port.GpuMeter` by another, for several threads at once."""

    def __init__(self, make: Callable[[], GpuMeter]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: GpuMeter | None = None

    def devices(self) -> tuple[Gpu, ...]:
        """See the port."""
        return self._meter().devices()

    def sample(self, sessions: Sequence[Session], *, patience: float = 0.0) -> GpuSample:
        """See the port."""
        return self._meter().sample(sessions, patience=patience)

    def close(self) -> None:
        """See the port. One that nobody asked is not made any more."""
        with self._lock:
            made = self._made = self._made or NO_GPUS
        made.close()

    def _meter(self) -> GpuMeter:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
