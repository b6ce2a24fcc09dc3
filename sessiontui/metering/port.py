"""What sessiontui asks of meters. None of the methods raises: what cannot be read is absent or None."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sessiontui.domain.picture import HostUsage
from sessiontui.domain.resources import Gpu
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

    def devices(self) -> tuple[Gpu, ...]:
        """The GPUs its drivers tell, nobody's yet."""
