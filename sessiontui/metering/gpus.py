"""The GPUs of this machine: asks the vendors' drivers, with patience for those that hang."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from sessiontui.domain.gpu import Gpu, GpuSample
from sessiontui.domain.session import Session
from sessiontui.metering.port import GpuSource


class LocalGpus:
    """Fills :class:`sessiontui.metering.port.GpuMeter` from the drivers of this machine."""

    def __init__(self, sources: Sequence[GpuSource]) -> None:
        self._sources = tuple(sources)

    def devices(self) -> tuple[Gpu, ...]:
        """See the port."""
        return tuple(gpu for source in self._sources for gpu in source.devices())

    def sample(self, sessions: Sequence[Session], *, patience: float = 0.0) -> GpuSample:
        """See the port."""
        readings = {reading.uuid: reading for source in self._sources for reading in source.readings()}
        return GpuSample(MappingProxyType(readings), tuple(source.driver() for source in self._sources))

    def close(self) -> None:
        """See the port."""
        for source in self._sources:
            source.close()
