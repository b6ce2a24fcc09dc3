"""How a batch session ended, in words."""

from __future__ import annotations

from typing import Any

import pytest

from sessiontui.domain.batch import Batch
from sessiontui.domain.session import Phase
from sessiontui.domain.units import GIB
from sessiontui.engine.phases import phase_of

BEGAN = {"Status": "exited", "StartedAt": "2026-01-01T10:00:00.5Z", "FinishedAt": "2026-01-01T12:00:01.25Z"}


@pytest.mark.parametrize(
    ("state", "phase", "words"),
    [
        ({"ExitCode": 0}, Phase.FINISHED, "took 2h"),
        ({"ExitCode": 0, "FinishedAt": "0001-01-01T00:00:00Z"}, Phase.FINISHED, ""),
        ({"ExitCode": 0, "FinishedAt": 12}, Phase.FINISHED, ""),
        ({"ExitCode": 0, "OOMKilled": True}, Phase.FINISHED, "took 2h"),
        ({"ExitCode": 3}, Phase.FAILED, "exit code 3 after 2h"),
        ({"ExitCode": 124}, Phase.FAILED, "ran out of its time (1h30m)"),
        ({"ExitCode": 124, "FinishedAt": "2026-01-01T10:05:00Z"}, Phase.FAILED, "exit code 124 after 4m"),
        ({"ExitCode": 143}, Phase.STOPPED, ""),
        ({"ExitCode": 137}, Phase.STOPPED, "killed: start resumes it"),
        (
            {"ExitCode": 137, "OOMKilled": True},
            Phase.FAILED,
            "out of memory (limit 4G, all of it used): resize it, then start it",
        ),
        ({"ExitCode": 255}, Phase.FAILED, "exit code 255 after 2h, or the engine or the machine went down"),
        ({"ExitCode": 127, "Error": "no such file"}, Phase.FAILED, "did not start: no such file"),
        ({"Status": "running"}, Phase.RUNNING, ""),
    ],
)
def test_the_end_of_a_batch_session(state: dict[str, Any], phase: Phase, words: str) -> None:
    batch = Batch("make", 5400)
    found, reason, _ = phase_of({**BEGAN, **state}, memory=4 * GIB, launcher_lives=False, batch=batch)
    assert (found, reason) == (phase, words)
