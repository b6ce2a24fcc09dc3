"""The ways out: asked for by the person, or told by the system."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable

from sessiontui.access.terminal import end_child, terminal_is_gone
from sessiontui.ui.desk import Desk
from sessiontui.ui.present import clean
from sessiontui.ui.screens.confirm import ConfirmScreen

_BEAT = 0.05
"""Seconds between two looks at what has to end first."""
_PATIENCE = 20
"""Looks after which a program that has the terminal is killed, and a launch is no longer waited for."""

_LAST_RESORT = 4.0
"""Seconds an orderly way out may take once the terminal is gone."""


async def leave(desk: Desk) -> None:
    """Quit; ask first when a launch is under way, and quit only when nothing of it is left."""
    launches = desk.launches
    if launches:
        names = ", ".join(sorted(launches.names))
        question = ConfirmScreen(
            "Quit?",
            f"Still being prepared: {names}. Quitting cancels it and removes what it left. "
            "Sessions that run go on.",
            "Cancel it and quit",
            stay="Stay",
        )
        if not await desk.ask(question):
            return
        launches.cancel_all()
        desk.redraw()
        while launches:
            await asyncio.sleep(_BEAT)
    picture = desk.observer.picture()
    if picture.saving:
        names = ", ".join(sorted(one.name for one in picture.sessions if one.id in picture.saving))
        question = ConfirmScreen(
            "Quit?",
            f"Still being saved as an environment: {clean(names)}. Who quits now has it not saved.",
            "Quit without it",
            stay="Stay",
        )
        if not await desk.ask(question):
            return
    desk.app.exit()


async def leave_at_once(desk: Desk) -> None:
    """Quit without a question.

    A shell that has the terminal ends first and gives it back. Launches under way get a moment to
    take back what they made; what is left after it shows as cut off at the next start.
    """
    if terminal_is_gone():
        # Textual would wait for ever for the thread that writes to it.
        last_resort = threading.Timer(_LAST_RESORT, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()
    desk.launches.cancel_all()
    looks = 0
    while desk.away.is_set() or (desk.launches and looks <= _PATIENCE):
        if desk.away.is_set():
            end_child(by_force=looks > _PATIENCE)
        await asyncio.sleep(_BEAT)
        looks += 1
    desk.app.exit(return_code=1)


def when_told_to_end(act: Callable[[], object]) -> None:
    """Call this when the terminal closes or the process is told to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Only the main thread hears signals; elsewhere somebody else has them.
        with contextlib.suppress(RuntimeError, ValueError):
            loop.add_signal_handler(number, act)
