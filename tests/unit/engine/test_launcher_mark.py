"""The mark of a process tells whether it lives, whatever follows it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sessiontui.engine.launcher_mark import is_dead, is_here, mark, may_live


def test_this_process_lives() -> None:
    assert may_live(mark())
    assert may_live(f"{mark()}:and more")
    assert not is_dead(f"{mark()}:and more")


def test_one_that_ended_is_dead() -> None:
    program = "from sessiontui.engine.launcher_mark import mark; print(mark())"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not may_live(ended.stdout.strip())
    assert is_dead(ended.stdout.strip())


def test_of_another_machine_nothing_is_known() -> None:
    for text in ("", f"other-boot:{os.getpid()}:1", "garbage", ":::"):
        assert not may_live(text)
        assert not is_dead(text)


def test_one_that_ended_is_dead_also_before_its_parent_asks_how() -> None:
    program = "from sessiontui.engine.launcher_mark import mark; print(mark(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as launcher:
        assert launcher.stdout is not None
        text = launcher.stdout.readline().strip()
        assert may_live(text)
        launcher.kill()
        os.waitid(os.P_PID, launcher.pid, os.WEXITED | os.WNOWAIT)
        assert is_dead(text)


@pytest.mark.skipif(os.geteuid() != 0, reason="unshare --pid needs root")
def test_one_that_counts_processes_apart_is_of_elsewhere() -> None:
    program = "from sessiontui.engine.launcher_mark import mark; print(mark())"
    apart = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", program]
    text = subprocess.run(apart, capture_output=True, text=True, check=True).stdout.strip()
    assert not is_here(text)
    assert not may_live(text)
    assert not is_dead(text)
