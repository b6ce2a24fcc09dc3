"""Where the processes run that a driver lists: in a tree of our own, and on this machine."""

from __future__ import annotations

import os
import pwd
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.domain.gpu import GpuProcess, GpuReading, Place
from sessiontui.metering.gpu_processes import GpuProcesses
from tests.unit.metering.sessions import CONTAINER, OTHER_CONTAINER

NOW = 1000
"""Ticks since the machine of the tests started."""
HOST = "0::/user.slice/user-1000.slice/session-3.scope\n"
OURS = f"0::/system.slice/docker-{CONTAINER}.scope\n"


class Tree:
    """What of ``/proc`` matters."""

    def __init__(self, root: Path, *, pid: str = "4026531836", cgroup: str = "4026531835") -> None:
        self.root = root
        (root / "self" / "ns").mkdir(parents=True)
        (root / "self" / "ns" / "pid").symlink_to(f"pid:[{pid}]")
        (root / "self" / "ns" / "cgroup").symlink_to(f"cgroup:[{cgroup}]")
        self.add(1, "0::/init.scope\n", command="systemd", uid=0)
        self.places = GpuProcesses(root, lambda: NOW)

    def add(
        self,
        pid: int,
        cgroup: str,
        *,
        began: int = 500,
        command: str = "python",
        uid: int = 0,
        state: str = "S",
    ) -> None:
        directory = self.root / str(pid)
        directory.mkdir(exist_ok=True)
        fields = " ".join(str(began) if number == 22 else "0" for number in range(4, 53))
        (directory / "stat").write_text(f"{pid} (a ) Z name) {state} {fields}\n")
        (directory / "cgroup").write_text(cgroup)
        (directory / "comm").write_text(f"{command}\n")
        (directory / "status").write_text(f"Name:\t{command}\nUid:\t{uid}\t0\t0\t0\nGid:\t0\t0\t0\t0\n")

    def end(self, pid: int) -> None:
        for file in (self.root / str(pid)).iterdir():
            file.unlink()
        (self.root / str(pid)).rmdir()

    def placed(self, *pids: int, containers: tuple[str, ...] = ()) -> tuple[GpuProcess, ...]:
        told = tuple(GpuProcess(pid, 7, 0.5) for pid in pids)
        found = self.places.placed([GpuReading("GPU-0", 1.0, processes=told)], containers)
        assert found[0].processes is not None
        return found[0].processes


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_process_gets_place_beginning_command_and_user(tree: Tree) -> None:
    tree.add(10, OURS, began=600, command="train.py")
    tree.add(11, HOST, uid=4_000_000, command="pytho\x1b[31mn")
    assert tree.placed(10, 11) == (
        GpuProcess(10, 7, 0.5, 600, Place.CONTAINER, CONTAINER, "train.py", "root"),
        GpuProcess(11, 7, 0.5, 500, Place.HOST, "", "pytho\x1b[31mn", "4000000"),
    )


def test_readings_keep_all_else(tree: Tree) -> None:
    tree.add(10, OURS)
    one = GpuReading("GPU-0", 1.0, 0.5, 8, processes=(GpuProcess(10, 3),))
    other = GpuReading("GPU-1", 1.0, processes=None)
    third = GpuReading("GPU-2", 1.0, processes=(GpuProcess(10, 4),))
    found = tree.places.placed([one, other, third], ())
    assert replace(found[0], processes=one.processes) == one
    assert found[1] is other
    assert [reading.processes[0].memory for reading in (found[0], found[2]) if reading.processes] == [3, 4]


def test_process_that_ended_before_the_look_is_left_out(tree: Tree) -> None:
    tree.add(10, OURS)
    assert [one.pid for one in tree.placed(10, 11)] == [10]


def test_process_that_began_after_the_driver_answered_is_another_one(tree: Tree) -> None:
    tree.add(10, OURS, began=NOW)
    tree.add(11, OURS, began=NOW + 1)
    assert [one.pid for one in tree.placed(10, 11)] == [10]


def test_number_that_is_anothers_by_now_is_looked_at_anew(tree: Tree) -> None:
    tree.add(10, OURS, began=500)
    assert tree.placed(10)[0].container_id == CONTAINER
    tree.add(10, HOST, began=700, command="bash")
    (found,) = tree.placed(10)
    assert (found.place, found.began, found.command) == (Place.HOST, 700, "bash")


