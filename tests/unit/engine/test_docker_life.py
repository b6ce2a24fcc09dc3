"""What the Docker adapter reads of the memory in use, and of limits that the engine refuses."""

from __future__ import annotations

import pytest

from sessiontui.engine.docker_life import _problem_of, memory_in_use


@pytest.mark.parametrize(
    ("stats", "used"),
    [
        ({"memory_stats": {"usage": 100, "stats": {"total_inactive_file": 30, "inactive_file": 9}}}, 70),
        ({"memory_stats": {"usage": 100, "stats": {"inactive_file": 40}}}, 60),
        ({"memory_stats": {"usage": 10, "stats": {"inactive_file": 40}}}, 0),
        ({"memory_stats": {}}, None),
        ({}, None),
    ],
)
def test_the_cache_that_would_be_given_back_is_not_in_use(stats: dict[str, object], used: int | None) -> None:
    assert memory_in_use(stats) == used


@pytest.mark.parametrize(
    ("message", "field", "words"),
    [
        (
            "unable to set memory limit to 8388608 (current usage: 25165824, peak usage: 33554432)",
            "memory",
            "24M are in use now",
        ),
        ("write memory.limit_in_bytes: device or resource busy", "memory", "more than that is in use"),
        ("x: Range of CPUs is from 0.01 to 2.00", "cpu", "from 0.01 to 2.00"),
        (
            "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set",
            "cpu",
            "by other means",
        ),
    ],
)  # fmt: skip
def test_a_refusal_of_the_engine_names_its_field(message: str, field: str, words: str) -> None:
    problem = _problem_of(message)
    assert problem is not None
    assert problem.field == field
    assert words in problem.message


def test_what_is_no_refusal_of_a_limit_stays_what_it_is() -> None:
    assert _problem_of("the engine is on fire") is None
