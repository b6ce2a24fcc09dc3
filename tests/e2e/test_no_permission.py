"""A user who may not open the engine's socket, and a line that drops in a dialog and in a build."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessiontui.engine.docker import DockerEngine
from tests.e2e.line import drop
from tests.e2e.terminal import Terminal
from tests.real import prepared_environment

pytestmark = pytest.mark.beside

Terminals = Callable[[str], Terminal]
NOBODY = 54_321


@pytest.fixture
def denied(environ: dict[str, str], installed: Path, home: Path) -> Iterator[list[str]]:
    """What runs a command as a user whom the engine's socket is closed to."""
    if os.geteuid() != 0:
        pytest.skip("to become somebody else needs root")
    # The way to the program is made passable for a stranger.
    changed = []
    for directory in (*installed.parents, home, *home.parents):
        mode = directory.stat().st_mode & 0o7777
        if not mode & 0o001:
            directory.chmod(mode | 0o011)
            changed.append((directory, mode))
    home.chmod(0o777)
    yield ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    for directory, mode in changed:
        directory.chmod(mode)


LINES = [
    ["ls"],
    ["launch", "python"],
    ["rm", "--yes", "nobody"],
    ["stop", "nobody"],
    ["logs", "nobody"],
    ["cp", "nobody:a", "."],
]


def test_every_command_tells_who_may_not_open_the_socket_what_to_do(
    denied: list[str], environ: dict[str, str], home: Path
) -> None:
    for line in LINES:
        done = subprocess.run(
            [*denied, "sessiontui", *line], check=False, capture_output=True, text=True, env=environ, cwd=home
        )
        assert done.returncode == 2, (line, done.stderr)
        assert "may not open the engine's socket" in done.stderr
        assert "usermod -aG docker" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_dashboard_tells_it_too(denied: list[str], terminals: Terminals) -> None:
    terminal = terminals("denied")
    terminal.start(" ".join([*denied, "sessiontui"]), width=80, height=24)
    terminal.wait("this user may not open the engine.s")
    terminal.wait("usermod -aG docker")
    terminal.keys("n")
    terminal.keys("q")
    terminal.wait("ended with 0")


# --- a line that drops ---------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [["n"], ["question_mark"], ["n", "Enter"]], ids=["launch", "help", "choice"])
def test_a_line_that_drops_in_a_dialog_leaves_no_process(
    terminals: Terminals, installed: Path, home: Path, engine: DockerEngine, keys: list[str]
) -> None:
    terminal = terminals("dialog")
    terminal.start("exec sessiontui")
    terminal.wait("No session is running|NAME ▴")
    for key in keys:
        terminal.keys("?" if key == "question_mark" else key)
    terminal.wait(r"\bKeys\b|Environment")
    drop(terminal, installed, home)


def test_a_line_that_drops_in_a_build_leaves_neither_build_nor_session(
    terminals: Terminals, installed: Path, engine: DockerEngine, home: Path
) -> None:
    recipe = home / ".config/sessiontui/environments/drop"
    recipe.mkdir(parents=True)
    base = prepared_environment(engine)[1].image
    (recipe / "environment.toml").write_text(
        f'name = "drop"\nrecipe = "Dockerfile.drop"\n[[versions]]\nname = "1"\nbase = "{base}"\n'
    )
    (recipe / "Dockerfile.drop").write_text("ARG BASE\nFROM ${BASE}\nRUN echo dropped line && sleep 120\n")

    def builds() -> list[str]:
        found = engine._link.client.containers(all=True)
        return [one["Id"] for one in found if "dropped line" in one["Command"]]

    terminal = terminals("build")
    terminal.start("exec sessiontui launch drop --name e2e-dropped")
    end = time.monotonic() + 60
    while not builds() and time.monotonic() < end:
        time.sleep(0.1)
    assert builds()
    drop(terminal, installed, home)
    end = time.monotonic() + 30
    while builds() and time.monotonic() < end:
        time.sleep(0.1)
    assert not builds()
    assert not [one for one in engine.sessions() if one.name == "e2e-dropped"]
