"""The tab of environments: what it lists, and what its keys do to the engine."""

from __future__ import annotations

from dataclasses import replace

from textual.widgets import Button, Select

from sessiontui.domain.environment import Environment, Version
from sessiontui.domain.errors import BuildFailed
from sessiontui.domain.saved import SAVED_LABEL, Saved, label_of
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.panes.environments import EnvironmentsPane, EnvironmentTable
from sessiontui.ui.present import Cell
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.launch import LaunchScreen
from sessiontui.ui.screens.output import OutputScreen
from tests.pilot.stage import BOB, PYTHON, ListedEnvironments, Stage, opened, until
from tests.pilot.test_dashboard import held, main, toasts

MINE = "sessiontui-saved/1000/my-torch:20261101-000000"
THEIRS = "sessiontui-saved/1001/secret:20261101-000000"
TORCH = Environment("pytorch", "PyTorch", (Version("2.8", "pytorch/pytorch:2.8"),), "2.8", PYTHON.apps)


def stocked() -> Stage:
    """An engine with two saved images, one of them a colleague's; one environment is built here."""
    python = replace(PYTHON, recipe="Dockerfile")
    stage = Stage(catalogue=ListedEnvironments((python, TORCH)))
    for image, name, owner, uid in ((MINE, "my-torch", "alice", 1000), (THEIRS, "secret", "bob", 1001)):
        stage.engine._images[image] = ""
        label = label_of(Saved(name, owner, uid, made_of="Python 3.12", apps=PYTHON.apps))
        stage.engine.image_labels[image] = {SAVED_LABEL: label}
    stage.put("nifty-bohr")
    return stage


def table(app: SessiontuiApp) -> EnvironmentTable:
    return main(app).query_one(EnvironmentTable)


def keys(app: SessiontuiApp) -> list[str]:
    return [row.key for row in table(app).rows]


def words(app: SessiontuiApp, key: str, column: str) -> str:
    row = next(row for row in table(app).rows if row.key == key)
    cell: Cell = row.cells[column]
    return "".join(span.text for span in cell)


async def test_it_lists_what_is_offered_with_images_sizes_and_sessions() -> None:
    async with opened(stocked()) as (pilot, app):
        await pilot.press("4")
        await until(pilot, lambda: keys(app))
        assert keys(app) == ["python:3.12", "pytorch:2.8", "alice/my-torch:20261101-000000"]
        mine = keys(app)[2]
        assert words(app, mine, "group") == "Yours"
        assert words(app, "python:3.12", "state") == "● ready"
        assert words(app, "python:3.12", "size") == "700M"
        assert words(app, "python:3.12", "users") == "1  nifty-bohr"
        assert words(app, "pytorch:2.8", "state") == "○ not pulled"
        await pilot.press("slash", *"yours", "enter")
        await until(pilot, lambda: keys(app) == [mine])


async def test_root_is_offered_what_everybody_saved() -> None:
    stage = stocked()
    stage.owner = replace(BOB, name="root", uid=0)
    async with opened(stage) as (pilot, app):
        await pilot.press("4")
        await until(pilot, lambda: "bob/secret:20261101-000000" in keys(app))
        assert words(app, "bob/secret:20261101-000000", "group") == "Saved by bob"


async def test_the_launch_dialog_opens_with_the_one_under_the_cursor() -> None:
    async with opened(stocked()) as (pilot, app):
        await pilot.press("4")
        await until(pilot, lambda: keys(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        chooser = app.screen.query_one("#environment", Select)
        await until(pilot, lambda: chooser.value == "alice/my-torch")
        assert app.screen.query_one("#version", Select).value == "20261101-000000"


async def test_an_image_is_prepared_beside_and_that_can_be_cancelled() -> None:
    stage = stocked()
    with held(stage) as hold:
        async with opened(stage) as (pilot, app):
            await pilot.press("4")
            await until(pilot, lambda: keys(app))
            await pilot.press("down", "p")
            await until(pilot, lambda: "pulling" in words(app, "pytorch:2.8", "state"))
            await pilot.press("p")
            hold.go_on()
            await until(pilot, lambda: "cancelled" in toasts(app))
            assert "pytorch/pytorch:2.8" not in stage.engine.images()
            await pilot.press("p")
            await until(pilot, lambda: words(app, "pytorch:2.8", "state") == "● ready")
            assert "PyTorch 2.8 is ready" in toasts(app)
            app.clear_notifications()
            await pilot.press("p")
            assert "is ready" in toasts(app)


async def test_a_build_that_fails_shows_its_output() -> None:
    stage = stocked()
    stage.engine.failing["pull"] = BuildFailed("the image could not be built", "look", output="E: no space")
    async with opened(stage) as (pilot, app):
        await pilot.press("4")
        await until(pilot, lambda: keys(app))
        await pilot.press("down", "p")
        await until(pilot, lambda: isinstance(app.screen, OutputScreen))


async def test_delete_asks_on_cancel_says_the_size_and_is_refused_while_sessions_use_the_image() -> None:
    stage = stocked()
    async with opened(stage) as (pilot, app):
        await pilot.press("4")
        await until(pilot, lambda: keys(app))
        await pilot.press("d")
        await until(pilot, lambda: "is used by nifty-bohr" in toasts(app))
        await pilot.press("down", "d")
        await until(pilot, lambda: "was not made here" in toasts(app))
        await pilot.press("down", "d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert "700M" in str(app.screen._text)  # type: ignore[attr-defined] # what it asks
        assert app.focused is app.screen.query_one("#stay", Button)
        await pilot.press("y")
        await until(pilot, lambda: len(keys(app)) == 2)
        assert MINE not in stage.engine.images()
        assert THEIRS in stage.engine.images()


async def test_an_engine_that_does_not_answer_is_said_and_looked_at_again() -> None:
    stage = stocked()
    async with opened(stage) as (pilot, app):
        stage.engine.down = True
        await pilot.press("4")
        pane = main(app).query_one(EnvironmentsPane)
        await until(pilot, lambda: "nothing answers" in str(pane.query_one("#environment-notice").render()))
        stage.engine.down = False
        pane.look()
        await until(pilot, lambda: keys(app))
