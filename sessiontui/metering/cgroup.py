"""Counters of local sessions from the kernel's cgroup files, version 1 and 2.

A session's cgroup is read from ``/proc/PID/cgroup`` and the mounts from ``/proc/self/mountinfo``;
no path is guessed, so every engine, driver and nesting is served alike. Formats: the kernel's
``Documentation/admin-guide/cgroup-v1/{memory,cpuacct}.rst``, ``cgroup-v2.rst`` and
``filesystems/proc.rst``.
"""

from __future__ import annotations

import os
import re
import resource
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import Reading

_OCTAL = re.compile(r"\\([0-7]{3})")
_LARGEST = 16384
"""Bytes read of one file; memory.stat, the longest, has about a quarter of it."""
_SPARE_FILES = 256
"""Open files left to everything else in this process."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted tree of cgroups."""

    controllers: frozenset[str]
    """Those of version 1; empty for the one tree of version 2."""
    root: str
    """The cgroup that is the mount's root: not ``/`` inside a container."""
    mount_point: str


def hierarchies(mountinfo: str) -> tuple[Hierarchy, ...]:
    """The cgroup trees among the mounts in the text of ``/proc/PID/mountinfo``."""
    found = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, source = before.split(" "), after.split(" ")
        if not separator or len(fields) < 6 or len(source) < 3 or source[0] not in ("cgroup", "cgroup2"):
            continue
        controllers = frozenset(source[2].split(",")) if source[0] == "cgroup" else frozenset[str]()
        found.append(Hierarchy(controllers, _unescape(fields[3]), _unescape(fields[4])))
    return tuple(found)


def cgroup_directory(
    controller: str, membership: str, mounted: Sequence[Hierarchy], container_id: str
) -> Path | None:
    """Where the files of a container's controller are.

    ``membership`` is the text of ``/proc/PID/cgroup`` of a process in the container. None when the
    process is not in a cgroup named for the container (the pid belongs to somebody else by now), or
    when the tree is not mounted here. A controller bound to version 1 is looked for there.
    """
    of_v1 = next((tree for tree in mounted if controller in tree.controllers), None)
    tree = of_v1 or next((tree for tree in mounted if not tree.controllers), None)
    if tree is None:
        return None
    for line in membership.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if (controller in controllers.split(",")) if of_v1 else (controllers == ""):
            return _container_part(path, tree, container_id)
    return None


def _container_part(path: str, tree: Hierarchy, container_id: str) -> Path | None:
    """The directory of the container itself: its first process may sit in a cgroup further down."""
    inside = PurePosixPath(path)
    if not inside.is_relative_to(tree.root):
        return None
    parts = inside.relative_to(tree.root).parts
    last = next((index for index, part in enumerate(parts) if container_id in part), None)
    if last is None or ".." in parts:
        return None
    return Path(tree.mount_point, *parts[: last + 1])


def _unescape(field: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)


@dataclass(slots=True)
class _Files:
    """The open files of one session; None for what its cgroup lacks."""

    container_id: str
    pid: int
    cpu: int | None
    memory: int | None
    memory_stat: int | None
    version_1_cpu: bool
    inactive_file: bytes

    def close(self) -> None:
        for descriptor in (self.cpu, self.memory, self.memory_stat):
            if descriptor is not None:
                os.close(descriptor)

    def read(self, at: float) -> Reading:
        """Raises OSError when the cgroup is gone."""
        return Reading(at, self._cpu_ns(), self._memory())

    def _cpu_ns(self) -> int | None:
        if self.cpu is None:
            return None
        text = os.pread(self.cpu, _LARGEST, 0)
        if self.version_1_cpu:
            return _number(text)
        microseconds = _figure(text, b"usage_usec")
        return None if microseconds is None else microseconds * 1000

    def _memory(self) -> int | None:
        used = None if self.memory is None else _number(os.pread(self.memory, _LARGEST, 0))
        if used is None or self.memory_stat is None:
            return used
        cached = _figure(os.pread(self.memory_stat, _LARGEST, 0), self.inactive_file)
        return used if cached is None else max(0, used - cached)


