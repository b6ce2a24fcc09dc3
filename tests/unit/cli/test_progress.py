"""How a launch shows on the command line."""

from __future__ import annotations

import io

import pytest

from sessiontui.cli.progress import ProgressLine
from sessiontui.domain.launch import Progress, Step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_line_that_is_left_clean() -> None:
    stream = Terminal()
    with ProgressLine(stream) as report:
        report(Progress(Step.BUILDING, "pip \x1b[31minstall\n", 0.25))
        report(Progress(Step.STARTING))
    assert stream.getvalue().split("\r\x1b[K") == ["", "building  25% pip  [31minstall ", "starting ", ""]


def test_a_line_is_not_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    with ProgressLine(stream) as report:
        report(Progress(Step.PULLING, "x" * 1000))
    assert max(map(len, stream.getvalue().split("\r\x1b[K"))) == 79


def test_elsewhere_each_step_is_a_line() -> None:
    stream = io.StringIO()
    with ProgressLine(stream) as report:
        for text in ("step 1 · 10%", "step 1 · 20%", "step 2"):
            report(Progress(Step.BUILDING, text))
        report(Progress(Step.STARTING))
    assert stream.getvalue() == "building step 1 · 10%\nbuilding step 2\nstarting\n"
