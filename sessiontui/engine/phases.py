"""The phase of a session, and why, from the state of its container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessiontui.domain.batch import Batch
from sessiontui.domain.session import Phase
from sessiontui.domain.units import format_bytes
from sessiontui.engine.batch_ends import end_of_batch

INTERRUPTED = "launch interrupted"
"""Begins the reason of a session that was created and never started."""


STOPPED_CODE = 143
"""What a container exits with that was stopped: SIGTERM."""


def phase_of(
    state: Mapping[str, Any], *, memory: int, launcher_lives: bool, batch: Batch | None = None
) -> tuple[Phase, str, int | None]:
    """Phase, reason and exit code from ``State`` of the engine API's container inspect.

    The session's own process ends only by a signal from outside, so 143 (SIGTERM) and 137 (SIGKILL)
    are stops; a ``batch`` session's ends with its command. ``launcher_lives`` says whether whoever
    created the container may still be at it.
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
    if state.get("OOMKilled") and code != STOPPED_CODE:
        return Phase.FAILED, f"out of memory (limit {format_bytes(memory)})", code
    if any(words in str(state.get("Error")) for words in ("already allocated", "already in use")):
        return Phase.FAILED, "did not start: a port it keeps is used by another program", code
    if state.get("Error"):
        return Phase.FAILED, f"did not start: {state['Error']}", code
    if code == 0:
        return Phase.FINISHED, "", code
    if code == STOPPED_CODE:
        return Phase.STOPPED, "", code
    if code == 137:
        return Phase.STOPPED, "killed", code
    if code == 255:
        # What the engine writes for a container that ran when it, or the machine, went down.
        return Phase.STOPPED, "ended when the engine or the machine went down", code
    return Phase.FAILED, f"ended with exit code {code}: see its logs", code