def _number(text: bytes) -> int | None:
    return int(text) if text.strip().isdigit() else None


def _figure(text: bytes, name: bytes) -> int | None:
    """The figure of one line of a ``name value`` file."""
    start = 0 if text.startswith(name + b" ") else text.find(b"\n" + name + b" ") + 1
    if start == 0 and not text.startswith(name + b" "):
        return None
    value = text[start + len(name) + 1 :].partition(b"\n")[0]
    return _number(value)


class CgroupMeter:
    """Reads sessions whose engine runs on this machine.

    The files of a session stay open while it runs: reading one again costs a tenth of opening it.
    """

    def __init__(self, proc: Path = Path("/proc"), clock: Callable[[], float] = time.monotonic) -> None:
        self._proc = proc
        self._clock = clock
        self._lock = threading.Lock()
        self._files: dict[str, _Files] = {}
        self._mounted: tuple[Hierarchy, ...] = ()

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        """Readings of the running sessions whose cgroup is on this machine."""
        running = {session.id: session for session in sessions if session.phase is Phase.RUNNING}
        found: dict[str, Reading] = {}
        with self._lock:
            for gone in [one for one in self._files if one not in running]:
                self._files.pop(gone).close()
            for session in running.values():
                reading = self._read(session)
                if reading is not None:
                    found[session.id] = reading
        return found

    def notes(self) -> tuple[str, ...]:
        """Nothing to note."""
        return ()

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for files in self._files.values():
                files.close()
            self._files.clear()

    def _read(self, session: Session) -> Reading | None:
        files = self._files.get(session.id)
        if files is not None and (files.container_id, files.pid) != (session.container_id, session.pid):
            self._files.pop(session.id).close()
            files = None
        if files is None:
            files = self._open(session)
            if files is None:
                return None
            self._files[session.id] = files
        try:
            return files.read(self._clock())
        except OSError:  # ENODEV, ENOENT, ESRCH: the cgroup was removed under the open files
            self._files.pop(session.id).close()
            return None

    def _open(self, session: Session) -> _Files | None:
        if session.pid is None or not session.container_id:
            return None
        try:
            membership = (self._proc / str(session.pid) / "cgroup").read_text()
        except OSError:
            return None
        mounted = self._hierarchies()
        cpu = cgroup_directory("cpuacct", membership, mounted, session.container_id)
        memory = cgroup_directory("memory", membership, mounted, session.container_id)
        if cpu is None and memory is None:
            return None
        self._make_room()
        v1_cpu = any("cpuacct" in tree.controllers for tree in mounted)
        v1_memory = any("memory" in tree.controllers for tree in mounted)
        files = _Files(
            session.container_id,
            session.pid,
            _open(cpu, "cpuacct.usage" if v1_cpu else "cpu.stat"),
            _open(memory, "memory.usage_in_bytes" if v1_memory else "memory.current"),
            _open(memory, "memory.stat"),
            v1_cpu,
            b"total_inactive_file" if v1_memory else b"inactive_file",
        )
        if files.cpu is None and files.memory is None:
            files.close()
            return None
        return files

    def _hierarchies(self) -> tuple[Hierarchy, ...]:
        if not self._mounted:
            with suppress(OSError):
                self._mounted = hierarchies((self._proc / "self" / "mountinfo").read_text())
        return self._mounted

    def _make_room(self) -> None:
        """Raise this process's limit of open files, a soft one, before the files kept reach it."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        needed = 3 * (len(self._files) + 1) + _SPARE_FILES
        if soft != resource.RLIM_INFINITY and needed > soft:
            wanted = needed * 2 if hard == resource.RLIM_INFINITY else min(hard, needed * 2)
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _open(directory: Path | None, name: str) -> int | None:
    if directory is None:
        return None
    try:
        return os.open(directory / name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
