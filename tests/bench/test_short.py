"""The short form of the benchmark: what is twice as bad as it must be is not let through."""

from __future__ import annotations

from pathlib import Path

from tests.bench import report
from tests.bench.course import SHORT, Programs
from tests.bench.run import measured


def test_nothing_costs_twice_what_it_may(tmp_path: Path) -> None:
    lines = report.lines(measured(SHORT, Programs(tmp_path), print), report.GENEROUS)
    assert all(line.passed for line in lines), report.table(lines)
