"""Rates of a session, made from two readings of its counters."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sessiontui.domain.resources import Ask


@dataclass(frozen=True, slots=True)
class Reading:
    """Raw counters of one session at one moment; None where the source does not tell.

    Counters grow from the start of the container; one that is smaller than before began anew.
    """

    at: float
    """Seconds on a clock that only goes forward."""
    cpu_ns: int | None = None
    """CPU time spent, in nanoseconds."""
    memory: int | None = None
    """Bytes in use without the page cache the kernel would give back."""
    memory_peak: int | None = None
    """The most bytes the kernel ever charged, page cache included."""
    periods: int | None = None
    """Periods of the CPU limit in which the session wanted to run."""
    throttled_periods: int | None = None
    """Those of them in which it used its limit up and was held back."""
    pids: int | None = None
    """Processes and threads there are."""
    read_bytes: int | None = None
    """Bytes read from disks."""
    written_bytes: int | None = None
    """Bytes written to disks."""
    received_bytes: int | None = None
    """Bytes that came in over all network interfaces but the loopback."""
    sent_bytes: int | None = None
    """Bytes that went out."""
    oom_kills: int | None = None
    """Processes the kernel ended since the memory limit was reached."""
    cpu_limit: float | None = None
    """The limit as the kernel has it, in cores; None where there is none or it is not told."""
    memory_limit: int | None = None
    """The limit as the kernel has it, in bytes."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a session uses now; None is unknown, never zero. Rates are bytes a second."""

    cpu: float | None = None
    """Cores busy."""
    memory: int | None = None
    """Bytes in use without the page cache the kernel would give back."""
    memory_peak: int | None = None
    """The most bytes the kernel ever charged, page cache included."""
    throttled: float | None = None
    """Share (0 to 1) of the periods it wanted to run in in which its CPU limit held it back."""
    pids: int | None = None
    read: float | None = None
    written: float | None = None
    received: float | None = None
    sent: float | None = None
    oom_kills: int | None = None
    cpu_limit: float | None = None
    """Cores, where the meter knows the kernel's own limit: an update may have changed the order's."""
    memory_limit: int | None = None

    def limits(self, ask: Ask) -> Ask:
        """The limits in force: the kernel's own where the meter knows them, else those asked for."""
        return replace(ask, cpu=self.cpu_limit or ask.cpu, memory=self.memory_limit or ask.memory)


UNKNOWN = Usage()


def usage_between(earlier: Reading | None, later: Reading) -> Usage:
    """Usage from two readings.

    A rate is unknown on a first reading, when no time has passed, and when its counter went
    backwards. Where CPU time did, the container was started anew in between: then no rate is known.
    """
    level = Usage(
        memory=later.memory,
        memory_peak=later.memory_peak,
        pids=later.pids,
        oom_kills=later.oom_kills,
        cpu_limit=later.cpu_limit,
        memory_limit=later.memory_limit,
    )
    if earlier is None or later.at <= earlier.at:
        return level
    spent = _grown(earlier.cpu_ns, later.cpu_ns)
    if spent is None and earlier.cpu_ns is not None and later.cpu_ns is not None:
        return level
    seconds = later.at - earlier.at
    return replace(
        level,
        cpu=None if spent is None else spent / 1e9 / seconds,
        throttled=None if spent is None else _throttled(earlier, later),
        read=_rate(earlier.read_bytes, later.read_bytes, seconds),
        written=_rate(earlier.written_bytes, later.written_bytes, seconds),
        received=_rate(earlier.received_bytes, later.received_bytes, seconds),
        sent=_rate(earlier.sent_bytes, later.sent_bytes, seconds),
    )


def _grown(before: int | None, after: int | None) -> int | None:
    """By how much a counter grew; None where it is not known or went backwards."""
    if before is None or after is None or after < before:
        return None
    return after - before


def _rate(before: int | None, after: int | None, seconds: float) -> float | None:
    grown = _grown(before, after)
    return None if grown is None else grown / seconds


def _throttled(earlier: Reading, later: Reading) -> float | None:
    """A session that did not want to run was not held back."""
    periods = _grown(earlier.periods, later.periods)
    throttled = _grown(earlier.throttled_periods, later.throttled_periods)
    if periods is None or throttled is None:
        return None
    return min(1.0, throttled / periods) if periods else 0.0
