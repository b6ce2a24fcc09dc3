"""Bad luck in a real terminal on a real engine: killed, cancelled, cut off, deleted meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import docker
import psutil
import pytest

from sessiontui.engine.docker import DockerEngine
from tests.e2e.dashboard import select
from tests.e2e.line import drop
from tests.e2e.terminal import Terminal
from tests.real import prepared_environment

SessionTui = Callable[..., subprocess.CompletedProcess[str]]
Terminals = Callable[[str], Terminal]

pytestmark = pytest.mark.beside


@pytest.fixture
def slow(home: Path, engine: DockerEngine) -> str:
    """An environment whose image takes two minutes to build."""
    recipe = home / ".config/sessiontui/environments/slow"
    recipe.mkdir(parents=True)
    base = prepared_environment(engine)[1].image
    (recipe / "environment.toml").write_text(
        f'name = "aslow"\nlabel = "Slow"\nrecipe = "Dockerfile.slow"\n'
        f'[[versions]]\nname = "1"\nbase = "{base}"\n'
    )
    (recipe / "Dockerfile.slow").write_text("ARG BASE\nFROM ${BASE}\nRUN echo unluckily begun && sleep 120\n")
    return "aslow"


def builds() -> list[str]:
    """The containers of the slow environment's build."""
    client = docker.APIClient(version="auto")
    found = [one["Id"] for one in client.containers(all=True) if "unluckily begun" in one["Command"]]
    client.close()
    return found


