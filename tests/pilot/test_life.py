"""The resize dialog, a stop that takes long, and why a session ended: keys to engine state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from textual.pilot import Pilot
from textual.widgets import Static

from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.screens.resize import ResizeScreen
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.session_list import SessionList
from sessiontui.ui.widgets.slider import Slider
from tests.pilot.stage import NOW, Stage, busy, opened, select, until
from tests.pilot.test_charts import text
from tests.pilot.test_dashboard import Held, main, toasts


def said(app: SessiontuiApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def problem(app: SessiontuiApp, field: str) -> str:
    return app.screen.query_one(f"#field-{field}", Field).problem


def session(stage: Stage, name: str) -> Session:
    return next(one for one in stage.engine.sessions() if one.name == name)


def line_of(app: SessiontuiApp, name: str) -> str:
    """What the list shows of the session of that name."""
    listing = main(app).query_one(SessionList)
    at = next(at for at, row in enumerate(listing._rows) if row.name == name)
    return "".join(span.text for span in listing._line(at + 1))


async def resizing(pilot: Pilot[None], app: SessiontuiApp, name: str) -> None:
    await select(pilot, app, name)
    await pilot.press("z")
    await until(pilot, lambda: isinstance(app.screen, ResizeScreen))
    await until(pilot, lambda: not app.screen.query_one("#cpu", Slider).disabled)


async def test_the_sliders_begin_at_the_limits_and_change_them() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await resizing(pilot, app, "calm-curie")
        assert app.screen.query_one("#cpu", Slider).value == 2
        assert "It has 2 CPU · 4G" in said(app, "#will")
        await pilot.press("right", "down", "8", "enter")
        assert "From 2 CPU · 4G to 2.5 CPU · 8G, at once" in said(app, "#will")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert session(stage, "calm-curie").ask == Ask(2.5, 8 * GIB)
        await until(pilot, lambda: "calm-curie has 2.5 CPU · 8G" in toasts(app))


async def test_memory_in_use_is_a_problem_of_its_field_also_when_it_grew_meanwhile() -> None:
    stage = busy()
    stage.engine.in_use["id-calm-curie"] = 3 * GIB
    async with opened(stage) as (pilot, app):
        await resizing(pilot, app, "calm-curie")
        assert "3G in use" in said(app, "#will")
        await pilot.press("down", "2", "enter")
        assert "3G are in use now" in problem(app, "memory")
        await pilot.press("3", "enter")
        assert not problem(app, "memory")
        stage.engine.in_use["id-calm-curie"] = 4 * GIB - 1
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "4.0G are in use now" in problem(app, "memory"))
        assert app.screen.query_one("#memory").has_focus
        assert session(stage, "calm-curie").ask == Ask(2, 4 * GIB)


async def test_beyond_what_is_free_is_cautioned() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await resizing(pilot, app, "calm-curie")
        await pilot.press("end")
        await until(pilot, lambda: "sessions will share" in said(app, "#cautions"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert session(stage, "calm-curie").ask.cpu == 2


async def test_what_the_person_left_alone_is_not_taken_back_from_others() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await resizing(pilot, app, "calm-curie")
        stage.engine.put(replace(session(stage, "calm-curie"), ask=Ask(2, 6 * GIB)))
        await pilot.press("right", "ctrl+l")
        await until(pilot, lambda: session(stage, "calm-curie").ask == Ask(2.5, 6 * GIB))


async def test_a_stopped_session_is_resized_for_its_next_start() -> None:
    stage = busy()
    stage.put("resting", phase=Phase.STOPPED, exit_code=143)
    async with opened(stage) as (pilot, app):
        await pilot.press("2")
        await resizing(pilot, app, "resting")
        await pilot.press("right")
        assert "at its next start" in said(app, "#will")


async def test_an_engine_that_goes_and_a_session_that_is_gone_are_said_in_the_dialog() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await resizing(pilot, app, "calm-curie")
        stage.engine.down = True
        await pilot.press("right", "ctrl+l")
        await until(pilot, lambda: "ctrl+r asks again" in said(app, "#will"))
        stage.engine.down = False
        stage.engine.remove("id-calm-curie")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "calm-curie is gone" in said(app, "#will"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))


async def test_a_stop_that_takes_too_long_shows_its_age_and_can_be_ended_by_force() -> None:
    stage = busy()
    held = stage.engine._pause = Held()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "calm-curie")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, held.reached.is_set)
        await until(pilot, lambda: "stopping 0s" in line_of(app, "calm-curie"))
        stage.later = 7
        await app.refresh_picture()
        await until(pilot, lambda: "stopping 7s" in line_of(app, "calm-curie"))
        await pilot.press("x")
        await until(pilot, lambda: "has been stopping for 7s" in toasts(app))
        stage.later = 12
        stage.engine.held["id-calm-curie"] = "dd (7) cannot be interrupted (state D)"
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "dd (7) cannot be interrupted" in toasts(app))
        del stage.engine.held["id-calm-curie"]
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert session(stage, "calm-curie").phase is Phase.RUNNING
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: session(stage, "calm-curie").exit_code == 137)
        held.go_on()
        await until(pilot, lambda: "calm-curie is killed" in toasts(app))


async def test_the_dashboard_is_left_in_the_middle_of_a_stop() -> None:
    stage = busy()
    held = stage.engine._pause = Held()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "calm-curie")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, held.reached.is_set)
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
    held.go_on()


def details(app: SessiontuiApp) -> str:
    return text(app.screen.query_one("#facts", Lines))


async def test_why_a_session_ended_stands_in_its_row_and_with_its_last_words_in_the_details() -> None:
    stage = busy()
    reason = "ended with exit code 3: see its logs"
    broken = stage.put("broken", phase=Phase.FAILED, exit_code=3, reason=reason)
    ended = NOW - timedelta(minutes=5)
    stage.engine.put(replace(broken, started_at=ended - timedelta(hours=2), ended_at=ended))
    stage.engine.write("id-broken", b"one\ntwo\nthree\n[/bold]\x1b[31mfour\x1b[0m\n")
    async with opened(stage) as (pilot, app):
        await pilot.press("2")
        assert "ended with exit code 3: see its logs · ran 2h" in line_of(app, "broken")
        await select(pilot, app, "broken")
        await until(pilot, lambda: "[/bold]four" in details(app))
        assert "ended after 2h, 5m ago" in details(app)
        assert "three" in details(app)
        assert "one" not in details(app).split("log")[-1]


async def test_a_program_that_was_ended_for_memory_is_told_with_limit_and_peak() -> None:
    stage = busy()
    stage.use("calm-curie", 0.5, GIB, oom_kills=2, memory_peak=4 * GIB, memory_limit=4 * GIB)
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "calm-curie")
        await until(pilot, lambda: "out of memory (limit 4G, peak 4G): 2 programs ended" in details(app))
        assert "1/4G!" in line_of(app, "calm-curie")
