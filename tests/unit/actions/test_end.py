"""Stopping, starting and deleting: only what is one's own and understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.actions import end, resize
from sessiontui.actions.app_life import app_output, end_app, offered_apps
from sessiontui.actions.ports import Ports, find_session
from sessiontui.domain.errors import NotYours, Unknown
from sessiontui.domain.session import SCHEMA, Owner, Session
from sessiontui.engine.memory import MemoryEngine
from tests.unit.actions.test_open_app import OWNER, SESSION, ports

__all__ = ["ports"]

ACTIONS: list[Callable[[Ports, Session], object]] = [
    end.losses, end.stop, end.start, end.kill, end.delete, offered_apps, resize.room,
    lambda ports, session: resize.resize(ports, session, 1),
    lambda ports, session: end_app(ports, session, "ssh"),
    lambda ports, session: app_output(ports, session, "ssh"),
]  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("change", "words"),
    [({"schema": SCHEMA + 1}, "newer sessiontui"), ({"owner": Owner("bob", 1001, 1001)}, "belongs to bob")],
)
def test_what_is_anothers_or_of_a_later_version_is_shown_and_not_touched(
    ports: Ports, action: Callable[[Ports, Session], object], change: dict[str, object], words: str
) -> None:
    assert isinstance(ports.engine, MemoryEngine)
    session = ports.engine.put(replace(SESSION, **change))  # type: ignore[arg-type]
    with pytest.raises(NotYours, match=words):
        action(ports, session)
    assert ports.engine.sessions() == (session,)


def test_a_name_wins_over_an_id_that_reads_the_same(ports: Ports, tmp_path: Path) -> None:
    assert isinstance(ports.engine, MemoryEngine)
    named = ports.engine.put(replace(SESSION, id="ffffffffffff", name=SESSION.id))
    assert find_session(ports.engine, SESSION.id, OWNER) == named
    assert find_session(ports.engine, "ffffffffffff", OWNER) == named
    with pytest.raises(Unknown):
        find_session(ports.engine, "nobody", OWNER)
