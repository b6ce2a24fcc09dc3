"""What a terminal is shown of a session's log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.cli.harmless import Harmless


def shown(*chunks: bytes) -> str:
    harmless = Harmless()
    return "".join(harmless.feed(chunk) for chunk in chunks) + harmless.feed(b"", last=True)


@pytest.mark.parametrize(
    "printed",
    [
        b"\x1b]0;title\x07",
        b"\x1b]52;c;ZXZpbA==\x07",
        b"\x1b]8;;http://evil.example\x1b\\",
        b"\x1b[2J\x1b[H",
        b"\x1b[?1049h",
        b"\x1b[6n",
        b"\x1bP+q544e\x1b\\",
        b"\x1bc",
        b"\x07\x08\x0e\x7f",
        "\x9b\u202e".encode(),
        b"\x1b(B",
    ],
)
def test_nothing_of_it_acts_on_the_terminal(printed: bytes) -> None:
    assert shown(b"before" + printed + b"after\n") == "beforeafter\n"
    assert shown(b"before", *(bytes([one]) for one in printed), b"after\n") == "beforeafter\n"


def test_colours_lines_and_progress_stay() -> None:
    text = "\x1b[1;32mstep\x1b[0m\t1\r 50 %\r100 %\nünïcode 日本\n"
    harmless = Harmless()
    assert harmless.feed(text.encode()) == text
    assert harmless.coloured


def test_a_title_without_an_end_does_not_swallow_the_log_for_ever() -> None:
    assert "still here" in shown(b"\x1b]0;" + b"x" * 10_000, b"\x1b[0m still here\n")


@given(st.binary(), st.integers(0, 50))
def test_however_it_is_cut_no_control_character_comes_through(printed: bytes, at: int) -> None:
    text = shown(printed[:at], printed[at:])
    left = text.replace("\x1b[", "").translate({ord(sign): None for sign in "\n\r\t"})
    assert all(ord(sign) >= 32 and not 127 <= ord(sign) < 160 for sign in left)
