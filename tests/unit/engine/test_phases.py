"""The phase of a container's state, and the reason in words."""

from __future__ import annotations

from typing import Any

import pytest

from sessiontui.domain.session import Phase
from sessiontui.domain.units import GIB
from sessiontui.engine.phases import phase_of


@pytest.mark.parametrize(
    ("state", "phase", "words"),
    [
        ({"Status": "running"}, Phase.RUNNING, ""),
        ({"Status": "exited", "ExitCode": 0}, Phase.FINISHED, ""),
        ({"Status": "exited", "ExitCode": 143}, Phase.STOPPED, ""),
        ({"Status": "exited", "ExitCode": 137}, Phase.STOPPED, "killed"),
        ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, Phase.FAILED, "out of memory (limit 4G"),
        # A program inside was killed for memory once; the session itself was stopped in order.
        (
            {"Status": "exited", "ExitCode": 143, "OOMKilled": True},
            Phase.STOPPED,
            "ran out of memory (limit 4G): resize",
        ),
        ({"Status": "exited", "ExitCode": 3}, Phase.FAILED, "exit code 3"),
        ({"Status": "exited", "ExitCode": 255}, Phase.STOPPED, "the machine went down: start resumes it"),
        (
            {"Status": "exited", "ExitCode": 158},
            Phase.STOPPED,
            "stopped by the engine (restart, reboot,",
        ),
        (
            {"Status": "exited", "ExitCode": 128, "Error": "mkdir /var/lib/x: no space left on device"},
            Phase.FAILED,
            "did not start: no space is left",
        ),
        (
            {
                "Status": "exited",
                "ExitCode": 127,
                "Error": 'error mounting "/data" to rootfs at "/home/work/d":'
                " stat /data: no such file or directory",
            },
            Phase.FAILED,
            "did not start: the folder /data vanished",
        ),
        (
            {"Status": "exited", "ExitCode": 128, "Error": "listen tcp4 127.0.0.1:1: address already in use"},
            Phase.FAILED,
            "port 1 that it keeps is used",
        ),
        ({"Status": "exited", "ExitCode": 127, "Error": "no such file"}, Phase.FAILED, "no such file"),
        ({"Status": "created"}, Phase.FAILED, "launch interrupted"),
        ({"Status": "removing"}, Phase.STOPPING, ""),
        ({"Status": "dead"}, Phase.FAILED, "delete it again"),
        ({"Status": "paused"}, Phase.STOPPED, "start goes on"),
        ({"Status": "restarting"}, Phase.PREPARING, "restarting"),
        ({}, Phase.FAILED, ""),
    ],
)
def test_phase(state: dict[str, Any], phase: Phase, words: str) -> None:
    found, reason, _ = phase_of(state, memory=4 * GIB, launcher_lives=False)
    assert found is phase
    assert words in reason if words else reason == "" or not state


def test_a_created_container_is_preparing_while_its_launcher_lives() -> None:
    assert phase_of({"Status": "created"}, memory=0, launcher_lives=True)[0] is Phase.PREPARING
