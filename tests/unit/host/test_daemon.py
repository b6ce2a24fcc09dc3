"""Starting a real engine of its own beside the machine's: own files, no network, nothing shared."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.domain.errors import HostError
from sessiontui.host.daemon import Daemon, Files, answers, failure, program_of, remove_stale

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts an engine")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """Files of a private engine, which is ended and unmounted afterwards."""
    # A unix socket's path has room for about 100 bytes, less than pytest's directories take.
    run = Path("/tmp") / f"st-{os.getpid()}-{abs(hash(tmp_path)) % 10000}"
    run.mkdir()
    # In a network of its own: an engine without a bridge removes the one of the machine's engine.
    wrapper = run / "bin" / "dockerd"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec unshare --net {shutil.which("dockerd")} "$@"\n')
    wrapper.chmod(0o755)
    found = Files(
        run / "d.sock",
        run / "d.pid",
        run / "x",
        tmp_path / "log" / "dockerd.log",
        run / "lock",
        (
            *("-H", f"unix://{run}/d.sock", "--pidfile", f"{run}/d.pid", "--exec-root", f"{run}/x"),
            *("--data-root", f"{tmp_path}/data", "--bridge=none", "--iptables=false", "--ip-masq=false"),
            *("--storage-driver=vfs",),
        ),
    )
    yield found
    for pid_file, program in ((found.pid, "dockerd"), (found.containerd_pid, "containerd")):
        if pid_file.is_file() and (text := pid_file.read_text().strip()).isdigit():
            pid = int(text)
            if program_of(pid) == program:
                os.kill(pid, signal.SIGTERM)
                wait_until_gone(pid)
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        point = line.split(" ")[4]
        if point.startswith((f"{run}/", f"{tmp_path}/")):
            subprocess.run(["umount", "--lazy", point], check=False)
    shutil.rmtree(run)


def wait_until_gone(pid: int) -> None:
    """Wait for a process that may or may not be our child."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        descriptor = os.pidfd_open(pid)
        try:
            select.select([descriptor], [], [], 20)
        finally:
            os.close(descriptor)


def start(files: Files) -> list[str]:
    said: list[str] = []
    environ = {**os.environ, "PATH": f"{files.socket.parent}/bin:{os.environ['PATH']}"}
    Daemon(environ, files, patience=30).start(said.append)
    return said


@needs_root
def test_engine_starts_over_what_a_dead_one_left_and_a_second_start_changes_nothing(files: Files) -> None:
    files.pid.write_text(str(os.getpid()))  # a live process that is no engine
    files.containerd_pid.parent.mkdir(parents=True)
    files.containerd_pid.write_text("1")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(files.socket))

    said = start(files)

    assert answers(files.socket)
    assert any(f"Removing {files.pid}" in line and "belongs to" in line for line in said)
    assert any(f"Removing {files.containerd_pid}" in line for line in said)
    pid = int(files.pid.read_text())
    assert program_of(pid) == "dockerd"
    assert os.getsid(pid) == pid, "it has a session of its own, so that it outlives ours"
    assert files.log.stat().st_size > 0

    assert start(files) == [f"The engine answers at {files.socket} already"]
    assert int(files.pid.read_text()) == pid


@needs_root
def test_two_starts_at_once_start_one_engine(files: Files) -> None:
    said: list[list[str]] = []
    threads = [threading.Thread(target=lambda: said.append(start(files))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    starts = [line for lines in said for line in lines if line.startswith("Starting the engine")]
    assert len(starts) == 1
    assert answers(files.socket)


@needs_root
def test_killed_engine_starts_again(files: Files) -> None:
    start(files)
    pid = int(files.pid.read_text())
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)

    said = start(files)

    assert any(f"Removing {files.pid}" in line and "gone" in line for line in said)
    assert int(files.pid.read_text()) != pid


@needs_root
def test_engine_that_does_not_start_is_told_with_its_last_words(files: Files) -> None:
    broken = replace(files, arguments=("--nonsense",))

    with pytest.raises(HostError) as caught:
        start(broken)

    assert "did not start" in caught.value.message
    assert "--nonsense" in caught.value.hint
    assert str(files.log) in caught.value.hint


def test_program_of_a_process_is_its_name_and_none_for_remains() -> None:
    assert program_of(os.getpid()) == Path("/proc/self/comm").read_text().strip()
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert program_of(child.pid) is None, "a zombie runs no more"
    child.wait()
    assert program_of(child.pid) is None


def test_socket_that_became_a_directory_is_explained(tmp_path: Path) -> None:
    files = Files(tmp_path / "sock", tmp_path / "pid", tmp_path / "x", tmp_path / "log", tmp_path / "lock")
    files.socket.mkdir()
    with pytest.raises(HostError) as caught:
        remove_stale(files, print)
    assert f"sudo rmdir {files.socket}" in caught.value.hint


def test_live_socket_is_left_alone(tmp_path: Path) -> None:
    files = Files(tmp_path / "sock", tmp_path / "pid", tmp_path / "x", tmp_path / "log", tmp_path / "lock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(files.socket))
        listening.listen()
        remove_stale(files, print)
        assert files.socket.exists()
    remove_stale(files, print)
    assert not files.socket.exists()


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ('level=fatal msg="Devices cgroup isn\'t mounted"', "cgroupfs-mount"),
        ("failed to start daemon: Error initializing network controller: iptables failed", "iptables-legacy"),
        ('level=error msg="mkdir /var/lib/docker: operation not permitted"', "--privileged"),
        ("error: write: no space left on device", "df -h"),
    ],
)
def test_known_last_words_come_with_a_remedy(line: str, remedy: str) -> None:
    error = failure("the engine did not start", ["level=info msg=starting", line])
    assert remedy in error.hint
    assert line in error.hint
    assert "level=info" not in error.hint
