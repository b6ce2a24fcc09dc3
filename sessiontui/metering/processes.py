"""Finds a process of a container among all of this machine, where the engine's list names none."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from sessiontui.metering.hierarchy import names

_IDENTIFIER = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Process:
    """A process; its number may be another's later, with another beginning."""

    pid: int
    began: int
    """Clock ticks since the machine started: field 22 of ``/proc/PID/stat``, see ``proc_pid_stat(5)``."""


class Processes:
    """The processes in a tree such as ``/proc``. ``read`` gives the bytes of a file or raises OSError."""

    def __init__(self, proc: str, read: Callable[[str], bytes]) -> None:
        self._proc = proc
        self._read = read

    def process(self, pid: int) -> Process | None:
        """The process of a number, None where there is none."""
        try:
            fields = self._read(f"{self._proc}/{pid}/stat").rpartition(b")")[2].split()
            return Process(pid, int(fields[19]))
        except (OSError, ValueError, IndexError):
            return None

    def alive(self, process: Process) -> bool:
        """Whether it is still the same process."""
        return self.process(process.pid) == process

    def membership(self, pid: int) -> str:
        """The text of its ``cgroup`` file. Raises OSError."""
        return os.fsdecode(self._read(f"{self._proc}/{pid}/cgroup"))

    def hidden(self) -> bool:
        """Whether the processes of others cannot be looked at (``hidepid``): the first one is root's."""
        try:
            self.membership(1)
        except OSError:
            return True
        return False

    def first_of(self, container_ids: Collection[str]) -> dict[str, Process]:
        """The process that began first in each of these containers; one look at all processes."""
        found: dict[str, Process] = {}
        try:
            pids = [int(entry.name) for entry in Path(self._proc).iterdir() if entry.name.isdigit()]
        except OSError:
            return found
        for pid in pids:
            try:
                membership = self.membership(pid)
            except OSError:  # it ended, or is hidden from us
                continue
            here = {one for one in _IDENTIFIER.findall(membership) if one in container_ids}
            parts = {part for line in membership.splitlines() for part in line.split("/")} if here else ()
            for one in here:
                process = self.process(pid) if any(names(part, one) for part in parts) else None
                if process is not None and (one not in found or _order(process) < _order(found[one])):
                    found[one] = process
        return found


def _order(process: Process) -> tuple[int, int]:
    return process.began, process.pid
