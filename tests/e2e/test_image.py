"""The image that setup made: what it holds, and what of this machine it does not."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from sessiontui.engine.docker import DockerEngine
from tests.real import prepared_environment

pytestmark = pytest.mark.beside


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


def said_in(client: docker.APIClient, image: str, script: str) -> list[str]:
    """The lines a shell script prints in a container of the image."""
    container = client.create_container(image, ["-c", script], entrypoint=["/bin/sh"])["Id"]
    try:
        client.start(container)
        client.wait(container)
        return client.logs(container, stderr=False).decode().splitlines()
    finally:
        client.remove_container(container, force=True)


def test_it_has_the_tools_of_a_session(engine: DockerEngine, client: docker.APIClient) -> None:
    image = prepared_environment(engine)[1].image
    tools = "git tmux sshd ssh-keygen curl less nano python3 pip"
    found = said_in(client, image, f"PATH=$PATH:/usr/sbin; for tool in {tools}; do command -v $tool; done")
    assert [path.rpartition("/")[2] for path in found] == tools.split()


def test_nothing_of_this_machines_certificates_and_indexes_stays(
    engine: DockerEngine, client: docker.APIClient
) -> None:
    image = prepared_environment(engine)[1].image
    assert said_in(client, image, "ls -d /build /root/.pip /root/.config/pip /etc/pip.conf") == []
    variables = client.inspect_image(image)["Config"]["Env"]
    assert not [one for one in variables if one.upper().startswith(("PIP_", "HTTP", "SSL_", "NO_PROXY"))]
    assert said_in(client, image, "python3 -m pip config list") == []


def test_no_session_shares_a_host_key(engine: DockerEngine, client: docker.APIClient) -> None:
    image = prepared_environment(engine)[1].image
    assert said_in(client, image, "ls /etc/ssh/ssh_host_* 2>/dev/null") == []
