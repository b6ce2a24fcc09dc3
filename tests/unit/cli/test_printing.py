"""How tables fit a terminal."""

from __future__ import annotations

import sys

import pytest

from sessiontui.cli.printing import print_table

HEAD = ("NAME", "WHAT IT IS", "IMAGE")
ROWS = (("python:3.12", "Python 3.12 · tag · tag", "registry.example/" + "x" * 60), ("r:4", "R", "r"))


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_table(HEAD, ROWS, fit=True)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (99, "python:3.12  Python 3.12 · tag · tag  registry.example/" + "x" * 43 + "…"),
        (52, "python:3.12  Python 3.12 · tag · tag  registry.exam…"),
        (49, "python:3.12  Python 3.12 · tag · tag"),
        (30, "python:3.12  Python 3.12 · ta…"),
        (5, "python:3.12"),
    ],
)
def test_in_a_terminal_columns_leave_from_the_right(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, room: int, line: str
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(room))
    assert printed(capsys)[1] == line


def test_elsewhere_a_table_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys)[1].split("  ")[-1].strip() == ROWS[0][2]


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (99, "nifty-bohr  failed (out of memory (limit 16G))  2h   4 CPU · 16G"),
        (52, "nifty-bohr  failed (out of memory…  2h   4 CPU · 16G"),
        (40, "nifty-bohr  failed (out…  2h"),
    ],
)
def test_a_long_column_in_the_middle_gives_way_before_others_leave(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, room: int, line: str
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(room))
    row = ("nifty-bohr", "failed (out of memory (limit 16G))", "2h", "4 CPU · 16G")
    print_table(("NAME", "PHASE", "AGE", "RESOURCES"), [row], fit=True, give=1)
    assert capsys.readouterr().out.splitlines()[1] == line
