"""The terminal lent to a program comes back in order. Tried in a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sessiontui.access.terminal import RESET

_BODY = """
import signal, sys, termios
from sessiontui.access.terminal import run_in_terminal
from sessiontui.domain.errors import HostError
before, handler = termios.tcgetattr(0), signal.getsignal(signal.SIGINT)
try:
    print("code", run_in_terminal({argv!r}, "the banner"), flush=True)
except HostError as error:
    print("refused:", error.message, flush=True)
after = termios.tcgetattr(0)
print("terminal", "same" if after == before else "changed", flush=True)
print("handler", "same" if signal.getsignal(signal.SIGINT) is handler else "changed", flush=True)
"""


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, file: int) -> None:
        self._file = file
        self.text = ""

    def until(self, words: str, pressing: bytes = b"") -> None:
        """Wait for words, pressing a key every other second where one is given, as a person would."""
        deadline, press_at = time.monotonic() + 15, 0.0
        while words not in self.text:
            assert time.monotonic() < deadline, self.text
            if pressing and time.monotonic() >= press_at:
                self.type(pressing)
                press_at = time.monotonic() + 2
            if select.select([self._file], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self._file, 65536).decode(errors="replace")
                except OSError:
                    break
        assert words in self.text

    def type(self, keys: bytes) -> None:
        os.write(self._file, keys)


@contextmanager
def lent(*argv: str) -> Iterator[Terminal]:
    child, file = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", _BODY.format(argv=list(argv))])
    try:
        yield Terminal(file)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(file)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 3", 3),
        ("kill -KILL $$", 137),
        ("kill -STOP $$; exit 4", 4),
        ("stty raw -echo; printf '\\033[?1049h\\033[?1003h\\033[?25l'; kill -TERM $$", 143),
    ],
)
def test_the_exit_code_comes_back_and_the_terminal_is_as_it_was(script: str, code: int) -> None:
    with lent("sh", "-c", script) as terminal:
        terminal.until("handler same")
        assert f"code {code}" in terminal.text
        assert "the banner" in terminal.text
        assert RESET in terminal.text
        assert "terminal same" in terminal.text
        assert "handler same" in terminal.text


def test_interrupts_are_the_childs() -> None:
    with lent(
        "sh", "-c", "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done"
    ) as terminal:
        terminal.until("ready")
        terminal.type(b"\x03")
        terminal.until("handler same")
        assert "caught" in terminal.text
        assert "code 5" in terminal.text


def test_a_child_begins_with_the_usual_signals() -> None:
    with lent("sh", "-c", "echo ready; sleep 30") as terminal:
        terminal.until("ready")
        terminal.until("code", pressing=b"\x03")
        terminal.until("handler same")
        assert "code 130" in terminal.text


def test_a_program_that_is_not_there_is_said_so() -> None:
    with lent("no-such-program") as terminal:
        terminal.until("handler same")
        assert "refused: no-such-program is not installed here" in terminal.text
        assert "terminal same" in terminal.text
