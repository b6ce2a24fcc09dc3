"""Counters from cgroup files: texts as both versions write them in a tree of our own, and the kernel's."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.session import Phase
from sessiontui.domain.usage import Reading
from sessiontui.metering.cgroup import CgroupMeter, Hierarchy, cgroup_directory, hierarchies
from tests.unit.metering.sessions import CONTAINER, OTHER_CONTAINER, RUNNING, running

V1_MOUNTS = """\
23 1 0:21 / /sys rw,nosuid shared:2 - sysfs sysfs rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / {root}/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / {root}/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / {root}/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / {root}/unified rw,relatime - cgroup2 cgroup2 rw
"""
V1_MEMBERSHIP = """\
9:name=systemd:/docker/{id}
4:memory:/docker/{id}
2:cpu,cpuacct:/docker/{id}
0::/
"""
V1_MEMORY_STAT = """\
cache 27033600
rss 1081344
rss_huge 0
inactive_anon 0
active_anon 1081344
inactive_file 1000000
active_file 0
hierarchical_memory_limit 536870912
total_cache 27033600
total_rss 1081344
total_inactive_anon 0
total_active_anon 1081344
total_inactive_file 26984448
total_active_file 0
"""
V2_MOUNTS = """\
24 1 0:22 / /sys rw,nosuid shared:6 - sysfs sysfs rw
31 24 0:27 / {root} rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
"""
V2_MEMORY_STAT = """\
anon 1081344
file 27033600
kernel 450560
shmem 0
inactive_anon 1081344
active_anon 0
inactive_file 26984448
active_file 49152
"""
V2_CPU_STAT = """\
usage_usec 1234567
user_usec 1000000
system_usec 234567
nr_periods 10
"""


class Machine:
    """A tree that looks like /proc and the cgroups of a machine with one container."""

    def __init__(self, directory: Path, version: int, path: str = "/docker/{id}") -> None:
        self.proc, self.root, self.version = directory / "proc", directory / "cgroup", version
        (self.proc / "self").mkdir(parents=True)
        mounts = V1_MOUNTS if version == 1 else V2_MOUNTS
        (self.proc / "self" / "mountinfo").write_text(mounts.format(root=self.root))
        self.path = path.format(id=CONTAINER)
        self.process(4321, CONTAINER)

    def process(self, pid: int, container: str) -> None:
        """A process in a container's cgroup."""
        (self.proc / str(pid)).mkdir(exist_ok=True)
        text = V1_MEMBERSHIP if self.version == 1 else f"0::{self.path}\n"
        (self.proc / str(pid) / "cgroup").write_text(text.format(id=container))

    def counters(self, below: str = "") -> None:
        """The container's files."""
        if self.version == 1:
            files = {
                f"cpu,cpuacct/docker/{CONTAINER}/cpuacct.usage": "1234567890\n",
                f"memory/docker/{CONTAINER}/memory.usage_in_bytes": "28114944\n",
                f"memory/docker/{CONTAINER}/memory.stat": V1_MEMORY_STAT,
            }
        else:
            place = (below or self.path).strip("/")
            files = {
                f"{place}/cpu.stat": V2_CPU_STAT,
                f"{place}/memory.current": "28114944\n",
                f"{place}/memory.stat": V2_MEMORY_STAT,
            }
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)

    def meter(self) -> CgroupMeter:
        """A meter that looks at this machine, at second 7."""
        return CgroupMeter(self.proc, clock=lambda: 7.0)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_version_1(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.counters()
    assert machine.meter().readings([RUNNING]) == {"s1": Reading(7.0, 1234567890, 28114944 - 26984448)}


def test_version_2_under_cgroupfs(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    machine.counters()
    assert machine.meter().readings([RUNNING]) == {"s1": Reading(7.0, 1234567000, 28114944 - 26984448)}


@pytest.mark.parametrize(
    ("path", "container"),
    [
        ("/system.slice/docker-{id}.scope", "/system.slice/docker-{id}.scope"),
        ("/machine.slice/libpod-{id}.scope/container", "/machine.slice/libpod-{id}.scope"),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{id}.scope",
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{id}.scope",
        ),
    ],
    ids=["systemd", "podman", "rootless"],
)
def test_version_2_wherever_the_container_is(tmp_path: Path, path: str, container: str) -> None:
    machine = Machine(tmp_path, 2, path)
    machine.counters(below=container.format(id=CONTAINER))
    assert machine.meter().readings([RUNNING])["s1"].cpu_ns == 1234567000


def test_pid_that_belongs_to_somebody_else_is_not_read(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.counters()
    machine.process(4321, OTHER_CONTAINER)
    assert machine.meter().readings([RUNNING]) == {}


def test_no_process_no_container_no_cgroup_are_no_reading(tmp_path: Path) -> None:
    meter = Machine(tmp_path, 1).meter()
    gone = replace(RUNNING, id="s2", pid=99)
    unknown = replace(RUNNING, id="s3", pid=None)
    removed = replace(RUNNING, id="s4", container_id=None)
    assert meter.readings([RUNNING, gone, unknown, removed]) == {}


def test_stopped_session_is_not_read_and_its_files_are_closed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.counters()
    meter = machine.meter()
    before = open_files()
    assert meter.readings([RUNNING])
    assert open_files() == before + 3
    assert meter.readings([replace(RUNNING, phase=Phase.STOPPED)]) == {}
    assert open_files() == before


def test_files_stay_open_until_closed_or_gone_from_the_list(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.counters()
    meter = machine.meter()
    before = open_files()
    for _ in range(3):
        meter.readings([RUNNING])
        assert open_files() == before + 3
    meter.readings([])
    assert open_files() == before
    meter.readings([RUNNING])
    meter.close()
    assert open_files() == before


def test_session_started_anew_is_read_anew(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.counters()
    meter = machine.meter()
    before = open_files()
    meter.readings([RUNNING])
    machine.process(5555, CONTAINER)
    assert meter.readings([replace(RUNNING, pid=5555)])
    assert open_files() == before + 3


def test_controller_that_is_not_enabled_leaves_its_figure_unknown(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    machine.counters()
    for name in ("memory.current", "memory.stat"):
        (machine.root / machine.path.strip("/") / name).unlink()
    assert machine.meter().readings([RUNNING])["s1"] == Reading(7.0, 1234567000, None)


def test_file_that_does_not_hold_a_number_is_unknown(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.counters()
    for name in ("cpu,cpuacct/docker/{}/cpuacct.usage", "memory/docker/{}/memory.usage_in_bytes"):
        (machine.root / name.format(CONTAINER)).write_text("max\n")
    assert machine.meter().readings([RUNNING])["s1"] == Reading(7.0, None, None)


def test_mount_of_a_part_of_the_tree_is_followed() -> None:
    tree = Hierarchy(frozenset({"memory"}), "/docker/outer", "/sys/fs/cgroup/memory")
    inside = f"4:memory:/docker/outer/docker/{CONTAINER}\n"
    found = cgroup_directory("memory", inside, [tree], CONTAINER)
    assert found == Path(f"/sys/fs/cgroup/memory/docker/{CONTAINER}")
    assert cgroup_directory("memory", f"4:memory:/other/{CONTAINER}\n", [tree], CONTAINER) is None
    assert cgroup_directory("memory", f"4:memory:/docker/outer/../{CONTAINER}\n", [tree], CONTAINER) is None


def test_blanks_in_mount_points_are_read() -> None:
    line = "31 24 0:27 / /mnt/a\\040b rw - cgroup2 cgroup2 rw\nnot a mount\n"
    assert hierarchies(line) == (Hierarchy(frozenset(), "/", "/mnt/a b"),)


@given(st.text(), st.text())
def test_no_text_of_the_kernels_breaks_the_meter(mountinfo: str, membership: str) -> None:
    for controller in ("cpuacct", "memory"):
        found = cgroup_directory(controller, membership, hierarchies(mountinfo), CONTAINER)
        assert found is None or CONTAINER in str(found)


def test_limit_of_open_files_is_raised_before_it_is_met(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = open_files() + 20
    machine = Machine(tmp_path, 2)
    meter = machine.meter()
    sessions = [running(number) for number in range(30)]
    for session in sessions:
        assert session.pid is not None
        assert session.container_id is not None
        machine.path = f"/docker/{session.container_id}"
        machine.process(session.pid, session.container_id)
        machine.counters()
    resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))
    try:
        assert len(meter.readings(sessions)) == 30
    finally:
        meter.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def real_cgroup() -> Iterator[list[Path]]:
    """A cgroup of this machine's kernel, named as an engine would."""
    if os.geteuid() != 0:
        pytest.skip("only root makes cgroups here")
    mounted = hierarchies(Path("/proc/self/mountinfo").read_text())
    v1 = [tree for tree in mounted if tree.controllers & {"memory", "cpuacct"}]
    trees = v1 or [tree for tree in mounted if not tree.controllers]
    directories = [Path(tree.mount_point, f"sessiontui-test-{CONTAINER}") for tree in trees]
    for directory in directories:
        directory.mkdir()
    yield directories
    for directory in directories:
        if directory.exists():
            directory.rmdir()


def test_real_process_in_a_real_cgroup_is_read_until_the_cgroup_goes(real_cgroup: list[Path]) -> None:
    work = "read start; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; read stop"
    process = subprocess.Popen(
        ["sh", "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    meter = CgroupMeter()
    with process:
        for directory in real_cgroup:
            (directory / "cgroup.procs").write_text(str(process.pid))
        session = replace(RUNNING, pid=process.pid)
        early = meter.readings([session])["s1"]
        process.stdin.write("\n")
        assert process.stdout.readline() == "done\n"
        late = meter.readings([session])["s1"]
        process.stdin.write("\n")
    assert early.cpu_ns is not None
    assert late.cpu_ns is not None
    assert 10_000_000 < late.cpu_ns - early.cpu_ns < 60_000_000_000
    assert late.at > early.at
    for directory in real_cgroup:
        directory.rmdir()
    before = open_files()
    assert meter.readings([session]) == {}, "the cgroup was removed under the open files"
    assert open_files() == before - 3
    assert meter.readings([session]) == {}
