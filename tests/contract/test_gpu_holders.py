"""Who holds which GPU on a real engine, and what a session has of its own devices inside."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from sessiontui.domain.environment import App
from sessiontui.domain.gpu import Gpu, GpuWay, Vendor
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine.docker import DockerEngine
from tests.contract.conftest import Bench
from tests.gpu_engine import GpuEngine, gpu_engine, gpus
from tests.private_engine import IMAGE

pytestmark = pytest.mark.beside

GPUS = gpus()
FIRST, SECOND, THIRD, FOURTH = (gpu.uuid for gpu in GPUS)
ASK = Ask(0.5, 128 * MIB, 1)


@pytest.fixture(scope="module")
def gpu_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuEngine]:
    with gpu_engine(tmp_path_factory.mktemp("packages"), runtime=True) as engine:
        yield engine


@pytest.fixture
def client(gpu_host: GpuEngine) -> Iterator[docker.APIClient]:
    client = docker.APIClient(gpu_host.environ["DOCKER_HOST"], version="auto")
    yield client
    client.close()


@pytest.fixture
def bench(gpu_host: GpuEngine, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(gpu_host.private.client(), IMAGE, tmp_path, real=True)
    yield bench
    for session in bench.engine.sessions():
        bench.engine.delete(session)
    bench.engine.close()


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A device that only a group may open; what is written to it is gone."""
    node = tmp_path / "renderD128"
    os.mknod(node, stat.S_IFCHR, os.makedev(1, 3))
    os.chown(node, 0, 4242)
    node.chmod(0o660)
    return node


def request(*ids: str, count: int = 0, driver: str = "nvidia", kind: str = "gpu") -> dict[str, Any]:
    return {"Driver": driver, "Count": count, "DeviceIDs": list(ids), "Capabilities": [[kind]]}


STRANGERS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "by-uuid-and-number": ({"DeviceRequests": [request(SECOND, "2")]}, {SECOND, THIRD}),
    "by-count": ({"DeviceRequests": [request(count=2, driver="")]}, {FIRST, SECOND}),
    "all": ({"DeviceRequests": [request(count=-1)]}, {FIRST, SECOND, THIRD, FOURTH}),
    "looks": ({"DeviceRequests": [request(count=-1, kind="utility")]}, set()),
    "by-variable": ({"Runtime": "nvidia", "Env": ["NVIDIA_VISIBLE_DEVICES=0,3"]}, {FIRST, FOURTH}),
    "by-no-runtime": ({"Env": ["NVIDIA_VISIBLE_DEVICES=all"]}, set()),
    "void": ({"Runtime": "nvidia", "Env": ["NVIDIA_VISIBLE_DEVICES=void"]}, set()),
    "privileged": ({"Privileged": True}, {FIRST, SECOND, THIRD, FOURTH}),
    "cadvisor": ({"Privileged": True}, set()),
}


def make(client: docker.APIClient, name: str, host: dict[str, Any]) -> str:
    """A container of a stranger's that runs; its id. A privileged one is about to be started: not every
    machine lets one run.
    """
    host = {"NetworkMode": "none", **host}
    config = {"Image": IMAGE, "Cmd": ["sleep", "600"], "Env": host.pop("Env", []), "HostConfig": host}
    made = str(client.create_container_from_config(config, name)["Id"])
    if not host.get("Privileged"):
        client.start(made)
    return made


def holders(engine: DockerEngine, devices: tuple[Gpu, ...] = GPUS) -> dict[str, set[str]]:
    """What each holds, by its name."""
    held: dict[str, set[str]] = {}
    for gpu in engine.capacity(devices).gpus:
        for holder in gpu.holders:
            held.setdefault(holder.name, set()).add(gpu.uuid)
    return held


def test_strangers_hold_what_the_engine_gave_them_while_they_run(
    gpu_host: GpuEngine, client: docker.APIClient, node: Path
) -> None:
    kinds = {**STRANGERS, "by-file": ({"Devices": [_mapped(node)]}, {"0x1"})}
    radeon = Gpu("0x1", 0, "MI300X", vendor=Vendor.AMD, nodes=("/dev/kfd", str(node)))
    engine = gpu_host.private.client()
    made: list[str] = []
    try:
        for name, (host, _) in kinds.items():
            made.append(make(client, name, host))  # what was made is removed, come what may
        held = holders(engine, (*GPUS, radeon))
        assert held.pop("privileged") == {FIRST, SECOND, THIRD, FOURTH, "0x1"}
        expected = {name: uuids for name, (_, uuids) in kinds.items() if uuids and name != "privileged"}
        assert held == expected
        whys = {one.name: one.why for gpu in engine.capacity(GPUS).gpus for one in gpu.holders}
        assert whys["privileged"] == "privileged"
        client.pause(made[0])
        assert "by-uuid-and-number" in holders(engine)
        client.unpause(made[0])
        client.kill(made[0])
        client.wait(made[0])
        assert "by-uuid-and-number" not in holders(engine)
    finally:
        for one in made:
            client.remove_container(one, force=True)
        engine.close()


