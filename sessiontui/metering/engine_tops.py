"""Which processes are in which containers, as the engine tells it: where ``/proc`` does not.

Format: ``GET /containers/{id}/top`` of the Engine API, whose numbers are those of the engine's machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

from sessiontui.domain.errors import SessiontuiError

ASKED_AGAIN = 5.0
"""Seconds between two rounds of questions at least: for each, the engine lists all of its processes."""
KEPT = 15.0
"""Seconds for which an answer stands: the number of a process is another's in time."""

Contained = tuple[str, str]
"""The id of the container that a process is in, and its command."""

_LONGEST = 12
"""Digits that no number of a process has."""
_NOTHING: Mapping[int, Contained] = MappingProxyType({})


def processes_of(answer: object) -> Mapping[int, str]:
    """The commands by number of process in one answer; what is no such list has none."""
    titles, rows = _part(answer, "Titles"), _part(answer, "Processes")
    if "PID" not in titles:
        return {}
    number, command = titles.index("PID"), titles.index("COMMAND") if "COMMAND" in titles else None
    return {
        int(row[number]): "" if command is None else str(row[command])
        for row in rows
        if isinstance(row, list) and len(row) == len(titles) and _is_a_number(row[number])
    }


def _is_a_number(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < _LONGEST


def _part(answer: object, name: str) -> list[Any]:
    part = answer.get(name) if isinstance(answer, dict) else None
    return part if isinstance(part, list) else []


class EngineTops:
    """Asks the engine in a thread of its own, and never waits for it.

    The thread is a daemon, so that an engine that hangs never holds up the end of the program.
    """

    def __init__(self, ask: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        """``ask`` gives the engine's answer about a container, or raises a SessiontuiError."""
        self._ask = ask
        self._clock = clock
        self._changed = threading.Condition()
        self._wanted: Collection[str] = ()
        self._thread: threading.Thread | None = None
        self._asking = False
        self._told: Mapping[int, Contained] = _NOTHING
        self._told_at: float | None = None
        self._closed = False

    def known(self, container_ids: Collection[str], patience: float = 0.0) -> Mapping[int, Contained]:
        """What the engine told last, by number of process; asks anew of these containers where that is due.

        ``patience`` are seconds to wait where nothing that still stands was told.
        """
        with self._changed:
            if self._closed or not container_ids:
                return _NOTHING
            if not self._asking and self._age() >= ASKED_AGAIN:
                self._begin(container_ids)
            if patience > 0:
                self._changed.wait_for(
                    lambda: not self._asking or self._closed or self._age() < KEPT, patience
                )
            return self._told if self._age() < KEPT else _NOTHING

    def close(self) -> None:
        """Ask no more. A question under way ends by itself."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _age(self) -> float:
        return self._clock() - self._told_at if self._told_at is not None else float("inf")

    def _begin(self, container_ids: Collection[str]) -> None:
        self._wanted, self._asking = tuple(container_ids), True
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="engine-tops", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        try:
            self._ask_until_closed()
        finally:
            # Also after a bug, whose traceback comes out: nobody waits for what nobody asks any more.
            self.close()

    def _ask_until_closed(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._asking)
                if self._closed:
                    return
                wanted = self._wanted
            told: dict[int, Contained] = {}
            for container_id in wanted:
                for pid, command in self._processes(container_id).items():
                    told[pid] = (container_id, command)
            with self._changed:
                self._told, self._told_at, self._asking = told, self._clock(), False
                self._changed.notify_all()

    def _processes(self, container_id: str) -> Mapping[int, str]:
        """Those of a container; none where it or the engine is gone."""
        try:
            return processes_of(self._ask(container_id))
        except SessiontuiError:
            return {}
