"""How a batch session ended, from the state of its container."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sessiontui.domain.batch import TIMED_OUT, Batch
from sessiontui.domain.session import Phase
from sessiontui.domain.units import format_age, format_duration

_BY_SIGNAL = frozenset((137, 143, 158))
"""What SIGKILL, SIGTERM and SIGPWR leave, by which a session is ended from outside."""


def end_of_batch(state: Mapping[str, Any], batch: Batch) -> tuple[Phase, str] | None:
    """Phase and reason from ``State`` of an ended container, where its command's own code is the reason.

    None where something else ended it: a signal, the kernel for want of memory, a start that failed.
    """
    code, took = state.get("ExitCode"), _seconds(state)
    if state.get("Error") or not isinstance(code, int):
        return None
    if code == 0:
        # A program of the command may have been killed for memory: the command took it in its stride.
        return Phase.FINISHED, "" if took is None else f"took {format_age(took)}"
    if state.get("OOMKilled") or code in _BY_SIGNAL:
        return None
    if code == TIMED_OUT and batch.seconds is not None and (took is None or took >= batch.seconds):
        return Phase.FAILED, f"ran out of its time ({format_duration(batch.seconds)})"
    words = f"exit code {code}" + ("" if took is None else f" after {format_age(took)}")
    if code == 255:
        # What the engine writes for a container that ran when it, or the machine, went down.
        words += ", or the engine or the machine went down"
    return Phase.FAILED, words


def _seconds(state: Mapping[str, Any]) -> float | None:
    """How long it ran, by the engine's clock."""
    try:
        began, ended = (datetime.fromisoformat(str(state.get(one))) for one in ("StartedAt", "FinishedAt"))
        # A zero time is the engine's word for never.
        if began.year == 1 or ended.year == 1:
            return None
        return max(0.0, (ended - began).total_seconds())
    except (ValueError, TypeError):
        return None
