"""What is other people's on the engine is as it was after the whole life of a session beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import docker
import pytest

from sessiontui.engine.docker import DockerEngine
from tests.contract.conftest import HTTP, Bench

pytestmark = pytest.mark.beside

NAME = "sessiontui-test-foreign"


@dataclass
class Foreign:
    """Containers, a volume and a network that are nobody's session, though some look like one."""

    client: docker.APIClient
    containers: list[str] = field(default_factory=list)

    def make(self, image: str) -> None:
        client = self.client
        client.create_volume(NAME, labels={"sessiontui.note": "mine"})
        client.create_network(NAME)
        labels = {"sessiontui.schema": "1", "sessiontui.id": "abc"}
        for name, command, more in (
            ("runs", ["sleep", "600"], {}),
            ("stopped", ["true"], {}),
            ("labelled", ["sleep", "600"], labels),
        ):
            host = client.create_host_config(binds=[f"{NAME}:/data"], network_mode=NAME)
            made = client.create_container(
                image, command, name=f"{NAME}-{name}", labels=more, host_config=host, entrypoint=[]
            )
            self.containers.append(made["Id"])
            if name != "stopped":
                client.start(made["Id"])

    def state(self) -> list[Any]:
        """All that the engine tells of them."""
        return [
            *(self.client.inspect_container(one) for one in self.containers),
            self.client.inspect_volume(NAME),
            self.client.inspect_network(NAME),
        ]

    def remove(self) -> None:
        for one in self.containers:
            self.client.remove_container(one, force=True)
        self.client.remove_network(NAME)
        self.client.remove_volume(NAME)


@pytest.fixture
def foreign(docker_bench: Bench) -> Iterator[Foreign]:
    foreign = Foreign(docker.APIClient(version="auto"))
    foreign.make(docker_bench.image)
    yield foreign
    foreign.remove()
    foreign.client.close()


def test_the_whole_life_of_a_session_changes_nothing_of_them(docker_bench: Bench, foreign: Foreign) -> None:
    engine = docker_bench.engine
    assert isinstance(engine, DockerEngine)
    before = foreign.state()
    session = docker_bench.launch(docker_bench.order())
    engine.serve(session, HTTP)
    engine.end_app(session, HTTP)
    engine.run(session, ["sh", "-c", "echo kept >file"])
    engine.losses(session)
    engine.losses_outside(session)
    stopped = engine.stop(session)
    engine.start(stopped)
    assert not {one.container_id for one in engine.sessions()} & set(foreign.containers)
    engine.delete(session)
    engine.sweep()
    assert foreign.state() == before
