"""GPUs that read a script instead of a driver: the double of tests, and the devices of ``--demo``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sessiontui.domain.gpu import NO_SAMPLE, Gpu, GpuSample
from sessiontui.domain.session import Session

Script = Callable[[Sequence[Session]], GpuSample]
"""What the devices do while these sessions are there."""


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
