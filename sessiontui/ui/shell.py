"""Takes the person into a session's shell and back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from textual.app import App

from sessiontui.access.terminal import keys_left_to_the_child
from sessiontui.access.tmux import in_tmux, open_window
from sessiontui.actions.enter import WayIn, enter, line_command, way_in
from sessiontui.domain.detach_keys import readable_chord
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Phase, Session
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean
from sessiontui.ui.shell_choice import ShellChoice

if TYPE_CHECKING:
    from sessiontui.ui.desk import Desk

_KILLED = 137
"""What a shell exits with whose session is ended under it."""
_LOOKS, _PAUSE = 10, 0.2
"""How often, and after how many seconds, it is asked again why: the shell dies before its session is gone."""


def why_not_here(app: App[Any], session: str) -> str | None:
    """Why a shell cannot have the dashboard's place, None when it can."""
    driver = app._driver
    if driver is not None and driver.can_suspend:
        return None
    return (
        "the dashboard has no terminal of its own here (as in a browser) to lend to a shell. "
        f"In a terminal: sessiontui shell {session}"
    )


async def open_shell(desk: Desk, session: Session, choice: ShellChoice | None = None) -> None:
    """Open what was chosen, or the user's own shell where the settings say. Raises HostError, EngineError."""
    if choice is None:
        choice = ShellChoice(window=desk.shells.in_window and in_tmux(desk.environ))
    command = line_command(choice.line, choice.program) if choice.line else ()
    terminal = desk.environ.get("TERM") or "xterm"
    entry = await in_background(
        way_in, desk.ports, session, command, terminal=terminal, program=choice.program
    )
    if not choice.window:
        await _visit(desk, entry, "" if command else _way_back(desk, session))
        return
    argv = entry.argv
    if desk.shells.again:
        # The program of the window sees to the terminal, and stands by the shell.
        shell = ["--shell", choice.program] if choice.program else []
        argv = [*desk.shells.again, "shell", "--hold", *shell, session.id]
        argv += ["--", *command] if command else []
    await in_background(open_window, argv, clean(session.name), desk.environ)
    desk.say(f"{session.name}: a shell in a new tmux window")


def _way_back(desk: Desk, session: Session) -> str:
    return (
        f"{clean(session.name)}: a shell in the session. exit or ctrl+d brings the dashboard back; "
        f"{readable_chord(desk.shells.detach_keys)} does too, and leaves it running."
    )


async def _visit(desk: Desk, entry: WayIn, banner: str) -> None:
    """Put it in place of the dashboard until it is left. The loop goes on meanwhile."""
    session = entry.session
    if desk.away.is_set():
        return
    desk.away.set()
    try:
        with keys_left_to_the_child(), desk.app.suspend():
            code = await in_background(enter, desk.ports.engine, entry, desk.run_in_terminal, banner)
    finally:
        # Now, not after the look below: the list is on the screen again, and takes keys.
        desk.away.clear()
    desk.mouse.apply()
    picture = await in_background(desk.observer.resync)
    desk.redraw()
    if code == _KILLED:
        for _ in range(_LOOKS):
            if picture.trouble or _has_ended(picture, session):
                break
            await asyncio.sleep(_PAUSE)
            picture = await in_background(desk.observer.resync)
            desk.redraw()
    if code:
        desk.say(_what_happened(picture, session, code), warning=code != 1)


def _has_ended(picture: Picture, session: Session) -> bool:
    now = picture.session(session.id)
    return now is None or now.phase not in (Phase.RUNNING, Phase.STOPPING)


def _what_happened(picture: Picture, session: Session, code: int) -> str:
    """Why the shell ended, as far as it can be told."""
    if picture.trouble:
        return f"the shell ended: {picture.trouble}"
    now = picture.session(session.id)
    if now is None:
        return f"the shell ended: {session.name} was deleted"
    if now.phase is not Phase.RUNNING:
        reason = f" ({now.reason})" if now.reason else ""
        return f"the shell ended: {session.name} {now.phase.said}{reason}"
    if code == _KILLED:
        return "the shell was killed (137): the session may have run out of memory"
    return f"the shell ended with exit code {code}"
