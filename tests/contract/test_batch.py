"""Batch sessions run their command to its end, and every end reads right. On both engines."""

from __future__ import annotations

import time

import pytest

from sessiontui.domain.batch import Batch
from sessiontui.domain.errors import EngineError
from sessiontui.domain.session import Phase, Session
from tests.contract.conftest import Bench

pytestmark = pytest.mark.beside


def ended(bench: Bench, session: Session, seconds: float = 30) -> Session:
    """The session once it does not run any more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        (now,) = (one for one in bench.engine.sessions() if one.id == session.id)
        if not now.phase.live:
            return now
        time.sleep(0.05)
    pytest.fail(f"{session.name} still runs after {seconds} seconds")


def launch(bench: Bench, command: str, seconds: int | None = None, **changes: object) -> Session:
    return bench.launch(bench.order("", batch=Batch(command, seconds), **changes))


def output(bench: Bench, session: Session) -> bytes:
    return b"".join(bench.engine.logs(session))


def test_a_command_that_ends_well_is_finished_and_what_it_printed_stays(bench: Bench) -> None:
    session = ended(bench, launch(bench, "echo one; echo two"))
    assert (session.phase, session.exit_code) == (Phase.FINISHED, 0)
    assert session.reason.startswith("took ")
    assert session.batch == Batch("echo one; echo two")
    assert session.ended_at is not None
    assert b"one\ntwo\n" in output(bench, session)
    with pytest.raises(EngineError):
        bench.engine.run(session, ["true"])


def test_a_command_that_fails_is_failed_with_its_code(bench: Bench) -> None:
    session = ended(bench, launch(bench, "echo oh; exit 3"))
    assert (session.phase, session.exit_code) == (Phase.FAILED, 3)
    assert session.reason.startswith("exit code 3 after ")
    assert b"oh\n" in output(bench, session)
    # Who stops it by a list that is out of date changes nothing about how it ended.
    assert bench.engine.stop(session) == session


def test_a_command_that_takes_too_long_runs_out_of_its_time(bench: Bench) -> None:
    session = ended(bench, launch(bench, "echo begun; sleep 100", seconds=1))
    assert (session.phase, session.exit_code) == (Phase.FAILED, 124)
    assert session.reason == "ran out of its time (1s)"
    assert b"begun\n" in output(bench, session)


def test_a_batch_session_is_a_session_while_it_runs_and_starts_anew(bench: Bench) -> None:
    session = launch(bench, "echo begun; sleep 100", secrets=(("TOKEN", "it's $ecret"),))
    assert session.phase is Phase.RUNNING
    assert bench.engine.run(session, ["echo", "hello"]).output == b"hello\n"
    bench.engine.serve(session, session.apps[0])
    stopped = bench.engine.stop(session)
    assert (stopped.phase, stopped.reason) == (Phase.STOPPED, "")
    again = bench.engine.start(stopped)
    assert again.phase is Phase.RUNNING
    assert bench.engine.run(again, ["printenv", "TOKEN"]).output == b"it's $ecret\n"
    assert bench.engine.stop(again).phase is Phase.STOPPED
    assert output(bench, session).count(b"begun\n") == 2
