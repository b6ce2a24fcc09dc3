"""Rates from counters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.usage import Reading, Usage, usage_between

SECOND = 1_000_000_000


def test_cpu_is_time_spent_by_time_passed() -> None:
    assert usage_between(Reading(10, 5 * SECOND, 100), Reading(12, 8 * SECOND, 200)) == Usage(1.5, 200)


def test_first_reading_tells_memory_only() -> None:
    assert usage_between(None, Reading(10, 5 * SECOND, 100)) == Usage(None, 100)


def test_counter_that_went_back_is_another_start() -> None:
    assert usage_between(Reading(10, 5 * SECOND), Reading(12, SECOND)).cpu is None


def test_no_time_passed_gives_no_rate() -> None:
    assert usage_between(Reading(10, 5 * SECOND), Reading(10, 6 * SECOND)).cpu is None
    assert usage_between(Reading(10, 5 * SECOND), Reading(9, 6 * SECOND)).cpu is None


def test_figures_a_source_lacks_stay_unknown() -> None:
    assert usage_between(Reading(1), Reading(2)) == Usage(None, None)
    assert usage_between(Reading(1, SECOND), Reading(2)) == Usage(None, None)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.integers(0, 2**62), st.integers(0, 2**62))
def test_rate_is_unknown_or_not_negative(early: float, late: float, before: int, after: int) -> None:
    cpu = usage_between(Reading(early, before), Reading(late, after)).cpu
    assert cpu is None or cpu >= 0
