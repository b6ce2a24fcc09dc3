"""A real terminal to run programs in: a tmux server of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

_T = TypeVar("_T")


class Terminal:
    """One program in one tmux window. Waiting is for what the screen shows, never for a time."""

    def __init__(self, name: str, environ: Mapping[str, str], directory: Path) -> None:
        self.socket = f"sessiontui-test-{os.getpid()}-{name}"
        self._environ = dict(environ)
        self._directory = directory

    def start(self, command: str, *, width: int = 120, height: int = 36) -> None:
        """Run a shell command; a marker with its exit code and the terminal's modes follows its end."""
        modes = "stty -a | tr ' ;' '\\n\\n' | grep -x 'icanon\\|echo'"
        # A person's shell is in a process group of its own, where no Ctrl+C of a program reaches it.
        line = f'trap : INT; {command}; echo "ended with $?"; {modes}; exec cat'
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
            "env", "-i", *(f"{name}={value}" for name, value in self._environ.items()),
            "sh", "-c", line,
        )  # fmt: skip

    def keys(self, *keys: str) -> None:
        """Press keys by tmux's names (``Enter``, ``C-l``, ``n``)."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._tmux("send-keys", "-l", text)

    def click(self, text: str) -> None:
        """Click in the middle of a text on the screen."""
        for row, line in enumerate(self.screen().splitlines(), start=1):
            if text in line:
                column = line.index(text) + 1 + len(text) // 2
                for end in "Mm":
                    self._tmux("send-keys", "-l", f"\x1b[<0;{column};{row}{end}")
                return
        pytest.fail(f"{text!r} is not on the screen:\n{self.screen()}")

    def resize(self, width: int, height: int) -> None:
        """Change the window's size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def screen(self) -> str:
        """What is shown now."""
        return self._tmux("capture-pane", "-p", "-J")

    def wait(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        """Wait until the screen shows a pattern."""
        found = self._until(lambda: re.search(pattern, self.screen(), re.MULTILINE), seconds)
        if found is None:
            pytest.fail(f"{pattern!r} did not appear within {seconds} s:\n{self.screen()}")
        return found

    def wait_gone(self, pattern: str, seconds: float = 30) -> None:
        """Wait until the screen shows a pattern no more."""
        gone = self._until(lambda: None if re.search(pattern, self.screen(), re.MULTILINE) else True, seconds)
        if gone is None:
            pytest.fail(f"{pattern!r} is still there after {seconds} s:\n{self.screen()}")

    def title(self) -> str:
        """What the program calls the terminal's window."""
        return self._tmux("display-message", "-p", "#{pane_title}")

    def pid(self) -> int:
        """The process tmux started."""
        return int(self._tmux("list-panes", "-F", "#{pane_pid}"))

    def buffer(self) -> str:
        """The text that tmux would paste."""
        return self._tmux("show-buffer")

    def close(self) -> None:
        """End the server with all in it."""
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], check=False, capture_output=True)

    def _until(self, look: Callable[[], _T | None], seconds: float) -> _T | None:
        end = time.monotonic() + seconds
        while (found := look()) is None and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, *arguments], check=False, capture_output=True, text=True
        )
        if done.returncode:
            pytest.fail(f"tmux {shlex.join(arguments)}: {done.stderr}")
        return done.stdout
