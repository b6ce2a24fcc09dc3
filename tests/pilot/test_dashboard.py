"""Keys and mouse on the dashboard, and what they do to the engine."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from textual import events
from textual.widgets import Input

from sessiontui.domain.environment import FoundImage
from sessiontui.domain.errors import BuildFailed
from sessiontui.domain.launch import Preparation
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.apps import AppsScreen
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.copy_menu import CopyMenu
from sessiontui.ui.screens.delete import DeleteScreen
from sessiontui.ui.screens.help import HelpScreen
from sessiontui.ui.screens.logs import LogsScreen
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.screens.output import OutputScreen
from sessiontui.ui.widgets.details import Details
from sessiontui.ui.widgets.log_view import LogView
from sessiontui.ui.widgets.session_list import SessionList
from sessiontui.ui.widgets.styled import Styled
from sessiontui.ui.widgets.tab_line import StartButton
from tests.pilot.stage import (
    BOB,
    DATA,
    NOW,
    Stage,
    busy,
    lend_terminal,
    opened,
    order,
    select,
    settled,
    until,
)


def main(app: SessiontuiApp) -> MainScreen:
    screen = app.screen_stack[1]
    assert isinstance(screen, MainScreen)
    return screen


def names(app: SessiontuiApp) -> list[str]:
    return [row.name for row in main(app).query_one(SessionList)._rows]


def environments(app: SessiontuiApp) -> set[str]:
    return {row.environment for row in main(app).query_one(SessionList)._rows}


class LookedAt(MemoryEngine):
    """Counts how often its images are looked at."""

    looks = 0

    def found_images(self) -> tuple[FoundImage, ...]:
        self.looks += 1
        return super().found_images()


def toasts(app: SessiontuiApp) -> str:
    return "\n".join(one.message for one in app._notifications)


def text(app: SessiontuiApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Styled).render())


class Held:
    """Stands in for the time real work takes: holds it until told to go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._go = threading.Event()

    def __call__(self, seconds: float) -> None:
        self.reached.set()
        self._go.wait(10)

    def go_on(self) -> None:
        self._go.set()


# Seeing


async def test_an_empty_machine_says_how_to_start() -> None:
    async with opened(Stage()) as (_, app):
        assert "Press n or click START" in text(app, "#notice")


async def test_a_session_of_an_image_is_called_as_the_image_is_and_the_engine_is_asked_once() -> None:
    image = "registry.example/stable/ngc-pytorch:26.06-pytorch2.13-py312-cuda13.3"
    stage = Stage(engine=LookedAt(images=(image,), now=lambda: NOW))
    stage.engine.image_labels[image] = {"ai.backend.kernelspec": "1"}
    stage.put("of-an-image", environment="ngc-pytorch", version=image.rpartition(":")[2], image=image)
    stage.put("of-nothing", environment="nobody-knows", version="1", image="x:1")
    async with opened(stage) as (pilot, app):
        await until(pilot, lambda: "PyTorch (NGC) 26.06" in environments(app))
        stage.put("another", environment="nobody-knows", version="1", image="x:1")
        await until(pilot, lambda: "another" in names(app))
        await settled(pilot)
        assert environments(app) == {"PyTorch (NGC) 26.06", "nobody-knows 1"}
    assert isinstance(stage.engine, LookedAt)
    assert stage.engine.looks == 1


async def test_a_session_launched_elsewhere_appears_without_a_key() -> None:
    stage = Stage()
    async with opened(stage) as (pilot, app):
        stage.put("nifty-bohr")
        await until(pilot, lambda: names(app) == ["nifty-bohr"])
        assert isinstance(app.focused, SessionList)


async def test_running_shows_live_sessions_and_sessions_shows_all() -> None:
    async with opened(busy()) as (pilot, app):
        assert "old-run" not in names(app)
        await pilot.press("2")
        assert {"old-run", "too-big", "nifty-bohr"} <= set(names(app))
        await pilot.press("left_square_bracket")
        assert "old-run" not in names(app)


