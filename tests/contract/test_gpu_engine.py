"""What a real engine does with a request for GPUs, told by the engine of the tests that gives them out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sessiontui.domain.errors import StartFailed
from sessiontui.domain.gpu import Gpu, GpuWish
from sessiontui.domain.resources import Ask
from sessiontui.domain.units import GIB, MIB
from tests.contract.conftest import Bench
from tests.gpu_engine import GpuEngine, gpu_engine, gpus
from tests.nvml import devices as nvml
from tests.nvml.stub import NvmlStub
from tests.private_engine import IMAGE

pytestmark = pytest.mark.beside


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuEngine]:
    with gpu_engine(tmp_path_factory.mktemp("packages"), runtime=True) as engine:
        yield engine


@pytest.fixture
def bench(engine: GpuEngine, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine.private.client(), IMAGE, tmp_path, real=True)
    yield bench
    for session in bench.engine.sessions():
        bench.engine.delete(session)
    bench.engine.close()


def test_a_session_gets_just_the_devices_of_its_order_by_their_uuids(engine: GpuEngine, bench: Bench) -> None:
    wanted = gpus()[1:3]
    session = bench.launch(bench.order(apps=(), gpus=wanted, ask=Ask(0.5, 128 * MIB, 2)))
    uuids = [gpu.uuid for gpu in wanted]
    assert list(session.devices) == uuids
    variables = Path(f"/proc/{session.pid}/environ").read_text().split("\0")
    assert f"NVIDIA_VISIBLE_DEVICES={','.join(uuids)}" in variables
    (call,) = (one for one in engine.calls() if one.state["id"] == session.container_id)
    assert call.arguments == ["prestart"]
    client = engine.private.client()._link.client
    requests = client.inspect_container(session.container_id or "")["HostConfig"]["DeviceRequests"]
    assert [(one["Driver"], one["Count"], one["DeviceIDs"]) for one in requests] == [("nvidia", 0, uuids)]
    assert "nvidia" in client.info()["Runtimes"]


def test_the_command_line_tells_who_has_a_device_and_what_each_uses_of_it(
    engine: GpuEngine, bench: Bench, nvml_library: Path, tmp_path: Path
) -> None:
    driver = NvmlStub(nvml_library, tmp_path)
    device = Gpu(nvml.uuid(0), 0, "NVIDIA H100 80GB HBM3", 80 * GIB)
    order = bench.order(
        "one", apps=(), gpus=(device,), ask=Ask(0.5, 128 * MIB, 1), wish=GpuWish(1, shared=True)
    )
    first = bench.launch(order)
    second = bench.launch(replace(order, id=f"{order.id[:-1]}z", name="two"))
    bench.ids.append(second.id)
    compute = f"{first.pid},{20 * GIB} {second.pid},{10 * GIB} {os.getpid()},{GIB}"
    samples = f"{first.pid},1000,60 {second.pid},1000,20"
    busy = nvml.device(0, util=87, memory=f"{80 * GIB} 0 {33 * GIB}", compute=compute, samples=samples)
    driver.write(nvml.machine(busy, nvml.device(1)))

    def told(*words: str) -> Any:
        environ = {**os.environ, **engine.environ, **driver.environ, "HOME": str(tmp_path)}
        command = [sys.executable, "-m", "sessiontui", *words, "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ, timeout=60)
        return json.loads(done.stdout)

    taken, free = told("gpus")["gpus"]
    assert {(one["name"], one["session_id"], one["shared"]) for one in taken["holders"]} == {
        ("one", first.id, True),
        ("two", second.id, True),
    }
    placed = {one["pid"]: one["container_id"] for one in taken["processes"] if one["attributed"]}
    assert placed == {first.pid: first.container_id, second.pid: second.container_id}
    assert [one["pid"] for one in taken["processes"] if not one["attributed"]] == [os.getpid()]
    assert (taken["free"], free["free"], free["holders"]) == (False, True, [])
    sessions = {one["name"]: one for one in told("ls")}
    used = {name: (one["gpu_use"]["busy"], one["gpu_use"]["memory"]) for name, one in sessions.items()}
    assert used == {"one": (0.6, 20 * GIB), "two": (0.2, 10 * GIB)}
    (seen,) = sessions["one"]["gpus"]
    assert (seen["uuid"], seen["number"], seen["busy"], seen["memory"]) == (device.uuid, "0", 0.87, 33 * GIB)


def test_an_engine_without_the_hook_refuses_a_session_with_devices_and_nothing_is_left(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with gpu_engine(tmp_path_factory.mktemp("packages"), hook=False) as engine:
        bench = Bench(engine.private.client(), IMAGE, tmp_path, real=True)
        with pytest.raises(StartFailed):
            bench.launch(bench.order(apps=(), gpus=gpus(1), ask=Ask(0.5, 128 * MIB, 1)))
        client = engine.private.client()._link.client
        assert not client.containers(all=True)
        assert not client.volumes()["Volumes"]
        bench.engine.close()
