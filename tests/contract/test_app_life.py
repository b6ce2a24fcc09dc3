"""The life of apps in real sessions: by hand, killed, never ready, with older scripts."""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import replace

import pytest

from sessiontui.domain.environment import AppPhase, AppState
from sessiontui.domain.errors import AppFailed
from tests.contract.conftest import BROKEN, HTTP, Bench

pytestmark = pytest.mark.beside


def test_an_app_started_by_hand_is_running_and_is_not_ended_by_us(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order())
    docker_bench.engine.run(session, ["sh", "-c", "python3 -m http.server 8000 >/dev/null 2>&1 & sleep 2"])
    by_hand = AppState(AppPhase.RUNNING, "started by other means")
    assert docker_bench.engine.app_states(session, (HTTP,))["http"] == by_hand
    docker_bench.engine.serve(session, HTTP)
    assert docker_bench.engine.app_states(session, (HTTP,))["http"] == by_hand
    with pytest.raises(AppFailed, match="started by other means"):
        docker_bench.engine.end_app(session, HTTP)
    asking = replace(HTTP, question="Directory", answer="/tmp")
    with pytest.raises(AppFailed, match="started by other means"):
        docker_bench.engine.serve(session, asking, answer="/usr")


def test_an_app_that_is_killed_or_never_ready_says_so(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order())
    engine = docker_bench.engine
    engine.serve(session, HTTP)
    engine.run(session, ["sh", "-c", "kill -KILL -$(cat /opt/sessiontui/session/run/http.pid); sleep 1"])
    state = engine.app_states(session, (HTTP,))["http"]
    assert (state.phase, state.reason) == (AppPhase.FAILED, "it was killed")
    never = replace(HTTP, timeout=2, ready="false")
    with pytest.raises(AppFailed, match="was not ready within 2 seconds"):
        engine.serve(session, never)
    engine.serve(session, replace(never, ready="test -e /tmp"))


def test_a_session_whose_scripts_are_older_still_tells_what_listens(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order())
    engine = docker_bench.engine
    assert session.container_id is not None
    old = '#!/bin/sh\n[ "$1" != --ports ] || echo 8000\n'
    remove = "cd /opt/sessiontui/session && rm apps.sh && printf '%s' \"$1\" >app.sh"
    subprocess.run(
        ["docker", "exec", session.container_id, "sh", "-c", remove, "sh", old], check=True, timeout=60
    )
    states = engine.app_states(session, (HTTP, BROKEN))
    assert [states[name].phase for name in ("http", "broken")] == [AppPhase.RUNNING, AppPhase.STOPPED]
    assert engine.app_output(session, HTTP) == ""
    with pytest.raises(AppFailed, match="an older sessiontui made this session"):
        engine.end_app(session, HTTP)


def test_a_name_from_a_strangers_label_leads_nowhere(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order())
    engine = docker_bench.engine
    engine.run(session, ["sh", "-c", "echo precious >/home/work/kept.pid"])
    hostile = replace(HTTP, name="../../../../home/work/kept")
    states = engine.app_states(session, (hostile, replace(HTTP, name="-n"), HTTP))
    assert [one.phase for one in states.values()] == [AppPhase.STOPPED] * 3
    for act in (engine.end_app, engine.serve):
        with pytest.raises(AppFailed, match="bad name"):
            act(session, hostile)
    assert engine.run(session, ["cat", "/home/work/kept.pid"]).output == b"precious\n"


def test_an_app_that_is_ended_while_it_comes_up_keeps_nobody_waiting(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order())
    engine = docker_bench.engine
    slow = replace(HTTP, command="exec sleep 600", timeout=60)
    told: list[AppFailed] = []

    def serve() -> None:
        try:
            engine.serve(session, slow)
        except AppFailed as error:
            told.append(error)

    waiting = threading.Thread(target=serve)
    waiting.start()
    end = time.monotonic() + 20
    while engine.app_states(session, (slow,))["http"].phase is not AppPhase.STARTING:
        assert time.monotonic() < end
    engine.end_app(session, slow)
    waiting.join(20)
    assert [error.message for error in told] == ["Files did not come up: http was ended while it came up"]
    assert engine.app_states(session, (slow,))["http"].phase is AppPhase.STOPPED
    engine.serve(session, HTTP)
