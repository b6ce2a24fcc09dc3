"""A directory tree that looks like ``/proc`` and the cgroups of a machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from sessiontui.domain.usage import Reading
from sessiontui.metering.cgroup import CgroupMeter
from tests.unit.metering.sessions import CONTAINER

V1_MOUNTS = """\
23 1 0:21 / /sys rw,nosuid shared:2 - sysfs sysfs rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / {root}/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / {root}/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / {root}/blkio rw,relatime - cgroup cgroup rw,blkio
37 31 0:34 / {root}/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / {root}/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / {root}/unified rw,relatime - cgroup2 cgroup2 rw
"""
V1_MEMBERSHIP = """\
9:name=systemd:/docker/{id}
8:pids:/docker/{id}
7:blkio:/docker/{id}
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
V1_FILES = {
    "cpu,cpuacct/docker/{id}/cpuacct.usage": "1234567000\n",
    "cpu,cpuacct/docker/{id}/cpu.stat": "nr_periods 76\nnr_throttled 71\nthrottled_time 3501532000\n",
    "cpu,cpuacct/docker/{id}/cpu.cfs_quota_us": "50000\n",
    "cpu,cpuacct/docker/{id}/cpu.cfs_period_us": "100000\n",
    "memory/docker/{id}/memory.usage_in_bytes": "28114944\n",
    "memory/docker/{id}/memory.max_usage_in_bytes": "29114944\n",
    "memory/docker/{id}/memory.limit_in_bytes": "536870912\n",
    "memory/docker/{id}/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    "memory/docker/{id}/memory.stat": V1_MEMORY_STAT,
    "blkio/docker/{id}/blkio.throttle.io_service_bytes": "254:0 Read 4096\n254:0 Write 8192\nTotal 12288\n",
    "blkio/blkio.throttle.io_service_bytes_recursive": "254:0 Read 70000\nTotal 70000\n",
    "pids/docker/{id}/pids.current": "4\n",
}
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
nice_usec 0
nr_periods 76
nr_throttled 71
throttled_usec 3501532
"""
V2_FILES = {
    "cpu.stat": V2_CPU_STAT,
    "cpu.max": "50000 100000\n",
    "memory.current": "28114944\n",
    "memory.peak": "29114944\n",
    "memory.max": "536870912\n",
    "memory.events": "low 0\nhigh 0\nmax 9\noom 4\noom_kill 3\noom_group_kill 0\n",
    "memory.stat": V2_MEMORY_STAT,
    "io.stat": "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n",
    "pids.current": "4\n",
}
NET_DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:      77       1    0    0    0     0          0         0       77       1    0    0    0     0       0          0
  eth0:    {received}      27    0    0    0     0          0         0      420       5    0    0    0     0       0          0
"""  # noqa: E501

FULL_1 = FULL_2 = Reading(
    at=7.0,
    cpu_ns=1234567000,
    memory=28114944 - 26984448,
    memory_peak=29114944,
    periods=76,
    throttled_periods=71,
    pids=4,
    read_bytes=4096,
    written_bytes=8192,
    received_bytes=2334,
    sent_bytes=420,
    oom_kills=3,
    cpu_limit=0.5,
    memory_limit=536870912,
)
"""What the counters of either version say."""


class Machine:
    """A machine with one container, whose first process is 4321."""

    def __init__(self, directory: Path, version: int, path: str = "/docker/{id}") -> None:
        self.proc, self.root, self.version = directory / "proc", directory / "cgroup", version
        self.now = 7.0
        (self.proc / "self" / "net").mkdir(parents=True)
        (self.proc / "self" / "net" / "dev").write_text(NET_DEV.format(received=999_999))
        mounts = V1_MOUNTS if version == 1 else V2_MOUNTS
        (self.proc / "self" / "mountinfo").write_text(mounts.format(root=self.root))
        self._path = path
        self.path = path.format(id=CONTAINER)
        self.process(4321, CONTAINER)
        self.network(4321, 2334)

    def process(self, pid: int, container: str, began: int = 500, path: str = "") -> None:
        """A process in a container's cgroup."""
        (self.proc / str(pid) / "net").mkdir(exist_ok=True, parents=True)
        text = V1_MEMBERSHIP if self.version == 1 and not path else f"0::{path or self._path}\n"
        (self.proc / str(pid) / "cgroup").write_text(text.format(id=container))
        fields = " ".join(str(began) if number == 22 else "0" for number in range(4, 53))
        (self.proc / str(pid) / "stat").write_text(f"{pid} (a ) name) S {fields}\n")

    def network(self, pid: int, received: int) -> None:
        """What a process's network received."""
        (self.proc / str(pid) / "net" / "dev").write_text(NET_DEV.format(received=received))

    def share_network(self, pid: int, other: str) -> None:
        """Give a process the network of another: one file, as the kernel has it."""
        theirs = self.proc / other / "net" / "dev"
        theirs.parent.mkdir(parents=True, exist_ok=True)
        theirs.touch()
        ours = self.proc / str(pid) / "net" / "dev"
        ours.unlink()
        ours.hardlink_to(theirs)

    def container(self, container_id: str, pid: int) -> None:
        """Another container with the same counters."""
        self.process(pid, container_id)
        self.network(pid, 2334)
        self.counters(container_id=container_id)

    def counters(self, below: str = "", container_id: str = CONTAINER) -> None:
        """A container's files."""
        if self.version == 1:
            files = V1_FILES
        else:
            place = (below or self._path).strip("/")
            files = {f"{place}/{name}": text for name, text in V2_FILES.items()}
        for name, text in files.items():
            path = self.root / name.format(id=container_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def write(self, controller: str, name: str, text: str) -> None:
        """Have a file of the first container say something else."""
        tree = {"cpu": "cpu,cpuacct", "cpuacct": "cpu,cpuacct"}.get(controller, controller)
        place = f"{tree}/docker/{CONTAINER}" if self.version == 1 else self.path.strip("/")
        (self.root / place / name).write_text(text)

    def cpu(self, microseconds: int) -> str:
        """The text of the file that holds CPU time."""
        return f"{microseconds}000\n" if self.version == 1 else f"usage_usec {microseconds}\n"

    def forbid(self, container_id: str) -> None:
        """Close a container's files to all but root."""
        for path in self.root.rglob("*"):
            if path.is_file() and container_id in str(path):
                path.chmod(0)

    def end(self, pid: int) -> None:
        """Have a process be no more."""
        shutil.rmtree(self.proc / str(pid))

    def meter(self) -> CgroupMeter:
        """A meter that looks at this machine, at second 7 unless told otherwise."""
        return CgroupMeter(self.proc, clock=lambda: self.now)


def open_files() -> int:
    """Descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))
