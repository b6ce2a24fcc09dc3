"""Counters of sessions from the engine's own statistics, for engines whose cgroup files are elsewhere.

One request a session and reading (``one-shot``), never a stream: a stream costs the engine a sample a
second for as long as it is open. Format: ``GET /containers/{id}/stats`` of the Engine API.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import Reading
from sessiontui.metering.counters import meant

IN_FLIGHT = 6
"""Requests at once: an engine samples in turn, so that more only wait on its side."""
KEPT = 10.0
"""Seconds for which an answer is worth showing."""
_APART = 5.0
"""Seconds by which an engine's clock may move against ours before it is set anew."""


def reading_from_stats(stats: Mapping[str, Any], at: float) -> Reading | None:
    """A reading from one answer; figures that it lacks are None.

    A container that does not run has spent no time, which is no reading at all.

    The limit of memory is told where it cannot be mistaken for the machine's whole memory, which
    an engine on version 2 of cgroups gives for no limit.
    """
    spent = _count(_part(stats, "cpu_stats", "cpu_usage"), "total_usage")
    if not spent:
        return None
    memory, details = _part(stats, "memory_stats"), _part(stats, "memory_stats", "stats")
    throttling = _part(stats, "cpu_stats", "throttling_data")
    used = _count(memory, "usage")
    cached = _count(details, "total_inactive_file" if "total_inactive_file" in details else "inactive_file")
    disk = _part(stats, "blkio_stats").get("io_service_bytes_recursive")
    networks = [entry for entry in _part(stats, "networks").values() if isinstance(entry, dict)]
    return Reading(
        at,
        cpu_ns=spent,
        memory=None if used is None else max(0, used - (cached or 0)),
        memory_peak=_count(memory, "max_usage"),
        periods=_count(throttling, "periods"),
        throttled_periods=_count(throttling, "throttled_periods"),
        pids=_count(_part(stats, "pids_stats"), "current"),
        read_bytes=_disk(disk, "read"),
        written_bytes=_disk(disk, "write"),
        received_bytes=_sum(_count(entry, "rx_bytes") for entry in networks) if networks else None,
        sent_bytes=_sum(_count(entry, "tx_bytes") for entry in networks) if networks else None,
        memory_limit=meant(_count(details, "hierarchical_memory_limit")),
    )


def sampled_at(stats: Mapping[str, Any]) -> float | None:
    """When the engine looked, in seconds on its own clock; None where it does not say."""
    try:
        moment = datetime.fromisoformat(stats["read"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return moment if moment > 0 else None


def _part(stats: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """An object in an answer, empty where it is missing."""
    found: Any = stats
    for name in names:
        found = found.get(name)
        if not isinstance(found, dict):
            return {}
    return found  # type: ignore[no-any-return]


def _count(part: Mapping[str, Any], name: str) -> int | None:
    value = part.get(name)
    return value if isinstance(value, int) and value >= 0 else None


def _sum(figures: Iterable[int | None]) -> int | None:
    """The sum; None where any is unknown."""
    known = list(figures)
    return None if None in known else sum(figure or 0 for figure in known)


def _disk(entries: object, operation: str) -> int | None:
    """Bytes of an operation on all devices; version 2 of cgroups has the operations in small letters.

    Without any device it is not known: an engine says the same of a session that touched none and of
    a kernel that does not count.
    """
    if not isinstance(entries, list) or not entries:
        return None
    ours = [entry for entry in entries if isinstance(entry, dict)]
    return _sum(_count(entry, "value") for entry in ours if str(entry.get("op")).lower() == operation)


class _Clock:
    """Puts moments of an engine's clock on ours, so that a late answer does not change a rate.

    The answer that came the fastest tells best how far the engine's clock is ahead.
    """

    def __init__(self) -> None:
        self._ahead: float | None = None

    def ours(self, theirs: float | None, now: float) -> float:
        """When it was on our clock that the engine looked; now where it does not say."""
        if theirs is None:
            return now
        ahead = theirs - now
        if self._ahead is None or not 0 <= self._ahead - ahead <= _APART:
            self._ahead = ahead
        return theirs - self._ahead


class StatsMeter:
    """Asks the engine for the counters of the sessions that are shown, and never waits for it.

    The threads that do are daemons, so that an engine that hangs never holds up the end of the program.
    """

    def __init__(self, ask: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        """``ask`` gives the engine's answer about a container, or raises a SessiontuiError."""
        self._ask_engine = ask
        self._clock = clock
        self._changed = threading.Condition()
        self._engines = _Clock()
        self._asked: Collection[str] = ()
        self._wanted: list[str] = []
        self._pending: set[str] = set()
        self._latest: dict[str, Reading] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        """The newest answers there are; anew is asked for those whose last is the oldest first."""
        running = {
            session.container_id: session.id
            for session in sessions
            if session.phase is Phase.RUNNING and session.container_id
        }
        asked = {one: name for one, name in running.items() if shown is None or name in shown}
        oldest = self._clock() - KEPT
        with self._changed:
            if self._closed:
                return {}
            # What is out of view for a moment keeps its figures until they are too old.
            self._latest = {
                one: reading
                for one, reading in self._latest.items()
                if one in running and reading.at >= oldest
            }
            self._asked = asked.keys()
            self._wanted = sorted(
                asked.keys() - self._pending,
                key=lambda one: self._latest[one].at if one in self._latest else oldest,
                reverse=True,
            )
            missing = min(IN_FLIGHT, len(self._wanted) + len(self._pending)) - len(self._threads)
            for _ in range(missing):
                thread = threading.Thread(target=self._work, name="docker-stats", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify(len(self._wanted))
            return {running[one]: reading for one, reading in self._latest.items()}

    def notes(self) -> tuple[str, ...]:
        """Nothing to note."""
        return ()

    def close(self) -> None:
        """Ask no more. Requests under way end by themselves."""
        with self._changed:
            self._closed = True
            self._asked = ()
            self._wanted.clear()
            self._latest.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while (one := self._next()) is not None:
            answer = self._ask(one)
            now = self._clock()
            with self._changed:
                self._pending.discard(one)
                at = self._engines.ours(sampled_at(answer), now)
                reading = reading_from_stats(answer, at)
                if reading is None:
                    self._latest.pop(one, None)
                elif one in self._asked:
                    self._latest[one] = reading

    def _next(self) -> str | None:
        """The next container to ask about; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._wanted))
            if self._closed:
                return None
            one = self._wanted.pop()
            self._pending.add(one)
            return one

    def _ask(self, container_id: str) -> Mapping[str, Any]:
        """The engine's answer, empty where the container or the engine is gone."""
        try:
            stats = self._ask_engine(container_id)
        except SessiontuiError:
            return {}
        return stats if isinstance(stats, dict) else {}
