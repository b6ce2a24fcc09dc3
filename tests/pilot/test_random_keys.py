"""Keys in bursts, faster than dialogs open, while sessions come and go: nothing of it ends the dashboard."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from tests.pilot.stage import ALICE, busy, opened
from tests.pilot.test_folders_tab import with_root
from tests.pilot.test_history import records

KEYS = (
    "1 2 3 4 5 left_square_bracket right_square_bracket d x n z E R space ctrl+a escape escape enter t "
    "i a e f l w v c o r slash down up tab p question_mark ctrl+l ctrl+o h S m delete y k ctrl+r"
).split()
BURSTS = 60


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_typed_the_dashboard_goes_on(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    stage = with_root(tmp_path / "folders")
    for name in ("data", "models"):
        stage.storage.create(name)
    for session in busy().engine.sessions():
        stage.engine.put(replace(session, owner=stage.owner if session.owner == ALICE else session.owner))
    stage.records = records("one", "two")
    typed: list[str] = []
    async with opened(stage, chance.choice([(80, 24), (120, 36), (60, 20)])) as (pilot, app):
        for burst in range(BURSTS):
            for _ in range(chance.choice([1, 1, 2, 4])):
                key = chance.choice(KEYS)
                typed.append(key)
                app.post_message(events.Key(key, key if len(key) == 1 else None))
            sessions = stage.engine.sessions()
            if sessions and chance.random() < 0.15:
                stage.engine.remove(chance.choice(sessions).id)
            if chance.random() < 0.1:
                stage.put(f"s{burst}", owner=stage.owner)
            await asyncio.sleep(chance.choice([0, 0, 0.01, 0.05]))
            assert app._exception is None, typed
        await pilot.pause()
        assert app.is_running, typed
