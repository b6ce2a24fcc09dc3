"""Marks, and what is done to several sessions at once: stopped, deleted, saved."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, OptionList, Static

from sessiontui.domain.errors import EngineError
from sessiontui.domain.session import Owner, Phase
from sessiontui.storage.played import FoldersOfDemo
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.row_columns import MARK
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.delete import DeleteScreen
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.screens.new_folder import NewFolderScreen
from sessiontui.ui.screens.rescue import RescueScreen
from sessiontui.ui.widgets.command_bar import CommandBar
from sessiontui.ui.widgets.session_list import SessionList
from sessiontui.ui.widgets.tab_line import Tabs
from tests.pilot.stage import Stage, busy, opened, select, until
from tests.pilot.test_dashboard import main, names, text, toasts


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The busy stage with folders on a real disk."""
    stage = busy()
    stage.storage = FoldersOfDemo(tmp_path / "folders", Owner("alice", os.getuid(), os.getgid()))
    stage.storage.create("keep")
    return stage


def marked(app: SessiontuiApp) -> list[str]:
    return [one.name for one in main(app).marked]


def phases(stage: Stage) -> dict[str, Phase]:
    return {one.name: one.phase for one in stage.engine.sessions()}


async def test_space_marks_and_goes_on_and_escape_takes_marks_away_after_the_filter(stage: Stage) -> None:
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "calm-curie")
        at = names(app).index("calm-curie")
        await pilot.press("space")
        assert main(app).sessions.selected == main(app).sessions._rows[at + 1]
        await select(pilot, app, "nifty-bohr")
        await pilot.press("space")
        before = marked(app)
        assert before == ["calm-curie", "nifty-bohr"]
        await until(pilot, lambda: f"{MARK} 2 marked" in str(app.screen.query_one(Tabs).render()))
        assert "delete 2" in str(app.screen.query_one(CommandBar).render())
        lines = [main(app).sessions._line(y) for y in range(1, len(names(app)) + 1)]
        shown = {
            name: "".join(span.text for span in line)[1] for name, line in zip(names(app), lines, strict=True)
        }
        assert [name for name, sign in shown.items() if sign == MARK] == before
        await pilot.press("slash", *"nifty", "enter")
        await until(pilot, lambda: names(app) == ["nifty-bohr"])
        assert marked(app) == before
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) > 1)
        assert marked(app) == before
        await pilot.press("escape")
        assert marked(app) == []
        await until(pilot, lambda: "marked" not in str(app.screen.query_one(Tabs).render()))


async def test_only_sessions_of_the_person_are_marked_one_by_one_or_all(stage: Stage) -> None:
    async with opened(stage) as (pilot, app):
        await pilot.press("2")
        await select(pilot, app, "bold-euler")
        await pilot.press("space")
        assert "belongs to bob" in toasts(app)
        assert marked(app) == []
        await pilot.press("ctrl+a")
        mine = sorted(one.name for one in stage.engine.sessions() if one.owner == stage.owner)
        assert sorted(marked(app)) == mine
        await pilot.press("ctrl+a")
        assert marked(app) == []


async def test_a_click_where_marks_stand_marks(stage: Stage) -> None:
    async with opened(stage) as (pilot, app):
        row = names(app).index("nifty-bohr") + 1
        await pilot.click(SessionList, offset=(1, row))
        assert marked(app) == ["nifty-bohr"]
        await pilot.click(SessionList, offset=(1, row))
        assert marked(app) == []
        await pilot.click(SessionList, offset=(5, row))
        assert marked(app) == []


async def test_a_marked_session_that_is_gone_is_not_marked_any_more(stage: Stage) -> None:
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("space")
        assert marked(app) == ["nifty-bohr"]
        stage.engine.remove("id-nifty-bohr")
        await until(pilot, lambda: "nifty-bohr" not in names(app))
        assert marked(app) == []
        assert not main(app).sessions.marks


async def test_stop_is_about_all_that_are_marked_and_starts_them_where_none_runs(stage: Stage) -> None:
    async with opened(stage) as (pilot, app):
        await pilot.press("2")
        for name in ("nifty-bohr", "calm-curie"):
            await select(pilot, app, name)
            await pilot.press("space")
        assert "x stop 2" in str(app.screen.query_one(CommandBar).render())
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert "2 sessions" in str(app.screen.query_one(".dialog--title", Static).render())
        await pilot.press("y")
        both = {"nifty-bohr", "calm-curie"}
        await until(pilot, lambda: {phases(stage)[one] for one in both} == {Phase.STOPPED})
        await until(pilot, lambda: "are stopped" in toasts(app))
        await until(pilot, lambda: {one.phase for one in main(app).marked} == {Phase.STOPPED})
        await pilot.press("x")
        await until(pilot, lambda: {phases(stage)[one] for one in both} == {Phase.RUNNING})


async def test_one_dialog_lists_what_dies_of_each_and_the_sums(stage: Stage) -> None:
    stage.engine.write_file("id-nifty-bohr", "/home/work/thesis.tex", b"x" * 2048)
    stage.engine.write_file("id-nifty-bohr", "/srv/notes", b"x" * 1024)
    stage.engine.write_file("id-calm-curie", "/home/work/model.bin", b"x" * 4096)
    async with opened(stage) as (pilot, app):
        for name in ("nifty-bohr", "calm-curie"):
            await select(pilot, app, name)
            await pilot.press("space")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await until(pilot, lambda: "3 files, 7K" in text(app, "#dying"))
        shown = text(app, "#dying")
        assert "1 file, 2K · outside: 1 file, 1K" in shown
        assert "nifty-bohr: thesis.tex" in shown
        assert "calm-curie: model.bin" in shown
        assert app.focused is not None
        assert app.focused.id == "cancel"
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: not {"nifty-bohr", "calm-curie"} & set(phases(stage)))
        await until(pilot, lambda: "are deleted" in toasts(app))
        assert marked(app) == []


