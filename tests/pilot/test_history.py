"""What deleted sessions were, in a tab of its own, and the way to launch them again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import Input

from sessiontui.domain.batch import Batch
from sessiontui.domain.folder import HOME, Mount
from sessiontui.domain.record import record_of
from sessiontui.domain.session import Owner, Phase
from sessiontui.storage.memory_records import MemoryRecords
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.panes.history import HistoryPane
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.delete import DeleteScreen
from sessiontui.ui.screens.launch import LaunchScreen
from sessiontui.ui.screens.launch_form import LaunchForm
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.past_list import PastList
from tests.pilot.stage import NOW, Stage, opened, settled, until
from tests.pilot.test_dashboard import main, text
from tests.sessions import session


def records(*names: str) -> MemoryRecords:
    kept = MemoryRecords()
    for name in names:
        kept.add(record_of(session(name, created_at=NOW - timedelta(hours=5)), NOW, "alice"))
    return kept


def lines(app: SessiontuiApp) -> list[str]:
    listing = main(app).query_one(PastList)
    return [
        "".join(segment.text for segment in listing.render_line(y)).rstrip()
        for y in range(listing.size.height)
    ]


async def test_what_is_deleted_has_a_line_at_once_and_is_told_in_detail() -> None:
    stage = Stage()
    stage.put("fit", phase=Phase.FAILED, reason="out of memory (limit 16G)")
    async with opened(stage) as (pilot, app):
        await pilot.press("5")
        await settled(pilot)
        assert isinstance(main(app).pane, HistoryPane)
        assert "No session was deleted yet" in text(app, "#past-notice")
        await pilot.press("2", "d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await until(pilot, lambda: app.focused is not None)
        app.screen.query_one("#delete").focus()
        await pilot.press("enter")
        await until(pilot, lambda: not stage.engine.sessions())
        await pilot.press("5")
        await until(pilot, lambda: len(lines(app)) > 1)
        await settled(pilot)
        assert "▸ fit" in lines(app)[1]
        assert "failed: out of memory (limit 16G)" in lines(app)[1]
        assert "by alice" in str(main(app).query_one("#past-details", Lines)._lines)


async def test_the_tab_counts_what_is_deleted_while_another_is_shown() -> None:
    stage = Stage()
    stage.put("fit", phase=Phase.FAILED)
    async with opened(stage) as (pilot, app):
        await pilot.press("5")
        await until(pilot, lambda: ("History", 0) in main(app)._pane_titles())
        await pilot.press("2", "d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await until(pilot, lambda: app.focused is not None)
        app.screen.query_one("#delete").focus()
        await pilot.press("enter")
        await until(pilot, lambda: ("History", 1) in main(app)._pane_titles())


async def test_the_filter_and_the_cursor_are_about_the_history() -> None:
    async with opened(Stage(records=records("one", "two", "three"))) as (pilot, app):
        await pilot.press("5")
        await until(pilot, lambda: len([line for line in lines(app) if line]) == 4)
        assert ["three" in lines(app)[1], "two" in lines(app)[2], "one" in lines(app)[3]] == [True] * 3
        await pilot.press("down")
        assert "▸ two" in lines(app)[2]
        await pilot.press("slash", *"one")
        await settled(pilot)
        assert "▸ one" in lines(app)[1]
        await pilot.press("x")
        await settled(pilot)
        assert "nothing matches onex" in text(app, "#past-notice")


async def test_a_line_is_forgotten_after_a_question_and_nothing_else() -> None:
    stage = Stage(records=records("one", "two"))
    stage.put("there")
    async with opened(stage) as (pilot, app):
        await pilot.press("5")
        await until(pilot, lambda: "two" in "".join(lines(app)[1:2]))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is main(app))
        assert len(stage.records.records()) == 2
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: len(stage.records.records()) == 1)
        await until(pilot, lambda: "one" in "".join(lines(app)[1:2]))
        assert [one.name for one in stage.engine.sessions()] == ["there"]


async def test_a_record_of_a_session_that_is_still_there_is_not_past() -> None:
    """Somebody was killed between writing it and the delete."""
    stage = Stage(records=records("one"))
    there = stage.put("there")
    stage.records.add(record_of(there, NOW, "alice"))
    async with opened(stage) as (pilot, app):
        await pilot.press("5")
        await until(pilot, lambda: "one" in "".join(lines(app)[1:2]))
        assert not any("there" in line for line in lines(app))


async def test_what_others_wrote_is_shown_and_obeyed_by_nobody() -> None:
    stage = Stage()
    hostile = "\x1b[31m[bold]red[/]\x1b]0;t\x07\nnext\u202e" + "x" * 3000
    stage.records.add(
        record_of(replace(session("a"), name=hostile, reason=hostile, batch=Batch(hostile)), NOW, hostile)
    )
    async with opened(stage) as (pilot, app):
        await pilot.press("5")
        await until(pilot, lambda: "[bold]red" in "".join(lines(app)[1:2]))
        assert "\x1b" not in "".join(lines(app))
        assert "\u202e" not in "".join(lines(app))


async def test_r_launches_a_past_session_again_with_all_that_it_had() -> None:
    stage = Stage()
    past = session(
        "train",
        image="sessiontui/python:3.12",
        env=(("URL", "http://x/?a=b=c"),),
        secret_names=("TOKEN",),
        mounts=(Mount("data", "/x/data", f"{HOME}/data", read_only=True),),
        batch=Batch("make; make check", 5400, delete=True),
    )
    stage.records.add(record_of(past, NOW, "alice"))
    async with opened(stage, size=(100, 45)) as (pilot, app):
        await pilot.press("5")
        await until(pilot, lambda: "train" in "".join(lines(app)[1:2]))
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        dialog = app.screen
        assert isinstance(dialog, LaunchScreen)
        await until(pilot, lambda: dialog.query_one("#name", Input).value == "train")
        await pilot.pause()
        draft = dialog.query_one(LaunchForm).draft
        assert (draft.environment, draft.version, draft.cpu, draft.memory) == (
            "python",
            "3.12",
            past.ask.cpu,
            past.ask.memory,
        )
        assert draft.env == past.env
        assert draft.secrets == (("TOKEN", ""),)
        assert draft.batch == past.batch
        assert [(one.folder, one.read_only) for one in draft.mounts] == [("data", True)]


async def test_r_on_a_colleague_s_session_takes_the_choices_and_no_values() -> None:
    stage = Stage()
    theirs = stage.put("theirs", owner=Owner("bob", 1001, 1001))
    stage.engine.put(replace(theirs, env=(("KEY", "bobs"),)))
    async with opened(stage) as (pilot, app):
        await until(pilot, lambda: main(app).session)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        dialog = app.screen
        assert isinstance(dialog, LaunchScreen)
        await until(pilot, lambda: dialog.query_one("#name", Input).value == "theirs")
        assert dialog.query_one(LaunchForm).draft.env == ()


@pytest.mark.parametrize("marked", [True, False])
async def test_the_dashboard_deletes_what_finished_and_was_to_go(marked: bool) -> None:
    stage = Stage()
    one = stage.put("job", phase=Phase.FINISHED, exit_code=0)
    batch = Batch("make", delete=marked)
    async with opened(stage) as (pilot, app):
        stage.engine.put(replace(one, batch=batch, ended_at=NOW - timedelta(minutes=1)))
        if marked:
            await until(pilot, lambda: not stage.engine.sessions())
            assert [record.session.name for record in stage.records.records()] == ["job"]
        else:
            await until(pilot, lambda: any(one.batch for one in app.picture.sessions))
            await settled(pilot)
            assert len(stage.engine.sessions()) == 1


async def test_enter_and_delete_do_in_the_history_what_they_do_in_other_tabs() -> None:
    async with opened(Stage(records=records("one"))) as (pilot, app):
        await pilot.press("5")
        await until(pilot, lambda: len([line for line in lines(app) if line]) == 2)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is main(app))
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))


async def test_a_picture_that_comes_before_the_tab_is_drawn_ends_nothing() -> None:
    stage = Stage(records=records("one"))
    async with opened(stage) as (pilot, app):
        stage.put("fit")
        app.desk.observer.resync()
        # All of this before the pane has been composed.
        main(app).show_pane("history")
        main(app)._see(app.desk.observer.picture())
        await until(pilot, lambda: isinstance(main(app).pane, HistoryPane))
        await until(pilot, lambda: len([line for line in lines(app) if line]) == 2)
