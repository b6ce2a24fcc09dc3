"""What was cut off, killed, deleted or lost is said, and what can be done about it."""

from __future__ import annotations

import pytest

from sessiontui.domain.errors import BuildFailed
from sessiontui.domain.session import Phase
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.leave import leave_at_once
from sessiontui.ui.screens.help import HelpScreen
from sessiontui.ui.screens.logs import LogsScreen
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.screens.output import OutputScreen
from sessiontui.ui.widgets.log_view import LogView
from tests.pilot.stage import BOB, Stage, busy, lend_terminal, opened, order, select, settled, until
from tests.pilot.test_dashboard import held, main, names, text, toasts

CUT_OFF = "launch interrupted: start it to finish the launch, or delete it"


class TestLaunchCutOff:
    async def test_the_next_start_goes_to_it_and_names_the_keys(self) -> None:
        stage = busy()
        stage.put("half-done", phase=Phase.FAILED, reason=CUT_OFF, hours=0.1)
        stage.put("bobs-half", phase=Phase.FAILED, reason=CUT_OFF, hours=0.1, owner=BOB)
        async with opened(stage) as (pilot, app):
            assert "cut off in the middle of its launch: half-done" in toasts(app)
            assert "x finishes it, d deletes it" in toasts(app)
            assert "bobs-half" not in toasts(app)
            selected = main(app).session
            assert selected is not None
            assert selected.name == "half-done"
            await pilot.press("x")
            await until(pilot, lambda: app.picture.sessions)
            await until(pilot, lambda: "half-done runs" in toasts(app))
            assert len([one for one in app._notifications if "cut off" in one.message]) == 1

    async def test_one_that_is_cut_off_later_is_said_without_moving_the_person(self) -> None:
        stage = busy()
        async with opened(stage) as (pilot, app):
            await select(pilot, app, "calm-curie")
            stage.put("half-done", phase=Phase.FAILED, reason=CUT_OFF, hours=0.1)
            await until(pilot, lambda: "half-done (2 shows it)" in toasts(app))
            assert main(app).tab == 0
            assert main(app).session is not None

    async def test_one_cut_off_a_moment_ago_is_gone_to_when_it_stays(self) -> None:
        stage = busy()
        stage.put("half-done", phase=Phase.FAILED, reason=CUT_OFF, hours=0)
        async with opened(stage) as (pilot, app):
            assert main(app).tab == 0
            stage.put("half-done", phase=Phase.FAILED, reason=CUT_OFF, hours=0.01)
            await until(pilot, lambda: "half-done" in toasts(app))
            assert main(app).tab == 1

    async def test_one_that_another_dashboard_is_at_is_not_called_cut_off(self) -> None:
        stage = busy()
        stage.put("just-made", phase=Phase.FAILED, reason=CUT_OFF, hours=0)
        async with opened(stage) as (_, app):
            assert "just-made" not in toasts(app)


async def test_an_empty_running_tab_says_where_the_ended_are() -> None:
    stage = Stage()
    stage.put("old-run", phase=Phase.FINISHED, exit_code=0)
    async with opened(stage) as (pilot, app):
        assert "Press 2 for the session that has ended" in text(app, "#notice")
        stage.engine.remove("id-old-run")
        await until(pilot, lambda: not app.picture.sessions)
        await pilot.pause()
        assert "ended" not in text(app, "#notice")


async def test_being_told_to_end_takes_back_a_launch_under_way() -> None:
    stage = Stage()
    with held(stage) as hold:
        async with opened(stage) as (pilot, app):
            main(app).launch(order(image="pytorch/pytorch:2.6"))
            await until(pilot, hold.reached.is_set)
            app.run_worker(leave_at_once(app.desk))
            await until(pilot, lambda: "cancelling" in str(main(app).selected))
            hold.go_on()
            await until(pilot, lambda: not app.is_running or app._exit)
            assert not stage.engine.sessions()
            assert not app.desk.launches


class TestFailedBuild:
    @pytest.fixture
    def stage(self) -> Stage:
        stage = Stage()
        stage.engine.failing["pull"] = BuildFailed("it could not be built", "look", output="E: no space")
        return stage

    async def test_its_output_is_not_covered_by_a_message_that_says_the_same(self, stage: Stage) -> None:
        async with opened(stage) as (pilot, app):
            main(app).launch(order(image="missing/image"))
            await until(pilot, lambda: isinstance(app.screen, OutputScreen))
            assert not toasts(app)

    async def test_it_waits_behind_a_dialog_and_is_told_at_once(self, stage: Stage) -> None:
        async with opened(stage) as (pilot, app):
            await pilot.press("question_mark")
            await until(pilot, lambda: isinstance(app.screen, HelpScreen))
            main(app).launch(order(image="missing/image"))
            await until(pilot, lambda: "could not be built" in toasts(app))
            assert isinstance(app.screen, HelpScreen)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, OutputScreen))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))


async def test_a_shell_that_dies_a_moment_before_its_session_is_gone_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lend_terminal(monkeypatch)
    stage = busy()
    app = stage.app()
    stage.shell = lambda argv: 137
    async with app.run_test() as pilot:
        await settled(pilot)
        await select(pilot, app, "nifty-bohr")
        await pilot.press("s")
        await until(pilot, lambda: stage.shells)
        stage.engine.remove("id-nifty-bohr")
        await until(pilot, lambda: "nifty-bohr was deleted" in toasts(app))
        assert "out of memory" not in toasts(app)


async def test_logs_that_ended_are_read_anew() -> None:
    stage = Stage()
    session = stage.put("old-run", phase=Phase.STOPPED)
    stage.engine.write("id-old-run", b"one\n")

    def title(app: SessiontuiApp) -> str:
        return str(app.screen.query_one("#logs-title").render())

    async with opened(stage) as (pilot, app):
        await pilot.press("2", "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen) and "ended: f reads anew" in title(app))
        stage.engine.start(session)
        stage.engine.write("id-old-run", b"two\n")
        await pilot.press("f")
        await until(pilot, lambda: "following" in title(app))
        await until(pilot, lambda: app.screen.query_one(LogView)._lines == ["one", "two"])


async def test_the_banner_says_how_old_the_picture_is_before_why() -> None:
    stage = busy()
    async with opened(stage, (80, 24)) as (pilot, app):
        stage.engine.down = True
        await until(pilot, lambda: main(app).query_one("#banner").display)
        first, second = text(app, "#banner").splitlines()
        assert "old; trying again" in first
        assert "nothing answers at memory://" in second
        await pilot.press("d")
        await until(pilot, lambda: "nothing answers" in toasts(app))
        assert "does not answer: " not in toasts(app)
        assert names(app)
