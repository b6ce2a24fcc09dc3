"""The machine as its port tells it: owner, packages, checks."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiontui.dockerd.addresses import Address
from sessiontui.domain.errors import HostError
from sessiontui.domain.session import Owner
from sessiontui.host.checks import look, permission
from sessiontui.host.linux import LinuxHost
from sessiontui.host.owner import find_owner, groups_held, groups_of
from sessiontui.host.packages import ENGINE, install_commands, install_packages, is_installed
from sessiontui.host.port import ENGINE_ANSWERS, ENGINE_INSTALLED, Check, Host
from sessiontui.host.programs import run, with_administrators_path

ALICE = Owner("alice", 1000, 1000)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="sudo makes one root")
needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="asks dpkg")


def test_owner_is_the_user_of_the_process() -> None:
    host: Host = LinuxHost({})
    assert host.owner() == Owner(pwd.getpwuid(os.getuid()).pw_name, os.getuid(), os.getgid())


@needs_root
def test_owner_under_sudo_is_who_called_it() -> None:
    environ = {"SUDO_UID": "2", "SUDO_GID": "2", "SUDO_USER": "ignored"}
    assert find_owner(environ) == Owner("bin", 2, 2)
    without_account = {"SUDO_UID": "4242", "SUDO_GID": "4343", "SUDO_USER": "alice"}
    assert find_owner(without_account) == Owner("alice", 4242, 4343)
    assert find_owner({"SUDO_UID": "x", "SUDO_GID": "2"}).uid == 0


def test_administrators_programs_are_found_on_a_users_path() -> None:
    path = with_administrators_path({"PATH": "/usr/bin:/opt/bin"})["PATH"].split(":")
    assert path[:2] == ["/usr/bin", "/opt/bin"]
    assert "/usr/sbin" in path


def test_program_is_run_to_its_end_and_its_last_lines_kept() -> None:
    heard: list[str] = []
    ended = run(["sh", "-c", "seq 30; echo oops >&2; exit 3"], os.environ, heard.append)
    assert ended.status == 3
    assert ended.lines == (*(str(number) for number in range(12, 31)), "oops")
    assert len(heard) == 31
    with pytest.raises(HostError, match="cannot be run"):
        run(["no-such-program"], os.environ)


@needs_dpkg
def test_installed_packages_are_left_as_they_are() -> None:
    said: list[str] = []
    install_packages(("dpkg",), said.append, owner=ALICE, environ=os.environ)
    assert said == ["dpkg: already installed"]


@needs_dpkg
def test_package_that_is_not_there_is_not_installed() -> None:
    assert not is_installed("no-such-package-at-all", os.environ)


def test_commands_for_an_administrator_bring_the_engine_and_the_right_to_use_it() -> None:
    assert install_commands([ENGINE], ALICE) == [
        "apt-get update",
        "apt-get install -y docker.io",
        "usermod -aG docker alice",
    ]
    assert install_commands(["mmdebstrap"], ALICE)[1:] == [
        "apt-get install -y --no-install-recommends mmdebstrap"
    ]


def test_machine_without_apt_is_told_where_to_get_an_engine(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path)}
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('PRETTY_NAME="Fedora Linux 42"\n')
    if shutil.which("apt-get", path=with_administrators_path(environ)["PATH"]):
        pytest.skip("this machine keeps apt-get among the administrators' programs")
    with pytest.raises(HostError, match=r"Fedora Linux 42 has no apt-get") as caught:
        install_packages(("no-such-package",), print, owner=ALICE, environ=environ, root=tmp_path)
    assert "https://docs.docker.com/engine/install/" in caught.value.hint


@pytest.fixture
def listening() -> Iterator[str]:
    """The path of a socket on which somebody listens who never answers."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
        path = f"{directory}/d.sock"
        listener.bind(path)
        listener.listen()
        yield path


def checks(environ: dict[str, str], root: Path = Path("/")) -> dict[str, Check]:
    return {check.title: check for check in look({**os.environ, **environ}, ALICE, root)}


