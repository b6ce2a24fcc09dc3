"""How often the meters are looked at."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import pytest
from textual.app import App

from sessiontui.actions.observe import Observer
from sessiontui.actions.ports import Ports
from sessiontui.engine.memory import MemoryEngine
from sessiontui.storage.memory_records import MemoryRecords
from sessiontui.ui.ticker import Pace, Ticker
from tests.pilot.stage import ALICE, ListedEnvironments, QuietHost, ScriptedMachine, ScriptedMeter, TwoFolders


def test_in_calm_looks_come_at_the_interval_whatever_they_take() -> None:
    pace = Pace(1.0, 100.0)
    assert pace.pause(100.0, 100.2, behind=False) == pytest.approx(0.8)
    assert pace.pause(101.01, 101.3, behind=False) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("woke", "now", "behind"),
    [(100.0, 100.1, True), (100.5, 100.6, False), (100.0, 100.7, False)],
    ids=["the terminal does not take it", "the machine wakes us late", "the look takes long"],
)
def test_strain_makes_looks_rarer_up_to_a_limit(woke: float, now: float, behind: bool) -> None:
    pace = Pace(1.0, 100.0)
    pace.pause(woke, now, behind=behind)
    assert pace.period == 2.0
    for _ in range(10):
        now += 100
        pace.pause(now - 50, now, behind=True)
    assert pace.period == 10.0


def test_calm_brings_the_interval_back() -> None:
    pace, now = Pace(1.0, 100.0), 100.0
    pace.pause(now, now + 0.1, behind=True)
    for _ in range(10):
        now += pace.pause(now, now, behind=False)
    assert pace.period == 1.0


def test_a_look_that_was_missed_is_not_made_up_for() -> None:
    pace = Pace(1.0, 100.0)
    assert pace.pause(100.0, 107.0, behind=False) == 0.0
    assert pace.pause(107.0, 107.1, behind=False) == pytest.approx(pace.period - 0.1)


def test_without_an_engine_the_meters_are_looked_at_no_more_often() -> None:
    engine, meter = MemoryEngine(), ScriptedMeter()
    engine.down = True
    observer = Observer(
        Ports(
            engine,
            meter,
            ScriptedMachine(),
            TwoFolders(),
            ListedEnvironments(),
            QuietHost(),
            ALICE,
            MemoryRecords(),
        ),
        time.time,
    )
    observer.resync()

    async def tick() -> None:
        app: App[Any] = App()
        ticker = Ticker(app, observer, lambda picture: None, frozenset)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ticker.run(5.0), 1.0)

    asyncio.run(tick())
    assert meter.looks == 1