def test_a_session_has_its_devices_and_no_more_whatever_its_variables_say(
    gpu_host: GpuEngine, client: docker.APIClient, bench: Bench
) -> None:
    greedy = (("NVIDIA_VISIBLE_DEVICES", "all"),)
    with_two = bench.launch(bench.order(apps=(), gpus=GPUS[1:3], ask=Ask(0.5, 128 * MIB, 2), env=greedy))
    without = bench.launch(bench.order(apps=(), ask=Ask(0.5, 128 * MIB), env=greedy))
    inside = variables(with_two.pid)
    assert inside["NVIDIA_VISIBLE_DEVICES"] == {f"{SECOND},{THIRD}"}
    assert {name: inside[name] for name in ("GPU_COUNT", "N_GPUS", "GPU_TYPE", "GPU_MODEL_NAME")} == {
        "GPU_COUNT": {"2"},
        "N_GPUS": {"2"},
        "GPU_TYPE": {"cuda"},
        "GPU_MODEL_NAME": {"NVIDIA H100 80GB HBM3"},
    }
    assert inside["GPU_CONFIG"] == {"0:80g,1:80g"}
    assert inside["TF_GPU_MEMORY_ALLOC"] == {"0:81920,1:81920"}
    assert variables(without.pid)["NVIDIA_VISIBLE_DEVICES"] == {"void"}
    assert not {"GPU_TYPE", "GPU_CONFIG"} & variables(without.pid).keys()
    runtimes = [
        client.inspect_container(one.container_id or "")["HostConfig"]["Runtime"]
        for one in (with_two, without)
    ]
    assert runtimes == ["nvidia", "runc"]
    engine = gpu_host.private.client()
    assert holders(engine) == {with_two.name: {SECOND, THIRD}}
    assert not engine.capacity(GPUS).gpu_trouble
    assert engine.facts().gpu_way is GpuWay.REQUESTS
    engine.close()


def test_the_user_of_a_session_may_open_the_files_of_its_devices(bench: Bench, node: Path) -> None:
    radeon = Gpu("0x1", 0, "MI300X", vendor=Vendor.AMD, nodes=(str(node),))
    session = bench.launch(bench.order(apps=(), gpus=(radeon,), ask=ASK))
    # Whoever starts it again is no other member.
    session = bench.engine.start(bench.engine.stop(session))
    done = bench.engine.run(session, ["sh", "-c", f"id -u; id -G; echo opened >{node} && echo done"])
    uid, groups, *ended = done.output.decode().splitlines()
    assert uid != "0"
    assert "4242" in groups.split()
    assert ended == ["done"], done.errors
    assert session.devices == ("0x1",)
    members = bench.engine.run(session, ["grep", "-c", ":4242:", "/etc/group"]).output
    assert members == b"1\n"


def test_who_comes_in_over_ssh_has_the_devices_and_is_told_of_them(docker_bench: Bench, node: Path) -> None:
    model = 'Instinct "MI300X" O\'AM'
    radeon = Gpu("0x1", 0, model, 192 * GIB, vendor=Vendor.AMD, nodes=(str(node),))
    ssh = App("ssh", "SSH", "tcp", 2200, secret=True)
    owner = Owner("tester", 1234, 1234)
    session = docker_bench.launch(docker_bench.order(apps=(ssh,), gpus=(radeon,), ask=ASK, owner=owner))
    command = f'id -G; echo "$GPU_COUNT $GPU_CONFIG $GPU_MODEL_NAME $NVIDIA_VISIBLE_DEVICES"; echo x >{node}'
    into = ["ssh", "-i", "id_container", "-o", "StrictHostKeyChecking=no", "-p", "2200", "work@127.0.0.1"]
    done = docker_bench.engine.run(session, [*into, f"{command} && echo opened"])
    told = done.output.decode().splitlines()
    assert told == ["1234 4242", f"1 0:192g {model} void", "opened"], done.errors


def test_an_engine_without_the_toolkit_says_so_before_a_launch(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with gpu_engine(tmp_path_factory.mktemp("packages"), hook=False) as bare:
        engine = bare.private.client()
        room = engine.capacity(GPUS)
        assert engine.facts().gpu_way is None
        assert "cannot give GPUs to containers" in room.gpu_trouble
        assert "nvidia-ctk runtime configure" in room.gpu_remedy
        assert room.free_gpus == ()
        engine.close()


def _mapped(node: Path) -> dict[str, str]:
    return {"PathOnHost": str(node), "PathInContainer": "/dev/dri/renderD128", "CgroupPermissions": "rw"}


def variables(pid: int | None) -> dict[str, set[str]]:
    """The variables of a process, with all their values: the engine may set one twice."""
    told: dict[str, set[str]] = {}
    for pair in Path(f"/proc/{pid}/environ").read_text().split("\0"):
        name, _, value = pair.partition("=")
        told.setdefault(name, set()).add(value)
    return told