async def test_the_cursor_stays_with_its_session_when_rows_move() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        stage.put("aaaa-first")
        await until(pilot, lambda: "aaaa-first" in names(app))
        selected = main(app).session
        assert selected is not None
        assert selected.name == "nifty-bohr"


async def test_a_burst_of_events_ends_with_the_last_state() -> None:
    stage = Stage()
    async with opened(stage) as (pilot, app):
        for number in range(200):
            stage.put(f"many-{number:03}")
        await until(pilot, lambda: len(names(app)) == 200)


async def test_enter_folds_and_unfolds_the_details() -> None:
    async with opened(busy(), (80, 24)) as (pilot, app):
        pane = app.screen.query_one(Details)
        assert not pane.display
        await pilot.press("enter")
        assert pane.display
        await pilot.press("enter")
        assert not pane.display


async def test_what_is_typed_in_one_go_after_the_filter_is_for_the_list() -> None:
    async with opened(busy()) as (pilot, app):
        await pilot.press("slash")
        await until(pilot, lambda: main(app).query_one("#filter").has_focus)
        for key in ("c", "u", "r", "i", "enter", "w"):
            app.post_message(events.Key(key, None if key == "enter" else key))
        await until(pilot, lambda: isinstance(app.screen, AppsScreen))
        assert main(app).query_one("#filter", Input).value == "curi"


async def test_the_filter_narrows_and_escape_widens() -> None:
    async with opened(busy()) as (pilot, app):
        await pilot.press("slash", *"curie", "enter")
        assert names(app) == ["calm-curie"]
        assert isinstance(app.focused, SessionList)
        await pilot.press("escape")
        assert len(names(app)) == 5


async def test_sorting_by_key_and_by_click() -> None:
    async with opened(busy()) as (pilot, app):
        before = names(app)
        await pilot.press("r")
        assert names(app) == before[::-1]
        listing = app.screen.query_one(SessionList)
        column = next(one for one in listing._columns if one.key == "memory")
        await pilot.click(SessionList, offset=(column.start + 1, 0))
        assert names(app)[:2] == ["train-7", "bold-euler"]


async def test_the_next_column_to_sort_by_is_one_that_is_there() -> None:
    async with opened(busy(), (80, 24)) as (pilot, app):
        listing = app.screen.query_one(SessionList)
        columns = {one.key for one in listing._columns}
        assert "environment" not in columns, "it has left for want of room"
        seen = set()
        for _ in range(12):
            await pilot.press("o")
            seen.add(main(app).sorting)
        assert seen == listing.sorts
        assert seen <= columns


async def test_an_engine_that_goes_leaves_its_last_picture_and_comes_back() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        banner = app.screen.query_one("#banner")
        assert not banner.display
        stage.engine.down = True
        await until(pilot, lambda: banner.display)
        assert "nothing answers" in text(app, "#banner")
        assert "nifty-bohr" in names(app)
        await pilot.press("d")
        assert "nothing answers" in toasts(app)
        stage.engine.down = False
        await until(pilot, lambda: not banner.display)


async def test_an_engine_that_never_answered_says_what_to_do() -> None:
    stage = Stage()
    stage.engine.down = True
    async with opened(stage) as (pilot, app):
        assert "sessiontui doctor" in text(app, "#notice")
        assert "nothing answers at memory://" in text(app, "#notice")
        stage.engine.down = False
        await until(pilot, lambda: "Press n" in text(app, "#notice"))


# Launching


async def test_a_double_launch_of_one_order_launches_once() -> None:
    stage = Stage()
    async with opened(stage) as (pilot, app):
        main(app).launch(order())
        main(app).launch(order())
        await until(pilot, lambda: names(app) == ["train-7"] and main(app).session)
        await until(pilot, lambda: not app.desk.launches)
        assert len(stage.engine.sessions()) == 1
        assert "train-7 runs" in toasts(app)


@contextlib.contextmanager
def held(stage: Stage) -> Iterator[Held]:
    """Launches on this stage wait."""
    hold = Held()
    stage.engine._pause = hold
    try:
        yield hold
    finally:
        hold.go_on()


