"""What a person sees of the dashboard, in several sizes, dark and light, on a frozen clock."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from sessiontui.domain.launch import Preparation, Progress, Step
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.delete import DeleteScreen
from sessiontui.ui.screens.help import HelpScreen
from sessiontui.ui.screens.logs import LogsScreen
from sessiontui.ui.screens.output import OutputScreen
from sessiontui.ui.screens.rescue import RescueScreen
from sessiontui.ui.widgets.log_view import LogView
from sessiontui.ui.widgets.session_list import SessionList
from tests.pilot.stage import NOW, Stage, busy, lived, lived_in, order, select, until
from tests.snapshot.steps import LIGHT, Compare, after

SMALL, USUAL, WIDE, TINY = (80, 24), (120, 36), (160, 45), (60, 20)


@pytest.mark.parametrize("size", [SMALL, USUAL, WIDE, TINY], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["", LIGHT], ids=["dark", "light"])
def test_busy(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(busy().app(), terminal_size=size, run_before=after(theme=theme))


def test_the_picture_in_the_manual(snap_compare: Compare) -> None:
    stage = lived_in()

    async def launch(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        progress = Progress(Step.PULLING, "layer 7/12 · 1.9/4.6G · 38M/s", 0.41)
        app.desk.observer.prepare(Preparation(order("train-7"), progress, NOW.timestamp() - 50))
        app.desk.redraw()
        await lived(pilot, stage, "nifty-bohr")

    assert snap_compare(stage.app(), terminal_size=(120, 30), run_before=after(then=launch))


@pytest.mark.parametrize("size", [SMALL, WIDE, TINY], ids=lambda size: f"{size[0]}x{size[1]}")
def test_empty(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(Stage().app(), terminal_size=size, run_before=after())


def test_all_sessions_with_the_ended_ones(snap_compare: Compare) -> None:
    async def choose(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await select(pilot, app, "too-big")

    assert snap_compare(busy().app(), terminal_size=USUAL, run_before=after("2", then=choose))


def test_details_unfolded_on_a_small_terminal(snap_compare: Compare) -> None:
    assert snap_compare(busy().app(), terminal_size=SMALL, run_before=after("enter"))


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=lambda size: f"{size[0]}x{size[1]}")
def test_launches_under_way(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def launch(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        steps = (
            ("pulled-one", Progress(Step.PULLING, "layer 7/12 · 1.9/4.6 GB · 38 MB/s", 0.41)),
            ("built-one", Progress(Step.BUILDING, "step 5/8 · RUN pip install jupyterlab notebook", 0.6)),
            ("late-one", Progress(Step.PENDING, "waiting for another launch that prepares the same image")),
        )
        for name, progress in steps:
            app.desk.observer.prepare(Preparation(order(name), progress, NOW.timestamp() - 70))
        app.desk.redraw()
        await pilot.pause()
        app.screen.query_one(SessionList).select("id-pulled-one")

    assert snap_compare(busy().app(), terminal_size=size, run_before=after(then=launch))


@pytest.mark.parametrize("theme", ["", LIGHT], ids=["dark", "light"])
def test_an_engine_in_trouble(snap_compare: Compare, theme: str) -> None:
    stage = busy()

    async def lose(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        stage.engine.down = True
        await until(pilot, lambda: app.picture.trouble)

    assert snap_compare(stage.app(), terminal_size=SMALL, run_before=after(then=lose, theme=theme))


def test_an_engine_that_never_answered(snap_compare: Compare) -> None:
    stage = Stage()
    stage.engine.down = True
    assert snap_compare(stage.app(), terminal_size=SMALL, run_before=after())


@pytest.mark.parametrize("size", [SMALL, TINY], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["", LIGHT], ids=["dark", "light"])
def test_the_delete_dialog(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    stage = busy()
    for number in range(7):
        stage.engine.write_file("id-nifty-bohr", f"/home/work/runs/{number}/model.ckpt", b"x" * 70_000)
    stage.engine.write_file("id-nifty-bohr", "/home/work/[b]実験\x1b[31m.ipynb", b"x" * 900)

    async def counted(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await until(pilot, lambda: "8 files" in str(app.screen.query_one("#dying").render()))

    assert snap_compare(stage.app(), terminal_size=size, run_before=after("d", then=counted, theme=theme))


def test_marked_sessions_and_what_dies_with_them(snap_compare: Compare) -> None:
    stage = busy()
    stage.engine.write_file("id-nifty-bohr", "/home/work/thesis.tex", b"x" * 90_000)
    stage.engine.write_file("id-nifty-bohr", "/srv/notes", b"x" * 70)

    async def counted(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await until(pilot, lambda: "counting" not in str(app.screen.query_one("#dying").render()))

    assert snap_compare(stage.app(), terminal_size=USUAL, run_before=after("2", "ctrl+a", then=counted))


def test_the_folder_to_save_in(snap_compare: Compare) -> None:
    async def chosen(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, RescueScreen))
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 3)

    assert snap_compare(busy().app(), terminal_size=SMALL, run_before=after("d", then=chosen))


def test_the_stop_question(snap_compare: Compare) -> None:
    assert snap_compare(busy().app(), terminal_size=SMALL, run_before=after("x"))


def test_the_copy_menu(snap_compare: Compare) -> None:
    assert snap_compare(busy().app(), terminal_size=SMALL, run_before=after("c"))


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_help(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def opened(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))

    assert snap_compare(busy().app(), terminal_size=size, run_before=after("question_mark", then=opened))


def test_the_logs(snap_compare: Compare) -> None:
    stage = busy()
    stage.engine.write(
        "id-nifty-bohr",
        b"".join(
            b"\x1b[32m[I 12:00:%02d]\x1b[0m epoch %d loss 0.%03d\n" % (n % 60, n, 997 - n) for n in range(90)
        )
        + "日本語のとても長い行 ".encode() * 12
        + b"\n[bold]not markup[/]\n 41%|####      |",
    )

    async def read(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        await until(pilot, lambda: len(app.screen.query_one(LogView)._lines) == 92)
        app.screen.query_one(LogView).search("epoch 8")

    assert snap_compare(stage.app(), terminal_size=SMALL, run_before=after("l", then=read))


def test_the_output_of_a_failed_build(snap_compare: Compare) -> None:
    async def fail(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        output = (
            "\n".join(f"Collecting package-{one}" for one in range(40)) + "\nERROR: no space left on device"
        )
        app.push_screen(OutputScreen("the image of Python 3.12 could not be built", "make room", output))
        await pilot.pause()

    assert snap_compare(busy().app(), terminal_size=SMALL, run_before=after(then=fail))
