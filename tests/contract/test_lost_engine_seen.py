"""What a person sees of twenty sessions while their engine is restarted or killed, and after it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.domain.session import Phase, Session
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.widgets.session_list import SessionList
from tests.contract.conftest import Bench
from tests.pilot.stage import until
from tests.pilot.test_dashboard import main, names, text
from tests.private_engine import IMAGE, PrivateEngine, private_engine
from tests.real_dashboard import real_dashboard

COUNT = 20
NAMES = [f"lucky-{number:02}" for number in range(COUNT)]
LIVE = "--live-restore"
RESYNC = 2.0
"""Seconds after the engine's return until all is as the engine has it."""


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    with private_engine(tmp_path_factory.mktemp("packages"), options=[LIVE]) as private:
        bench = Bench(private.client(), IMAGE, tmp_path_factory.mktemp("folders"), real=True)
        try:
            with ThreadPoolExecutor(4) as threads:
                orders = [replace(bench.order(name), apps=()) for name in NAMES]
                list(threads.map(bench.launch, orders))
            yield private
        finally:
            private.start()
            engine = private.client()
            with ThreadPoolExecutor(4) as threads:
                list(threads.map(engine.delete, engine.sessions()))
            assert not engine._link.client.containers(all=True)
            assert not engine._link.client.volumes()["Volumes"]


def all_running(private: PrivateEngine) -> dict[str, Session]:
    """The sessions by name, those started that do not run."""
    engine = private.client()
    with ThreadPoolExecutor(4) as threads:
        stopped = [one for one in engine.sessions() if one.phase is not Phase.RUNNING]
        list(threads.map(engine.start, stopped))
    found = {one.name: one for one in engine.sessions()}
    engine.close()
    assert sorted(found) == NAMES
    return found


def phases(app: SessiontuiApp) -> set[Phase]:
    return {one.phase for one in app.picture.sessions}


@pytest.mark.parametrize(
    ("number", "live", "seconds"),
    [
        (signal.SIGKILL, True, 0.0),
        (signal.SIGTERM, True, 0.0),
        (signal.SIGTERM, False, 0.0),
        # So long that it is asked seldom: the return is seen in time nevertheless.
        (signal.SIGKILL, False, 3.0),
    ],
    ids=["killed-live-restore", "restarted-live-restore", "restarted", "killed"],
)
async def test_the_last_picture_stays_with_its_age_and_is_made_anew_on_the_return(
    private: PrivateEngine, tmp_path: Path, number: signal.Signals, live: bool, seconds: float
) -> None:
    if live != (LIVE in private.options):
        private.signal(signal.SIGTERM)
        private.options = [LIVE] if live else []
        private.start()
    before = all_running(private)
    async with real_dashboard(private.environ, tmp_path) as (pilot, app):
        await until(pilot, lambda: names(app) == NAMES and phases(app) == {Phase.RUNNING})
        await pilot.press("2", "down", "down")
        selected = main(app).session
        assert selected is not None

        killing = asyncio.create_task(asyncio.to_thread(private.signal, number))
        await until(pilot, lambda: app.picture.trouble)
        assert "old; trying again" in text(app, "#banner")
        await killing
        assert main(app).query_one(SessionList).has_class("-stale")
        # Nothing is known of them any more, so what was known stays.
        assert names(app) == NAMES
        await pilot.press("x")
        await asyncio.sleep(seconds)

        await asyncio.to_thread(private.start)
        returned = time.monotonic()
        await until(pilot, lambda: not app.picture.trouble)
        after = private.client()
        want = {one.id: one.phase for one in after.sessions()}
        after.close()
        await until(pilot, lambda: {one.id: one.phase for one in app.picture.sessions} == want)
        assert time.monotonic() - returned <= RESYNC

        assert names(app) == NAMES
        assert not main(app).query_one("#banner").display
        assert not main(app).query_one(SessionList).has_class("-stale")
        now = main(app).session
        assert now is not None
        assert now.id == selected.id
        assert phases(app) == ({Phase.RUNNING} if live else {Phase.STOPPED})
        pids = {one.name: one.pid for one in private.client().sessions()}
        if live:
            assert pids == {one.name: one.pid for one in before.values()}, "they went on all the time"
        # What comes now is heard of again.
        engine = private.client()
        if live:
            engine.stop(before[NAMES[0]])
        else:
            engine.start(before[NAMES[0]])
        engine.close()
        changed = Phase.STOPPED if live else Phase.RUNNING
        await until(
            pilot, lambda: [one.phase for one in app.picture.sessions if one.name == NAMES[0]] == [changed]
        )
