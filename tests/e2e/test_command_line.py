"""The command line on a real engine: what scripts rely on."""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from sessiontui.domain.session import Phase
from sessiontui.engine.docker import DockerEngine
from tests.real import prepared_environment

SessionTui = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.beside

SESSION_KEYS = (
    "id name container_id phase exit_code reason environment version image "
    "resources mounts apps owner created_at started_at ended_at batch secrets"
)
FOLDER_KEYS = "name path permission size mounted_by owner files imported last_used trouble"


def test_a_session_from_launch_to_rm(sessiontui: SessionTui, engine: DockerEngine, home: Path) -> None:
    assert sessiontui("folders", "create", "data").returncode == 0
    launched = sessiontui(
        "launch", "python", "--name", "e2e-cli", "--cpu", "1.5", "--memory", "600m",
        "--mount", "data:ro", "--env", "GREETING=good morning", "--json",
    )  # fmt: skip
    assert launched.returncode == 0, launched.stderr
    session = json.loads(launched.stdout)
    assert list(session) == SESSION_KEYS.split()
    assert session["version"] == prepared_environment(engine)[1].name
    assert session["resources"] == {"cpu": 1.5, "memory": 600 * 2**20, "gpu": 0, "devices": []}
    assert session["mounts"] == [
        {
            "folder": "data",
            "source": str(home / "sessiontui" / "data"),
            "target": "/home/work/data",
            "read_only": True,
        }
    ]
    listed = json.loads(sessiontui("ls", "--json").stdout)
    assert session in listed
    assert "e2e-cli" in sessiontui("ls", "-q").stdout.split()
    (folder,) = json.loads(sessiontui("folders", "ls", "--json").stdout)
    assert (
        list(folder) == "name path permission size mounted_by owner files imported last_used trouble".split()
    )
    assert folder["mounted_by"] == ["e2e-cli"]

    said = sessiontui("shell", "e2e-cli", "--", "sh", "-c", 'echo "$GREETING"; echo oops >&2; exit 7')
    assert (said.returncode, said.stdout, said.stderr) == (7, "good morning\n", "oops\n")

    stopped = sessiontui("stop", "e2e-cli")
    assert (stopped.returncode, stopped.stdout) == (0, "e2e-cli\n")
    assert "e2e-cli" not in sessiontui("ls", "-q").stdout.split()
    assert "e2e-cli" in sessiontui("ls", "-q", "--all").stdout.split()
    refused = sessiontui("open", "e2e-cli", "jupyterlab")
    assert refused.returncode == 1
    assert "stopped" in refused.stderr
    resized = sessiontui("resize", "e2e-cli", "--memory", "700m", "--json")
    assert json.loads(resized.stdout)["resources"]["memory"] == 700 * 2**20
    assert sessiontui("start", "e2e-cli").returncode == 0
    assert sessiontui("resize", "e2e-cli", "--cpu", "1.25").stdout == "e2e-cli: 1.25 CPU · 700M\n"
    assert sessiontui("resize", "e2e-cli").returncode == 2
    too_small = sessiontui("resize", "e2e-cli", "--memory", "16m")
    assert too_small.returncode == 1
    assert "memory: this environment needs at least" in too_small.stderr
    assert sessiontui("stop", "--kill", "e2e-cli").stdout == "e2e-cli\n"
    assert "killed: start resumes it" in sessiontui("ls", "--all").stdout
    assert sessiontui("start", "e2e-cli").returncode == 0

    endpoint = json.loads(sessiontui("open", "e2e-cli", "jupyterlab", "--json").stdout)
    assert list(endpoint) == ["app", "url", "host", "port", "ssh_command", "held"]
    assert "Server listening" in sessiontui("logs", "e2e-cli").stdout

    states = {one["name"]: one["state"] for one in json.loads(sessiontui("apps", "e2e-cli", "--json").stdout)}
    assert (states["jupyterlab"], states["jupyter"], states["ssh"]) == ("running", "running", "running")
    assert states["tensorboard"] == "stopped"
    assert "http" in sessiontui("logs", "e2e-cli", "--app", "jupyter").stdout
    assert len(sessiontui("logs", "e2e-cli", "--app", "jupyter", "--tail", "1").stdout.splitlines()) == 1
    board = sessiontui("open", "e2e-cli", "tensorboard", "--answer", "/home/work/my runs")
    assert "/proxy/6006/?token=" in board.stdout
    assert re.search(r"tensorboard .* running", sessiontui("apps", "e2e-cli").stdout)
    assert sessiontui("close", "e2e-cli", "jupyter").stdout == "jupyter\n"
    assert re.search(r"jupyterlab .* stopped", sessiontui("apps", "e2e-cli").stdout)
    unpublished = sessiontui("open", "e2e-cli", "vnc")
    assert unpublished.returncode == 1
    assert "sessiontui forward e2e-cli vnc" in unpublished.stderr

    asked = sessiontui("rm", "e2e-cli")
    assert asked.returncode == 1
    assert "--yes" in asked.stderr
    assert sessiontui("rm", "e2e-cli", "--yes").returncode == 0
    gone = sessiontui("rm", "e2e-cli", "--yes")
    assert gone.returncode == 1
    assert "no session 'e2e-cli'" in gone.stderr


def test_environments_are_listed_by_version(sessiontui: SessionTui) -> None:
    listed = json.loads(sessiontui("environments", "--json").stdout)
    keys = "name version image tags minimums accelerators apps source label version_label group maximums "
    keys += "size owner"
    assert {tuple(one) for one in listed} == {tuple(keys.split())}
    python = [one for one in listed if one["name"] == "python"]
    assert len(python) > 1
    offered = {app for one in python for app in one["apps"]}
    assert {"jupyterlab", "jupyter", "terminal", "tensorboard", "ssh", "sftp"} <= offered


