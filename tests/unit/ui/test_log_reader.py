"""What is kept of a session's output, however it comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from sessiontui.domain.session import Session
from sessiontui.domain.units import MIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.ui.log_reader import LogReader
from sessiontui.ui.log_text import LONGEST


class Printed(MemoryEngine):
    """An engine whose sessions have printed these chunks."""

    def __init__(self, *chunks: bytes) -> None:
        super().__init__()
        self.chunks = chunks

    def logs(self, session: Session, *, follow: bool = False, tail: int | None = None) -> Printed:  # type: ignore[override] # a stream, and nothing else of it is asked
        return self

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)


def read(*chunks: bytes, kept: int = 1000) -> LogReader:
    reader = LogReader(Printed(*chunks), cast("Session", None), kept)
    reader.read()
    return reader


def test_lines_come_as_they_were_printed_with_the_one_that_has_not_ended() -> None:
    reader = read(b"one\ntw", b"o\n\x1b[31mthr", b"ee\x1b[0m")
    assert reader.waiting
    assert reader.take() == (["one", "two"], "three")
    assert not reader.waiting
    assert reader.take() == ([], "three")


def test_of_many_lines_only_those_that_will_be_kept_are_made() -> None:
    reader = read(*(b"line %d\n" % number for number in range(5000)), b"rest", kept=10)
    assert reader.take() == ([f"line {number}" for number in range(4990, 5000)], "rest")


def test_a_session_that_prints_faster_than_anybody_draws_takes_no_more_memory() -> None:
    chunk = b"".join(b"%07d\n" % number for number in range(8192))
    reader = read(b"half a line of which the end is passed over", *[chunk] * 400)
    assert 7 * MIB < reader._size <= 8 * MIB
    lines, partial = reader.take()
    assert lines == [f"{number:07d}" for number in range(8192 - 1000, 8192)]
    assert partial == ""


def test_ten_megabytes_without_an_end_are_one_short_line() -> None:
    lines, partial = read(*[b"\x1b]0;title" + b"x" * 16384] * 640).take()
    assert lines == []
    assert 0 < len(partial) <= LONGEST
    assert partial.isprintable()
    lines, partial = read(*[b"x" * 16384] * 400, b"\nnext").take()
    assert len(lines) == 1
    assert len(lines[0]) <= LONGEST
    assert partial == "next"
