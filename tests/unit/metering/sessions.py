"""Sessions to be metered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB

CONTAINER = "4fd1c2b7" * 8
OTHER_CONTAINER = "0a1b2c3d" * 8

RUNNING = Session(
    "s1",
    "nifty-bohr",
    Owner("alice", 1000, 1000),
    Phase.RUNNING,
    "python",
    "3.12",
    "sessiontui/python:3.12",
    Ask(2, 4 * GIB),
    datetime(2026, 1, 1, tzinfo=UTC),
    container_id=CONTAINER,
    pid=4321,
)


def running(number: int) -> Session:
    """One of many."""
    return replace(RUNNING, id=f"s{number}", container_id=f"{number:064x}", pid=1000 + number)