async def test_a_launch_is_visible_and_can_be_cancelled() -> None:
    stage = busy()
    with held(stage) as hold:
        async with opened(stage) as (pilot, app):
            main(app).launch(order("big-pull", "pytorch/pytorch:2.6"))
            await until(pilot, lambda: hold.reached.is_set() and "big-pull" in names(app))
            await until(pilot, lambda: isinstance(main(app).selected, Preparation))
            await pilot.press("d")
            await until(pilot, lambda: "cancelling" in str(main(app).selected))
            hold.go_on()
            await until(pilot, lambda: "big-pull" not in names(app))
            assert "big-pull" not in [one.name for one in stage.engine.sessions()]
            assert "cancelled" in toasts(app)


async def test_a_failed_build_shows_its_output() -> None:
    stage = Stage()
    stage.engine.failing["pull"] = BuildFailed("the image could not be built", "look", output="E: no space")
    async with opened(stage) as (pilot, app):
        main(app).launch(order(image="missing/image"))
        await until(pilot, lambda: isinstance(app.screen, OutputScreen))
        assert "could not be built" in str(app.screen.query_one(".dialog--title").render())
        await pilot.press("escape")
        assert isinstance(app.screen, MainScreen)


async def test_quitting_amid_a_launch_asks_and_cleans_up() -> None:
    stage = Stage()
    with held(stage) as hold:
        async with opened(stage) as (pilot, app):
            main(app).launch(order(image="pytorch/pytorch:2.6"))
            await until(pilot, hold.reached.is_set)
            await pilot.press("q")
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
            assert app.is_running
            await pilot.press("q")
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            await pilot.press("y")
            hold.go_on()
            await until(pilot, lambda: not app.is_running or app._exit)
            assert not stage.engine.sessions()


async def test_quitting_with_nothing_under_way_just_quits() -> None:
    stage = busy()
    app = stage.app()
    started = time.monotonic()
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
    assert time.monotonic() - started < 5
    assert len(stage.engine.sessions()) == 8


# Ending


async def test_stop_asks_then_stops_and_the_same_key_starts_again() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "calm-curie")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "calm-curie" not in names(app))
        await pilot.press("2")
        await select(pilot, app, "calm-curie")
        await pilot.press("x")
        await until(pilot, lambda: main(app).session and "calm-curie runs" in toasts(app))
        phases = {one.name: one.phase for one in stage.engine.sessions()}
        assert phases["calm-curie"] is Phase.RUNNING
        assert "calm-curie is stopped: see the Sessions tab" in toasts(app)
        await until(pilot, lambda: (one := main(app).session) and one.phase is Phase.RUNNING)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "calm-curie is stopped" in toasts(app).splitlines())


async def test_delete_opens_on_cancel_and_deletes_only_when_told() -> None:
    stage = busy()
    stage.engine.write_file("id-nifty-bohr", "/home/work/thesis.tex", b"x" * 2048)
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await until(pilot, lambda: "1 file, 2K" in text(app, "#dying"))
        assert "thesis.tex" in text(app, "#dying")
        assert DATA.source in text(app, "#staying")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert "nifty-bohr" in names(app)
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: "nifty-bohr" not in names(app))
        assert "nifty-bohr" not in [one.name for one in stage.engine.sessions()]


async def test_the_delete_dialog_closes_when_somebody_else_was_faster() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        stage.engine.remove("id-nifty-bohr")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert "deleted by somebody else" in toasts(app)
        assert "nifty-bohr" not in names(app)


@pytest.mark.parametrize("key", ["d", "x", "s", "w"])
async def test_another_users_session_is_left_alone(key: str) -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "bold-euler")
        await pilot.press(key)
        assert f"belongs to {BOB.name}" in toasts(app)
        assert isinstance(app.screen, MainScreen)


# The mouse


async def test_the_icons_of_a_row_are_its_commands() -> None:
    async with opened(busy()) as (pilot, app):
        listing = app.screen.query_one(SessionList)
        control = next(one for one in listing._columns if one.key == "control")
        line = names(app).index("nifty-bohr") + 1
        await pilot.click(SessionList, offset=(control.start + 4, line))
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        await pilot.press("q")
        await pilot.click(SessionList, offset=(control.start + 6, line))
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await pilot.press("escape")


