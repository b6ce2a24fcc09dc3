"""What a batch session may be asked to do, and durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.batch import LONGEST_COMMAND, Batch, batch_problems
from sessiontui.domain.units import format_duration, parse_duration


@pytest.mark.parametrize(
    ("batch", "fields"),
    [
        (Batch("make all", 3600), []),
        (Batch("x" * LONGEST_COMMAND), []),
        (Batch("x" * (LONGEST_COMMAND + 1)), ["batch"]),
        (Batch("ä" * (LONGEST_COMMAND // 2 + 1)), ["batch"]),
        (Batch(" \n"), ["batch"]),
        (Batch("a\0b"), ["batch"]),
        (Batch("caf\udce9"), ["batch"]),
        (Batch("make", 0), ["time_limit"]),
        (Batch("", 0), ["batch", "time_limit"]),
    ],
)
def test_problems_name_their_fields(batch: Batch, fields: list[str]) -> None:
    assert [problem.field for problem in batch_problems(batch)] == fields


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172800), (" 1H 5s ", 3605), ("0s", 0)],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "90", "1.5h", "h", "5m1h", "-1s", "٣s", "1h\n2x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_a_written_duration_is_read_again(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
