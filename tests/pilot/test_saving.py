"""A session becomes an environment: the dialog, what it refuses, and what waits meanwhile."""

from __future__ import annotations

from textual.widgets import Input, Select

from sessiontui.domain.errors import DiskFull
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.launch import LaunchScreen
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.screens.save import SaveScreen
from sessiontui.ui.widgets.field import Field
from tests.pilot.stage import NOW, Stage, busy, opened, select, until
from tests.pilot.test_dashboard import held, main, toasts

FIRST = f"sessiontui-saved/1000/my-torch:{NOW.astimezone():%Y%m%d-%H%M%S}"


def problem(app: SessiontuiApp) -> str:
    return app.screen.query_one(Field).problem


async def test_a_session_is_saved_under_a_name_and_offered_at_once_with_its_apps() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        await until(pilot, lambda: "12M" in str(app.screen.query_one("#kept").render()))
        await pilot.press("m", "y", "enter")
        assert "4 to 32 letters" in problem(app)
        await pilot.press("minus", "t", "o", "r", "c", "h")
        assert not problem(app)
        await pilot.press("enter")
        await until(pilot, lambda: FIRST in stage.engine.images())
        await until(pilot, lambda: "is saved as alice/my-torch:" in toasts(app))

        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        chooser = app.screen.query_one("#environment", Select)
        await until(pilot, lambda: "alice/my-torch" in [value for _, value in chooser._options])
        label = next(str(text) for text, value in chooser._options if value == "alice/my-torch")
        assert label == "my-torch · Yours"


async def test_a_version_is_added_only_after_a_second_yes() -> None:
    stage = busy()
    stage.engine._images["sessiontui-saved/1000/my-torch:20261101-000000"] = ""
    stage.engine.image_labels["sessiontui-saved/1000/my-torch:20261101-000000"] = {
        "sessiontui.saved": '{"name": "my-torch", "owner": "alice", "uid": 1000}'
    }
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        app.screen.query_one(Input).value = "My_Torch"
        await pilot.press("enter")
        await until(pilot, lambda: "my-torch is there already, with 1 version" in problem(app))
        assert FIRST not in stage.engine.images()
        await pilot.press("enter")
        await until(pilot, lambda: FIRST in stage.engine.images())


async def test_a_session_is_neither_stopped_nor_deleted_nor_saved_again_while_it_is_saved() -> None:
    stage = busy()
    with held(stage) as hold:
        async with opened(stage) as (pilot, app):
            await select(pilot, app, "nifty-bohr")
            await pilot.press("E")
            await until(pilot, lambda: isinstance(app.screen, SaveScreen))
            app.screen.query_one(Input).value = "my-torch"
            await pilot.press("enter")
            await until(pilot, lambda: hold.reached.is_set() and isinstance(app.screen, MainScreen))
            await until(pilot, lambda: app.picture.saving)
            for key in ("x", "d", "E"):
                app.clear_notifications()
                await pilot.pause()
                await pilot.press(key)
                await pilot.pause()
                assert isinstance(app.screen, MainScreen)
                assert "is being saved" in toasts(app)
            await pilot.press("q")
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
            row = main(app)._rows[[row.name for row in main(app)._rows].index("nifty-bohr")]
            assert row.saving
            hold.go_on()
            await until(pilot, lambda: FIRST in stage.engine.images())
            await until(pilot, lambda: not app.picture.saving)


async def test_a_full_disk_is_told_and_leaves_no_image() -> None:
    stage = Stage()
    stage.put("nifty-bohr")
    stage.engine.failing["save"] = DiskFull("no space is left", "make room")
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        app.screen.query_one(Input).value = "my-torch"
        await pilot.press("enter")
        await until(pilot, lambda: "no space is left" in toasts(app))
        assert FIRST not in stage.engine.images()
        assert not app.picture.saving
