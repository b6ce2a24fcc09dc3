"""What a whole engine has promised: counted on an engine that nobody else uses meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from sessiontui.domain.units import MIB
from sessiontui.engine.labels import ID_LABEL
from tests.contract.conftest import Bench


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


def test_capacity_counts_live_sessions_as_promised_and_stopped_ones_not(bench: Bench) -> None:
    before = bench.engine.capacity()
    session = bench.launch(bench.order())
    during = bench.engine.capacity()
    assert during.memory_promised - before.memory_promised == session.ask.memory
    assert during.cpu_promised - before.cpu_promised == pytest.approx(session.ask.cpu)
    bench.engine.stop(session)
    assert bench.engine.capacity().memory_promised == before.memory_promised


def test_containers_that_are_not_ours_are_left_alone_and_not_counted_as_free(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    foreign = client.create_container(
        docker_bench.image,
        ["sleep", "60"],
        labels={ID_LABEL: "no-schema-label"},
        host_config=client.create_host_config(mem_limit=300 * MIB, nano_cpus=250_000_000),
    )["Id"]
    try:
        before = docker_bench.engine.capacity()
        client.start(foreign)
        during = docker_bench.engine.capacity()
        assert during.memory_promised >= 300 * MIB
        assert during.memory_promised == before.memory_promised
        assert foreign not in {one.container_id for one in docker_bench.engine.sessions()}
        session = docker_bench.launch(docker_bench.order())
        docker_bench.engine.delete(session)
        assert client.inspect_container(foreign)["State"]["Running"]
    finally:
        client.remove_container(foreign, force=True)
