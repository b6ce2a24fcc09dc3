"""Takes the person into a session's shell and back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from sessiontui.access.terminal import keys_left_to_the_child
from sessiontui.actions.ports import ensure_may_touch
from sessiontui.domain.detach_keys import DETACH_KEYS, readable_chord
from sessiontui.domain.errors import HostError
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Phase, Session
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean

if TYPE_CHECKING:
    from sessiontui.ui.desk import Desk

_KILLED = 137
"""What a shell exits with whose session is ended under it."""
_LOOKS, _PAUSE = 10, 0.2
"""How often, and after how many seconds, it is asked again why: the shell dies before its session is gone."""


async def visit(desk: Desk, session: Session) -> None:
    """Put a shell in place of the dashboard until it is left. The loop goes on meanwhile.

    Raises HostError and EngineError.
    """
    if desk.away.is_set():
        return
    ensure_may_touch(session, desk.ports.owner)
    desk.away.set()
    try:
        terminal = desk.environ.get("TERM") or "xterm"
        argv = await in_background(desk.ports.engine.shell, session, terminal=terminal)
        banner = (
            f"{clean(session.name)}: a shell in the session. exit or ctrl+d brings the dashboard back; "
            f"{readable_chord(DETACH_KEYS)} does too, and leaves it running."
        )
        try:
            with keys_left_to_the_child(), desk.app.suspend():
                code = await in_background(desk.run_in_terminal, argv, banner)
        except SuspendNotSupported as error:
            raise HostError(
                "this terminal cannot be lent to a shell",
                f"run it elsewhere: sessiontui shell {clean(session.name)}",
            ) from error
        desk.mouse.apply()
        picture = await in_background(desk.observer.resync)
    finally:
        desk.away.clear()
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
        return f"the shell ended: {session.name} is {now.phase}" + (f" ({now.reason})" if now.reason else "")
    if code == _KILLED:
        return "the shell was killed (137): the session may have run out of memory"
    return f"the shell ended with exit code {code}"
