"""Rates from counters."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.usage import Reading, Usage, usage_between

SECOND = 1_000_000_000
FULL = Reading(
    at=10.0,
    cpu_ns=5 * SECOND,
    memory=100,
    memory_peak=150,
    periods=40,
    throttled_periods=10,
    pids=3,
    read_bytes=1000,
    written_bytes=2000,
    received_bytes=3000,
    sent_bytes=4000,
    oom_kills=1,
    cpu_limit=2.0,
    memory_limit=500,
)
LEVELS = Usage(memory=100, memory_peak=150, pids=3, oom_kills=1, cpu_limit=2.0, memory_limit=500)
RATES = {
    "cpu": "cpu_ns",
    "read": "read_bytes",
    "written": "written_bytes",
    "received": "received_bytes",
    "sent": "sent_bytes",
}


def later(seconds: float = 2.0, /, **changes: Any) -> Reading:
    """The full reading some seconds on, with changes."""
    return replace(FULL, at=FULL.at + seconds, **changes)


def test_cpu_is_time_spent_by_time_passed() -> None:
    assert usage_between(Reading(10, 5 * SECOND, 100), Reading(12, 8 * SECOND, 200)) == Usage(1.5, 200)


def test_every_counter_becomes_a_rate() -> None:
    usage = usage_between(
        FULL,
        later(
            cpu_ns=8 * SECOND,
            periods=60,
            throttled_periods=15,
            read_bytes=1100,
            written_bytes=2400,
            received_bytes=3001,
            sent_bytes=4000,
        ),
    )
    assert usage == replace(LEVELS, cpu=1.5, throttled=0.25, read=50.0, written=200.0, received=0.5, sent=0.0)


def test_first_reading_tells_levels_only() -> None:
    assert usage_between(None, Reading(10, 5 * SECOND, 100)) == Usage(None, 100)
    assert usage_between(None, FULL) == LEVELS


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_time_passed_gives_no_rate(seconds: float) -> None:
    assert usage_between(FULL, later(seconds, cpu_ns=6 * SECOND)) == LEVELS


def test_cpu_time_that_went_back_is_another_start_and_no_rate_is_known() -> None:
    assert usage_between(FULL, later(cpu_ns=SECOND, received_bytes=9000)) == LEVELS


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate != "cpu"])
def test_counter_that_went_back_leaves_its_own_rate_unknown(rate: str) -> None:
    usage = usage_between(FULL, later(**{RATES[rate]: 1}))
    assert getattr(usage, rate) is None
    assert {getattr(usage, other) for other in RATES if other != rate} == {0.0}


@pytest.mark.parametrize("changes", [{"periods": 39}, {"throttled_periods": 9}, {"periods": None}])
def test_throttling_is_unknown_where_its_counters_are(changes: dict[str, int | None]) -> None:
    usage = usage_between(FULL, later(**changes))
    assert usage.throttled is None
    assert usage.cpu == 0.0


def test_session_that_did_not_want_to_run_was_not_held_back() -> None:
    assert usage_between(FULL, later()).throttled == 0.0
    assert usage_between(replace(FULL, cpu_ns=None), later()).throttled is None


def test_figures_a_source_lacks_stay_unknown() -> None:
    assert usage_between(Reading(1), Reading(2)) == Usage()
    assert usage_between(Reading(1, SECOND), Reading(2)) == Usage()


counter = st.none() | st.integers(0, 2**62)
reading = st.builds(
    Reading,
    st.floats(0, 1e9),
    **{field.name: counter for field in fields(Reading) if field.name != "at"},
)


@given(st.none() | reading, reading)
def test_rates_are_unknown_or_not_negative_and_levels_are_as_read(
    earlier: Reading | None, now: Reading
) -> None:
    usage = usage_between(earlier, now)
    for rate, name in RATES.items():
        value = getattr(usage, rate)
        assert value is None or value >= 0
        if earlier is None or getattr(earlier, name) is None or getattr(now, name) is None:
            assert value is None
    assert usage.throttled is None or 0 <= usage.throttled <= 1
    for level in ("memory", "memory_peak", "pids", "oom_kills", "cpu_limit", "memory_limit"):
        assert getattr(usage, level) == getattr(now, level)
