"""Meters that read a script instead of a machine: the double of tests, and the life of ``--demo``."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence

from sessiontui.domain.picture import HostUsage
from sessiontui.domain.resources import Gpu
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB
from sessiontui.domain.usage import Reading, Usage

Script = Callable[[Session, float], Usage | None]
"""What a session uses at a moment; None when its meter does not know it."""


BUSY_HOST = HostUsage(2.0, 4 * GIB)
"""What the machine uses where the script does not say."""


def waves(session: Session, at: float) -> Usage:
    """A load that comes and goes within what the session asked for, of its own rhythm each."""
    seed = zlib.crc32(session.id.encode())
    phase, period = seed % 628 / 100, 20 + seed % 41
    level = 0.5 + 0.45 * math.sin(at * 2 * math.pi / period + phase)
    return Usage(session.ask.cpu * level, int(session.ask.memory * (0.3 + 0.4 * level)))


class ScriptedMeter:
    """Fills both meter ports from a script, on the clock it is given."""

    def __init__(
        self,
        now: Callable[[], float],
        script: Script = waves,
        *,
        host: HostUsage = BUSY_HOST,
        available: int | None = None,
        devices: tuple[Gpu, ...] = (),
    ) -> None:
        self._now = now
        self._script = script
        self._host = host
        self._available = available
        self._devices = devices
        self._spent: dict[str, tuple[float, float]] = {}
        self.closed = False

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        """Counters that grow as the script says."""
        at = self._now()
        found: dict[str, Reading] = {}
        for session in sessions:
            usage = self._script(session, at) if session.phase is Phase.RUNNING else None
            if usage is None:
                self._spent.pop(session.id, None)
                continue
            before, spent = self._spent.get(session.id, (at, 0.0))
            spent += (usage.cpu or 0.0) * max(0.0, at - before)
            self._spent[session.id] = (at, spent)
            cpu_ns = None if usage.cpu is None else round(spent * 1e9)
            found[session.id] = Reading(at, cpu_ns, usage.memory)
        return found

    def notes(self) -> tuple[str, ...]:
        """Nothing to note."""
        return ()

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def usage(self) -> HostUsage:
        """The machine's figures as given."""
        return self._host

    def memory_available(self) -> int | None:
        """The figure as given."""
        return self._available

    def devices(self) -> tuple[Gpu, ...]:
        """The devices as given."""
        return self._devices
