"""Where the processes run that a driver lists: from ``/proc`` of this machine."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sessiontui.domain.gpu import GpuProcess, GpuReading, Place
from sessiontui.metering.membership import container_in, containers_in, is_beside_us

_FIRST_PIDS = "pid:[4026531836]"
"""The namespace of the machine's own process numbers, which are those a driver tells: ``PROC_PID_INIT_INO``
of the kernel's ``include/linux/proc_ns.h``."""
_FIRST_CGROUPS = "cgroup:[4026531835]"
"""The namespace in which a cgroup's path begins at the machine's root: ``PROC_CGROUP_INIT_INO``."""
_TICKS = os.sysconf("SC_CLK_TCK")
_ZOMBIE = b"Z"


def ticks_now() -> int:
    """Clock ticks since the machine started, on the clock that the beginnings of processes are told by."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS)


@dataclass(frozen=True, slots=True)
class _Known:
    """What does not change of a process while it lives."""

    membership: str
    place: Place
    command: str
    user: str


class GpuProcesses:
    """Tells where processes run, each looked at once in its life. Not for two threads at once."""

    def __init__(self, proc: Path = Path("/proc"), now: Callable[[], int] = ticks_now) -> None:
        """``now`` gives the clock ticks since the machine started."""
        self._proc = proc
        self._now = now
        self._known: dict[tuple[int, int], _Known] = {}
        self._ours: tuple[bool, bool] | None = None

    def placed(self, readings: Sequence[GpuReading], containers: Collection[str]) -> tuple[GpuReading, ...]:
        """The readings, their processes with place, beginning, command and user.

        To be called as soon as the driver has answered: a process that ended meanwhile is left out, and
        so is one that began since, which has its number from another. ``containers`` are the ids
        that the engine knows: one of them is meant where containers run in containers.
        """
        until = self._now()
        found: dict[int, GpuProcess | None] = {}
        alive: set[tuple[int, int]] = set()
        placed = []
        for reading in readings:
            listed = []
            for process in reading.processes or ():
                if process.pid not in found:
                    found[process.pid] = self._look(process.pid, until, containers)
                seen = found[process.pid]
                if seen is None:
                    continue
                if seen.began is not None:
                    alive.add((seen.pid, seen.began))
                listed.append(replace(seen, memory=process.memory, busy=process.busy))
            told = None if reading.processes is None else tuple(listed)
            placed.append(reading if told == reading.processes else replace(reading, processes=told))
        self._known = {one: known for one, known in self._known.items() if one in alive}
        return tuple(placed)

    def _look(self, pid: int, until: int, containers: Collection[str]) -> GpuProcess | None:
        """A process without its figures; None where it is no more."""
        numbers_are_the_machines, paths_are_whole = self._namespaces()
        if not numbers_are_the_machines:
            # The number is somebody else's here.
            return GpuProcess(pid)
        stat = self._stat(pid)
        if stat is None:
            return GpuProcess(pid) if self._hidden() else None
        state, began = stat
        if began > until:
            return None
        known = self._known.get((pid, began))
        if known is None:
            known, again = self._learn(pid, paths_are_whole), self._stat(pid)
            if again is None or again[1] != began:
                # What was read may be of the next one of that number.
                return None
            if _ZOMBIE in (state, again[0]):
                # The kernel takes what has ended out of its cgroups of version 1.
                known = replace(known, place=Place.UNKNOWN)
            elif known.place is not Place.UNKNOWN:
                self._known[pid, began] = known
        container = container_in(known.membership, containers) if known.place is Place.CONTAINER else ""
        return GpuProcess(
            pid,
            began=began,
            place=known.place,
            container_id=container,
            command=known.command,
            user=known.user,
        )

    def _stat(self, pid: int) -> tuple[bytes, int] | None:
        """State and beginning, fields 3 and 22 of ``/proc/PID/stat``; None where there is no such process."""
        try:
            fields = self._read(pid, "stat").rpartition(b")")[2].split()
            return fields[0], int(fields[19])
        except (OSError, ValueError, IndexError):
            return None

    def _learn(self, pid: int, paths_are_whole: bool) -> _Known:
        membership = self._text(pid, "cgroup")
        if containers_in(membership):
            place = Place.CONTAINER
        elif not membership or (not paths_are_whole and is_beside_us(membership)):
            # In a namespace of cgroups, what is in our own container looks as if it were in none.
            place = Place.UNKNOWN
        else:
            place = Place.HOST
        return _Known(membership, place, self._command(pid), self._user(pid))

    def _namespaces(self) -> tuple[bool, bool]:
        """Whether numbers of processes, and whether paths of cgroups, are here what they are outside."""
        if self._ours is None:
            self._ours = (self._is("pid", _FIRST_PIDS), self._is("cgroup", _FIRST_CGROUPS))
        return self._ours

    def _is(self, kind: str, first: str) -> bool:
        try:
            return str((self._proc / "self" / "ns" / kind).readlink()) == first
        except OSError:  # a kernel without such namespaces
            return True

    def _hidden(self) -> bool:
        """Whether the processes of others cannot be looked at (``hidepid``): the first one is root's."""
        try:
            self._read(1, "cgroup")
        except OSError:
            return True
        return False

    def _command(self, pid: int) -> str:
        return self._text(pid, "comm").removesuffix("\n")

    def _user(self, pid: int) -> str:
        """Who runs it: the real user id in ``/proc/PID/status``, as this machine names it."""
        for line in self._text(pid, "status").splitlines():
            name, _, values = line.partition(":")
            uid = values.split()[:1]
            if name == "Uid" and uid and uid[0].isdecimal():
                with suppress(KeyError, OverflowError):
                    return pwd.getpwuid(int(uid[0])).pw_name
                return uid[0]
        return ""

    def _text(self, pid: int, name: str) -> str:
        """A file of a process; empty where it cannot be read."""
        try:
            return self._read(pid, name).decode(errors="replace")
        except OSError:
            return ""

    def _read(self, pid: int, name: str) -> bytes:
        return (self._proc / str(pid) / name).read_bytes()
