"""What a person sees of the charts, in several sizes, dark and light, on a frozen clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.charts import ChartsScreen
from tests.pilot.stage import Stage, charted, lived, shortage, training, until
from tests.snapshot.steps import LIGHT, Compare, after

SIZES = pytest.mark.parametrize(
    "size", [(80, 24), (120, 36), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}"
)
THEMES = pytest.mark.parametrize("theme", ["", LIGHT], ids=["dark", "light"])


def past_of(
    stage: Stage, *keys: str, theme: str = "", chosen: str = "nifty-bohr"
) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Give a session its past, choose it, and press keys."""

    async def live(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await lived(pilot, stage, chosen, training if chosen == "nifty-bohr" else shortage)

    async def open_charts(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        if "v" in keys:
            await until(pilot, lambda: isinstance(app.screen, ChartsScreen))

    return after(*keys, theme=theme, first=live, then=open_charts, chosen=chosen)


@SIZES
@THEMES
def test_the_pane(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    stage = charted()
    keys = ("enter",) if size[1] < 30 else ()
    assert snap_compare(stage.app(), terminal_size=size, run_before=past_of(stage, *keys, theme=theme))


@SIZES
def test_the_pane_of_a_session_in_need(snap_compare: Compare, size: tuple[int, int]) -> None:
    stage = charted()
    keys = ("enter",) if size[1] < 30 else ()
    assert snap_compare(stage.app(), terminal_size=size, run_before=past_of(stage, *keys, chosen="train-7"))


@SIZES
@THEMES
def test_full_screen(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    stage = charted()
    assert snap_compare(stage.app(), terminal_size=size, run_before=past_of(stage, "v", theme=theme))


@SIZES
def test_an_hour_of_a_session_in_need(snap_compare: Compare, size: tuple[int, int]) -> None:
    stage = charted()
    run = past_of(stage, "v", "2", chosen="train-7")
    assert snap_compare(stage.app(), terminal_size=size, run_before=run)


def test_full_screen_on_little_room(snap_compare: Compare) -> None:
    stage = charted()
    assert snap_compare(stage.app(), terminal_size=(50, 24), run_before=past_of(stage, "v"))