def test_without_an_engine_the_environments_of_the_catalogue_are_listed(sessiontui: SessionTui) -> None:
    done = sessiontui("environments", "--json", DOCKER_HOST="unix:///nowhere.sock")
    assert done.returncode == 0
    assert {one["source"] for one in json.loads(done.stdout)} == {"built-in"}
    assert "left out" in done.stderr
    assert "unix:///nowhere.sock" in done.stderr


def test_all_problems_of_a_launch_come_at_once_and_nothing_is_launched(
    sessiontui: SessionTui, engine: DockerEngine
) -> None:
    refused = sessiontui(
        "launch", "pyton", "--name", "e2e-", "--memory", "900t", "--mount", "nowhere", "--env", "2X=1"
    )
    assert refused.returncode == 1
    fields = {line.partition(": ")[2].partition(":")[0] for line in refused.stderr.splitlines()}
    assert fields == {"environment", "name", "memory", "mounts", "env"}
    assert "did you mean python" in refused.stderr


def test_bad_usage_and_no_engine_are_told_apart_from_refusals(sessiontui: SessionTui) -> None:
    assert sessiontui("launch", "python", "--memory", "lots").returncode == 2
    assert sessiontui("no-such-command").returncode == 2
    nobody = sessiontui("ls", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert nobody.returncode == 2
    assert "/nowhere/docker.sock" in nobody.stderr
    assert "sessiontui setup" in nobody.stderr
    no_terminal = sessiontui()
    assert no_terminal.returncode == 2
    assert "needs a terminal" in no_terminal.stderr


def test_a_settings_file_with_a_typing_error_names_it(sessiontui: SessionTui, home: Path) -> None:
    file = home / ".config" / "sessiontui" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('folder_rot = "/data"\n')
    refused = sessiontui("ls")
    assert refused.returncode == 2
    assert str(file) in refused.stderr
    assert "folder_root" in refused.stderr


def test_an_image_that_no_registry_gives_is_refused_with_the_reason(
    sessiontui: SessionTui, engine: DockerEngine
) -> None:
    refused = sessiontui("launch", "--image", "127.0.0.1:9/no/such:1", "--name", "e2e-no-image")
    assert refused.returncode == 1
    assert "127.0.0.1:9/no/such:1" in refused.stderr
    assert not [one for one in engine.sessions() if one.name == "e2e-no-image"]


def test_any_image_with_a_shell_becomes_a_session(sessiontui: SessionTui, engine: DockerEngine) -> None:
    image = next(one for one in sorted(engine.images()) if one.startswith("sessiontui/"))
    launched = sessiontui("launch", "--image", image, "--name", "e2e-image", "--json")
    assert launched.returncode == 0, launched.stderr
    assert json.loads(launched.stdout)["environment"] == "other"
    assert sessiontui("shell", "e2e-image", "--", "id", "-un").stdout == "work\n"


def test_a_launch_that_is_told_to_end_leaves_nothing(
    environ: dict[str, str], home: Path, engine: DockerEngine
) -> None:
    """SIGTERM in the middle of a build: no session, no container, and the next launch is not disturbed."""
    recipe = home / ".config/sessiontui/environments/slow"
    recipe.mkdir(parents=True)
    base = prepared_environment(engine)[1].image
    (recipe / "environment.toml").write_text(
        f'name = "slow"\nrecipe = "Dockerfile.slow"\n[[versions]]\nname = "1"\nbase = "{base}"\n'
    )
    (recipe / "Dockerfile.slow").write_text("ARG BASE\nFROM ${BASE}\nRUN echo slowly begun && sleep 120\n")
    client = docker.APIClient(version="auto")

    def builds() -> list[str]:
        return [one["Id"] for one in client.containers(all=True) if "slowly begun" in one["Command"]]

    launch = subprocess.Popen(
        ["sessiontui", "launch", "slow", "--name", "e2e-slow"],
        env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with launch:
        assert launch.stderr is not None
        assert any("RUN echo slowly begun" in line for line in launch.stderr)
        while not builds():
            time.sleep(0.1)
        launch.send_signal(signal.SIGTERM)
        launch.stderr.read()
    assert launch.returncode == 128 + signal.SIGTERM
    end = time.monotonic() + 30
    while builds() and time.monotonic() < end:
        time.sleep(0.2)
    assert not builds()
    assert not [one for one in engine.sessions() if one.name == "e2e-slow"]
    client.close()


def test_a_colleagues_session_is_left_alone(
    sessiontui: SessionTui, engine: DockerEngine, environ: dict[str, str], tmp_path: Path
) -> None:
    owner = pwd.getpwuid(os.geteuid()).pw_name
    assert sessiontui("launch", "python", "--name", "e2e-mine").returncode == 0
    stranger = tmp_path / "stranger"
    stranger.mkdir(mode=0o777)
    stranger.chmod(0o777)
    other = {
        **environ,
        "HOME": str(stranger),
        "SUDO_UID": "54321",
        "SUDO_GID": "54321",
        "SUDO_USER": "mallory",
    }
    refused = subprocess.run(
        ["sessiontui", "rm", "--yes", f"{owner}/e2e-mine"], env=other, check=False,
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert refused.returncode == 1
    assert f"belongs to {owner}" in refused.stderr
    (session,) = [one for one in engine.sessions() if one.name == "e2e-mine"]
    assert session.phase is Phase.RUNNING
