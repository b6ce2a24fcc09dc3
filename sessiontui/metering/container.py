"""The counter files of one container: which they are, and the reading they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from sessiontui.domain.usage import Reading
from sessiontui.metering import counters
from sessiontui.metering.hierarchy import ControllerFiles
from sessiontui.metering.kept_files import KeptFile, KeptFiles
from sessiontui.metering.processes import Process

_T = TypeVar("_T")
CONTROLLERS = ("cpuacct", "cpu", "memory", "blkio", "pids")
"""As version 1 names them; version 2 has all of them in one place."""
_PATIENCE = 5
"""Readings after which memory.stat is read even though the memory in use did not change."""

_DISK_1 = "blkio.throttle.io_service_bytes"
"""Version 1's file of a cgroup alone, without those below it: the engine's own figures come from it."""


class _Parsed(Generic[_T]):
    """What a text says, worked out anew only when the text is another: most sessions rest."""

    __slots__ = ("_parse", "_text", "_value")

    def __init__(self, parse: Callable[[bytes | None], _T]) -> None:
        self._parse = parse
        self._text: bytes | None = None
        self._value = parse(None)

    def of(self, text: bytes | None) -> _T:
        if text != self._text:
            self._text, self._value = text, self._parse(text)
        return self._value


class Container:
    """Open files of one container. Not for two threads at once."""

    def __init__(
        self,
        container_id: str,
        process: Process,
        named: int | None,
        places: Mapping[str, ControllerFiles],
        files: KeptFiles,
        network: KeptFile | None,
    ) -> None:
        self.container_id = container_id
        self.process = process
        self.named = named
        """The process that the engine named, rightly or not."""
        self._places = places
        self._files = files
        self._network = network
        self._cpu = self._open("cpuacct", "cpuacct.usage", None)
        self._cpu_stat = self._open("cpu", "cpu.stat", "cpu.stat")
        self._memory = self._open("memory", "memory.usage_in_bytes", "memory.current")
        self._memory_stat = self._open("memory", "memory.stat", "memory.stat")
        self._disk = self._open("blkio", _DISK_1, "io.stat")
        self._cpu_version = self._version("cpuacct")
        self._times_of = _Parsed(counters.processor)
        self._disk_of = _Parsed(
            counters.disk_of_version_1 if self._version("blkio") == 1 else counters.disk_of_version_2
        )
        self._disk_counted = self._version("blkio") != 1 or self._kernel_counts_disks()
        self._network_of = _Parsed(counters.network)
        self._inactive_file = b"total_inactive_file" if self._version("memory") == 1 else b"inactive_file"
        self._details: dict[str, KeptFile | None] = {}
        self._used: int | None = None
        self._cached: int | None = None
        self._looks = 0

    @property
    def errors(self) -> tuple[OSError | None, ...]:
        """Why its CPU and memory cannot be read; None of one that can."""
        cpu = self._cpu or self._cpu_stat
        return tuple(file.error for file in (cpu, self._memory) if file is not None)

    def read(self, at: float, *, in_detail: bool) -> Reading:
        """A reading; pids, peak, kills and limits only in detail. Raises Gone."""
        cpu = None if self._cpu is None else counters.number(self._cpu.read())
        microseconds, periods, throttled = self._times_of.of(
            None if self._cpu_stat is None else self._cpu_stat.read()
        )
        if self._cpu_version == 2:
            cpu = None if microseconds is None else microseconds * 1000
        memory = self._memory_in_use()
        disk = None if self._disk is None else self._disk.read()
        read, written = self._disk_of.of(disk if self._disk_counted else None)
        received, sent = self._network_of.of(None if self._network is None else self._network.read())
        if in_detail:
            peak, pids, kills, cores, limit = self._in_detail()
        else:
            self._close_details()
            peak = pids = kills = cores = limit = None
        return Reading(
            at,
            cpu,
            memory,
            peak,
            periods,
            throttled,
            pids,
            read,
            written,
            received,
            sent,
            kills,
            cores,
            limit,
        )

    def close(self) -> None:
        """Let go of all files."""
        kept = (self._cpu, self._cpu_stat, self._memory, self._memory_stat, self._disk, self._network)
        for file in kept:
            if file is not None:
                file.close()
        self._close_details()

    def _kernel_counts_disks(self) -> bool:
        """Whether version 1 counts at all: recent kernels do not before somebody sets a disk's limit.

        Where the whole machine has not touched a device, what it says of a container is nothing.
        """
        try:
            whole = self._files.read(f"{self._places['blkio'].mount_point}/{_DISK_1}_recursive")
        except OSError:
            return True
        return any(counters.disk_of_version_1(whole))

    def _memory_in_use(self) -> int | None:
        """What the cache takes is the dearest to ask for, and changes with the whole."""
        used = None if self._memory is None else counters.number(self._memory.read())
        if used is None or self._memory_stat is None:
            return used
        self._looks += 1
        if used != self._used or self._looks >= _PATIENCE:
            self._cached = counters.figure(self._memory_stat.read(), self._inactive_file)
            self._used, self._looks = used, 0
        return used if self._cached is None else max(0, used - self._cached)

    def _in_detail(self) -> tuple[int | None, int | None, int | None, float | None, int | None]:
        """Peak, pids, kills, and the limits of CPU and memory."""
        peak = counters.number(self._detail("memory", "memory.max_usage_in_bytes", "memory.peak"))
        kills = counters.figure(self._detail("memory", "memory.oom_control", "memory.events"), b"oom_kill")
        limit = counters.limit(self._detail("memory", "memory.limit_in_bytes", "memory.max"))
        pids = counters.number(self._detail("pids", "pids.current", "pids.current"))
        if self._version("cpu") == 2:
            cores = counters.cores_of_max(self._detail("cpu", None, "cpu.max"))
        else:
            cores = counters.cores_of_quota(
                self._detail("cpu", "cpu.cfs_quota_us", None), self._detail("cpu", "cpu.cfs_period_us", None)
            )
        return peak, pids, kills, cores, limit

    def _detail(self, controller: str, name_1: str | None, name_2: str | None) -> bytes | None:
        name = name_1 or name_2 or ""
        if name not in self._details:
            self._details[name] = self._open(controller, name_1, name_2)
        file = self._details[name]
        return None if file is None else file.read()

    def _close_details(self) -> None:
        for file in self._details.values():
            if file is not None:
                file.close()
        self._details.clear()

    def _version(self, controller: str) -> int:
        place = self._places.get(controller)
        return 0 if place is None else place.version

    def _open(self, controller: str, name_1: str | None, name_2: str | None) -> KeptFile | None:
        """The controller's file of that name, by version; None where there is no such thing."""
        place = self._places.get(controller)
        name = None if place is None else name_1 if place.version == 1 else name_2
        if place is None or name is None:
            return None
        return self._files.open(f"{place.directory}/{name}")


def network_file(files: KeptFiles, proc: str, process: Process, alive: Callable[[], bool]) -> KeptFile | None:
    """The traffic of a process's network; None where the network is the machine's or our own.

    Each network has a file of its own behind ``/proc/PID/net/dev``, so that two processes with the
    same one share their network. Unlike ``/proc/PID/ns/net`` anybody may look at it. While it is open
    the kernel keeps the network in being, so it is closed with the session's other files.
    """
    theirs = Path(proc, str(process.pid), "net", "dev")
    for other in ("self", "1"):
        with suppress(OSError):
            if theirs.samefile(Path(proc, other, "net", "dev")):
                return None
    return files.open(str(theirs), alive)
