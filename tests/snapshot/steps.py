"""What is done on a dashboard before its picture is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from sessiontui.ui.app import SessiontuiApp
from tests.pilot.stage import select, settled

Compare = Any
Step = Callable[[SessiontuiApp, Pilot[None]], Awaitable[None]]
LIGHT = "sessiontui-light"


def after(
    *keys: str,
    theme: str = "",
    first: Step | None = None,
    then: Step | None = None,
    chosen: str = "nifty-bohr",
) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Wait for the first picture, choose a session if there is one, press keys, and wait for what follows."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, SessiontuiApp)
        await settled(pilot)
        if theme:
            app.theme = theme
        if first is not None:
            await first(app, pilot)
        if app.picture.session(f"id-{chosen}") is not None:
            await select(pilot, app, chosen)
        await pilot.press(*keys)
        if then is not None:
            await then(app, pilot)
        await pilot.pause()

    return run
