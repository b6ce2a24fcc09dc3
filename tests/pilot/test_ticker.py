"""The tick on an open dashboard: a meter that hangs and a terminal that does not take what is drawn."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from textual.app import App
from textual.drivers._writer_thread import WriterThread

from sessiontui.domain.session import Session
from sessiontui.domain.usage import Reading
from sessiontui.ui.picture_taken import PictureTaken
from sessiontui.ui.ticker import Ticker, terminal_is_behind
from sessiontui.ui.widgets.session_list import SessionList
from tests.pilot.stage import ScriptedMeter, Stage, busy, opened, until


@dataclass
class HangingMeter(ScriptedMeter):
    """Answers while it is let."""

    answers: threading.Event = field(default_factory=threading.Event)

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        self.answers.wait(10)
        return super().readings(sessions, shown)


async def test_a_meter_that_hangs_takes_its_figures_along_and_nothing_else() -> None:
    stage: Stage = busy()
    meter = HangingMeter(stage.meter.use)
    meter.answers.set()
    stage.meter = meter
    async with opened(stage) as (pilot, app):
        ticker = Ticker(
            app, app.desk.observer, lambda picture: app.post_message(PictureTaken(picture)), frozenset
        )
        app.run_worker(ticker.run(0.1), group="poller")
        await until(pilot, lambda: app.picture.usage["id-nifty-bohr"].cpu is not None)
        meter.answers.clear()
        await until(pilot, lambda: not app.picture.usage)
        listing = app.screen.query_one(SessionList)
        assert "—/4" in listing.render_line(4).text
        before = listing.selected
        await pilot.press("down")
        assert listing.selected != before, "keys do not wait for it"
        meter.answers.set()
        await until(pilot, lambda: "id-nifty-bohr" in app.picture.usage)


async def test_a_terminal_that_takes_nothing_is_behind() -> None:
    reading, writing = os.pipe()
    with io.TextIOWrapper(os.fdopen(writing, "wb", buffering=0), write_through=True) as pipe:
        writer = WriterThread(pipe)
        writer.start()
        app: App[None] = App()
        app._driver = SimpleNamespace(_writer_thread=writer)  # type: ignore[assignment] # its queue is real
        assert not terminal_is_behind(app)
        # More than a pipe holds: the thread waits in the middle of the first.
        writer.write("x" * 1_000_000)
        writer.write("y")
        await asyncio.sleep(0.05)
        assert terminal_is_behind(app)
        with os.fdopen(reading, "rb") as other_end:
            taken = 0
            while taken < 1_000_001:
                taken += len(other_end.read1(65536))
            writer.stop()
            assert not terminal_is_behind(app)