def test_engine_named_elsewhere_is_not_to_be_installed_here(tmp_path: Path) -> None:
    found = checks({"DOCKER_HOST": f"unix://{tmp_path}/nope.sock"})
    assert found[ENGINE_INSTALLED].state == "unknown"
    assert found[ENGINE_ANSWERS].state == "missing"
    assert "nope.sock (named by DOCKER_HOST): not there" in found[ENGINE_ANSWERS].detail
    assert "unset DOCKER_HOST DOCKER_CONTEXT" in found[ENGINE_ANSWERS].remedy


def test_engine_over_the_network_is_left_to_its_client() -> None:
    found = checks({"DOCKER_HOST": "tcp://192.0.2.1:2376"})
    assert found[ENGINE_ANSWERS].state == "unknown"
    assert "Disk" not in found


def test_socket_that_hangs_does_not_answer(listening: str) -> None:
    found = checks({"DOCKER_HOST": f"unix://{listening}"})
    assert "does not answer" in found[ENGINE_ANSWERS].detail


@pytest.mark.parametrize(
    ("path", "held", "to_come", "words", "remedy"),
    [
        ("/var/run/docker.sock", "", "", "may not open", ("sudo usermod -aG docker alice", "newgrp docker")),
        ("/var/run/docker.sock", "", "docker", "log in again", ("newgrp docker",)),
        ("/var/run/docker.sock", "docker", "docker", "may not", ("ls -lL /var/run/docker.sock",)),
        ("/run/podman/podman.sock", "", "", "may not", ("systemctl --user enable --now podman.socket",)),
        ("/srv/other.sock", "", "docker", "may not", ("ls -lL /srv/other.sock",)),
    ],
)
def test_who_may_not_use_the_engine_is_told_what_lets_them_in(
    path: str, held: str, to_come: str, words: str, remedy: tuple[str, ...]
) -> None:
    address = Address(f"unix://{path}", "socket")
    check = permission(address, ALICE, held=frozenset(held.split()), to_come=frozenset(to_come.split()))
    assert check.state == "missing"
    assert words in check.detail
    assert check.remedy == remedy


def test_groups_are_those_of_the_next_login() -> None:
    account = pwd.getpwuid(os.getuid())
    assert groups_of(Owner(account.pw_name, account.pw_uid, 0)) >= {"root"}
    assert groups_of(Owner("no-such-user", 4242, 4_000_000_000)) == frozenset()
    assert all(groups_held())


@pytest.mark.parametrize(
    ("mounts", "state", "words"),
    [
        ("1 2 0:30 / /c/memory rw - cgroup cgroup rw,memory\n", "missing", "cpu, cpuacct, pids"),
        (
            "1 2 0:30 / /c/memory rw - cgroup cgroup rw,memory\n"
            "2 2 0:31 / /c/cpu rw - cgroup c rw,cpu,cpuacct\n"
            "3 2 0:32 / /c/pids rw - cgroup c rw,pids\n",
            "ok",
            "version 1",
        ),
        ("1 2 0:30 / {root} rw - cgroup2 cgroup2 rw\n", "ok", "version 2"),
        ("1 2 0:30 / /nowhere rw - cgroup2 cgroup2 rw\n", "missing", "version 2 without cpu, memory, pids"),
        ("1 2 0:30 / / rw - ext4 /dev/sda rw\n", "missing", "no cgroups are mounted"),
    ],
)
def test_limits_need_cgroups_with_memory_and_cpu(tmp_path: Path, mounts: str, state: str, words: str) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(mounts.format(root=tmp_path))
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    found = checks({}, tmp_path)["Limits (cgroups)"]
    assert (found.state, words in found.detail) == (state, True)


def test_room_is_looked_at_where_the_engine_keeps_its_data(tmp_path: Path) -> None:
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "etc/docker/daemon.json").write_text(f'{{"data-root": "{tmp_path}/data"}}')
    assert f"free at {tmp_path}/data" in checks({"DOCKER_HOST": "unix:///x"}, tmp_path)["Disk"].detail


def test_looking_tells_every_remedy_as_a_command() -> None:
    for check in LinuxHost(os.environ).checks():
        assert check.title
        assert check.detail
        assert check.state == "ok" or check.remedy or check.state == "unknown"
