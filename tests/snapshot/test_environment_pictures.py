"""What a person sees of environments: the tab, and the dialog that saves a session as one."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.save import SaveScreen
from tests.pilot.stage import busy, until
from tests.pilot.test_environments_tab import keys, stocked
from tests.snapshot.steps import after


async def listed(app: SessiontuiApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: keys(app))
    await pilot.press("end")


async def measured(app: SessiontuiApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(app.screen, SaveScreen))
    await until(pilot, lambda: "12M" in str(app.screen.query_one("#kept").render()))


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
def test_the_tab(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(stocked().app(), terminal_size=size, run_before=after("4", then=listed))


def test_the_dialog_that_saves(snap_compare: Any) -> None:
    assert snap_compare(busy().app(), terminal_size=(80, 24), run_before=after("E", then=measured))
