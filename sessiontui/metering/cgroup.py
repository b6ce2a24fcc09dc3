"""Counters of sessions whose engine runs on this machine, from the kernel's cgroup files and ``/proc``."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import Reading
from sessiontui.metering.container import CONTROLLERS, Container, network_file
from sessiontui.metering.hierarchy import Hierarchy, files_of, hierarchies
from sessiontui.metering.kept_files import Gone, KeptFiles
from sessiontui.metering.processes import Process, Processes

_ID_LENGTH = 64
"""Digits of a container's whole id: a part of one may be in many paths."""
_LONGEST = 30.0
"""Seconds between two looks for a session that no process here seems to belong to."""


@dataclass(frozen=True, slots=True)
class _Search:
    """When to look again for the process of a session, and how long to wait after that."""

    due: float
    wait: float
    refused: bool
    """Whether it was permission that was lacking."""


class CgroupMeter:
    """Reads the running sessions whose cgroups are on this machine; the others it does not know."""

    def __init__(self, proc: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic) -> None:
        self._proc = str(proc)
        self._clock = clock
        self._lock = threading.Lock()
        self._files = KeptFiles()
        self._processes = Processes(self._proc, self._files.read)
        self._containers: dict[str, Container] = {}
        self._searches: dict[str, _Search] = {}
        self._mounted: tuple[Hierarchy, ...] = ()
        self._notes: tuple[str, ...] = ()

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        """Readings of the running sessions whose cgroup is on this machine."""
        running = {
            session.id: session
            for session in sessions
            if session.phase is Phase.RUNNING and len(session.container_id or "") == _ID_LENGTH
        }
        with self._lock:
            self._close_all_but(running)
            refused = self._open_missing(running)
            found: dict[str, Reading] = {}
            for one, container in list(self._containers.items()):
                try:
                    reading = container.read(self._clock(), in_detail=shown is None or one in shown)
                except Gone:
                    self._containers.pop(one).close()
                    continue
                if reading.cpu_ns is not None or reading.memory is not None:
                    found[one] = reading
            self._notes = self._noted(running, refused)
        return found

    def notes(self) -> tuple[str, ...]:
        """Why reading costs more than it need, where it does."""
        return self._notes

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._close_all_but({})

    def _close_all_but(self, running: Mapping[str, Session]) -> None:
        """Forget sessions that run no more, or in another container or process than before."""
        for one, container in list(self._containers.items()):
            session = running.get(one)
            if (
                session is None
                or session.container_id != container.container_id
                or session.pid not in (None, container.named, container.process.pid)
            ):
                self._containers.pop(one).close()
        for one in [one for one in self._searches if one not in running]:
            del self._searches[one]

    def _open_missing(self, running: Mapping[str, Session]) -> int:
        """Open what is not open yet; how many sessions are refused for lack of permission."""
        refused = set()
        for one in running.keys() - self._containers.keys():
            pid = running[one].pid
            process = None if pid is None else self._processes.process(pid)
            if process is not None and self._open(running[one], process):
                refused.add(one)
        missing = {one: running[one] for one in running if one not in self._containers}
        return len(refused | self._search(missing))

    def _search(self, missing: Mapping[str, Session]) -> set[str]:
        """Look for processes of the sessions not open, if one is due; those that are refused to us."""
        now = self._clock()
        due = [one for one in missing if one not in self._searches or now >= self._searches[one].due]
        if due:
            found = self._processes.first_of({str(session.container_id) for session in missing.values()})
            hidden = len(found) < len(missing) and self._processes.hidden()
            for one, session in missing.items():
                process = found.get(str(session.container_id))
                refused = hidden if process is None else self._open(session, process)
                if one in self._containers:
                    self._searches.pop(one, None)
                elif one in due:
                    wait = min(self._searches[one].wait * 2, _LONGEST) if one in self._searches else 1.0
                    self._searches[one] = _Search(now + wait, wait, refused)
        return {one for one in missing if one in self._searches and self._searches[one].refused}

    def _open(self, session: Session, process: Process) -> bool:
        """Open the files of a session's container; whether they are there and not for us to read."""
        container_id = str(session.container_id)
        try:
            membership = self._processes.membership(process.pid)
        except OSError:
            return False
        places = {}
        for controller in CONTROLLERS:
            place = files_of(controller, membership, self._hierarchies(), container_id)
            if place is not None:
                places[controller] = place
        if not places:
            return False
        network = network_file(self._files, self._proc, process, partial(self._processes.alive, process))
        container = Container(container_id, process, session.pid, places, self._files, network)
        if not container.errors or any(error is None for error in container.errors):
            self._containers[session.id] = container
            return False
        container.close()
        return any(isinstance(error, PermissionError) for error in container.errors)

    def _hierarchies(self) -> tuple[Hierarchy, ...]:
        if not self._mounted:
            with suppress(OSError):
                text = self._files.read(f"{self._proc}/self/mountinfo")
                self._mounted = hierarchies(os.fsdecode(text))
        return self._mounted

    def _noted(self, running: Mapping[str, Session], refused: int) -> tuple[str, ...]:
        if running and refused == len(running):
            return (
                "the kernel does not let you read the counters of sessions (hidepid, or closed cgroups): "
                "the engine is asked for them, which costs more",
            )
        if self._files.scarce:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            return (
                f"the limit of open files ({soft if hard == resource.RLIM_INFINITY else hard}) is too low to "
                "keep the counters of all sessions open: reading them costs more; raise it with ulimit -n",
            )
        return ()