async def test_of_several_those_that_fail_stay_and_stay_marked(stage: Stage) -> None:
    async with opened(stage) as (pilot, app):
        for name in ("nifty-bohr", "calm-curie"):
            await select(pilot, app, name)
            await pilot.press("space")
        stage.engine.failing["delete"] = EngineError("its disk is busy")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: "its disk is busy" in toasts(app))
        assert sorted(marked(app)) == ["calm-curie", "nifty-bohr"]
        assert {"nifty-bohr", "calm-curie"} <= set(phases(stage))


async def test_what_a_stopped_session_would_lose_is_told_too(stage: Stage) -> None:
    session = stage.put("still-hopper", phase=Phase.STOPPED)
    stage.engine.write_file(session.id, "/home/work/thesis.tex", b"x" * 2048)
    async with opened(stage) as (pilot, app):
        await pilot.press("2")
        await select(pilot, app, "still-hopper")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await until(pilot, lambda: "1 file, 2K" in text(app, "#dying"))


async def ask_to_save(pilot: Pilot[None], app: SessiontuiApp) -> None:
    await select(pilot, app, "nifty-bohr")
    await pilot.press("d")
    await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
    await pilot.press("right", "enter")
    await until(pilot, lambda: isinstance(app.screen, RescueScreen))
    await until(pilot, lambda: app.screen.query_one(OptionList).option_count > 0)


async def test_a_session_is_saved_to_the_chosen_folder_and_deleted(stage: Stage, tmp_path: Path) -> None:
    stage.engine.write_file("id-nifty-bohr", "/home/work/thesis.tex", b"all of it")
    stage.engine.write_file("id-nifty-bohr", "/srv/notes", b"outside")
    async with opened(stage) as (pilot, app):
        await ask_to_save(pilot, app)
        assert "stopped first" in str(app.screen.query_one("#words", Static).render())
        await pilot.press("enter")
        await until(pilot, lambda: "nifty-bohr" not in phases(stage))
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        saved = tmp_path / "folders" / "keep" / "nifty-bohr"
        assert (saved / "thesis.tex").read_bytes() == b"all of it"
        assert (saved / "outside" / "srv" / "notes").read_bytes() == b"outside"
        assert str(saved) in toasts(app).replace("\n", "")


async def test_a_folder_is_made_in_place(stage: Stage, tmp_path: Path) -> None:
    async with opened(stage) as (pilot, app):
        await ask_to_save(pilot, app)
        await pilot.press("end", "enter")
        await until(pilot, lambda: isinstance(app.screen, NewFolderScreen))
        await pilot.press(*"mine", "enter")
        await until(pilot, lambda: isinstance(app.screen, RescueScreen))
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 3)
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "folders" / "mine" / "nifty-bohr").is_dir())
        await until(pilot, lambda: "nifty-bohr" not in phases(stage))


async def test_a_copy_that_fails_keeps_the_session_and_says_why(stage: Stage, tmp_path: Path) -> None:
    stage.engine.failing["copy"] = EngineError("the disk of the engine broke", "mend it")
    async with opened(stage) as (pilot, app):
        await ask_to_save(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: "the disk of the engine broke" in text(app, "#lines"))
        assert "is kept" in text(app, "#lines")
        assert str(app.screen.query_one("#cancel", Button).label) == "Close"
        assert phases(stage)["nifty-bohr"] is Phase.RUNNING
        assert list((tmp_path / "folders" / "keep").iterdir()) == []
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))


async def test_a_copy_is_cancelled_and_the_session_kept(stage: Stage, tmp_path: Path) -> None:
    going, on = threading.Event(), threading.Event()
    stage.engine.write_file("id-nifty-bohr", "/home/work/model.bin", b"x" * 300_000)

    def wait(seconds: float) -> None:
        going.set()
        on.wait(10)

    async with opened(stage) as (pilot, app):
        await ask_to_save(pilot, app)
        stage.engine._pause = wait
        await pilot.press("enter")
        await until(pilot, going.is_set)
        await pilot.press("escape")
        await until(pilot, lambda: "cancelling" in text(app, "#progress"))
        on.set()
        await until(pilot, lambda: "is kept" in text(app, "#lines"))
        assert phases(stage)["nifty-bohr"] is Phase.RUNNING
        assert list((tmp_path / "folders" / "keep").iterdir()) == []


async def test_a_second_enter_typed_ahead_saves_nothing_twice(stage: Stage, tmp_path: Path) -> None:
    stage.engine.write_file("id-nifty-bohr", "/home/work/thesis.tex", b"all of it")
    async with opened(stage) as (pilot, app):
        await ask_to_save(pilot, app)
        listing = app.screen.query_one(OptionList)
        # Both arrive before either is done.
        listing.action_select()
        listing.action_select()
        await until(pilot, lambda: "nifty-bohr" not in phases(stage))
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert [one.name for one in (tmp_path / "folders" / "keep").iterdir()] == ["nifty-bohr"]
        assert "error" not in {one.severity for one in app._notifications}
        assert toasts(app).count("saved: 1 file, 9B") == 1
