"""An engine of a test's own, in a network and on a small disk of its own: to kill, to stop, to fill up."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineError
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.link import Link
from tests.contract.packages import unpacked

IMAGE = "sessiontui-test/busybox:1"
"""The one image it has."""


class PrivateEngine:
    """A dockerd that may be killed, stopped and filled up.

    ``options`` are more of its arguments; ``programs`` is a directory that it looks for programs in first.
    """

    def __init__(self, directory: Path, options: Sequence[str] = (), programs: Path | None = None) -> None:
        self._directory = directory
        self.options = list(options)
        self._path = f"{programs}:{os.environ['PATH']}" if programs else os.environ["PATH"]
        self.data = directory / "data"
        self.environ = {"DOCKER_HOST": f"unix://{directory}/d.sock"}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it unless it runs, again where it was killed, and wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        for name in ("pid", "d.sock"):
            (self._directory / name).unlink(missing_ok=True)
        command: list[str | Path] = [
            "unshare", "--net", "dockerd", "-H", self.environ["DOCKER_HOST"], "--data-root", self.data,
            "--exec-root", self._directory / "exec", "--pidfile", self._directory / "pid",
            "--bridge=none", "--iptables=false", "--storage-driver=overlay2", *self.options,
        ]  # fmt: skip
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": self._path},
                start_new_session=True,
            )
        for _ in range(300):
            with suppress(EngineError):
                Link(self.environ, timeout=1).info  # noqa: B018 # asked for: it raises until it is there
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail((self._directory / "log").read_text()[-2000:])

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that is killed is gone on return."""
        assert self._process is not None
        note = self._directory / "exec/containerd/containerd.pid"
        containerd = Path("/proc", note.read_text()) if note.exists() else Path("/nowhere")
        self._process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self._process.wait(60)
            # Its containerd goes with it, a moment later: the next dockerd would wait for the dead one.
            for _ in range(300):
                if not (containerd / "exe").exists():
                    break
                time.sleep(0.1)
            note.unlink(missing_ok=True)

    def in_its_network(self, command: Sequence[str | Path]) -> list[str | Path]:
        """The command that runs a command in the network of the one that runs now."""
        assert self._process is not None
        return ["nsenter", f"--net=/proc/{self._process.pid}/ns/net", *command]

    def client(self) -> DockerEngine:
        """An adapter that gives up on a silent engine after a second."""
        return DockerEngine(self.environ, Link(self.environ, timeout=1))


@contextmanager
def private_engine(
    packages: Path, *, megabytes: int = 64, options: Sequence[str] = (), programs: Path | None = None
) -> Iterator[PrivateEngine]:
    """One that runs and has busybox, gone at the end; ``packages`` is where busybox is unpacked."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("dockerd", "unshare"))):
        pytest.skip("an engine of our own needs root, dockerd and unshare")
    # A socket's path is short.
    directory = Path(tempfile.mkdtemp(prefix="sessiontui-test-", dir="/run"))
    private = PrivateEngine(directory, options, programs)
    private.data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", private.data], check=True)
    try:
        private.start()
        busybox = unpacked("busybox-static", "busybox", packages)
        engine = private.client()
        engine.import_image(io.BytesIO(root_file_system(busybox)), IMAGE, lambda _: None, Cancellation())
        engine.close()
        yield private
    finally:
        private.signal(signal.SIGCONT)
        private.signal(signal.SIGTERM)
        subprocess.run(["umount", "--recursive", private.data], check=True)
        shutil.rmtree(directory)


def root_file_system(busybox: Path) -> bytes:
    """A tar of busybox under all its names."""
    names = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(busybox, "bin/busybox")
        for name in names:
            if name != "busybox":
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
    return buffer.getvalue()