def wait_for_build(seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not builds() and time.monotonic() < end:
        time.sleep(0.1)
    assert builds()


def wait_for_no_build(seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while builds() and time.monotonic() < end:
        time.sleep(0.2)
    assert not builds()


def dashboard_of(terminal: Terminal) -> psutil.Process:
    """The dashboard's own process in the terminal."""
    for process in psutil.Process(terminal.pid()).children(recursive=True):
        if any("sessiontui" in word for word in process.cmdline()):
            return process
    pytest.fail(f"no dashboard runs:\n{terminal.screen()}")


def assert_terminal_is_in_order(terminal: Terminal) -> None:
    terminal.wait(r"^icanon$")
    terminal.wait(r"^echo$")


def launch_slow(terminal: Terminal, name: str) -> None:
    """Choose the slow environment by typing its name, launch, and wait until the slow step runs."""
    terminal.keys("n")
    terminal.wait(r"Name +[a-z]+-[a-z]+")
    terminal.keys("Enter")
    terminal.wait("Slow")
    terminal.type("Slow")
    terminal.keys("Enter")
    terminal.wait(r"Environment +Slow")
    terminal.wait(r"Version +1 ")
    terminal.keys("Tab", "Tab")
    terminal.wait(r"█ *Name")
    terminal.type(name)
    terminal.wait(rf"Name +{name}")
    terminal.keys("C-l")
    terminal.wait(rf"{name} .*building")
    terminal.wait("unluckily begun", 60)
    # The step is on the screen a moment before its container is made.
    wait_for_build()


def test_a_build_is_cancelled_from_the_dashboard_and_leaves_nothing(
    terminals: Terminals, slow: str, engine: DockerEngine
) -> None:
    terminal = terminals("cancel")
    terminal.start("sessiontui")
    terminal.wait("No session is running|NAME ▴")
    launch_slow(terminal, "e2e-cancelled")
    # The dashboard stays usable meanwhile.
    terminal.keys("?")
    terminal.wait(r"\bKeys\b")
    terminal.keys("Escape")
    terminal.wait_gone(r"\bKeys\b")
    assert builds()
    select(terminal, "e2e-cancelled", "building")
    terminal.keys("d")
    terminal.wait_gone(r"e2e-cancelled .*(building|cancelling)", 30)
    wait_for_no_build()
    assert not [one for one in engine.sessions() if one.name == "e2e-cancelled"]
    terminal.keys("q")
    terminal.wait("ended with 0")


def test_a_dashboard_killed_in_a_build_leaves_nothing_and_the_next_start_is_clean(
    terminals: Terminals, slow: str, engine: DockerEngine
) -> None:
    terminal = terminals("killed")
    terminal.start("sessiontui")
    terminal.wait("No session is running|NAME ▴")
    launch_slow(terminal, "e2e-killed")
    dashboard_of(terminal).kill()
    terminal.wait("ended with 137")
    wait_for_no_build()
    assert not [one for one in engine.sessions() if one.name == "e2e-killed"]
    again = terminals("again")
    again.start("sessiontui")
    again.wait("No session is running|NAME ▴")
    assert "e2e-killed" not in again.screen()
    again.keys("q")
    again.wait("ended with 0")


def test_a_line_that_drops_in_a_build_of_the_dashboard_leaves_nothing(
    terminals: Terminals, slow: str, engine: DockerEngine, installed: Path, home: Path
) -> None:
    terminal = terminals("hungup")
    terminal.start("exec sessiontui")
    terminal.wait("No session is running|NAME ▴")
    launch_slow(terminal, "e2e-hung-up")
    drop(terminal, installed, home)
    wait_for_no_build()
    assert not [one for one in engine.sessions() if one.name == "e2e-hung-up"]


def test_a_launch_killed_between_create_and_start_is_announced_and_finished(
    terminals: Terminals, engine: DockerEngine, environ: dict[str, str]
) -> None:
    image = prepared_environment(engine)[1].image
    killed = subprocess.run(
        [f"{Path(environ['PATH'].split(':')[0])}/python", "-c", _KILLED_LAUNCH, image],
        env=environ, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    terminal = terminals("interrupted")
    terminal.start("sessiontui")
    terminal.wait("cut off in the middle")
    select(terminal, "e2e-interrupted", "✖ failed")
    terminal.keys("x")
    terminal.wait(r"e2e-interrupted .*● running", 60)
    terminal.keys("q")
    terminal.wait("ended with 0")


_KILLED_LAUNCH = """
import os, signal, sys
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner
from sessiontui.engine.docker import DockerEngine
def report(progress):
    if progress.step == "starting":
        os.kill(os.getpid(), signal.SIGKILL)
owner = Owner("tester", os.getuid(), os.getgid())
order = Order("e2e000000001", "e2e-interrupted", owner, "python", "3", sys.argv[1], Ask(1, 2**29))
DockerEngine(os.environ).launch(order, report, Cancellation())
"""


@pytest.fixture
def running(sessiontui: SessionTui, engine: DockerEngine) -> str:
    """A session that runs."""
    launched = sessiontui("launch", "python", "--name", "e2e-unlucky")
    assert launched.returncode == 0, launched.stderr
    return "e2e-unlucky"


def open_shell(terminal: Terminal, name: str, command: str = "sessiontui") -> None:
    terminal.start(command)
    select(terminal, name)
    terminal.keys("s")
    terminal.wait(rf"work@{name}", 60)


def test_a_session_deleted_under_its_shell_gives_the_dashboard_back(
    terminals: Terminals, running: str, sessiontui: SessionTui
) -> None:
    terminal = terminals("deleted")
    open_shell(terminal, running)
    terminal.type("cat")
    terminal.keys("Enter")
    assert sessiontui("rm", "--yes", running).returncode == 0
    terminal.wait(f"nothing matches {running}", 60)
    terminal.wait_gone(rf"{running} .*● running")
    terminal.keys("q")
    terminal.wait("ended with 0")
    assert_terminal_is_in_order(terminal)


def test_ctrl_c_in_a_shell_reaches_the_shell_and_not_the_dashboard(
    terminals: Terminals, running: str
) -> None:
    terminal = terminals("ctrlc")
    terminal.start("sessiontui")
    select(terminal, running)
    terminal.keys("s", "C-c", "C-c")
    terminal.wait(rf"work@{running}", 60)
    terminal.type("sleep 100")
    terminal.keys("Enter", "C-c")
    terminal.type("clear; echo still $((40 + 2))")
    terminal.keys("Enter")
    terminal.wait("^still 42$")
    terminal.type("exit")
    terminal.keys("Enter")
    terminal.wait_gone(r"still 42")
    terminal.keys("C-c", "C-c")
    terminal.wait(rf"{running} .*● running", 60)
    terminal.keys("q")
    terminal.wait("ended with 0")
    assert_terminal_is_in_order(terminal)


def test_the_detach_chord_leaves_the_shell_running(terminals: Terminals, running: str) -> None:
    terminal = terminals("detach")
    open_shell(terminal, running)
    terminal.type("marker=left-here; clear")
    terminal.keys("Enter")
    terminal.keys("C-^", "q")
    terminal.wait(rf"{running} .*● running", 60)
    terminal.keys("s")
    terminal.wait(rf"work@{running}", 60)
    terminal.type("clear; echo $marker")
    terminal.keys("Enter")
    terminal.wait("^left-here$")
    terminal.type("exit")
    terminal.keys("Enter")
    terminal.wait(rf"{running} .*● running", 60)
    terminal.keys("q")
    terminal.wait("ended with 0")
    assert_terminal_is_in_order(terminal)


def test_a_line_that_drops_in_a_shell_leaves_no_process_behind(
    terminals: Terminals, running: str, sessiontui: SessionTui, installed: Path, home: Path
) -> None:
    terminal = terminals("dropped")
    open_shell(terminal, running, "exec sessiontui")
    drop(terminal, installed, home)
    listed = json.loads(sessiontui("ls", "--json").stdout)
    assert [one["phase"] for one in listed if one["name"] == running] == ["running"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_dashboard_told_to_end_gives_the_terminal_back(terminals: Terminals, number: int) -> None:
    terminal = terminals(f"told{number}")
    terminal.start("sessiontui")
    terminal.wait("No session is running|NAME ▴")
    os.kill(dashboard_of(terminal).pid, number)
    terminal.wait(r"ended with \d+")
    assert_terminal_is_in_order(terminal)


def test_no_engine_at_start_says_what_was_tried_and_what_to_do(
    terminals: Terminals, environ: dict[str, str]
) -> None:
    terminal = terminals("nobody")
    terminal.start("DOCKER_HOST=unix:///nowhere/docker.sock sessiontui", width=80, height=24)
    terminal.wait("/nowhere/docker.sock")
    terminal.wait("sessiontui setup")
    terminal.keys("q")
    terminal.wait(r"ended with \d+")
    assert_terminal_is_in_order(terminal)
