"""Windows of the tmux around a program; on a real tmux server of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessiontui.access.tmux import in_tmux, open_window
from sessiontui.domain.errors import HostError


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Runs a command of a tmux server whose own environment is bare."""
    socket = tmp_path / "socket"

    def run(*words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(socket), *words],
            env={"PATH": os.environ["PATH"], "TERM": "xterm"}, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    run("-f", "/dev/null", "new-session", "-d", "-s", "one", "sleep 60")
    yield run
    subprocess.run(["tmux", "-S", str(socket), "kill-server"], check=False, capture_output=True)


@pytest.fixture
def environ(tmux: Callable[..., str]) -> dict[str, str]:
    """The environment of a program in that tmux."""
    return {
        "PATH": os.environ["PATH"],
        "TMUX": tmux("display-message", "-p", "#{socket_path},#{pid},0"),
        "TMUX_PANE": tmux("display-message", "-p", "#{pane_id}"),
    }


def test_a_window_opens_beside_with_what_the_program_needs(
    tmux: Callable[..., str], environ: dict[str, str], tmp_path: Path
) -> None:
    said = tmp_path / "said"
    more = {"DOCKER_HOST": "unix:///a b/docker.sock", "SECRET": "not for windows"}
    script = 'echo "$DOCKER_HOST|$SECRET|$1" >"$0"; tmux wait-for -S done; sleep 60'
    open_window(["sh", "-c", script, str(said), "it's; $(all) one"], "nifty-bohr", {**environ, **more})
    tmux("wait-for", "done")
    assert said.read_text() == "unix:///a b/docker.sock||it's; $(all) one\n"
    assert tmux("list-windows", "-F", "#{window_name} #{window_active}").endswith("nifty-bohr 1")


def test_a_title_of_a_stranger_runs_nothing(tmux: Callable[..., str], environ: dict[str, str]) -> None:
    open_window(["sleep", "60"], "#(touch /tmp/x)#{pid}", environ)
    assert "__touch _tmp_x___pid_" in tmux("list-windows", "-F", "#{window_name}")


def test_without_tmux_there_is_no_window() -> None:
    assert not in_tmux({"TMUX": ""})
    with pytest.raises(HostError, match="no tmux around"):
        open_window(["true"], "x", {})


def test_a_tmux_that_is_gone_says_so(environ: dict[str, str], tmp_path: Path) -> None:
    gone = {**environ, "TMUX": f"{tmp_path}/nobody,1,0"}
    with pytest.raises(HostError, match="opened no window") as caught:
        open_window(["true"], "x", gone)
    assert caught.value.hint


def test_a_missing_tmux_command_is_said(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(HostError, match="not installed"):
        open_window(["true"], "x", {**environ, "PATH": str(tmp_path)})
