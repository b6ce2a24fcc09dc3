"""A GPU is nobody else's while a session has it: promised by every engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import pytest

from sessiontui.dockerd.reading import Json, Parameters
from sessiontui.domain.errors import DevicesTaken, EngineError, SessionGone
from sessiontui.domain.gpu import GpuWish, Holder
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.engine import docker_claims
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.labels import ID_LABEL, labels_of
from sessiontui.engine.link import Link
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.payload import create_payload
from tests.contract.conftest import Bench
from tests.gpu_engine import GpuEngine, gpu_engine, gpus
from tests.private_engine import IMAGE

pytestmark = pytest.mark.beside

ALICE, BOB = Owner("alice", 1001, 1001), Owner("bob", 1002, 1002)


@pytest.fixture(scope="module")
def gpu_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuEngine]:
    with gpu_engine(tmp_path_factory.mktemp("packages"), runtime=True) as engine:
        yield engine


@pytest.fixture(params=["memory", "docker"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "memory":
        memory = MemoryEngine(images=(IMAGE,))
        yield Bench(memory, IMAGE, tmp_path, real=False)
        memory.close()
        return
    yield from real_bench(request.getfixturevalue("gpu_box"), tmp_path)


@pytest.fixture
def docker_bench(gpu_box: GpuEngine, tmp_path: Path) -> Iterator[Bench]:
    yield from real_bench(gpu_box, tmp_path)


@pytest.fixture
def client(docker_bench: Bench) -> Iterator[docker.APIClient]:
    """Of somebody who knows nothing of sessions; what they made is removed."""
    link: Link = docker_bench.engine._link  # type: ignore[attr-defined]
    yield link.client
    for item in link.client.containers(all=True, filters={"label": ["stranger"]}):
        link.client.remove_container(item["Id"], force=True)


def real_bench(gpu_box: GpuEngine, tmp_path: Path) -> Iterator[Bench]:
    engine = DockerEngine(gpu_box.environ)
    yield Bench(engine, IMAGE, tmp_path, real=True)
    left = {item["Id"] for item in engine._link.client.containers(all=True)}
    sessions = engine.sessions()
    assert left == {session.container_id for session in sessions}
    for session in sessions:
        engine.delete(session)
    assert not engine._link.client.volumes()["Volumes"]
    engine.close()


def order(bench: Bench, *numbers: int, owner: Owner = ALICE, shared: bool = False) -> Order:
    """For the devices of these numbers."""
    wanted = tuple(gpus()[number] for number in numbers)
    wish, ask = GpuWish(len(wanted), shared=shared), Ask(0.1, 64 * MIB, len(wanted))
    return bench.order(owner=owner, apps=(), gpus=wanted, wish=wish, ask=ask)


def holders(error: DevicesTaken) -> dict[str, list[str]]:
    """The names of those in the way, by the number of the device."""
    numbers = {gpu.uuid: gpu.number for gpu in gpus()}
    return {numbers[uuid]: [holder.name for holder in of_it] for uuid, of_it in error.holders.items()}


def test_a_launch_is_told_who_has_its_devices_and_leaves_nothing(bench: Bench) -> None:
    first, second = bench.launch(order(bench, 0, 1)), bench.launch(order(bench, 2))
    with pytest.raises(DevicesTaken) as caught:
        bench.launch(order(bench, 1, 2, 3, owner=BOB))
    assert holders(caught.value) == {"1": [first.name], "2": [second.name]}
    told = f"GPU 1 is held by {first.name} of alice; GPU 2 is held by {second.name} of alice"
    assert caught.value.message.endswith(told)
    holder = caught.value.holders[gpus()[1].uuid][0]
    assert holder == Holder(first.name, "alice", 1001, first.id, first.container_id or "")
    assert {one.id for one in bench.engine.sessions()} == {first.id, second.id}
    assert bench.launch(order(bench, 3, owner=BOB)).phase is Phase.RUNNING


def test_the_devices_of_a_stopped_session_are_free_and_it_is_told_when_they_are_gone(bench: Bench) -> None:
    stopped = bench.engine.stop(bench.launch(order(bench, 0, 1)))
    other = bench.launch(order(bench, 1, owner=BOB))
    with pytest.raises(DevicesTaken, match=f"GPU 1 is held by {other.name} of bob") as caught:
        bench.engine.start(stopped, gpus())
    assert holders(caught.value) == {"1": [other.name]}
    assert next(one for one in bench.engine.sessions() if one.id == stopped.id) == stopped
    bench.engine.stop(other)
    again = bench.engine.start(stopped, gpus())
    assert (again.phase, again.devices) == (Phase.RUNNING, stopped.devices)
    with pytest.raises(DevicesTaken, match=f"held by {stopped.name} of alice"):
        bench.engine.start(other, gpus())


def test_a_start_collides_also_with_devices_that_no_meter_finds_any_more(bench: Bench) -> None:
    stopped = bench.engine.stop(bench.launch(order(bench, 0)))
    bench.launch(order(bench, 0))
    with pytest.raises(DevicesTaken, match="GPU GPU-00000000"):
        bench.engine.start(stopped)


def test_a_session_that_runs_is_in_its_own_way_neither_at_a_start_nor_at_a_look(bench: Bench) -> None:
    session = bench.launch(order(bench, 0))
    assert bench.engine.start(session, gpus()).devices == session.devices


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ((ALICE, True), (BOB, True), True),
        ((ALICE, True), (BOB, False), False),
        ((ALICE, False), (BOB, True), False),
        ((ALICE, False), (ALICE, True), True),
        ((ALICE, True), (ALICE, False), True),
    ],
)
def test_a_device_is_shared_where_that_was_asked_for(
    first: tuple[Owner, bool], second: tuple[Owner, bool], both: bool, bench: Bench
) -> None:
    bench.launch(order(bench, 0, owner=first[0], shared=first[1]))
    wanted = order(bench, 0, 1, owner=second[0], shared=second[1])
    if both:
        session = bench.launch(wanted)
        assert bench.engine.start(bench.engine.stop(session), gpus()).gpu_shared is second[1]
        return
    with pytest.raises(DevicesTaken):
        bench.launch(wanted)


def test_of_threads_that_want_one_device_one_gets_it(bench: Bench) -> None:
    gate = threading.Barrier(6)
    stopped = [bench.engine.kill(bench.launch(order(bench, 0))) for _ in range(3)]

    def reach(wanted: Order | Session) -> Session | DevicesTaken:
        gate.wait(30)
        try:
            return bench.launch(wanted) if isinstance(wanted, Order) else bench.engine.start(wanted, gpus())
        except DevicesTaken as error:
            return error

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(reach, [*stopped, *(order(bench, 0) for _ in range(3))]))
    (got,) = (one for one in told if isinstance(one, Session))
    assert [one.id for one in bench.engine.sessions() if one.phase is Phase.RUNNING] == [got.id]


def stranger(client: docker.APIClient, name: str, **host: Any) -> str:
    """A container of somebody who knows nothing of sessions, created."""
    created = client.create_container_from_config(
        {"Image": IMAGE, "Cmd": ["sleep", "600"], "Labels": {"stranger": ""}, "HostConfig": host}, name
    )
    return str(created["Id"])


EVERYTHING = {"DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}]}


def test_a_stranger_that_has_the_devices_or_is_about_to_is_in_the_way(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    stopped = docker_bench.engine.stop(docker_bench.launch(order(docker_bench, 0)))
    container = stranger(client, "training", **EVERYTHING)
    for _ in range(2):
        with pytest.raises(DevicesTaken, match="GPU 0 is held by container training"):
            docker_bench.engine.start(stopped, gpus())
        with pytest.raises(DevicesTaken, match="GPUs 1,2 are held by container training"):
            docker_bench.launch(order(docker_bench, 1, 2))
        client.start(container)
    client.kill(container)
    assert docker_bench.engine.start(stopped, gpus()).phase is Phase.RUNNING


def test_who_asked_to_share_puts_up_with_a_stranger_and_all_with_a_monitor(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    client.start(stranger(client, "dcgm-exporter", **EVERYTHING))
    docker_bench.launch(order(docker_bench, 0))
    client.start(stranger(client, "training", **EVERYTHING))
    docker_bench.launch(order(docker_bench, 1, shared=True))


def test_a_container_that_bears_a_sessions_labels_alone_claims_nothing(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    labels = labels_of(order(docker_bench, 0), created_at=datetime.now(UTC), launcher="")
    body = {"Image": IMAGE, "Cmd": ["sleep", "600"], "Labels": {**labels, "stranger": ""}}
    client.start(client.create_container_from_config(body, "saved")["Id"])
    docker_bench.launch(order(docker_bench, 0))


def test_what_is_launched_from_another_machine_claims_its_devices_for_a_while(
    docker_bench: Bench, client: docker.APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = order(docker_bench, 0)
    labels = labels_of(elsewhere, created_at=datetime.now(UTC), launcher="another-boot:7:7")
    payload = create_payload(elsewhere, labels=labels, ports={}, user_in_container=(1001, 1001))
    client.create_container_from_config(payload, elsewhere.name)
    with pytest.raises(DevicesTaken, match=f"held by {elsewhere.name} of alice"):
        docker_bench.launch(order(docker_bench, 0))
    monkeypatch.setattr(docker_claims, "ELSEWHERE_SECONDS", 0)
    docker_bench.launch(order(docker_bench, 0))


def test_a_launch_whose_container_is_removed_by_others_ends(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    engine = docker_bench.engine
    assert isinstance(engine, DockerEngine)
    wanted = order(docker_bench, 0)

    class Robbed(docker_claims.Claims):
        def _settle(self, *arguments: Any) -> None:
            (item,) = client.containers(all=True, filters={"label": [f"{ID_LABEL}={wanted.id}"]})
            client.remove_container(item["Id"])
            super()._settle(*arguments)

    engine._claims = Robbed(engine._link, engine._inspected, engine._launcher_lives)
    with pytest.raises(SessionGone):
        docker_bench.launch(wanted)


class Noting(Link):
    """A link that notes what is asked for."""

    def __init__(self, environ: Any) -> None:
        super().__init__(environ)
        self.asked: list[str] = []

    @property
    def reader(self) -> Any:
        """The link's own, overheard."""
        return Overheard(super().reader, self.asked)


