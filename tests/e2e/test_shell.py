"""Shells of a real session in real terminals: several at once, left, dropped, and what passes through."""

from __future__ import annotations

import io
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import docker
import pytest

from sessiontui.domain.session import Session
from sessiontui.engine.docker import DockerEngine
from tests.e2e.dashboard import select
from tests.e2e.raw_terminal import RawTerminal, raw_terminal
from tests.e2e.terminal import Terminal
from tests.real import prepared_environment, real_engine

pytestmark = pytest.mark.beside

SessionTui = Callable[..., subprocess.CompletedProcess[str]]
Terminals = Callable[[str], Terminal]

PLAIN, BARE = "sessiontui-test/no-tmux:1", "sessiontui-test/no-terminfo:1"
RECIPES = {
    PLAIN: "RUN rm -f /usr/bin/tmux",
    BARE: "RUN rm -rf /usr/share/terminfo /lib/terminfo /etc/terminfo /usr/lib/terminfo",
}


@pytest.fixture(scope="module", autouse=True)
def images() -> Iterator[None]:
    """An image without tmux, and one that knows no terminal."""
    engine = DockerEngine({})
    base = prepared_environment(engine)[1].image
    engine.close()
    client = docker.APIClient(version="auto", timeout=120)
    for tag, line in RECIPES.items():
        recipe = io.BytesIO(f"FROM {base}\nUSER root\n{line}\n".encode())
        said = list(client.build(fileobj=recipe, tag=tag, rm=True, decode=True))
        assert not [one for one in said if "error" in one], said
    yield
    for tag in RECIPES:
        with suppress(docker.errors.ImageNotFound):
            client.remove_image(tag, force=True)
    client.close()


@pytest.fixture
def engine() -> Iterator[DockerEngine]:
    """The real engine; the sessions of these tests, named shells-…, are deleted at the end."""
    engine = real_engine()
    yield engine
    for session in engine.sessions():
        if session.name.startswith("shells-"):
            engine.delete(session)
    engine.close()


@pytest.fixture
def launch(sessiontui: SessionTui, engine: DockerEngine) -> Callable[..., Session]:
    """Launches a session of that name, of an image or the default environment."""

    def launch(name: str, image: str = "") -> Session:
        what = ["--image", image] if image else ["python"]
        launched = sessiontui("launch", *what, "--name", name, "--memory", "512m")
        assert launched.returncode == 0, launched.stderr
        return next(one for one in engine.sessions() if one.name == name)

    return launch


def inside(engine: DockerEngine, session: Session, line: str) -> str:
    """What a line of sh prints in the session."""
    return engine.run(session, ["/bin/sh", "-c", line]).output.decode()


