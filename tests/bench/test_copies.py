"""The short form of the benchmark of copies, and its bound."""

from __future__ import annotations

from tests.bench import copies, report


def test_a_program_is_held_to_its_share_of_docker_cp() -> None:
    into, out = copies._WAYS
    speeds = {
        ("docker cp", into): [90e6, 100e6], ("docker cp", out): [400e6],
        ("scp", into): [1e6, 50e6], ("scp", out): [199e6],
    }  # fmt: skip
    within, beyond = copies.lines(speeds, 0.5)
    assert (within.passed, beyond.passed) == (True, False)
    assert "50 MB/s = 0.50 ×" in within.measured


def test_no_program_is_much_slower_than_docker_cp() -> None:
    lines = copies.lines(copies.measured(copies.SHORT, print), copies.GENEROUS)
    assert all(line.passed for line in lines), report.table(lines)