async def test_start_and_the_key_hints_are_clickable() -> None:
    stage = Stage()
    stage.engine.down = True
    async with opened(stage) as (pilot, app):
        await pilot.click(StartButton)
        assert "has not answered yet" in toasts(app) or "nothing answers" in toasts(app)
        at = str(app.screen.query_one("#bar", Styled).render()).index("? help") + 1
        await pilot.click("#bar", offset=(at, 0))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


# The rest


async def test_logs_follow_and_search() -> None:
    stage = busy()
    stage.engine.write("id-nifty-bohr", b"".join(b"\x1b[31mline %d\x1b[0m\n" % one for one in range(300)))
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        view = app.screen.query_one(LogView)
        await until(pilot, lambda: len(view._lines) == 300)
        assert view._lines[0] == "line 0"
        stage.engine.write("id-nifty-bohr", b"the last words\n")
        await until(pilot, lambda: view._lines[-1] == "the last words")
        assert view.following
        await pilot.press("up")
        assert not view.following
        await pilot.press("down")
        assert view.following
        await pilot.press("slash", *"line 7", "enter")
        assert "in 11 lines" in toasts(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))


async def test_the_copy_menu_copies() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CopyMenu))
        await pilot.press("down", "enter")
        await until(pilot, lambda: stage.copied == ["id-nifty-bohr"])


async def test_without_a_terminal_the_shell_says_so() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        for key in ("s", "S"):
            await pilot.press(key)
        await until(pilot, lambda: toasts(app).count("In a terminal: sessiontui shell nifty-bohr") == 2)
        assert isinstance(app.screen, MainScreen)
        assert not stage.shells
        # What needs no terminal works.
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))


async def test_events_are_heard_while_the_shell_has_the_screen_and_nothing_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lend_terminal(monkeypatch)
    stage = busy()
    app = stage.app()
    left = threading.Event()

    def shell(argv: list[str]) -> int:
        left.wait(10)
        return 137

    stage.shell = shell
    async with app.run_test() as pilot:
        await settled(pilot)
        await select(pilot, app, "nifty-bohr")
        await pilot.press("s")
        await until(pilot, lambda: stage.shells)
        await pilot.press("s")
        gone = app.picture.session("id-nifty-bohr")
        assert gone is not None
        stage.engine.put(replace(gone, phase=Phase.FAILED, reason="out of memory"))
        stage.put("from-outside")
        await until(pilot, lambda: app.picture.session("id-from-outside"))
        assert "from-outside" not in names(app)
        left.set()
        await until(pilot, lambda: "from-outside" in names(app))
        assert len(stage.shells) == 1
        assert "nifty-bohr has failed (out of memory)" in toasts(app)


def drawn(app: SessiontuiApp) -> str:
    rows = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in row) for row in rows)


class Forgetful(MemoryEngine):
    """An engine whose list tells what was ordered, and a look what is."""

    def glance(self) -> tuple[Session, ...]:
        return tuple(replace(one, brief=True, ask=Ask(1, GIB)) for one in super().glance())


async def test_details_are_those_of_a_look_also_after_the_list_was_read_anew() -> None:
    stage = Stage(Forgetful(now=lambda: NOW))
    session = stage.put("nifty-bohr", ask=Ask(4, 16 * GIB))
    async with opened(stage) as (pilot, app):
        await select(pilot, app, session.name)
        for _ in range(2):
            await until(pilot, lambda: "4 CPU · 16G" in drawn(app))
            app.desk.observer.resync()
            app.desk.redraw()
            await pilot.pause()


async def test_a_key_that_comes_before_a_screen_has_its_parts_ends_nothing() -> None:
    async with opened(busy()) as (pilot, app):
        for _ in range(5):
            main(app).action_command("open-files")
            while app.screen is main(app):
                await asyncio.sleep(0)
            await app.run_action("filter", app.screen)
            await until(pilot, lambda: app.screen.query("#files-here"))
            await pilot.press("escape", "escape")
            await until(pilot, lambda: app.screen is main(app))
