"""The log of a session: saved whole in a file, and read while it comes faster than it can be shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.logs import LogsScreen
from sessiontui.ui.screens.save_log import SaveLogScreen
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.log_view import KEPT, LogView
from tests.pilot.stage import Stage, opened, select, until
from tests.pilot.test_dashboard import toasts


class Endless:
    """A stream without an end; counts what it gave."""

    def __init__(self, *, waits: bool = False) -> None:
        self.given = 0
        self._closed = threading.Event()
        self._waits = waits

    def __iter__(self) -> Iterator[bytes]:
        chunk = b"".join(b"\x1b[32mstep %d\x1b[0m loss 0.1 \xe2\x96\x88\n" % one for one in range(400))
        while not self._closed.is_set():
            yield chunk
            self.given += len(chunk)
            if self._waits:
                self._closed.wait(10)

    def close(self) -> None:
        self._closed.set()


class EndlessEngine(MemoryEngine):
    """An engine whose sessions print without an end, those that wait a chunk and then nothing more."""

    waits = False

    def logs(self, session: Session, *, follow: bool = False, tail: int | None = None) -> Endless:  # type: ignore[override] # a stream like another
        self.stream = Endless(waits=self.waits)
        return self.stream


async def open_logs(pilot: Pilot[None], app: SessiontuiApp) -> None:
    await select(pilot, app, "nifty-bohr")
    await pilot.press("l")
    await until(pilot, lambda: isinstance(app.screen, LogsScreen))


async def open_save(pilot: Pilot[None], app: SessiontuiApp, path: Path) -> None:
    await pilot.press("s")
    await until(pilot, lambda: isinstance(app.screen, SaveLogScreen))
    app.screen.query_one(Input).value = str(path)
    await pilot.pause()
    await pilot.press("enter")


async def test_the_whole_log_is_saved_also_of_a_session_that_ended_and_over_a_file_only_when_told_twice(
    tmp_path: Path,
) -> None:
    stage = Stage()
    stage.put("nifty-bohr", phase=Phase.FINISHED, exit_code=0)
    printed = b"".join(b"\x1b[31mline %d\x1b[0m\n" % one for one in range(KEPT + 5000)) + b"no end"
    stage.engine.write("id-nifty-bohr", printed)
    file = tmp_path / "saved.log"
    file.write_text("precious")
    async with opened(stage) as (pilot, app):
        await pilot.press("2")
        await open_logs(pilot, app)
        view = app.screen.query_one(LogView)
        await until(pilot, lambda: len(view._lines) == KEPT - 1)
        await open_save(pilot, app, file)
        assert "is there already" in app.screen.query_one(Field).problem
        assert file.read_text() == "precious"
        await pilot.press("enter")
        await until(pilot, lambda: "saved in" in toasts(app))
        assert file.read_bytes() == printed
        assert [one.name for one in tmp_path.iterdir()] == ["saved.log"]


async def test_a_save_that_fails_or_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    stage = Stage(engine=EndlessEngine(images=("sessiontui/python:3.12",)))
    assert isinstance(stage.engine, EndlessEngine)
    stage.engine.waits = True
    stage.put("nifty-bohr")
    async with opened(stage) as (pilot, app):
        await open_logs(pilot, app)
        await open_save(pilot, app, tmp_path / "missing" / "saved.log")
        await until(pilot, lambda: "cannot write" in toasts(app))

        app.clear_notifications()
        await open_save(pilot, app, tmp_path / "saved.log")
        title = app.screen_stack[-1]
        await until(pilot, lambda: "esc cancels" in str(app.screen.query_one("#logs-title").render()))
        await pilot.press("escape")
        await until(pilot, lambda: "cancelled" in toasts(app))
        assert app.screen is title or isinstance(app.screen, LogsScreen)
        assert not list(tmp_path.iterdir())


async def test_keys_are_answered_and_memory_is_bounded_while_it_floods() -> None:
    stage = Stage(engine=EndlessEngine(images=("sessiontui/python:3.12",)))
    assert isinstance(stage.engine, EndlessEngine)
    stage.put("nifty-bohr")
    async with opened(stage, (80, 24)) as (pilot, app):
        await open_logs(pilot, app)
        screen = app.screen
        assert isinstance(screen, LogsScreen)
        view = screen.query_one(LogView)
        stream = stage.engine.stream
        await until(pilot, lambda: len(view._lines) >= KEPT)
        for _ in range(2):
            enough, wrap = stream.given + 6 * MIB, view.wrap
            await pilot.press("w")
            assert view.wrap is not wrap
            while stream.given < enough:
                await pilot.pause()
            assert screen._reader._size < 9 * MIB
            assert len(view._lines) <= 1.1 * KEPT
        assert all(line.isprintable() for line in view._lines[:100])
        await pilot.press("slash", *"399", "enter")
        await until(pilot, lambda: view._words == "399")
        await pilot.press("q")
        assert not isinstance(app.screen, LogsScreen)
        assert stream._closed.wait(10)
