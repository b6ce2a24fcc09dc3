"""The dashboard as the wiring puts it together, on a real engine, without a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from sessiontui import config, wiring
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.first_look import FirstLook
from sessiontui.ui.screens.main import MainScreen
from tests.pilot.stage import until


@asynccontextmanager
async def real_dashboard(
    environ: Mapping[str, str], home: Path, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[Pilot[None], SessiontuiApp]]:
    """Open it for a person with that home, whose environment names the engine; wait for its main screen."""
    environ = {**environ, "HOME": str(home), "TERM": "xterm-256color"}
    settings = config.load(None, environ)
    first = FirstLook(lambda: wiring.ports(settings, environ))
    app = SessiontuiApp(lambda app: wiring.dashboard(app, *first.taken(), settings, environ))
    try:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
            yield pilot, app
    finally:
        first.close()
