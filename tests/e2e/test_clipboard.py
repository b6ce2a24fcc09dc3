"""What the person's own terminal is given: copied text, and the whole address behind a cut line."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.e2e.raw_terminal import RawTerminal, raw_terminal
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.beside

Dashboard = Callable[..., AbstractContextManager[RawTerminal]]

OVER_SSH = {"SSH_CONNECTION": "192.0.2.7 50022 192.0.2.1 22"}


def copied(terminal: RawTerminal) -> str:
    """The text of the last OSC 52 sequence, as a terminal takes it."""
    found = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", terminal.received)
    assert found, terminal.received[-2000:]
    return base64.b64decode(found[-1]).decode()


@pytest.fixture
def dashboard(environ: dict[str, str]) -> Dashboard:
    """Opens the dashboard on a played engine, in a terminal of that size."""

    def start(*options: str, columns: int = 100, **more: str) -> AbstractContextManager[RawTerminal]:
        argv = ["sessiontui", "--demo", *options]
        return raw_terminal(argv, {**environ, **more}, columns=columns, rows=30)

    return start


def plain(terminal: RawTerminal) -> str:
    """What came, without escape sequences and blanks."""
    text = re.sub(rb"\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)|\x1b\[[0-9;?]*[A-Za-z]", b"", terminal.received)
    return "".join(text.decode(errors="replace").split())


def copy_the_name(terminal: RawTerminal) -> None:
    """The first session of the played engine is calm-curie."""
    terminal.wait(b"calm-curie")
    terminal.settle()
    terminal.send(b"c")
    terminal.settle(1)
    terminal.forget()
    terminal.send(b"\r")
    terminal.settle(1.5)


def test_over_ssh_the_exact_text_is_in_the_sequence(dashboard: Dashboard) -> None:
    with dashboard(**OVER_SSH) as terminal:
        copy_the_name(terminal)
        assert copied(terminal) == "calm-curie"
        assert "calm-curie" in plain(terminal)


@pytest.mark.parametrize(
    ("mode", "said", "asked"),
    [("osc52", "Senttoyour", True), ("off", "switchedoff", False), ("native", "noclipboard", False)],
)
def test_each_mode_does_what_it_says_and_shows_the_text(
    dashboard: Dashboard, mode: str, said: str, asked: bool
) -> None:
    with dashboard("--clipboard", mode, **OVER_SSH) as terminal:
        copy_the_name(terminal)
        assert said in plain(terminal)
        assert "calm-curie" in plain(terminal)
        assert (b"\x1b]52;c;" in terminal.received) == asked


def test_in_tmux_its_buffer_has_the_text(terminals: Callable[[str], Terminal]) -> None:
    terminal = terminals("copying")
    # The terminal of the tests is tmux, hidden from what runs in it.
    socket = f"$(tmux -L {terminal.socket} display-message -p '#{{socket_path}},#{{pid}},0')"
    terminal.start(f'TMUX="{socket}" sessiontui --demo')
    terminal.wait("▸ calm-curie")
    terminal.keys("c")
    terminal.wait("shell command")
    terminal.keys("Down", "Down", "Down", "Down", "Enter")
    terminal.wait("Sent to your terminal")
    assert terminal.buffer() == "sessiontui shell calm-curie"


@pytest.mark.parametrize("columns", [160, 44])
def test_the_address_is_a_link_to_all_of_it_also_where_it_is_cut(dashboard: Dashboard, columns: int) -> None:
    with dashboard(columns=columns, **OVER_SSH) as terminal:
        terminal.wait(b"calm-curie")
        terminal.settle()
        terminal.send(b"w")
        terminal.settle(1)
        terminal.forget()
        terminal.send(b"\r")
        terminal.wait(b"\x1b]8;")
        terminal.settle()
        terminal.send(b"c")
        terminal.wait(b"\x1b]52;c;")
        terminal.settle()
        url = copied(terminal)
        targets = set(re.findall(rb"\x1b\]8;[^;]*;([^\x1b\x07]+)(?:\x1b\\|\x07)", terminal.received))
        assert targets == {url.encode()}
        if columns == 160:
            assert url.encode() in re.sub(rb"\x1b\]8;[^\x1b\x07]*(?:\x1b\\|\x07)", b"", terminal.received)
