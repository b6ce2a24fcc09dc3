"""Where a container's cgroups are, from the kernel's own texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.metering.hierarchy import ControllerFiles, Hierarchy, files_of, hierarchies, names
from tests.unit.metering.sessions import CONTAINER

UNIFIED = Hierarchy(frozenset(), "/", "/sys/fs/cgroup")
CONTROLLERS = ("cpuacct", "cpu", "memory", "blkio", "pids")

# As a Debian 13 machine with systemd has it (Docker 26, cgroup version 2).
DEBIAN_13_MOUNT = (
    "32 24 0:27 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:8 - "
    "cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
)
# As a Debian 12 machine has it that mounts version 1's controllers one by one (Docker 20.10, cgroupfs).
DEBIAN_12_MOUNTS = """\
30 20 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
32 30 0:29 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
34 30 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
37 30 0:34 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
38 30 0:35 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
39 30 0:36 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
DEBIAN_12_MEMBERSHIP = """\
9:name=systemd:/docker/{id}
8:pids:/docker/{id}
7:blkio:/docker/{id}
4:memory:/docker/{id}
2:cpuacct:/docker/{id}
1:cpu:/docker/{id}
0::/docker/{id}
"""


def test_version_2_has_all_controllers_in_one_place() -> None:
    membership = f"0::/system.slice/docker-{CONTAINER}.scope\n"
    mounted = hierarchies(DEBIAN_13_MOUNT)
    assert {files_of(one, membership, mounted, CONTAINER) for one in CONTROLLERS} == {
        ControllerFiles(f"/sys/fs/cgroup/system.slice/docker-{CONTAINER}.scope", 2, "/sys/fs/cgroup")
    }


def test_version_1_has_a_place_for_each_controller() -> None:
    membership = DEBIAN_12_MEMBERSHIP.format(id=CONTAINER)
    mounted = hierarchies(DEBIAN_12_MOUNTS)
    for one in CONTROLLERS:
        tree = f"/sys/fs/cgroup/{one}"
        found = files_of(one, membership, mounted, CONTAINER)
        assert found == ControllerFiles(f"{tree}/docker/{CONTAINER}", 1, tree)


def test_controllers_that_share_a_tree_share_a_place() -> None:
    tree = Hierarchy(frozenset({"cpu", "cpuacct"}), "/", "/sys/fs/cgroup/cpu,cpuacct")
    membership = f"2:cpu,cpuacct:/docker/{CONTAINER}\n"
    assert files_of("cpu", membership, [tree], CONTAINER) == files_of(
        "cpuacct", membership, [tree], CONTAINER
    )


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/docker/{id}", "/docker/{id}"),
        ("/system.slice/docker-{id}.scope", "/system.slice/docker-{id}.scope"),
        ("/system.slice/docker-{id}.scope/init.scope", "/system.slice/docker-{id}.scope"),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{id}.scope",
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{id}.scope",
        ),
        ("/machine.slice/libpod-{id}.scope/container", "/machine.slice/libpod-{id}.scope"),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope/container",
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope",
        ),
        ("/libpod_parent/libpod-{id}", "/libpod_parent/libpod-{id}"),
    ],
    ids=["cgroupfs", "systemd", "nested", "rootless docker", "podman", "rootless podman", "podman cgroupfs"],
)
def test_every_engines_path_is_followed(path: str, part: str) -> None:
    membership = f"0::{path.format(id=CONTAINER)}\n"
    found = files_of("memory", membership, [UNIFIED], CONTAINER)
    assert found == ControllerFiles("/sys/fs/cgroup" + part.format(id=CONTAINER), 2, "/sys/fs/cgroup")


@pytest.mark.parametrize(
    "part",
    ["libpod-conmon-{id}.scope", "{id}.service", "{id}-1a2b3c.service", "x{id}", "docker-", ""],
)
def test_what_only_mentions_a_container_is_not_the_container(part: str) -> None:
    assert not names(part.format(id=CONTAINER), CONTAINER)
    membership = f"0::/machine.slice/{part.format(id=CONTAINER)}\n"
    assert files_of("memory", membership, [UNIFIED], CONTAINER) is None


def test_mount_of_a_part_of_the_tree_is_followed() -> None:
    tree = Hierarchy(frozenset({"memory"}), "/docker/outer", "/sys/fs/cgroup/memory")
    inside = f"4:memory:/docker/outer/docker/{CONTAINER}\n"
    found = files_of("memory", inside, [tree], CONTAINER)
    assert found == ControllerFiles(f"{tree.mount_point}/docker/{CONTAINER}", 1, tree.mount_point)
    assert files_of("memory", f"4:memory:/other/{CONTAINER}\n", [tree], CONTAINER) is None
    assert files_of("memory", f"4:memory:/docker/outer/../{CONTAINER}\n", [tree], CONTAINER) is None


def test_of_two_mounts_the_one_that_shows_the_container_is_taken() -> None:
    mounted = [
        Hierarchy(frozenset(), "/elsewhere", "/mnt/part"),
        Hierarchy(frozenset(), "/", "/sys/fs/cgroup"),
    ]
    found = files_of("memory", f"0::/docker/{CONTAINER}\n", mounted, CONTAINER)
    assert found == ControllerFiles(f"/sys/fs/cgroup/docker/{CONTAINER}", 2, "/sys/fs/cgroup")


def test_blanks_in_mount_points_are_read() -> None:
    line = "31 24 0:27 / /mnt/a\\040b rw - cgroup2 cgroup2 rw\nnot a mount\n"
    assert hierarchies(line) == (Hierarchy(frozenset(), "/", "/mnt/a b"),)


@given(st.text(), st.text())
def test_no_text_of_the_kernels_breaks_it(mountinfo: str, membership: str) -> None:
    for controller in CONTROLLERS:
        found = files_of(controller, membership, hierarchies(mountinfo), CONTAINER)
        assert found is None or CONTAINER in found.directory


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_part_names_a_container_by_its_whole_id_only(before: str, after: str) -> None:
    part = before + CONTAINER + after
    if names(part, CONTAINER):
        assert after in ("", ".scope")
        assert before == "" or before.endswith("-")
