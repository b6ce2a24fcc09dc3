"""Text goes to the clipboard of the machine the person sits at."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from sessiontui.access.clipboard import LIMIT, MODES, Clipboard, Mode

OVER_SSH = {"SSH_CONNECTION": "192.0.2.7 50022 192.0.2.1 22", "PATH": ""}


class Terminal:
    """Collects what a terminal would be sent."""

    def __init__(self) -> None:
        self.received = ""

    def write(self, sequence: str) -> None:
        self.received += sequence

    @property
    def clipboard(self) -> str:
        """What an OSC 52 terminal would have made of it."""
        match = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", self.received)
        assert match is not None, self.received
        return base64.b64decode(match[1]).decode()


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def program(directory: Path, name: str, body: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_over_ssh_the_terminal_is_asked(terminal: Terminal) -> None:
    sentence = Clipboard("auto", OVER_SSH, terminal.write).copy("http://127.0.0.1:1/ → ü")
    assert terminal.clipboard == "http://127.0.0.1:1/ → ü"
    assert "If it is not there" in sentence


def test_over_ssh_a_forwarded_display_changes_nothing(terminal: Terminal) -> None:
    Clipboard("auto", {**OVER_SSH, "DISPLAY": "localhost:10.0"}, terminal.write).copy("text")
    assert terminal.clipboard == "text"


def test_without_a_display_the_terminal_is_asked(terminal: Terminal) -> None:
    Clipboard("auto", {"PATH": ""}, terminal.write).copy("text")
    assert terminal.clipboard == "text"


def test_osc52_asks_the_terminal_even_at_a_display(terminal: Terminal) -> None:
    Clipboard("osc52", {"DISPLAY": ":0", "PATH": ""}, terminal.write).copy("text")
    assert terminal.clipboard == "text"


def test_off_copies_nothing_and_says_how_to(terminal: Terminal) -> None:
    sentence = Clipboard("off", OVER_SSH, terminal.write).copy("text")
    assert terminal.received == ""
    assert "select the text" in sentence


def test_what_a_terminal_would_cut_is_refused(terminal: Terminal) -> None:
    clipboard = Clipboard("auto", OVER_SSH, terminal.write)
    fits = "x" * (LIMIT // 4 * 3)
    clipboard.copy(fits)
    assert terminal.clipboard == fits
    terminal.received = ""
    sentence = clipboard.copy(fits + "x" * 3)
    assert terminal.received == ""
    assert "Too long" in sentence
    assert "select the text" in sentence


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_copied_from_nothing(terminal: Terminal, mode: Mode) -> None:
    assert Clipboard(mode, OVER_SSH, terminal.write).copy("")
    assert terminal.received == ""


@pytest.fixture
def no_clipboard_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The clipboard library finds nothing here."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_clipboard_program")
def test_a_machine_without_a_clipboard_program_says_so(terminal: Terminal) -> None:
    sentence = Clipboard("native", {"DISPLAY": ":0"}, terminal.write).copy("text")
    assert terminal.received == ""
    assert "no clipboard program" in sentence
    assert "select the text" in sentence


@pytest.mark.usefixtures("no_clipboard_program")
def test_at_a_display_without_a_clipboard_program_the_terminal_is_asked(terminal: Terminal) -> None:
    Clipboard("auto", {"DISPLAY": ":0", "PATH": ""}, terminal.write).copy("text")
    assert terminal.clipboard == "text"


def test_tmux_is_given_its_own_buffer_too(terminal: Terminal, tmp_path: Path) -> None:
    program(tmp_path, "tmux", f'echo "$@" >> {tmp_path}/asked; /bin/cat > {tmp_path}/buffer')
    environ = {"TMUX": "/tmp/tmux-0/default,1,0", "PATH": str(tmp_path)}
    sentence = Clipboard("auto", environ, terminal.write).copy("a 'quoted' text")
    assert (tmp_path / "asked").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "buffer").read_text() == "a 'quoted' text"
    assert terminal.clipboard == "a 'quoted' text"
    assert "tmux" in sentence


def test_an_older_tmux_gets_the_buffer_without_the_clipboard(terminal: Terminal, tmp_path: Path) -> None:
    program(tmp_path, "tmux", f'[ "$2" = -w ] && exit 1; /bin/cat > {tmp_path}/buffer')
    Clipboard("auto", {"TMUX": "x", "PATH": str(tmp_path)}, terminal.write).copy("text")
    assert (tmp_path / "buffer").read_text() == "text"


def test_gnu_screen_passes_the_request_through_in_pieces(terminal: Terminal) -> None:
    text = "0123456789" * 60
    Clipboard("auto", {"STY": "1.pts-0", "PATH": ""}, terminal.write).copy(text)
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", terminal.received, re.DOTALL)
    assert len(pieces) > 1
    assert max(map(len, pieces)) < 256
    terminal.received = "".join(pieces)
    assert terminal.clipboard == text
