"""Batch sessions: a command that is run to its end, and the session with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sessiontui.domain.errors import Problem
from sessiontui.domain.units import KIB, format_bytes

LONGEST_COMMAND = 64 * KIB
"""Bytes of a command: it travels as one argument, of which Linux takes 128 KiB (execve(2))."""

TIMED_OUT = 124
"""What a session exits with whose time was up, as with timeout(1)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch session does."""

    command: str
    """For the shell of the session's user."""
    seconds: int | None = None
    """How long it may take; None: as long as it wants."""
    delete: bool = False
    """Whether the session is to be deleted once its command ended well."""


def batch_problems(batch: Batch) -> Iterator[Problem]:
    """What is wrong with it, by the fields ``batch`` and ``time_limit``."""
    command = batch.command
    if not command.strip():
        yield Problem("batch", "write the command that is to be run")
    elif "\0" in command:
        yield Problem("batch", "a command cannot hold a NUL byte")
    elif not command.isascii() and any("\ud800" <= sign <= "\udfff" for sign in command):
        yield Problem("batch", "the command is not UTF-8")
    elif len(command.encode()) > LONGEST_COMMAND:
        yield Problem("batch", f"a command has at most {format_bytes(LONGEST_COMMAND)}: put it into a file")
    if batch.seconds is not None and batch.seconds < 1:
        yield Problem("time_limit", "a time limit is at least 1 second")
