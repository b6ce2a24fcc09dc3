"""What the command of a played batch session does."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime

from sessiontui.domain.batch import TIMED_OUT, Batch
from sessiontui.domain.session import Session
from sessiontui.engine.phases import phase_of


def played(batch: Batch) -> tuple[bytes, int | None]:
    """What it prints, and its exit code; None where it runs on.

    Knows ``echo``, ``sleep``, ``exit``, ``true`` and ``false``, joined by ``;``. A sleep that the time
    limit does not cut short never ends, any other command ends at once.
    """
    output, code = b"", 0
    for part in batch.command.split(";"):
        match shlex.split(part):
            case ["echo", *words]:
                output, code = output + " ".join(words).encode() + b"\n", 0
            case ["sleep", seconds]:
                if batch.seconds is None or batch.seconds > float(seconds):
                    return output, None
                return output, TIMED_OUT
            case ["exit", number]:
                return output, int(number)
            case ["false"]:
                code = 1
            case []:
                continue
            case _:
                code = 0
    return output, code


def ended_at(session: Session, code: int, now: datetime) -> Session:
    """The session once its container has ended with that code."""
    state = {
        "Status": "exited",
        "ExitCode": code,
        "StartedAt": (session.started_at or now).isoformat(),
        "FinishedAt": now.isoformat(),
    }
    if code == TIMED_OUT and session.batch is not None and session.batch.seconds is not None:
        # Played time does not pass.
        del state["StartedAt"]
    phase, reason, _ = phase_of(state, memory=session.ask.memory, launcher_lives=False, batch=session.batch)
    return replace(session, phase=phase, reason=reason, exit_code=code, ended_at=now, pid=None)