def test_number_that_becomes_anothers_during_the_look_is_nobodys(tree: Tree) -> None:
    tree.add(10, OURS, began=500)
    membership = tree.root / "10" / "cgroup"
    membership.unlink()
    os.mkfifo(membership)

    def end_and_begin() -> None:
        with membership.open("w") as pipe:  # as soon as it is looked at
            stat = tree.root / "10" / "stat"
            stat.write_text(stat.read_text().replace(" 500 ", " 700 "))
            pipe.write(HOST)

    other = threading.Thread(target=end_and_begin, daemon=True)
    other.start()
    assert tree.placed(10) == ()
    other.join(20)


def test_process_is_looked_at_once_in_its_life(tree: Tree) -> None:
    tree.add(10, OURS)
    first = tree.placed(10)
    (tree.root / "10" / "cgroup").unlink()
    assert tree.placed(10) == first
    tree.placed()
    (found,) = tree.placed(10)
    assert found.place is Place.UNKNOWN, "what is listed no more is forgotten"


def test_container_in_a_container_is_the_engines_own(tree: Tree) -> None:
    tree.add(10, f"0::/docker/{CONTAINER}/docker/{OTHER_CONTAINER}\n")
    assert tree.placed(10)[0].container_id == CONTAINER
    assert tree.placed(10, containers=(OTHER_CONTAINER,))[0].container_id == OTHER_CONTAINER


def test_numbers_of_another_namespace_are_not_ours(tmp_path: Path) -> None:
    tree = Tree(tmp_path, pid="4026532777")
    tree.add(10, OURS)
    assert tree.placed(10, 11) == (GpuProcess(10, 7, 0.5), GpuProcess(11, 7, 0.5))


def test_in_a_namespace_of_cgroups_the_root_is_our_own_container(tmp_path: Path) -> None:
    tree = Tree(tmp_path, cgroup="4026532778")
    tree.add(10, "0::/\n")
    tree.add(11, f"0::/../docker-{CONTAINER}.scope\n")
    tree.add(12, "0::/../../user.slice/user-1000.slice/session-3.scope\n")
    places = [(one.place, one.container_id) for one in tree.placed(10, 11, 12)]
    assert places == [(Place.UNKNOWN, ""), (Place.CONTAINER, CONTAINER), (Place.HOST, "")]


def test_what_has_ended_and_is_not_buried_is_placed_by_what_was_known(tree: Tree) -> None:
    """Version 1 of cgroups takes it out of its container at once."""
    tree.add(10, OURS)
    tree.placed(10)
    tree.add(10, "0::/\n", state="Z")
    tree.add(11, "0::/\n", state="Z")
    first, second = tree.placed(10, 11)
    assert (first.place, second.place) == (Place.CONTAINER, Place.UNKNOWN)


def test_where_processes_are_hidden_a_missing_one_is_unknown(tree: Tree) -> None:
    tree.add(10, OURS)
    tree.end(1)
    assert [(one.pid, one.place) for one in tree.placed(10, 11)] == [
        (10, Place.CONTAINER),
        (11, Place.UNKNOWN),
    ]


def test_nonsense_in_the_files_breaks_nothing(tree: Tree) -> None:
    tree.add(10, "nonsense", uid=0)
    (tree.root / "10" / "comm").write_bytes(b"\xff\n")
    (tree.root / "10" / "status").write_text("Uid:\nUid:\tx\n")
    tree.add(11, OURS)
    (tree.root / "11" / "stat").write_text("11 (")
    (found,) = tree.placed(10, 11)
    assert (found.place, found.command, found.user) == (Place.HOST, "�", "")


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_real_process_is_told_until_it_ends(child: subprocess.Popen[bytes]) -> None:
    places = GpuProcesses()
    told = [GpuReading("GPU-0", 1.0, processes=(GpuProcess(child.pid, 7),))]
    (found,) = places.placed(told, ())[0].processes or ()
    assert (found.command, found.user) == ("sleep", pwd.getpwuid(os.getuid()).pw_name)
    assert found.began is not None
    child.kill()
    child.wait()
    assert places.placed(told, ())[0].processes == ()
