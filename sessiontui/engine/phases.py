"""The phase of a session, and why, from the state of its container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessiontui.domain.batch import Batch
from sessiontui.domain.session import Phase
from sessiontui.domain.units import format_bytes
from sessiontui.engine.batch_ends import end_of_batch
from sessiontui.engine.start_errors import why_not_started

INTERRUPTED = "launch interrupted"
"""Begins the reason of a session that was created and never started."""


RUNS = ("running", "paused", "restarting")
"""States, as the engine has them, of a container that has what it was given."""

LIVE = ("created", *RUNS)
"""Those, and that of one that is about to have it."""

STOPPED_CODE = 143
"""What a session exits with that was stopped by us: SIGTERM."""

FOREIGN_STOP_CODE = 158
"""What it exits with when the engine ends it by its own signal: see ``STOP_SIGNAL`` of the payload."""

KILLED_CODE = 137
"""What it exits with that was ended by force: SIGKILL."""

LOST_CODE = 255
"""What the engine writes for a container that ran when it, or the machine, went down without a word."""


def phase_of(
    state: Mapping[str, Any], *, memory: int, launcher_lives: bool, batch: Batch | None = None
) -> tuple[Phase, str, int | None]:
    """Phase, reason and exit code from ``State`` of the engine API's container inspect.

    The session's own process ends only by a signal from outside: which one, its exit code tells. That of
    a ``batch`` session ends with its command. ``launcher_lives`` says whether whoever created the container
    may still be at it.
    """
    status = state.get("Status")
    if status == "created":
        if launcher_lives:
            return Phase.PREPARING, "", None
        words = f"{INTERRUPTED}: start it to finish the launch, or delete it"
        return Phase.FAILED, words, None
    if status == "running":
        return Phase.RUNNING, "", None
    if status == "paused":
        return Phase.STOPPED, "paused by other means: start goes on", None
    if status == "restarting":
        return Phase.PREPARING, "restarting", None
    if status == "removing":
        return Phase.STOPPING, "", None
    code = state.get("ExitCode")
    code = code if isinstance(code, int) else None
    if status == "dead":
        return Phase.FAILED, "the engine could not remove it in full: delete it again", code
    if batch is not None and (end := end_of_batch(state, batch)) is not None:
        return *end, code
    limit = f"limit {format_bytes(memory)}"
    if state.get("OOMKilled") and code == STOPPED_CODE:
        return Phase.STOPPED, f"stopped; some of its programs ran out of memory ({limit}): resize it", code
    if state.get("OOMKilled"):
        return Phase.FAILED, f"out of memory ({limit}, all of it used): resize it, then start it", code
    if error := str(state.get("Error") or ""):
        return Phase.FAILED, f"did not start: {why_not_started(error)[0]}", code
    if code == 0:
        return Phase.FINISHED, "", code
    if code == STOPPED_CODE:
        return Phase.STOPPED, "", code
    if code == KILLED_CODE:
        return Phase.STOPPED, "killed: start resumes it", code
    if code == LOST_CODE:
        return Phase.STOPPED, "the engine or the machine went down: start resumes it", code
    if code == FOREIGN_STOP_CODE:
        words = "stopped by the engine (restart, reboot, docker stop): start resumes it"
        return Phase.STOPPED, words, code
    return Phase.FAILED, f"ended with exit code {code}: see its logs", code
