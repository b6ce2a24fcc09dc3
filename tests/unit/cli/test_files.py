"""How a copy shows on the command line."""

from __future__ import annotations

import io

import pytest

from sessiontui.cli.files import CopyLine, line_of
from sessiontui.domain.files import Copying


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("copying", "seconds", "line"),
    [
        (Copying("a", 0, 4096), 0.0, "  0% 0B of 4K · a"),
        (Copying("a", 2048, 4096), 2.0, " 50% 2K of 4K · 1K/s · a"),
        (Copying("a", 5000, 4096), 0.1, "100% 4.9K · a"),
        (Copying("日本\x1b[31m\n", 2048, None), 1.0, "2K · 2K/s · 日本 [31m "),
        (Copying("empty", 0, 0), 1.0, "0B · 0B/s · empty"),
    ],
)
def test_a_line_says_how_far_and_how_fast(copying: Copying, seconds: float, line: str) -> None:
    assert line_of(copying, seconds) == line


def test_a_terminal_shows_it_at_times_and_is_left_clean() -> None:
    now, stream = 0.0, Terminal()
    with CopyLine(stream, lambda: now) as report:
        report(Copying("a", 1, 10))
        report(Copying("a", 2, 10))
        now = 1.0
        report(Copying("a", 3, 10))
    assert stream.getvalue().split("\r\x1b[K") == ["", " 10% 1B of 10B · a", " 30% 3B of 10B · 3B/s · a", ""]


def test_elsewhere_nothing_is_shown() -> None:
    stream = io.StringIO()
    with CopyLine(stream) as report:
        report(Copying("a", 1, 10))
    assert stream.getvalue() == ""
