"""The mark of a process tells whether it lives, whatever follows it."""

from __future__ import annotations

import os
import subprocess
import sys

from sessiontui.engine.launcher_mark import is_dead, mark, may_live


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
