"""Charts: in the details pane and over the whole screen, and what of them is redrawn."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from sessiontui.domain.history import Figure, Window
from sessiontui.domain.session import Phase
from sessiontui.domain.units import GIB, MIB
from sessiontui.domain.usage import Usage
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.charts import ChartsScreen
from sessiontui.ui.screens.help import HelpScreen
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.widgets.chart_view import ChartRow, ChartView
from sessiontui.ui.widgets.details import Details
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.session_list import SessionList
from tests.pilot.stage import Stage, charted, lived, opened, select, until


def text(widget: Widget) -> str:
    """What a widget draws now."""
    return "\n".join(widget.render_line(y).text.rstrip() for y in range(widget.size.height))


def charts(app: SessiontuiApp) -> list[str]:
    return [text(view) for view in app.screen.query(ChartView) if view.display and view.size]


def title(app: SessiontuiApp) -> str:
    return text(app.screen.query_one("#charts-title", Lines))


async def look(pilot: Pilot[None], app: SessiontuiApp, stage: Stage, seconds: float = 0.0) -> None:
    """Time passes, and the meters are looked at."""
    stage.clock += seconds
    await app.refresh_picture()
    await pilot.pause()
    await pilot.pause()


async def open_charts(pilot: Pilot[None], app: SessiontuiApp, name: str = "nifty-bohr") -> ChartsScreen:
    await select(pilot, app, name)
    await pilot.press("v")
    await until(pilot, lambda: isinstance(app.screen, ChartsScreen) and app.screen.is_current)
    assert isinstance(app.screen, ChartsScreen)
    return app.screen


@contextlib.contextmanager
def redraws(app: SessiontuiApp) -> Iterator[list[tuple[Widget, tuple[Region, ...]]]]:
    """What charts ask to be redrawn meanwhile."""
    asked: list[tuple[Widget, tuple[Region, ...]]] = []
    views = [one for view in app.screen.query(ChartView) for one in (view, *view.children)]
    with pytest.MonkeyPatch.context() as patch:
        for one in views:

            def note(*regions: Region, widget: Widget = one, **more: bool) -> Widget:
                asked.append((widget, regions))
                return type(widget).refresh(widget, *regions, **more)

            patch.setattr(one, "refresh", note)
        yield asked


# The details pane


async def test_the_pane_shows_the_past_of_the_selected_session() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await lived(pilot, stage, "nifty-bohr")
        await select(pilot, app, "nifty-bohr")
        cpu, memory, network, disk = charts(app)
        assert cpu.startswith("CPU 2.1/4 cores")
        assert memory.startswith("MEM 6.2/16G  peak 7.6G")
        assert network.startswith("NET ↓ 1.2M/s ↑ 30K/s")
        assert disk.startswith("DISK r 0B/s w 12M/s")
        assert all(one.count("█") > 2 for one in (cpu, memory))
        await select(pilot, app, "train-7")
        cpu, memory, *_ = charts(app)
        assert cpu.startswith("CPU 8.0/8 ! throttled 31%")
        assert memory.startswith("MEM 62/64G ! near its limit")
        assert cpu.count("█") == 3  # it was first seen now
        assert "out of memory (limit 64G, peak 64G): 2 programs ended" in text(
            app.screen.query_one("#facts", Lines)
        )
        assert "412 processes and threads" in text(app.screen.query_one("#facts", Lines))


async def test_a_session_that_does_not_run_has_no_charts() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await pilot.press("2")
        await select(pilot, app, "calm-curie")
        assert app.screen.query_one(ChartRow).display
        high = app.screen.query_one(Details).size.height
        await select(pilot, app, "old-run")
        assert not app.screen.query_one(ChartRow).display
        assert app.screen.query_one(Details).size.height == high - 4


@pytest.mark.parametrize(("size", "shown"), [((120, 36), 4), ((80, 36), 3), ((60, 36), 2), ((40, 36), 1)])
async def test_as_many_charts_as_have_room(size: tuple[int, int], shown: int) -> None:
    async with opened(charted(), size) as (pilot, app):
        await select(pilot, app, "calm-curie")
        assert len(charts(app)) == shown
        assert app.screen.query_one(Details).outer_size.height <= 10


async def test_a_folded_pane_is_current_when_unfolded() -> None:
    stage = charted()
    async with opened(stage, (80, 24)) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        stage.use("nifty-bohr", 3.3, GIB)
        await look(pilot, app, stage, 2)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query_one(Details).display)
        assert charts(app)[0].startswith("CPU 3.3/4")


async def test_a_meter_that_hangs_leaves_a_gap() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await look(pilot, app, stage, 3)
        usage = stage.meter.use.pop("id-nifty-bohr")
        await look(pilot, app, stage, 30)
        assert charts(app)[0].startswith("CPU —")
        stage.meter.use["id-nifty-bohr"] = usage
        await look(pilot, app, stage, 3)
        await look(pilot, app, stage, 3)
        past = app.desk.observer.series("id-nifty-bohr", Figure.CPU, Window.FIVE_MINUTES)
        assert [one is None for one in past.values[-14:]] == [False, False, *[True] * 11, False]


async def test_a_session_that_is_gone_is_forgotten() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        stage.engine.delete(app.picture.session("id-nifty-bohr"))  # type: ignore[arg-type] # it is there
        await until(pilot, lambda: app.picture.session("id-nifty-bohr") is None)
        past = app.desk.observer.series("id-nifty-bohr", Figure.CPU, Window.FIVE_MINUTES)
        assert set(past.values) == {None}


# What is redrawn


async def test_what_did_not_change_is_not_redrawn() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await lived(pilot, stage, "nifty-bohr")
        await select(pilot, app, "nifty-bohr")
        with redraws(app) as asked:
            await look(pilot, app, stage)
            assert asked == []


async def test_between_two_shifts_only_the_newest_column_is_redrawn() -> None:
    stage = charted()
    stage.clock = 10_000 * 3.0
    async with opened(stage) as (pilot, app):
        await lived(pilot, stage, "nifty-bohr")
        await select(pilot, app, "nifty-bohr")
        width = app.screen.query(ChartView).first().size.width
        # The slot whose column is as far from its end as it gets.
        while (stage.clock // 3 + 1) * width // 100 == stage.clock // 3 * width // 100:
            stage.clock += 3
        stage.clock += 3
        await look(pilot, app, stage)
        stage.use("nifty-bohr", 0.1, int(6.2 * GIB), received=1.2 * MIB, sent=0.0, read=0.0, written=0.0)
        with redraws(app) as asked:
            await look(pilot, app, stage, 3)
        plots = [(widget, region) for widget, regions in asked for region in regions if region.y > 0]
        assert plots
        assert {region.area for _, region in plots} == {1}
        assert not [1 for _, regions in asked if not regions]


@pytest.mark.parametrize("full", [False, True], ids=["pane", "screen"])
async def test_nothing_is_drawn_under_a_dialog(full: bool) -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        if full:
            await open_charts(pilot, app)
        screen = app.screen
        app.push_screen(HelpScreen((), app.desk.keyboard))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        views = list(screen.query(ChartView))
        before = [view._lines for view in views]
        stage.use("nifty-bohr", 0.5, 12 * GIB)
        await look(pilot, app, stage, 30)
        assert [view._lines for view in views] == before
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert charts(app)[0].startswith("CPU 0.5/4")


# Full screen


async def test_v_shows_the_charts_and_esc_leaves_them() -> None:
    stage = charted()
    async with opened(stage, (80, 24)) as (pilot, app):
        await lived(pilot, stage, "nifty-bohr")
        screen = await open_charts(pilot, app)
        assert screen.shown == {"id-nifty-bohr"}
        assert title(app) == "nifty-bohr · charts · last 5 minutes  ● running"
        cpu, memory, network, disk = charts(app)
        assert [one.splitlines()[1][:6] for one in (cpu, memory)] == ["    4┤", "  16G┤"]
        assert [one.splitlines()[1][:6] for one in (network, disk)] == ["  10M┤", " 500M┤"]
        facts = text(screen.query_one("#charts-facts", Lines))
        assert "limits 4 cores, 16G" in facts
        assert "most memory ever 9.8G" in facts
        assert "ended by the kernel none" in facts
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))


async def test_the_window_is_turned_by_number_by_tab_and_by_mouse() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await lived(pilot, stage, "nifty-bohr")
        await open_charts(pilot, app)
        minutes = charts(app)
        assert all("-5 min" in one for one in minutes)
        await pilot.press("2")
        assert title(app).startswith("nifty-bohr · charts · last hour")
        assert all("-1 h" in one for one in charts(app))
        await pilot.press("tab")
        assert charts(app) == minutes
        await pilot.click("#bar", offset=(15, 0))
        assert "last hour" in title(app)
        await pilot.press("1")
        assert charts(app) == minutes


async def test_charts_follow_the_picture() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await open_charts(pilot, app)
        stage.use("nifty-bohr", 3.9, 15 * GIB, throttled=0.5)
        await look(pilot, app, stage, 3)
        cpu, memory, *_ = charts(app)
        assert "CPU 3.9/4 cores ! throttled 50%" in cpu
        assert "MEM 15/16G ! near its limit" in memory


async def test_j_and_k_go_through_the_running_sessions_and_the_cursor_follows() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await open_charts(pilot, app)
        await pilot.press("j")
        assert title(app).startswith("train-7 ·")
        assert "CPU 8.0/8 cores" in charts(app)[0]
        await pilot.press("k", "k")
        assert title(app).startswith("calm-curie ·")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        row = app.screen.query_one(SessionList).selected
        assert row is not None
        assert row.name == "calm-curie"


async def test_a_session_that_stops_says_so_and_keeps_its_past() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await lived(pilot, stage, "nifty-bohr")
        await open_charts(pilot, app)
        drawn = charts(app)[0].count("█")
        session = app.picture.session("id-nifty-bohr")
        assert session is not None
        stage.engine.stop(session)
        await until(pilot, lambda: "nothing new is measured" in title(app))
        assert app.picture.session("id-nifty-bohr").phase is not Phase.RUNNING  # type: ignore[union-attr]
        assert charts(app)[0].startswith("CPU —")
        assert charts(app)[0].count("█") == drawn


async def test_a_session_that_is_deleted_meanwhile_leaves_what_was_seen() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await lived(pilot, stage, "nifty-bohr")
        await open_charts(pilot, app)
        seen = charts(app)
        session = app.picture.session("id-nifty-bohr")
        assert session is not None
        stage.engine.delete(session)
        await until(pilot, lambda: "is gone" in title(app))
        assert charts(app) == seen
        await pilot.press("2", "v")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert app.screen.query_one(SessionList).selected is not None


async def test_charts_need_a_session_that_runs() -> None:
    async with opened(charted()) as (pilot, app):
        await pilot.press("2")
        await select(pilot, app, "old-run")
        await pilot.press("v")
        await until(pilot, lambda: app._notifications)
        assert [one.message for one in app._notifications] == ["old-run has finished: start it first"]


async def test_a_colleagues_charts_may_be_seen_and_hostile_names_are_harmless() -> None:
    stage = charted()
    async with opened(stage) as (pilot, app):
        await open_charts(pilot, app, "bold-euler")
        assert title(app).startswith("bob/bold-euler ·")
        await pilot.press("k")
        assert title(app).startswith("[red]日本語の実験[/]gnp ·")
        assert [one.splitlines()[0] for one in charts(app)] == ["CPU —", "MEM —", "NET —", "DISK —"]


@pytest.mark.parametrize("size", [(20, 8), (40, 12), (200, 60)])
async def test_any_room_will_do(size: tuple[int, int]) -> None:
    stage = charted()
    async with opened(stage, size) as (pilot, app):
        await lived(pilot, stage, "nifty-bohr", lambda _, before: Usage(1.0, GIB))
        await open_charts(pilot, app)
        assert title(app).startswith("nifty-bohr")
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: len(charts(app)) == 4)
        assert all("now" in one for one in charts(app))
