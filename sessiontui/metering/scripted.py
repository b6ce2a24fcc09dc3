"""Meters that read a script instead of a machine: the double of tests, and the life of ``--demo``."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sessiontui.domain.picture import HostUsage
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB, KIB, MIB
from sessiontui.domain.usage import Reading, Usage

Script = Callable[[Session, float], Usage | None]
"""What a session uses at a moment; None when its meter does not know it."""

_PERIODS = 10.0
"""Periods of a CPU limit in a second, as the kernel has them."""
BUSY_HOST = HostUsage(2.0, 4 * GIB)
"""What the machine uses where the script does not say."""


def waves(session: Session, at: float) -> Usage:
    """A load that comes and goes within what the session asked for, of its own rhythm each.

    One session in three reaches its CPU limit at the top of its wave and is held back there.
    """
    seed = zlib.crc32(session.id.encode())
    start, period = seed % 628 / 100, 20 + seed % 41
    level = 0.5 + 0.45 * math.sin(at * 2 * math.pi / period + start)
    flow = 0.5 + 0.5 * math.sin(at * 2 * math.pi / (period / 3) + start)
    return Usage(
        cpu=session.ask.cpu * level,
        memory=int(session.ask.memory * (0.3 + 0.4 * level)),
        memory_peak=int(session.ask.memory * 0.7),
        throttled=max(0.0, level - 0.8) if seed % 3 == 0 else 0.0,
        pids=4 + seed % 9 + round(8 * level),
        read=flow * (1 + seed % 5) * 4 * MIB,
        written=(1 - flow) * (1 + seed % 3) * 2 * MIB,
        received=flow * (1 + seed % 7) * 256 * KIB,
        sent=(1 - flow) * (1 + seed % 4) * 64 * KIB,
        oom_kills=0,
    )


@dataclass
class _Counters:
    """What a session's rates have added up to."""

    at: float
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, usage: Usage, at: float) -> None:
        """Let a moment's rates count for the time since the last."""
        seconds, self.at = max(0.0, at - self.at), at
        for name, rate in (
            ("cpu", usage.cpu),
            ("read", usage.read),
            ("written", usage.written),
            ("received", usage.received),
            ("sent", usage.sent),
            ("periods", None if usage.throttled is None else _PERIODS),
            ("throttled", None if usage.throttled is None else _PERIODS * usage.throttled),
        ):
            if rate is None:
                self.sums.pop(name, None)
            else:
                self.sums[name] = self.sums.get(name, 0.0) + rate * seconds

    def count(self, name: str, scale: float = 1.0) -> int | None:
        """A counter, None where the script does not say."""
        return round(self.sums[name] * scale) if name in self.sums else None


class ScriptedMeter:
    """Fills both meter ports from a script, on the clock it is given."""

    def __init__(
        self,
        now: Callable[[], float],
        script: Script = waves,
        *,
        host: HostUsage = BUSY_HOST,
        available: int | None = None,
    ) -> None:
        self._now = now
        self._script = script
        self._host = host
        self._available = available
        self._counters: dict[str, _Counters] = {}
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
                self._counters.pop(session.id, None)
                continue
            counters = self._counters.setdefault(session.id, _Counters(at))
            counters.add(usage, at)
            detailed = shown is None or session.id in shown
            found[session.id] = Reading(
                at,
                cpu_ns=counters.count("cpu", 1e9),
                memory=usage.memory,
                memory_peak=usage.memory_peak if detailed else None,
                periods=counters.count("periods"),
                throttled_periods=counters.count("throttled"),
                pids=usage.pids if detailed else None,
                read_bytes=counters.count("read"),
                written_bytes=counters.count("written"),
                received_bytes=counters.count("received"),
                sent_bytes=counters.count("sent"),
                oom_kills=usage.oom_kills if detailed else None,
                cpu_limit=usage.cpu_limit if detailed else None,
                memory_limit=usage.memory_limit if detailed else None,
            )
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
