"""Amounts as people write and read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.units import (
    GIB,
    KIB,
    MIB,
    TIB,
    cores_in_words,
    format_age,
    format_bytes,
    format_cores,
    parse_bytes,
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("512", 512),
        ("512m", 512 * MIB),
        ("512M", 512 * MIB),
        (" 4 g ", 4 * GIB),
        ("1.5GiB", 1536 * MIB),
        ("2gb", 2 * GIB),
        ("7b", 7),
        ("3k", 3 * KIB),
        ("2T", 2 * TIB),
    ],
)
def test_written_amounts_are_read_in_powers_of_1024(text: str, amount: int) -> None:
    assert parse_bytes(text) == amount


@pytest.mark.parametrize("text", ["", "g", "-1g", "1 2", "1gg", "4x", "1e3", "1.g", "∞", "nan", "0x10"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 512m"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "—"),
        (0, "0B"),
        (999, "999B"),
        (KIB, "1K"),
        (1536, "1.5K"),
        (100 * MIB, "100M"),
        (999 * MIB, "999M"),
        (1023 * MIB, "1.0G"),
        (int(6.2 * GIB), "6.2G"),
        (80 * GIB, "80G"),
        (2048 * TIB, "2048T"),
    ],
)
def test_bytes_are_shown_with_at_most_three_digits(amount: int | None, text: str) -> None:
    assert format_bytes(amount) == text


@given(st.integers(0, 999 * TIB))
def test_shown_bytes_read_back_are_within_a_twentieth(amount: int) -> None:
    shown = format_bytes(amount)
    assert len(shown) <= 5
    assert abs(parse_bytes(shown) - amount) <= amount / 19 + 1


@pytest.mark.parametrize(
    ("cores", "text"),
    [(None, "—"), (0.0, "0"), (2.0, "2"), (2.004, "2"), (2.1, "2.1"), (0.25, "0.25"), (0.04, "0.04")],
)
def test_cores(cores: float | None, text: str) -> None:
    assert format_cores(cores) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "—"), (-3, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (7200, "2h"), (3 * 86400 + 5, "3d")],
)
def test_age_is_the_largest_whole_unit(seconds: float | None, text: str) -> None:
    assert format_age(seconds) == text


def test_one_core_is_no_plural() -> None:
    assert [cores_in_words(one) for one in (1, 2, 0.5, 1.25)] == [
        "1 core",
        "2 cores",
        "0.5 cores",
        "1.25 cores",
    ]
