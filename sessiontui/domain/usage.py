"""Rates of a session, made from two readings of its counters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """Raw counters of one session at one moment; None where the source does not tell."""

    at: float
    """Seconds on a clock that only goes forward."""
    cpu_ns: int | None = None
    """CPU time spent since the container started, in nanoseconds."""
    memory: int | None = None
    """Bytes in use without the page cache the kernel would give back."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a session uses: ``cpu`` in cores, ``memory`` in bytes; None is unknown, never zero."""

    cpu: float | None = None
    memory: int | None = None


UNKNOWN = Usage()


def usage_between(earlier: Reading | None, later: Reading) -> Usage:
    """Usage from two readings.

    CPU is unknown on a first reading, when no time has passed, and when the counter went
    backwards (the container was started anew in between).
    """
    cpu = None
    if earlier is not None and earlier.cpu_ns is not None and later.cpu_ns is not None:
        seconds = later.at - earlier.at
        spent = later.cpu_ns - earlier.cpu_ns
        if seconds > 0 and spent >= 0:
            cpu = spent / 1e9 / seconds
    return Usage(cpu, later.memory)
