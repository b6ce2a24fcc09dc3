"""What a real engine does with a request for GPUs, told by the engine of the tests that gives them out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiontui.domain.errors import StartFailed
from sessiontui.domain.resources import Ask
from sessiontui.domain.units import MIB
from tests.contract.conftest import Bench
from tests.gpu_engine import GpuEngine, gpu_engine, gpus
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
