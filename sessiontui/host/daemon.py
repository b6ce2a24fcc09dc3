"""Starts the installed Docker Engine: by the service manager, or directly where there is none."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sessiontui.domain.errors import HostError
from sessiontui.host.owner import find_owner
from sessiontui.host.packages import join_group_command
from sessiontui.host.port import Say
from sessiontui.host.programs import find, for_an_administrator, run, with_administrators_path

PATIENCE = 60.0
"""Seconds to wait for the engine's first answer."""
_PAUSE = 0.1
_LOG_LINES = 12
_HEARD = re.compile(r"\b(?:level=(?:error|fatal)|failed|error|cannot|denied)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Files:
    """Where the engine keeps what tells whether it runs; the defaults are dockerd's own."""

    socket: Path = Path("/var/run/docker.sock")
    pid: Path = Path("/var/run/docker.pid")
    exec_root: Path = Path("/var/run/docker")
    log: Path = Path("/var/log/sessiontui-dockerd.log")
    """What a directly started engine says; a service manager has its own log."""
    lock: Path = Path("/var/run/sessiontui-dockerd.lock")
    """Held while starting, so that two who start at once start one."""
    arguments: tuple[str, ...] = ()
    """Given to dockerd; none is needed for the defaults."""

    @property
    def containerd_pid(self) -> Path:
        """The pid file of the engine's own containerd."""
        return self.exec_root / "containerd" / "containerd.pid"

    @property
    def containerd_socket(self) -> Path:
        """The socket of the engine's own containerd."""
        return self.exec_root / "containerd" / "containerd.sock"


_REMEDIES = (
    (
        r"devices cgroup isn't mounted|cgroup mountpoint does not exist|no cgroup mount found",
        "mount the cgroups: sudo apt-get install -y cgroupfs-mount && sudo cgroupfs-mount",
    ),
    (
        r"iptables|nat chain|nf_tables",
        "the kernel refuses the firewall's rules: try sudo update-alternatives --set iptables "
        "/usr/sbin/iptables-legacy, then run again: sessiontui setup",
    ),
    (r"no space left on device", "make room under /var/lib/docker: df -h /var/lib"),
    (
        r"graphdriver|storage-driver|overlay",
        "the file system under /var/lib/docker cannot hold images as they are: see "
        "https://docs.docker.com/engine/storage/drivers/select-storage-driver/",
    ),
    (
        r"operation not permitted|permission denied",
        "this looks like a container without the right to run containers: start it with --privileged, "
        "or set DOCKER_HOST to an engine outside of it",
    ),
)


def answers(address: Path, patience: float = 2.0) -> bool:
    """Whether an engine answers ``GET /_ping`` on a unix socket."""
    return ping(address, patience) is None


def ping(address: Path, patience: float = 2.0) -> OSError | None:
    """What keeps an engine from answering on a unix socket, None when it answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(patience)
            connection.connect(str(address))
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            head = connection.recv(64)
    except OSError as error:
        return error
    return None if re.match(rb"HTTP/1\.\d 200", head) else OSError(f"answered {head!r}")


def program_of(pid: int, proc: Path = Path("/proc")) -> str | None:
    """The name of a live process's program, None when there is no such process (or only its remains)."""
    try:
        status = (proc / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    name, _, rest = status.partition("(")[2].rpartition(")")
    return None if rest.split()[:1] == ["Z"] else name


def remove_stale(files: Files, say: Say) -> None:
    """Remove pid files and sockets that an engine which is no more has left.

    The engine takes any live process of that number for itself, and waits for it or refuses to
    start; after a reboot or in a container's copy the number is often somebody else's.
    """
    for path, program in ((files.pid, "dockerd"), (files.containerd_pid, "containerd")):
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        owner = program_of(int(text)) if text.isdigit() else None
        if owner is None or program not in owner:
            holder = f"it belongs to {owner}" if owner else "that process is gone"
            say(f"Removing {path}: it names process {text or '(none)'}, and {holder}")
            path.unlink(missing_ok=True)
    for path in (files.socket, files.containerd_socket):
        if path.is_dir():
            raise HostError(
                f"{path} is a directory: a container that mounts it was started while no engine ran",
                for_an_administrator([f"rmdir {path}", "sessiontui setup"]),
            )
        with suppress(OSError):
            if stat.S_ISSOCK(path.stat().st_mode) and _nobody_listens(path):
                path.unlink()


def _containerd_is_dying(files: Files, patience: float = 5) -> bool:
    """Wait for the containerd of an engine that was killed, which ends a moment after it.

    An engine started in that moment takes it for a running one and waits for it in vain. True when
    it ended meanwhile; one that stays alive is the new engine's to take over.
    """
    end = time.monotonic() + patience
    waited = False
    while time.monotonic() < end:
        text = files.containerd_pid.read_text().strip() if files.containerd_pid.is_file() else ""
        if not text.isdigit() or program_of(int(text)) != "containerd":
            return waited
        waited = True
        time.sleep(0.05)
    return False


def _nobody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


class Daemon:
    """The engine's daemon on this machine."""

    def __init__(
        self, environ: Mapping[str, str], files: Files | None = None, patience: float = PATIENCE
    ) -> None:
        self._environ = environ
        self._files = files or Files()
        self._patience = patience

    def start(self, say: Say) -> None:
        """Start the engine unless it runs, and wait until it answers. Raises HostError."""
        problem = ping(self._files.socket)
        if problem is None:
            say(f"The engine answers at {self._files.socket} already")
            return
        if isinstance(problem, PermissionError):
            raise HostError(
                f"{self._files.socket} is there, and this user may not open it",
                for_an_administrator([join_group_command(find_owner(self._environ))])
                + "\nthen log in again, or: newgrp docker",
            )
        if find("dockerd", self._environ) is None:
            if find("podman", self._environ) is not None:
                raise HostError(
                    "Podman is installed, and its socket is not served",
                    "serve it: systemctl --user enable --now podman.socket",
                )
            raise HostError("no container engine is installed", "install one with: sessiontui setup")
        if os.geteuid() != 0:
            raise HostError("starting the engine needs root", for_an_administrator([self.start_command()]))
        with self._alone(say):
            if answers(self._files.socket):
                say(f"The engine answers at {self._files.socket} already")
                return
            self._start(say)

    def start_command(self) -> str:
        """What an administrator types to start the engine."""
        return "systemctl enable --now docker" if has_systemd() else "sessiontui setup"

    def _start(self, say: Say) -> None:
        if self._files == Files() and has_systemd():
            say("Starting the engine, now and at every boot (systemctl enable --now docker)")
            ended = run(["systemctl", "enable", "--now", "docker"], self._environ)
            if ended.status == 0 and self._wait():
                say(f"The engine answers at {self._files.socket}")
                return
            journal = run(
                ["journalctl", "-u", "docker", "-n", "20", "--no-pager", "-o", "cat"], self._environ
            )
            raise failure("the engine did not start", [*ended.lines, *journal.lines])
        remove_stale(self._files, say)
        running = self._running()
        if running is None and self._files == Files() and (service := _service_command()):
            say(f"Starting the engine ({' '.join(service)})")
            ended = run(service, self._environ)
            if ended.status == 0 and self._wait(10):
                say(f"The engine answers at {self._files.socket}")
                return
            remove_stale(self._files, say)
            running = self._running()
        if running is not None:
            say(f"An engine that does not answer yet runs already (process {running}): waiting for it")
            if not self._wait():
                raise HostError(
                    f"the engine runs (process {running}) and does not answer at {self._files.socket}",
                    for_an_administrator([f"kill {running}", "sessiontui setup"]),
                )
        else:
            self._start_directly(say)
        say(f"The engine answers at {self._files.socket}")

    def _start_directly(self, say: Say) -> None:
        self._see_to_cgroups(say)
        if _containerd_is_dying(self._files):
            remove_stale(self._files, say)
        say(f"Starting the engine (dockerd; there is no service manager; what it says: {self._files.log})")
        self._files.log.parent.mkdir(parents=True, exist_ok=True)
        beginning = self._files.log.stat().st_size if self._files.log.exists() else 0
        pid = self._spawn()
        if not self._wait(self._patience, pid):
            lines = _log_lines(self._files.log, beginning)
            if program_of(pid) is None:
                raise failure("the engine did not start", lines, self._files.log)
            raise failure(
                f"the engine started (process {pid}) and does not answer after {self._patience:.0f} s",
                lines,
                self._files.log,
            )

    def _spawn(self) -> int:
        """Start dockerd in a session of its own, so that it outlives us and our terminal."""
        environ = with_administrators_path(self._environ)
        program = find("env", environ) or "/usr/bin/env"
        command = [program, "--chdir=/", "dockerd", *self._files.arguments]
        log = os.open(
            self._files.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640
        )
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.posix_spawn(
                program,
                command,
                environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, null, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                ],
                setsid=True,
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # which Python ignores
            )
        except OSError as error:
            raise HostError(f"dockerd cannot be run: {error.strerror}") from error
        finally:
            os.close(log)
            os.close(null)

    def _wait(self, patience: float | None = None, pid: int | None = None) -> bool:
        """Whether the engine answers in time; with a pid of our child, until that ends."""
        deadline = time.monotonic() + (self._patience if patience is None else patience)
        while time.monotonic() < deadline:
            if answers(self._files.socket):
                return True
            if pid is not None and _has_ended(pid):
                return False
            time.sleep(_PAUSE)
        return False

    def _running(self) -> int | None:
        """The pid of an engine that runs by its pid file, which is not stale any more."""
        try:
            return int(self._files.pid.read_text())
        except (OSError, ValueError):
            return None

    def _see_to_cgroups(self, say: Say) -> None:
        mounts = Path("/proc/self/mountinfo").read_text()
        if re.search(r" - cgroup2? ", mounts):
            return
        if find("cgroupfs-mount", self._environ) is None:
            raise HostError(
                "no cgroups are mounted here, and the engine needs them to limit sessions",
                for_an_administrator(
                    ["apt-get install -y --no-install-recommends cgroupfs-mount", "sessiontui setup"]
                ),
            )
        say("Mounting the cgroups, by which the engine limits sessions (cgroupfs-mount)")
        ended = run(["cgroupfs-mount"], self._environ)
        if ended.status != 0:
            raise failure("the cgroups cannot be mounted", ended.lines)

    @contextmanager
    def _alone(self, say: Say) -> Iterator[None]:
        self._files.lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._files.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Somebody else is starting the engine: waiting for them")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def has_systemd() -> bool:
    """Whether systemd is this machine's service manager; the test is sd_booted(3)'s."""
    return Path("/run/systemd/system").is_dir()


def failure(what: str, lines: Sequence[str], log: Path | None = None) -> HostError:
    """An error with the last of what was said, and the remedy where it is a known one."""
    told = [line for line in lines if _HEARD.search(line)] or list(lines)
    text = "\n".join(told).lower()
    known = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, text)), None)
    hint = [f"  {line}" for line in told[-_LOG_LINES:]]
    if known:
        hint.append(known)
    if log is not None:
        hint.append(f"all it said: {log}")
    return HostError(what, "\n".join(hint))


def _service_command() -> list[str] | None:
    """How the engine is started by an init other than systemd; None when process 1 is no init."""
    if Path("/run/openrc").is_dir():
        return ["rc-service", "docker", "start"]
    if (program_of(1) or "").startswith("init") and Path("/etc/init.d/docker").exists():
        return ["service", "docker", "start"]
    return None


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True


def _log_lines(log: Path, beginning: int) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(beginning)
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
