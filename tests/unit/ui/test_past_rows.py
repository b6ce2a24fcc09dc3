"""What the history says of an end."""

from __future__ import annotations

from dataclasses import replace

from sessiontui.domain.session import Phase
from sessiontui.ui import past_rows
from tests.pilot.stage import Stage


def test_the_end_of_one_that_was_deleted_while_it_ran_says_so() -> None:
    session = Stage().put("one")
    assert past_rows._end(session) == "deleted while running"
    assert past_rows._end(replace(session, phase=Phase.STOPPED)) == "stopped"
    assert past_rows._end(replace(session, phase=Phase.FAILED, exit_code=3)) == "failed: exit code 3"
