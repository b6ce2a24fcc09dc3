"""A person's line that drops: the terminal goes away, and what ran in it is told by SIGHUP."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.e2e.terminal import Terminal


def processes(home: Path) -> list[psutil.Process]:
    """All of this person, whatever they run: others beside have homes of their own."""
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            if one.environ().get("HOME") == str(home):
                found.append(one)
    return found


def drop(terminal: Terminal, installed: Path, home: Path) -> None:
    """The terminal goes away, and with it everything that ran in it.

    Start ``exec sessiontui`` in it, as sshd does: nothing stands between the line and the program.
    """
    assert any(str(installed) in one.cmdline() for one in processes(home))
    terminal.close()
    end = time.monotonic() + 30
    while (left := processes(home)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not left
