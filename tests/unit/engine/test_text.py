"""What strangers wrote, on its way to a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessiontui.engine.text import plain


def test_colours_titles_and_control_characters_go_and_lines_stay() -> None:
    assert plain("\x1b[1;31mred\x1b[0m \x1b]0;title\x07on\r\ntwo\tthree\rfour\x00\x07") == (
        "red on\ntwo\tthree\nfour"
    )


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    assert all(sign.isprintable() or sign in "\n\t" for sign in plain(text))
