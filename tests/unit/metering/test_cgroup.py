"""The meter of local sessions: on a tree of our own as both versions have it, and on the kernel's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.domain.session import Phase, Session
from sessiontui.metering.cgroup import CgroupMeter
from sessiontui.metering.hierarchy import hierarchies
from tests.unit.metering.machine import FULL_1, FULL_2, Machine, open_files
from tests.unit.metering.sessions import CONTAINER, OTHER_CONTAINER, RUNNING, running

LISTED = replace(RUNNING, pid=None)
"""The session as the engine's list has it: without its process."""
KEPT_1, KEPT_2 = 12, 10
"""Files kept open for a session in detail, by version."""


@pytest.fixture(params=[1, 2], ids=["version 1", "version 2"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    machine = Machine(tmp_path, request.param)
    machine.counters()
    return machine


def test_version_1(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.counters()
    assert machine.meter().readings([RUNNING]) == {"s1": FULL_1}


def test_version_2(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    machine.counters()
    assert machine.meter().readings([RUNNING]) == {"s1": FULL_2}


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
    assert machine.meter().readings([RUNNING]) == {"s1": FULL_2}


def test_figures_that_only_details_show_are_read_of_shown_sessions_only(machine: Machine) -> None:
    meter = machine.meter()
    before = open_files()
    (full,) = meter.readings([RUNNING], {"s1"}).values()
    with_details = open_files()
    (rest,) = meter.readings([RUNNING], {"s2"}).values()
    assert rest == replace(
        full, memory_peak=None, pids=None, oom_kills=None, cpu_limit=None, memory_limit=None
    )
    assert before < open_files() < with_details


def test_limits_that_are_none_are_none(tmp_path: Path) -> None:
    for version in (1, 2):
        machine = Machine(tmp_path / str(version), version)
        machine.counters()
        if version == 1:
            machine.write("memory", "memory.limit_in_bytes", "9223372036854771712\n")
            machine.write("cpu", "cpu.cfs_quota_us", "-1\n")
        else:
            machine.write("memory", "memory.max", "max\n")
            machine.write("cpu", "cpu.max", "max 100000\n")
        reading = machine.meter().readings([RUNNING])["s1"]
        assert (reading.cpu_limit, reading.memory_limit) == (None, None)


def test_disk_that_the_kernel_does_not_count_is_unknown_and_not_none(tmp_path: Path) -> None:
    """As recent kernels are on version 1 until somebody limits a disk."""
    machine = Machine(tmp_path, 1)
    machine.counters()
    machine.write("blkio", "blkio.throttle.io_service_bytes", "Total 0\n")
    reading = machine.meter().readings([RUNNING])["s1"]
    assert (reading.read_bytes, reading.written_bytes) == (0, 0)
    for whole in ("Total 0\n", "7:0 Read 0\n7:0 Write 0\n7:0 Total 0\nTotal 0\n"):
        (machine.root / "blkio" / "blkio.throttle.io_service_bytes_recursive").write_text(whole)
        reading = machine.meter().readings([RUNNING])["s1"]
        assert (reading.read_bytes, reading.written_bytes) == (None, None)


def test_memory_without_cache_follows_both_files(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    machine.counters()
    meter = machine.meter()
    meter.readings([RUNNING])
    machine.write("memory", "memory.current", "5000\n")
    machine.write("memory", "memory.stat", "anon 1\ninactive_file 1000\n")
    assert meter.readings([RUNNING])["s1"].memory == 4000
    machine.write("memory", "memory.stat", "anon 1\ninactive_file 3000\n")
    seen = [meter.readings([RUNNING])["s1"].memory for _ in range(6)]
    assert seen[-1] == 2000, "the cache is looked at again though the whole is the same"


def test_every_figure_that_changes_is_seen(machine: Machine) -> None:
    meter = machine.meter()
    early = meter.readings([RUNNING])["s1"]
    cpu_stat = "nr_periods 80\nnr_throttled 72\n"
    machine.write("cpu", "cpu.stat", cpu_stat if machine.version == 1 else "usage_usec 1234567\n" + cpu_stat)
    if machine.version == 1:
        machine.write("blkio", "blkio.throttle.io_service_bytes", "8:0 Read 1\n8:0 Write 2\nTotal 3\n")
    else:
        machine.write("blkio", "io.stat", "8:0 rbytes=1 wbytes=2\n")
    machine.write("pids", "pids.current", "9\n")
    machine.network(4321, 3)
    assert meter.readings([RUNNING])["s1"] == replace(
        early, periods=80, throttled_periods=72, read_bytes=1, written_bytes=2, pids=9, received_bytes=3
    )


def test_counters_that_went_backwards_are_told_as_they_are(machine: Machine) -> None:
    meter = machine.meter()
    meter.readings([RUNNING])
    machine.write("cpuacct", "cpuacct.usage" if machine.version == 1 else "cpu.stat", machine.cpu(5))
    assert meter.readings([RUNNING])["s1"].cpu_ns == 5000


# Processes


def test_pid_that_belongs_to_somebody_else_is_not_read(machine: Machine) -> None:
    machine.process(4321, OTHER_CONTAINER)
    assert machine.meter().readings([RUNNING]) == {}


def test_no_process_no_container_no_cgroup_are_no_reading(tmp_path: Path) -> None:
    meter = Machine(tmp_path, 1).meter()
    gone = replace(RUNNING, id="s2", container_id=OTHER_CONTAINER, pid=99)
    unknown = replace(RUNNING, id="s3", container_id=OTHER_CONTAINER, pid=None)
    removed = replace(RUNNING, id="s4", container_id=None)
    short = replace(RUNNING, id="s5", container_id=CONTAINER[:12])
    assert meter.readings([RUNNING, gone, unknown, removed, short]) == {}


def test_process_of_a_listed_session_is_found(machine: Machine) -> None:
    assert machine.meter().readings([LISTED])["s1"].cpu_ns == 1234567000


def test_first_process_of_a_container_is_taken(machine: Machine) -> None:
    machine.process(3000, CONTAINER, began=900)
    machine.process(7000, CONTAINER, began=100)
    machine.network(7000, 42)
    assert machine.meter().readings([LISTED])["s1"].received_bytes == 42


def test_monitor_of_a_podman_container_is_not_its_process(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2, "/machine.slice/libpod-{id}.scope/container")
    machine.counters(below=f"/machine.slice/libpod-{CONTAINER}.scope")
    machine.process(100, CONTAINER, began=1, path=f"/machine.slice/libpod-conmon-{CONTAINER}.scope")
    machine.network(100, 666)
    assert machine.meter().readings([LISTED]) == {"s1": FULL_2}


def test_session_without_a_process_here_is_looked_for_less_and_less(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    machine.counters(container_id=OTHER_CONTAINER)
    late = replace(LISTED, container_id=OTHER_CONTAINER)
    looked_at = []
    for appears in range(64):
        meter = machine.meter()
        for second in range(appears):
            machine.now = float(second)
            assert meter.readings([late]) == {}
        machine.process(88, OTHER_CONTAINER)
        machine.now = float(appears)
        if meter.readings([late]):
            looked_at.append(appears)
        meter.close()
        machine.end(88)
    assert looked_at == [0, 1, 3, 7, 15, 31, 61]


def test_session_that_appears_is_looked_for_at_once(machine: Machine) -> None:
    meter = machine.meter()
    elsewhere = replace(LISTED, id="s2", container_id=OTHER_CONTAINER)
    assert meter.readings([elsewhere]) == {}
    assert meter.readings([elsewhere, LISTED]).keys() == {"s1"}


def test_pid_the_engine_named_wrongly_does_not_hide_the_session(machine: Machine) -> None:
    machine.process(99, OTHER_CONTAINER)
    meter = machine.meter()
    wrong = replace(RUNNING, pid=99)
    assert meter.readings([wrong]).keys() == {"s1"}
    before = open_files()
    assert meter.readings([wrong]).keys() == {"s1"}
    assert open_files() == before


@pytest.mark.parametrize("whose", ["self", "1"])
def test_network_that_is_the_machines_or_ours_is_not_the_sessions(machine: Machine, whose: str) -> None:
    machine.share_network(4321, whose)
    reading = machine.meter().readings([RUNNING])["s1"]
    assert (reading.received_bytes, reading.sent_bytes) == (None, None)


# Files


def test_stopped_session_is_not_read_and_its_files_are_closed(machine: Machine) -> None:
    meter = machine.meter()
    before = open_files()
    assert meter.readings([RUNNING])
    assert open_files() == before + (KEPT_1 if machine.version == 1 else KEPT_2)
    assert meter.readings([replace(RUNNING, phase=Phase.STOPPED)]) == {}
    assert open_files() == before


def test_files_stay_open_until_closed_or_gone_from_the_list(machine: Machine) -> None:
    meter = machine.meter()
    before = open_files()
    for _ in range(3):
        meter.readings([RUNNING])
        assert open_files() == before + (KEPT_1 if machine.version == 1 else KEPT_2)
    meter.readings([])
    assert open_files() == before
    meter.readings([RUNNING])
    meter.close()
    assert open_files() == before


def test_session_started_anew_is_read_anew(machine: Machine) -> None:
    meter = machine.meter()
    meter.readings([RUNNING])
    before = open_files()
    machine.process(5555, CONTAINER)
    machine.network(5555, 1)
    assert meter.readings([replace(RUNNING, pid=5555)])["s1"].received_bytes == 1
    assert open_files() == before


def test_controller_that_is_not_enabled_leaves_its_figures_unknown(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    machine.counters()
    for path in (machine.root / machine.path.strip("/")).glob("memory.*"):
        path.unlink()
    assert machine.meter().readings([RUNNING])["s1"] == replace(
        FULL_2, memory=None, memory_peak=None, oom_kills=None, memory_limit=None
    )


def test_file_that_does_not_hold_a_number_is_unknown(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.counters()
    meter = machine.meter()
    machine.write("cpuacct", "cpuacct.usage", "max\n")
    assert meter.readings([RUNNING])["s1"] == replace(FULL_1, cpu_ns=None)
    machine.write("memory", "memory.usage_in_bytes", "max\n")
    assert meter.readings([RUNNING]) == {}, "with neither it is the next meter's to tell"


def in_a_process(code: str, *arguments: str) -> str:
    """What Python code prints that may ruin its own process."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


UNDER_A_LIMIT = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from sessiontui.metering.cgroup import CgroupMeter
from tests.unit.metering.machine import open_files
from tests.unit.metering.sessions import running

soft, hard, most = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
sessions = [running(number) for number in range(30)]
meter = CgroupMeter(Path(sys.argv[1]), clock=lambda: 7.0)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
before = open_files()
first, second = meter.readings(sessions), meter.readings(sessions)
kept = open_files() - before
assert first == second
assert len({replace(reading, at=0.0) for reading in second.values()}) == 1
assert kept <= most, kept
print(len(second), kept, resource.getrlimit(resource.RLIMIT_NOFILE)[0] > soft, *meter.notes(), sep="|")
meter.close()
assert open_files() == before
"""


def crowd(machine: Machine) -> None:
    """Thirty sessions with the counters of one."""
    for number in range(30):
        session = running(number)
        assert session.pid is not None
        assert session.container_id is not None
        machine.container(session.container_id, session.pid)


def test_limit_of_open_files_is_raised_before_it_is_met(machine: Machine) -> None:
    crowd(machine)
    soft = open_files() + 20
    said = in_a_process(UNDER_A_LIMIT, str(machine.proc), str(soft), "2000", "400").strip()
    kept = 30 * (KEPT_1 if machine.version == 1 else KEPT_2)
    assert said == f"30|{kept}|True"


def test_sessions_beyond_the_limit_of_open_files_are_read_all_the_same(machine: Machine) -> None:
    crowd(machine)
    said = in_a_process(UNDER_A_LIMIT, str(machine.proc), "200", "200", "100").strip().split("|")
    assert said[0] == "30"
    assert int(said[1]) > 50
    assert said[3] == (
        "the limit of open files (200) is too low to keep the counters of all sessions open: reading them "
        "costs more; raise it with ulimit -n"
    )


WITHOUT_ROOM = """
import os, resource, sys
from pathlib import Path
from sessiontui.metering.cgroup import CgroupMeter
from tests.unit.metering.sessions import running

sessions = [running(number) for number in range(30)]
meter = CgroupMeter(Path(sys.argv[1]), clock=lambda: 7.0)
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
some = meter.readings(sessions[:3])
taken = []
try:
    while True:
        taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
crowded = meter.readings(sessions)
assert len(crowded) == 30, len(crowded)
while True:
    try:
        taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        break
meter.close()
while True:
    try:
        taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        break
print(len(meter.readings(sessions)))
for descriptor in taken:
    os.close(descriptor)
print(len(meter.readings(sessions)), *meter.notes())
"""


def test_process_without_any_file_left_reads_what_it_can_and_recovers(machine: Machine) -> None:
    crowd(machine)
    full, after = in_a_process(WITHOUT_ROOM, str(machine.proc)).splitlines()
    assert full == "0"
    assert after.startswith("30 ")


def test_container_that_vanishes_between_two_reads_is_absent(machine: Machine) -> None:
    """Files that are not kept open are missed on the next reading, as kept ones are by the kernel."""
    crowd(machine)
    vanishing = """
import resource, shutil, sys
from pathlib import Path
from sessiontui.metering.cgroup import CgroupMeter
from tests.unit.metering.sessions import running

proc, root = Path(sys.argv[1]), Path(sys.argv[2])
sessions = [running(number) for number in range(30)]
meter = CgroupMeter(proc, clock=lambda: 7.0)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
before = meter.readings(sessions)
shutil.rmtree(root)
shutil.rmtree(proc / str(sessions[29].pid))
print(len(before), "s29" in before, "s29" in meter.readings(sessions))
"""
    assert in_a_process(vanishing, str(machine.proc), str(machine.root)) == "30 True False\n"


# Permission


@contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Without root's right to read everything."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture(params=[1, 2], ids=["version 1", "version 2"])
def open_machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine in a directory that every user may enter."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        machine = Machine(Path(directory), request.param)
        machine.counters()
        machine.process(1, "")
        yield machine
        for path in Path(directory).rglob("*"):
            path.chmod(0o755)


def test_cgroup_that_is_not_readable_is_left_to_the_next_meter_with_a_note(open_machine: Machine) -> None:
    for path in open_machine.root.rglob("*"):
        if path.is_file():
            path.chmod(0)
    meter = open_machine.meter()
    with as_an_ordinary_user():
        assert meter.readings([RUNNING]) == {}
        assert meter.readings([LISTED]) == {}
    (note,) = meter.notes()
    assert note.startswith("the kernel does not let you read")


@pytest.mark.parametrize("session", [RUNNING, LISTED], ids=["known process", "listed"])
def test_hidden_processes_are_left_to_the_next_meter_with_a_note(
    open_machine: Machine, session: Session
) -> None:
    for pid in ("1", "4321"):
        (open_machine.proc / pid).chmod(0)
    meter = open_machine.meter()
    with as_an_ordinary_user():
        assert meter.readings([session]) == {}
        assert len(meter.notes()) == 1
        assert meter.readings([session]) == {}
        assert len(meter.notes()) == 1, "it is still so between two looks"


def test_one_session_that_can_be_read_is_no_reason_for_a_note(open_machine: Machine) -> None:
    open_machine.container(OTHER_CONTAINER, 77)
    open_machine.forbid(OTHER_CONTAINER)
    meter = open_machine.meter()
    other = replace(RUNNING, id="s2", container_id=OTHER_CONTAINER, pid=77)
    with as_an_ordinary_user():
        assert meter.readings([RUNNING, other]).keys() == {"s1"}
    assert meter.notes() == ()


def test_sessions_of_an_engine_elsewhere_are_no_reason_for_a_note(open_machine: Machine) -> None:
    meter = open_machine.meter()
    with as_an_ordinary_user():
        assert meter.readings([replace(RUNNING, container_id=OTHER_CONTAINER)]) == {}
    assert meter.notes() == ()


# The kernel


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
    assert open_files() < before
    assert meter.readings([session]) == {}
