"""What is kept of a deleted session comes back whole, and garbage reads as something or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.record import read_record, record_json, record_of
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.phases import INTERRUPTED, phase_of
from tests.sessions import NOW, session, sessions, words


@given(sessions)
def test_a_record_comes_back_from_its_json(one: Session) -> None:
    record = record_of(one, NOW, "bob")
    assert read_record(json.loads(json.dumps(record_json(record)))) == record


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | words,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(sorted(record_json(record_of(session(), NOW, "bob")))), inner)
        ),
    ),
    st.sampled_from(sorted(record_json(record_of(session(), NOW, "bob")))),
)
def test_any_garbage_reads_as_something_or_nothing(garbage: object, key: str) -> None:
    read_record(garbage)
    spoilt = {**record_json(record_of(session(), NOW, "bob")), key: garbage}
    record = read_record(spoilt)
    assert record is None or isinstance(record.session.phase, Phase)


def test_a_session_that_runs_ends_with_its_delete() -> None:
    later = NOW + timedelta(hours=1)
    running = session(phase=Phase.RUNNING, ended_at=None, exit_code=None, container_id="abc", pid=7)
    kept = record_of(running, later, "bob").session
    assert (kept.phase, kept.ended_at, kept.container_id, kept.pid) == (Phase.RUNNING, later, None, None)
    stopped = replace(running, phase=Phase.STOPPED, ended_at=NOW)
    assert record_of(stopped, later, "bob").session.ended_at == NOW


@pytest.mark.parametrize("missing", ["id", "name", "deleted_at", "owner"])
def test_without_what_it_is_about_it_is_none(missing: str) -> None:
    told = record_json(record_of(session(), NOW, "bob"))
    assert read_record({**told, missing: ""}) is None


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"ExitCode": 137}, "killed"),
        ({"ExitCode": 255}, "the engine or the machine went down"),
        ({"ExitCode": 3}, "ended with exit code 3"),
        ({"ExitCode": 137, "OOMKilled": True}, "out of memory (limit 1G, all of it used)"),
        ({"Status": "paused"}, "paused by other means"),
        ({"Status": "created"}, INTERRUPTED),
    ],
)
def test_a_record_says_why_it_ended_and_not_what_could_be_done_about_it(
    state: dict[str, object], told: str
) -> None:
    phase, reason, _ = phase_of({"Status": "exited", **state}, memory=1 << 30, launcher_lives=False)
    assert reason.startswith(f"{told}: ")
    assert record_of(session(phase=phase, reason=reason), NOW, "bob").session.reason == told
