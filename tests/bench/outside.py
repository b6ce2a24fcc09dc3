"""What others do to sessions while a person looks on, and how long it takes to show."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Session
from sessiontui.domain.units import MIB, parse_bytes
from sessiontui.engine.link import Link
from sessiontui.engine.port import Engine
from tests.bench.fleet import PREFIX, Fleet
from tests.bench.terminal import Terminal, TimedOutError
from tests.real import linked

PROBE = f"{PREFIX}005-probe"
"""Sorts among the first of the list, where it is in view and does not push the cursor about."""
_ASK = Ask(1, 64 * MIB)
_STEP = 16
"""MiB that the probe's memory goes up and down by."""
_LIMIT = 10.0
_LOOK = 0.3
"""Seconds of output that are kept before they are drawn."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from the engine's event to the screen, of each trial."""

    started: tuple[float, ...]
    removed: tuple[float, ...]


class _Listener:
    """The engine's own events about containers, stamped as they are received."""

    def __init__(self, link: Link) -> None:
        actions = ["start", "die", "destroy"]
        self._stream = link.reader.events({"type": ["container"], "event": actions})
        self._stamps: dict[tuple[str, str], float] = {}
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for event in self._stream:
            self._stamps[event["Action"], event["id"]] = time.monotonic()

    def stamp(self, action: str, container_id: str) -> float:
        """When the event was received that came with what was just done; waited for a moment.

        Raises TimedOutError.
        """
        end = time.monotonic() + 1
        while time.monotonic() < end:
            if (found := self._stamps.get((action, container_id))) is not None:
                return found
            time.sleep(0.01)
        raise TimedOutError(f"the engine told of no {action!r} of {container_id[:12]}")

    def forget(self) -> None:
        """Start anew."""
        self._stamps.clear()

    def close(self) -> None:
        """Stop listening."""
        self._stream.close()
        self._thread.join()


def delays(terminal: Terminal, fleet: Fleet, engine: Engine, trials: int) -> Delays:
    """Start and remove a session behind the program's back, as ``docker start`` and ``docker rm -f`` do.

    The session was launched and stopped before. Started counts from the event ``start`` to the
    chunk that shows its name; removed from the event ``destroy`` to the chunk that shows it no more,
    and is 0 where it was gone at ``die`` already. What never shows counts as long as it was waited for.
    Raises TimedOutError where the program does not show what was there before.
    """
    started, removed = [], []
    with linked() as link, closing(_Listener(link)) as listener, ThreadPoolExecutor(1) as other:
        client = link.client
        for _ in range(trials):
            session = fleet.launch(PROBE, _ASK)
            container = session.container_id or ""
            _wait(terminal, lambda: _shown(terminal))
            engine.stop(session)
            _wait(terminal, lambda: not _shown(terminal))
            listener.forget()

            starting = other.submit(client.start, container)
            terminal.read(_LIMIT, starting.done)
            seen = _seen(terminal, lambda: _shown(terminal))
            started.append(max(0.0, seen - listener.stamp("start", container)))

            removing = other.submit(client.remove_container, container, v=True, force=True)
            terminal.read(_LIMIT, removing.done)
            seen = _seen(terminal, lambda: not _shown(terminal))
            removed.append(max(0.0, seen - listener.stamp("destroy", container)))
            fleet.remove(PROBE)
    return Delays(tuple(started), tuple(removed))


def ages(terminal: Terminal, fleet: Fleet, engine: Engine, trials: int) -> tuple[float, ...]:
    """Let the memory of a session step up and down, and see how long the old figure stays.

    A command inside fills or empties a file in memory and reads the kernel's clock (of 10 ms) when
    that is done; the age is from there to the chunk that shows the new amount in the column MEM. The
    moments are random to the program's own second, so the largest of the trials is the age that the
    oldest figure on the screen has. Nothing is subtracted. Raises TimedOutError.
    """
    session = fleet.launch(PROBE, _ASK)
    _wait(terminal, lambda: _memory(terminal) is not None)
    found = []
    with ThreadPoolExecutor(1) as other:
        for trial in range(trials):
            up = trial % 2 == 0
            terminal.read(random.uniform(1.0, 2.0))
            stepping = other.submit(_step, engine, session, up=up)
            terminal.read(_LIMIT, stepping.done)
            seen = _seen(terminal, lambda: _stepped(terminal, up=up))  # noqa: B023 # called before the next
            found.append(max(0.0, seen - stepping.result()))
    fleet.remove(PROBE)
    return tuple(found)


def _step(engine: Engine, session: Session, *, up: bool) -> float:
    """Let the session's memory step; the moment it had, on the clock of all stamps."""
    file = "/dev/shm/step"
    step = f"dd if=/dev/zero of={file} bs=1M count={_STEP} 2>/dev/null" if up else f"rm {file}"
    outcome = engine.run(session, ["/bin/sh", "-c", f"{step} && read -r up rest </proc/uptime && echo $up"])
    ahead = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    return float(outcome.output) - ahead


def _stepped(terminal: Terminal, *, up: bool) -> bool:
    amount = _memory(terminal)
    return amount is not None and (amount > _STEP * MIB / 2) == up


def _memory(terminal: Terminal) -> int | None:
    """The probe's MEM cell in bytes, None where it is not shown. ``16.5/64M`` has one unit for both."""
    line = terminal.picture.line_with(PROBE)
    cell = re.search(rf"([\d.]+)([BKM]?)\s?/\s?{_ASK.memory // MIB}M", line or "")
    return None if cell is None else parse_bytes(cell[1] + (cell[2] or "M"))


def _shown(terminal: Terminal) -> bool:
    return terminal.picture.line_with(PROBE) is not None


def _seen(terminal: Terminal, holds: Callable[[], bool]) -> float:
    """The stamp of the chunk that made it hold; the end of the wait, a failure, where none did."""
    end = time.monotonic() + _LIMIT
    while time.monotonic() < end:
        terminal.read(_LOOK)
        stamp = terminal.first(holds)
        if stamp is not None:
            return stamp
    return end


def _wait(terminal: Terminal, holds: Callable[[], bool]) -> None:
    """Wait until it holds, before something is measured. Raises TimedOutError."""
    _seen(terminal, holds)
    if not holds():
        raise TimedOutError(f"{PROBE} is not as expected; on the screen:\n{terminal.picture}")
