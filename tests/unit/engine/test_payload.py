"""What the engine is asked to create."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessiontui.domain.environment import App
from sessiontui.domain.folder import Mount
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner
from sessiontui.domain.units import GIB
from sessiontui.engine.payload import (
    container_name,
    create_payload,
    home_volume,
    hostname,
    published_ports,
)

ORDER = Order(
    id="0123456789ab",
    name="nifty-bohr",
    owner=Owner("alice", 1000, 100),
    environment="python",
    version="3.12",
    image="sessiontui/python:3.12",
    ask=Ask(2.5, 4 * GIB, 1),
    gpus=(Gpu("GPU-1", 1, "H100", 80 * GIB),),
    mounts=(Mount("models", "/srv/models", "/home/work/models", read_only=True),),
    apps=(
        App("jupyterlab", "JupyterLab", "http", 8888, secret=True),
        App("notebook", "Notebook", "http", 8888, secret=True),
        App("tensorboard", "TensorBoard", "http", 6006, via="jupyterlab"),
        App("ssh", "SSH", "tcp", 2200, secret=True),
    ),
    env=(("OMP_NUM_THREADS", "1"), ("SESSIONTUI_UID", "0")),
)


def payload(order: Order = ORDER, user: tuple[int, int] = (1000, 100)) -> dict[str, object]:
    return create_payload(order, labels={"a": "b"}, ports={2200: 20001, 8888: 20002}, user_in_container=user)


def test_only_ports_no_other_app_carries_are_published_once() -> None:
    assert published_ports(ORDER) == (2200, 8888)


def test_ports_are_bound_to_loopback() -> None:
    host = payload()["HostConfig"]
    assert isinstance(host, dict)
    assert host["PortBindings"] == {
        "2200/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20001"}],
        "8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20002"}],
    }


def test_swap_is_no_way_around_the_memory_limit() -> None:
    host = payload()["HostConfig"]
    assert isinstance(host, dict)
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (2_500_000_000, 4 * GIB, 4 * GIB)


def test_threads_follow_the_cores_and_the_person_outweighs_them_but_not_us() -> None:
    environment = payload()["Env"]
    assert isinstance(environment, list)
    assert "OPENBLAS_NUM_THREADS=3" in environment
    assert "OMP_NUM_THREADS=1" in environment
    assert "SESSIONTUI_UID=1000" in environment
    assert "SESSIONTUI_UID=0" not in environment


def test_gpus_are_asked_for_by_id_never_by_count() -> None:
    host = payload()["HostConfig"]
    assert isinstance(host, dict)
    assert host["DeviceRequests"] == [{"Driver": "nvidia", "DeviceIDs": ["GPU-1"], "Capabilities": [["gpu"]]}]
    without = create_payload(replace(ORDER, gpus=()), labels={}, ports={}, user_in_container=(1000, 100))
    assert "DeviceRequests" not in without["HostConfig"]


def test_neither_the_image_nor_the_person_says_which_gpus_are_seen() -> None:
    greedy = (("NVIDIA_VISIBLE_DEVICES", "all"),)
    for gpus, seen in ((ORDER.gpus, "GPU-1"), ((), "void")):
        environment = payload(replace(ORDER, gpus=gpus, env=greedy))["Env"]
        assert isinstance(environment, list)
        names = [one for one in environment if one.startswith("NVIDIA_VISIBLE_DEVICES=")]
        assert names == [f"NVIDIA_VISIBLE_DEVICES={seen}"]


def test_the_groups_of_devices_are_the_users_inside() -> None:
    grouped = create_payload(ORDER, labels={}, ports={}, user_in_container=(1000, 100), gpu_groups=(44, 109))
    assert grouped["HostConfig"]["GroupAdd"] == ["44", "109"]
    assert "SESSIONTUI_GROUPS=44 109" in grouped["Env"]


def test_a_mount_never_makes_its_source() -> None:
    host = payload()["HostConfig"]
    assert isinstance(host, dict)
    assert host["Mounts"][1] == {
        "Type": "bind",
        "Source": "/srv/models",
        "Target": "/home/work/models",
        "ReadOnly": True,
    }
    assert host["Mounts"][0]["Source"] == home_volume(ORDER.id)
    assert "Binds" not in host


def test_only_root_gets_the_capabilities_its_sshd_needs() -> None:
    host = payload()["HostConfig"]
    root = payload(user=(0, 0))["HostConfig"]
    assert isinstance(host, dict)
    assert isinstance(root, dict)
    assert not {"AUDIT_WRITE", "SYS_CHROOT"} & set(host["CapAdd"])
    assert set(root["CapAdd"]) - set(host["CapAdd"]) == {"AUDIT_WRITE", "SYS_CHROOT"}


def test_the_containers_name_is_unique_per_owner_and_name() -> None:
    assert container_name(ORDER) == "sessiontui-1000-nifty-bohr"


@pytest.mark.parametrize(
    ("name", "host"),
    [("nifty-bohr", "nifty-bohr"), ("A.b_c", "a-b-c"), ("x" * 64, "x" * 63), ("...", "session")],
)
def test_the_host_name_keeps_to_its_letters(name: str, host: str) -> None:
    assert hostname(name) == host


def test_the_variables_that_an_image_names_hold_the_cores_unless_the_person_sets_them() -> None:
    order = replace(
        ORDER, core_variables=("JULIA_CPU_CORES", "OMP_NUM_THREADS", "HOROVOD"), env=(("HOROVOD", "9"),)
    )
    env = payload(order)["Env"]
    assert isinstance(env, list)
    assert {"JULIA_CPU_CORES=3", "OMP_NUM_THREADS=3", "HOROVOD=9"} <= set(env)


def test_shared_memory_is_what_was_ordered_else_by_the_rule() -> None:
    def shared(order: Order) -> int:
        host = payload(order)["HostConfig"]
        assert isinstance(host, dict)
        return int(host["ShmSize"])

    assert shared(ORDER) == GIB
    assert shared(replace(ORDER, shared_memory=2 * GIB)) == 2 * GIB


def test_programs_find_the_ports_that_the_person_will_serve() -> None:
    own = (App("port-5000", "Port 5000", "http", 5000, own=True), App("p", "P", "http", 8000, own=True))
    variables = payload(replace(ORDER, apps=(*ORDER.apps, *own)))["Env"]
    assert isinstance(variables, list)
    assert "SESSIONTUI_PREOPEN_PORTS=5000,8000" in variables
    assert "PREOPEN" not in str(payload()["Env"])
    assert published_ports(replace(ORDER, apps=(*ORDER.apps, *own))) == (2200, 8888)