def wait_until(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def type_line(terminal: Terminal, line: str) -> None:
    terminal.type(line)
    terminal.keys("Enter")


class TestSeveralAtOnce:
    def test_each_has_a_window_and_a_size_of_its_own_and_the_work_stays(
        self, terminals: Terminals, launch: Callable[..., Session], engine: DockerEngine
    ) -> None:
        session = launch("shells-shared")

        def sessions() -> list[str]:
            return inside(
                engine, session, "tmux list-sessions -F '#{session_name} #{session_attached}'"
            ).split("\n")[:-1]

        first, second = terminals("first"), terminals("second")
        first.start("sessiontui shell shells-shared", width=120, height=36)
        first.wait("work@shells-shared")
        type_line(first, "clear; mark=the-work; stty size")
        first.wait(r"^35 120$")
        # A dashboard on a smaller screen.
        second.start("sessiontui", width=80, height=24)
        select(second, "shells-shared")
        second.keys("s")
        second.wait("Others are in this session, too")
        type_line(second, "clear; stty size; echo mark=$mark.")
        second.wait(r"^23 80$")
        second.wait(r"^mark=\.$")
        type_line(first, "clear; stty size; echo still $mark")
        first.wait(r"^35 120$")
        first.wait(r"^still the-work$")
        assert "23 80" not in first.screen()
        assert len(sessions()) == 2

        # One leaves: the other stays, and nothing of the first is left.
        type_line(second, "exit")
        second.wait("shells-shared .*● running")
        wait_until(lambda: sessions() == ["work 1"], "the second's tmux session stays")
        type_line(first, "clear; echo here $mark")
        first.wait(r"^here the-work$")

        # By the chord, and back: the same work.
        first.keys("C-^", "q")
        first.wait(r"ended with \d+")
        wait_until(lambda: sessions() == ["work 0"], "a client nobody looks through stays attached")
        second.keys("s")
        second.wait("work@shells-shared", 60)
        type_line(second, "clear; echo back at $mark; stty size")
        second.wait(r"^back at the-work$")
        second.wait(r"^23 80$")

    def test_a_second_whose_line_drops_leaves_its_window_and_nothing_else(
        self,
        terminals: Terminals,
        launch: Callable[..., Session],
        engine: DockerEngine,
        environ: dict[str, str],
    ) -> None:
        session = launch("shells-dropped")
        first = terminals("first")
        first.start("sessiontui shell shells-dropped")
        first.wait("work@shells-dropped")
        with raw_terminal(["sessiontui", "shell", "shells-dropped"], environ) as second:
            second.wait(b"Others are in this session")
            second.send(b"sleep 4711\r")
            wait_until(lambda: "4711" in inside(engine, session, "ps -eo args"), "nothing was typed")
            second.hang_up()
            wait_until(
                lambda: inside(engine, session, "tmux list-sessions -F '#{session_name}'") == "work\n",
                "the tmux session of the dropped line stays",
            )
        assert "sleep 4711" in inside(engine, session, "ps -eo args")
        type_line(first, "clear; echo untouched")
        first.wait("^untouched$")


class TestWithoutTmux:
    @pytest.fixture
    def session(self, launch: Callable[..., Session]) -> Session:
        return launch("shells-plain", PLAIN)

    @pytest.fixture
    def shell(self, session: Session, environ: dict[str, str]) -> Iterator[RawTerminal]:
        """A shell in which a job runs in the foreground, and one in the background."""
        with raw_terminal(["sessiontui", "shell", session.name], environ) as terminal:
            terminal.wait(f"work@{session.name}".encode())
            terminal.send(b"sleep 4712 & sleep 4713\r")
            yield terminal

    def jobs(self, engine: DockerEngine, session: Session) -> list[str]:
        return [line for line in inside(engine, session, "ps -eo args").splitlines() if "sleep 471" in line]

    def test_a_line_that_drops_hangs_up_the_shell_and_its_jobs(
        self, shell: RawTerminal, session: Session, engine: DockerEngine
    ) -> None:
        wait_until(lambda: len(self.jobs(engine, session)) == 2, "the jobs do not run")
        shell.hang_up()
        wait_until(lambda: not self.jobs(engine, session), "the jobs go on")
        wait_until(lambda: "bash" not in inside(engine, session, "ps -eo args"), "the shell goes on")

    def test_a_shell_whose_dashboard_is_killed_is_hung_up_too(
        self, session: Session, engine: DockerEngine, environ: dict[str, str]
    ) -> None:
        with raw_terminal(["sessiontui", "shell", session.name], environ) as terminal:
            terminal.wait(f"work@{session.name}".encode())
            terminal.send(b"sleep 4714\r")
            wait_until(lambda: self.jobs(engine, session), "the job does not run")
        wait_until(lambda: not self.jobs(engine, session), "the job goes on")

    def test_the_chord_leaves_it_running(
        self, shell: RawTerminal, session: Session, engine: DockerEngine
    ) -> None:
        wait_until(lambda: len(self.jobs(engine, session)) == 2, "the jobs do not run")
        shell.send(b"\x1eq")
        shell.settle(1.5)
        wait_until(lambda: "attend.sh" not in inside(engine, session, "ps -eo args"), "it is still attended")
        assert len(self.jobs(engine, session)) == 2


@pytest.mark.parametrize("image", ["", PLAIN, BARE])
def test_a_terminal_that_the_image_does_not_know_is_taken_for_one_it_does(
    image: str, launch: Callable[..., Session], environ: dict[str, str]
) -> None:
    session = launch("shells-term", image)
    for terminal in ("xterm-ghostty", "xterm-kitty", "alacritty", "nonsense"):
        with raw_terminal(["sessiontui", "shell", session.name], {**environ, "TERM": terminal}) as shell:
            shell.wait(b"work@shells-term")
            shell.send(b'echo term=$TERM. $(tput cols 2>&1 | grep -c unknown) end""ed\r')
            shell.wait(b" ended")
            said = shell.received.split(b"term=")[-1]
            if image == BARE:
                assert said.startswith(terminal.encode() + b".")
            else:
                assert said.startswith((b"tmux-256color. 0", b"xterm-256color. 0", b"screen-256color. 0"))
    command = ["sessiontui", "shell", session.name, "--", "sh", "-c", "echo term=$TERM."]
    with raw_terminal(command, {**environ, "TERM": "nonsense"}) as run:
        run.wait(b"term=nonsense." if image == BARE else b"term=xterm-256color.")


# Red as 24-bit colour, a mouse request, bracketed paste, CJK and an emoji.
SENT = b"\x1b[38;2;255;100;0mred\x1b[m \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xf0\x9f\x9a\x80"
ASKED = b"\x1b[?1000h\x1b[?1006h\x1b[?2004h"
CLICK = b"\x1b[<0;5;7M"
PASTE = b"\x1b[200~pasted \xe8\xaa\x9e\x1b[201~"
PROBE = f"""
import os, sys, tty
tty.setraw(0)
os.write(1, {ASKED + SENT!r} + b" ready")
read = b""
while not read.endswith(b"!"):
    read += os.read(0, 100)
os.write(1, b"\\r\\ngot " + read.hex().encode() + b" done")
os.read(0, 1)
"""


@pytest.mark.parametrize("image", ["", PLAIN])
def test_colour_mouse_paste_and_wide_characters_pass_through_unchanged(
    image: str, launch: Callable[..., Session], environ: dict[str, str], engine: DockerEngine
) -> None:
    """With tmux in the session and without; typed and printed, as bytes."""
    session = launch("shells-through", image)
    pipe = engine.pipe(session, ["sh", "-c", "cat >probe.py"])
    pipe.write(PROBE.encode())
    pipe.end_input()
    assert pipe.outcome().exit_code == 0
    pipe.close()
    with raw_terminal(["sessiontui", "shell", session.name], {**environ, "COLORTERM": "truecolor"}) as shell:
        shell.wait(b"work@shells-through")
        before = shell.received
        shell.forget()
        shell.send(b"clear; python3 probe.py\r")
        shell.wait(b"ready")
        shell.settle()
        assert b"\x1b[38;2;255;100;0mred" in shell.received
        assert "日本語".encode() in shell.received
        assert "🚀".encode() in shell.received
        for mode in (b"1006", b"2004"):
            # tmux asks for the mouse itself, as soon as it is there.
            assert re.search(rb"\x1b\[\?(\d+;)*%s(;\d+)*h" % mode, before + shell.received)
        shell.forget()
        shell.send(CLICK + PASTE + "é語🚀!".encode())
        shell.wait(b" done")
        got = re.search(rb"got ([0-9a-f\s\x1b\[;HKBmC]+) done", shell.received)
        assert got is not None, shell.received
        digits = re.sub(rb"\x1b\[[0-9;]*[A-Za-z]|\s", b"", got[1])
        assert bytes.fromhex(digits.decode()) == CLICK + PASTE + "é語🚀!".encode()