class Overheard:
    """A reader of whose questions a note is kept."""

    def __init__(self, reader: Any, asked: list[str]) -> None:
        self._reader = reader
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        """As it is."""
        self._asked.append(path)
        return self._reader.get(path, parameters)


def test_a_session_without_gpus_pays_nothing(gpu_box: GpuEngine, docker_bench: Bench) -> None:
    link = Noting(gpu_box.environ)
    bench = Bench(DockerEngine(gpu_box.environ, link), IMAGE, docker_bench.tmp_path, real=True)
    created = len(link.client.containers(all=True))
    session = bench.launch(order(bench))
    bench.engine.start(bench.engine.kill(session), gpus())
    assert "/containers/json" not in link.asked
    bench.launch(order(bench, 0))
    assert link.asked.count("/containers/json") == 1
    assert len(link.client.containers(all=True)) == created + 2
    bench.engine.close()


def test_a_start_that_goes_wrong_leaves_no_claim(docker_bench: Bench) -> None:
    mount = docker_bench.mount("data")
    wanted = order(docker_bench, 0)
    stopped = docker_bench.engine.stop(
        docker_bench.launch(docker_bench.order(apps=(), gpus=wanted.gpus, ask=wanted.ask, mounts=(mount,)))
    )
    Path(mount.source).rmdir()
    with pytest.raises(EngineError):
        docker_bench.engine.start(stopped, gpus())
    (kept,) = docker_bench.engine.sessions()
    assert kept.id == stopped.id
    docker_bench.launch(order(docker_bench, 0))
