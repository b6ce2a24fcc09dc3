"""What programs print reaches a person's terminal as text, however it is cut into chunks."""

from __future__ import annotations

import io
import itertools

from hypothesis import given
from hypothesis import strategies as st

from sessiontui.cli.terminal_text import TerminalText
from sessiontui.engine.text import plain

TEXTS = st.lists(
    st.sampled_from(("a", "日本", "\n", "\r\n", "\r", "\t", "\x1b[31m", "\x1b]0;title\x07", "\x07", "é"))
).map("".join)


def shown(chunks: list[bytes]) -> str:
    stream = io.StringIO()
    text = TerminalText(stream)
    for chunk in chunks:
        text.write(chunk)
    text.write(b"", final=True)
    return stream.getvalue()


@given(TEXTS, st.sets(st.integers(0, 60)))
def test_however_it_is_cut_it_is_the_plain_text(text: str, cuts: set[int]) -> None:
    data = text.encode()
    ends = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    assert shown([data[a:b] for a, b in itertools.pairwise(ends)]) == plain(text)


def test_an_escape_sequence_without_an_end_holds_nothing_up() -> None:
    stream = io.StringIO()
    text = TerminalText(stream)
    text.write(b"before\x1b]" + b"x" * 300)
    assert stream.getvalue().startswith("before")
    text.write(b"\xff", final=True)
    assert all(sign.isprintable() for sign in stream.getvalue())
