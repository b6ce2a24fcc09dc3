"""What a person sees of the charts, in several sizes, dark and light, on a frozen clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.charts import ChartsScreen
from sessiontui.ui.widgets.session_list import SessionList
from tests.pilot.stage import Stage, charted, lived, settled, shortage, training, until

Compare = Any
SIZES = pytest.mark.parametrize(
    "size", [(80, 24), (120, 36), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}"
)
THEMES = pytest.mark.parametrize("theme", ["", "sessiontui-light"], ids=["dark", "light"])


def after(
    stage: Stage, *keys: str, theme: str = "", select: str = "nifty-bohr"
) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Wait for the first picture, give a session its past, choose it, and press keys."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, SessiontuiApp)
        await settled(pilot)
        if theme:
            app.theme = theme
        await lived(pilot, stage, select, training if select == "nifty-bohr" else shortage)
        app.screen.query_one(SessionList).select(f"id-{select}")
        await pilot.pause()
        await pilot.press(*keys)
        if "v" in keys:
            await until(pilot, lambda: isinstance(app.screen, ChartsScreen))
        await pilot.pause()

    return run


@SIZES
@THEMES
def test_the_pane(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    stage = charted()
    keys = ("enter",) if size[1] < 30 else ()
    assert snap_compare(stage.app(), terminal_size=size, run_before=after(stage, *keys, theme=theme))


@SIZES
def test_the_pane_of_a_session_in_need(snap_compare: Compare, size: tuple[int, int]) -> None:
    stage = charted()
    keys = ("enter",) if size[1] < 30 else ()
    assert snap_compare(stage.app(), terminal_size=size, run_before=after(stage, *keys, select="train-7"))


@SIZES
@THEMES
def test_full_screen(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    stage = charted()
    assert snap_compare(stage.app(), terminal_size=size, run_before=after(stage, "v", theme=theme))


@SIZES
def test_an_hour_of_a_session_in_need(snap_compare: Compare, size: tuple[int, int]) -> None:
    stage = charted()
    run = after(stage, "v", "2", select="train-7")
    assert snap_compare(stage.app(), terminal_size=size, run_before=run)


def test_full_screen_on_little_room(snap_compare: Compare) -> None:
    stage = charted()
    assert snap_compare(stage.app(), terminal_size=(50, 24), run_before=after(stage, "v"))
