"""A command as a session: run, awaited, recorded, repeated; and secrets that only it gets to see."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.payload import home_volume
from tests.e2e.test_secrets import watched
from tests.real import prepared_environment, real_engine

SessionTui = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.beside

PREFIX = "batches-"

SECRET = "s3cr3t-of-the-batch'$x"


@pytest.fixture
def engine() -> Iterator[DockerEngine]:
    """The real engine; the sessions of these tests, named batches-…, are deleted at the end."""
    engine = real_engine()
    yield engine
    for session in engine.sessions():
        if session.name.startswith(PREFIX):
            engine.delete(session)
    engine.close()


def test_a_command_is_awaited_recorded_and_repeated(
    sessiontui: SessionTui, engine: DockerEngine, home: Path
) -> None:
    environment, version = prepared_environment(engine)
    image = f"{environment.name}:{version.name}"
    command = 'echo "for $WHO"; exit 3'
    ran = sessiontui(
        "launch", image, "--name", "batches-one", "--batch", command, "--env", "WHO=a=b", "--wait"
    )  # fmt: skip
    assert ran.returncode == 3, ran.stderr
    assert "for a=b\n" in ran.stdout
    assert "failed: exit code 3 after" in ran.stderr
    assert sessiontui("rm", "--yes", "batches-one").returncode == 0
    (past,) = json.loads(sessiontui("history", "--json").stdout)
    assert (past["name"], past["exit_code"], past["batch"]["command"]) == ("batches-one", 3, command)
    assert "exit code 3 after" in sessiontui("history").stdout

    again = sessiontui(
        "launch", "--repeat", "batches-one", "--env", "WHO=you", "--batch", 'echo "for $WHO"',
        "--delete-when-finished", "--wait", "--json",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert (told["name"], told["phase"]) == ("batches-one", "finished")
    assert "for you\n" in again.stderr
    assert "batches-one" not in sessiontui("ls", "--all", "--quiet").stdout
    assert len(json.loads(sessiontui("history", "--json").stdout)) == 2

    refused = sessiontui("launch", image, "--batch", " ", "--time-limit", "0s", "--secret", "NOWHERE")
    assert refused.returncode == 1
    for field in ("batch: write", "time_limit: ", "secrets: NOWHERE is not in your environment"):
        assert field in refused.stderr


def test_a_secret_variable_reaches_the_session_s_programs_and_nobody_who_looks_around(
    sessiontui: SessionTui, engine: DockerEngine, home: Path
) -> None:
    environment, version = prepared_environment(engine)
    name = "batches-secret"
    with watched() as seen:
        launched = sessiontui(
            "launch", f"{environment.name}:{version.name}", "--name", name, "--secret", "TOKEN", TOKEN=SECRET
        )
        assert launched.returncode == 0, launched.stderr
        assert sessiontui("shell", name, "--", "printenv", "TOKEN").stdout == SECRET + "\n"
        opened = sessiontui("open", name, "ssh", "--json")
        assert opened.returncode == 0, opened.stderr
        line = json.loads(opened.stdout)["ssh_command"]
        login = subprocess.run(
            f"{line} printenv TOKEN", shell=True, capture_output=True, text=True, check=False,
            env={**os.environ, "HOME": str(home)},
        )  # fmt: skip
        assert login.stdout == SECRET + "\n", login.stderr
        assert sessiontui("stop", name).returncode == 0
        assert sessiontui("start", name).returncode == 0
        assert sessiontui("shell", name, "--", "printenv", "TOKEN").stdout == SECRET + "\n"
    assert not [one for one in seen if b"s3cr3t-of" in one]

    client = docker.APIClient(version="auto")
    (running,) = (one for one in engine.sessions() if one.name == name)
    assert running.secret_names == ("TOKEN",)
    container = client.inspect_container(running.container_id or "")
    assert "s3cr3t-of" not in json.dumps([container, client.inspect_volume(home_volume(running.id))])
    assert "s3cr3t-of" not in sessiontui("logs", name).stdout
    assert sessiontui("rm", "--yes", name).returncode == 0
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "history" for path in files)
    assert not [path for path in files if b"s3cr3t-of" in path.read_bytes()]

    refused = sessiontui("launch", "--repeat", name)
    assert (refused.returncode, "TOKEN is not in your environment" in refused.stderr) == (1, True)
