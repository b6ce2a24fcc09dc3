"""Counters of sessions from the engine's own statistics, for engines whose cgroup files are elsewhere.

One request a session and reading (``one-shot``), never a stream: a stream costs the engine a sample a
second for as long as it is open. Format: ``GET /containers/{id}/stats`` of the Engine API.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import docker
import requests
from docker.errors import DockerException

from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import Reading

IN_FLIGHT = 6
"""Requests at once: an engine samples in turn, so that more only wait on its side."""
PATIENCE = 1.5
"""Seconds one call waits for answers; an older engine answers at its collector's next tick, up to 1 s."""


def reading_from_stats(stats: Mapping[str, Any], at: float) -> Reading:
    """A reading from one answer; figures that it lacks (a stopped container has none) are None."""
    memory = stats.get("memory_stats") or {}
    details = memory.get("stats") or {}
    used = memory.get("usage")
    cached = details.get("total_inactive_file", details.get("inactive_file", 0))
    spent = ((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage")
    return Reading(
        at,
        spent if isinstance(spent, int) and spent > 0 else None,
        max(0, used - cached) if isinstance(used, int) and isinstance(cached, int) else None,
    )


class StatsMeter:
    """Asks the engine for each session's counters; a late answer serves the next call.

    The threads that wait are daemons, so that an engine that hangs never holds up the end of the
    program.
    """

    def __init__(
        self,
        client: Callable[[], docker.APIClient],
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._patience = patience
        self._clock = clock
        self._questions: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._pending: set[tuple[str, str]] = set()
        self._latest: dict[tuple[str, str], Reading] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        """The newest readings there are once all have answered or the patience is over."""
        asked = {
            (session.id, session.container_id)
            for session in sessions
            if session.phase is Phase.RUNNING and session.container_id
        }
        if not asked:
            return {}
        deadline = time.monotonic() + self._patience
        with self._changed:
            if self._closed:
                return {}
            self._latest = {one: self._latest[one] for one in self._latest if one in asked}
            for one in sorted(asked - self._pending):
                self._pending.add(one)
                self._questions.put(one)
            while len(self._threads) < min(IN_FLIGHT, len(self._pending)):
                thread = threading.Thread(target=self._answer, name="docker-stats", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.wait_for(
                lambda: self._closed or not (asked & self._pending), deadline - time.monotonic()
            )
            return {one[0]: self._latest[one] for one in self._latest if one in asked}

    def notes(self) -> tuple[str, ...]:
        """Nothing to note."""
        return ()

    def close(self) -> None:
        """Ask no more. Requests under way end by themselves."""
        with self._changed:
            self._closed = True
            for _ in self._threads:
                self._questions.put(None)
            self._changed.notify_all()

    def _answer(self) -> None:
        while (one := self._questions.get()) is not None and not self._closed:
            reading = self._ask(one[1])
            with self._changed:
                self._pending.discard(one)
                if reading is None:
                    self._latest.pop(one, None)
                else:
                    self._latest[one] = reading
                self._changed.notify_all()

    def _ask(self, container_id: str) -> Reading | None:
        try:
            stats: Any = self._client().stats(container_id, stream=False, one_shot=True)
            return reading_from_stats(stats, self._clock())
        except (
            SessiontuiError,
            DockerException,
            requests.RequestException,
            OSError,
            ValueError,
            TypeError,
            AttributeError,
        ):  # the container is gone, the engine is, or the answer is none
            return None
