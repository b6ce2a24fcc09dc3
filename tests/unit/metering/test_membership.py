"""Which container a process is in, from lines as kernels write them for every engine and driver."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.metering.hierarchy import names
from sessiontui.metering.membership import container_in, containers_in, is_beside_us
from tests.unit.metering.sessions import CONTAINER, OTHER_CONTAINER

HERE = "c73e36165493f35db5ca2d46d6f1c54aca28bee399cc623e0cd4a7ea1c001004"
# Docker 20.10 with the cgroupfs driver on a machine that has both versions mounted, as it was read there.
DOCKER_V1_CGROUPFS = f"""\
9:name=systemd:/docker/{HERE}
8:pids:/docker/{HERE}
7:blkio:/docker/{HERE}
6:freezer:/docker/{HERE}
5:devices:/docker/{HERE}
4:memory:/docker/{HERE}
3:cpuset:/docker/{HERE}
2:cpuacct:/docker/{HERE}
1:cpu:/docker/{HERE}
0::/docker/{HERE}
"""
# Docker with the systemd driver on version 1: Ubuntu 20.04.
DOCKER_V1_SYSTEMD = f"""\
12:blkio:/system.slice/docker-{HERE}.scope
11:cpu,cpuacct:/system.slice/docker-{HERE}.scope
10:memory:/system.slice/docker-{HERE}.scope
9:rdma:/
8:devices:/system.slice/docker-{HERE}.scope
2:pids:/system.slice/docker-{HERE}.scope
1:name=systemd:/system.slice/docker-{HERE}.scope
0::/system.slice/docker-{HERE}.scope
"""
# Podman run by an ordinary user on version 1: systemd's own tree alone knows the container.
PODMAN_ROOTLESS_V1 = f"""\
11:pids:/user.slice/user-1000.slice/user@1000.service
10:memory:/user.slice/user-1000.slice/user@1000.service
3:cpu,cpuacct:/user.slice
1:name=systemd:/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{HERE}.scope
0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{HERE}.scope
"""
# Docker of a snap package, on a machine that has both versions mounted: version 2 shows the engine alone.
DOCKER_SNAP = f"""\
5:blkio:/docker/{HERE}
4:cpu,cpuacct:/docker/{HERE}
3:memory:/docker/{HERE}
2:rdma:/
1:name=systemd:/docker/{HERE}
0::/system.slice/snap.docker.dockerd.service
"""
POD = "pod2ad93bf7-f4ac-4b4a-8d4b-2b8c5c6d7e8f"
POD_SLICE = POD.replace("-", "_")
USER = "/user.slice/user-1000.slice/user@1000.service"

ONE_CONTAINER = {
    "docker, version 1, cgroupfs": DOCKER_V1_CGROUPFS,
    "docker, version 1, systemd": DOCKER_V1_SYSTEMD,
    "docker, of a snap": DOCKER_SNAP,
    "docker, version 2, cgroupfs": f"0::/docker/{HERE}\n",
    "docker, version 2, systemd": f"0::/system.slice/docker-{HERE}.scope\n",
    "docker, a parent of its own": f"0::/gpu.slice/gpu-batch.slice/docker-{HERE}.scope\n",
    "docker, with systemd inside": f"0::/system.slice/docker-{HERE}.scope/system.slice/cron.service\n",
    "docker, cgroups below": f"0::/docker/{HERE}/init\n",
    "docker, rootless": f"0::{USER}/user.slice/docker-{HERE}.scope\n",
    "docker, rootless, cgroupfs": f"0::{USER}/app.slice/docker.service/docker/{HERE}\n",
    "podman": f"0::/machine.slice/libpod-{HERE}.scope/container\n",
    "podman, cgroupfs": f"0::/libpod_parent/libpod-{HERE}\n",
    "podman, rootless": f"0::{USER}/user.slice/libpod-{HERE}.scope/container\n",
    "podman, rootless, version 1": PODMAN_ROOTLESS_V1,
    "podman, split": f"0::/system.slice/train.service/libpod-payload-{HERE}\n",
    "podman, in a pod": f"0::/machine.slice/machine-libpod_pod_{OTHER_CONTAINER}.slice/libpod-{HERE}.scope\n",
    "kubernetes, containerd, systemd": (
        f"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-{POD_SLICE}.slice/"
        f"cri-containerd-{HERE}.scope\n"
    ),
    "kubernetes, containerd, cgroupfs": f"0::/kubepods/besteffort/{POD}/{HERE}\n",
    "kubernetes, containerd, version 1": f"11:memory:/kubepods/burstable/{POD}/{HERE}\n1:name=systemd:/\n",
    "kubernetes, drivers that differ": (
        f"0::/system.slice/containerd.service/kubepods-burstable-{POD_SLICE}.slice:cri-containerd:{HERE}\n"
    ),
    "kubernetes, docker": f"0::/kubepods.slice/kubepods-{POD_SLICE}.slice/docker-{HERE}.scope\n",
    "kubernetes, cri-o": f"0::/kubepods.slice/kubepods-{POD_SLICE}.slice/crio-{HERE}.scope/container\n",
    "containerd, nerdctl": f"0::/default/{HERE}\n",
    "containerd, nerdctl, systemd": f"0::/system.slice/nerdctl-{HERE}.scope\n",
    "seen from another container": f"0::/../{HERE}\n",
    "seen from another container, systemd": f"0::/../../system.slice/docker-{HERE}.scope\n",
    "a cgroup that was removed": f"0::/system.slice/docker-{HERE}.scope (deleted)\n",
}

NO_CONTAINER = {
    "nothing": "",
    "root of version 2": "0::/\n",
    "a login": "0::/user.slice/user-1000.slice/session-3.scope\n",
    "a login, version 1": "11:memory:/user.slice/user-1000.slice/session-3.scope\n1:name=systemd:/\n0::/\n",
    "a service": "0::/system.slice/slurmd.service\n",
    "the engine": "0::/system.slice/docker.service\n",
    "containerd and its shims": "0::/system.slice/containerd.service\n",
    "monitor of podman": f"0::/machine.slice/libpod-conmon-{HERE}.scope\n",
    "monitor of cri-o": f"0::/kubepods.slice/crio-conmon-{HERE}.scope\n",
    "health check of podman": f"0::/system.slice/{HERE}.service\n",
    "health check of podman, later": f"0::/system.slice/{HERE}-7a1b2c3d.service\n",
    "pause process of rootless podman": f"0::{USER}/user.slice/podman-pause-1a2b3c4d.scope\n",
    "pod without a container": f"0::/machine.slice/machine-libpod_pod_{HERE}.slice\n",
    "part of an id": f"0::/docker/{HERE[:12]}\n",
    "longer than an id": f"0::/docker/{HERE}0\n",
    "too few fields": f"0:/docker/{HERE}\n",
}


@pytest.mark.parametrize("membership", ONE_CONTAINER.values(), ids=ONE_CONTAINER.keys())
def test_every_engines_container_is_found(membership: str) -> None:
    assert containers_in(membership) == (HERE,)
    assert container_in(membership, ()) == HERE


@pytest.mark.parametrize("membership", NO_CONTAINER.values(), ids=NO_CONTAINER.keys())
def test_what_is_no_container_is_taken_for_none(membership: str) -> None:
    assert containers_in(membership) == ()
    assert container_in(membership, {HERE}) == ""


NESTED = {
    "docker in docker": f"0::/docker/{HERE}/docker/{CONTAINER}\n",
    "docker in docker, systemd": f"0::/system.slice/docker-{HERE}.scope/docker/{CONTAINER}\n",
    "podman in docker": f"0::/docker/{HERE}/libpod_parent/libpod-{CONTAINER}\n",
    "kubernetes in docker": f"0::/docker/{HERE}/kubelet/kubepods/{POD}/{CONTAINER}\n",
    "in some controllers only": f"4:memory:/docker/{HERE}\n3:pids:/docker/{HERE}/docker/{CONTAINER}\n0::/\n",
}


@pytest.mark.parametrize("membership", NESTED.values(), ids=NESTED.keys())
def test_container_in_a_container_belongs_to_the_one_that_the_engine_knows(membership: str) -> None:
    assert containers_in(membership) == (HERE, CONTAINER)
    assert container_in(membership, {HERE}) == HERE
    assert container_in(membership, {CONTAINER}) == CONTAINER
    assert container_in(membership, {OTHER_CONTAINER}) == HERE
    assert container_in(membership, ()) == HERE


@pytest.mark.parametrize(
    ("membership", "beside"),
    [
        ("0::/\n", True),
        ("0::/init.scope\n", True),
        ("0::/..\n", False),
        ("0::/../../user.slice/user-1000.slice/session-3.scope\n", False),
        ("0::/..data\n", True),
    ],
)
def test_path_that_stays_below_the_root_of_a_namespace_is_beside_the_reader(
    membership: str, beside: bool
) -> None:
    assert is_beside_us(membership) is beside


@given(st.text())
def test_no_text_of_the_kernels_breaks_it(membership: str) -> None:
    assert all(len(one) == 64 for one in containers_in(membership))
    is_beside_us(membership)


@given(st.text("docker-libpod.conmon:scope", max_size=16), st.sampled_from(["", ".scope", ".service", "0"]))
def test_what_the_meters_take_for_a_containers_cgroup_is_one_here(before: str, after: str) -> None:
    part = before + CONTAINER + after
    if "/" not in part and names(part, CONTAINER):
        assert containers_in(f"0::/{part}\n") == (CONTAINER,)
