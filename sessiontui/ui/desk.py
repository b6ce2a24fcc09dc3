"""What the commands of a person work with: the ports, the observer, and the way back to the person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from textual.app import App
from textual.screen import Screen

from sessiontui.access.keys import KeyRing
from sessiontui.actions.forward import Forwards
from sessiontui.actions.launch import Launcher
from sessiontui.actions.observe import Observer
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import Cancelled, SessiontuiError
from sessiontui.domain.session import Session
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.keyboard import Keyboard
from sessiontui.ui.launches import Launches
from sessiontui.ui.mouse import Mouse
from sessiontui.ui.picture_taken import PictureTaken
from sessiontui.ui.shell_choice import ShellSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """One for each run of the dashboard. Its coroutines belong in Textual workers."""

    app: App[None]
    ports: Ports
    observer: Observer
    launcher: Launcher
    launches: Launches
    keys: KeyRing
    forwards: Forwards
    keyboard: Keyboard
    environ: Mapping[str, str]
    run_in_terminal: Callable[[list[str], str], int]
    copy: Callable[[str], str]
    now: Callable[[], float]
    mouse: Mouse
    away: threading.Event
    """Set while a shell has the terminal."""
    stir: Callable[[], None]
    """Has the engine looked at now."""
    shells: ShellSettings = field(default_factory=ShellSettings)

    def say(self, message: str, *, warning: bool = False) -> None:
        """Tell the person something that needs no answer."""
        self.app.notify(
            present.clean(message), severity="warning" if warning else "information", markup=False
        )

    def tell(self, error: SessiontuiError) -> None:
        """Tell the person what went wrong and what to do about it."""
        if isinstance(error, Cancelled):
            self.say(error.message)
            return
        words = "\n".join(present.clean(one) for one in (error.message, error.hint) if one)
        self.app.notify(words, severity="error", timeout=10, markup=False)

    def redraw(self) -> None:
        """Show what the observer knows by now."""
        self.app.post_message(PictureTaken(self.observer.picture()))

    async def ask(self, screen: Screen[T]) -> T | None:
        """Show a dialog and await its answer."""
        answer: Any = await self.app.push_screen_wait(screen)
        return answer  # type: ignore[no-any-return]

    async def change(self, session: Session, action: Callable[[Ports, Session], T], *, ends: bool) -> T:
        """Start a session, or end it as ``end`` does. What the action returned."""
        if ends:
            return await self.end(session, action)
        try:
            return await in_background(action, self.ports, session)
        finally:
            self.stir()

    async def end(self, session: Session, action: Callable[[Ports, Session], T]) -> T:
        """Stop or delete a session; it shows as stopping meanwhile. What the action returned."""
        self.observer.stopping(session)
        self.redraw()
        try:
            return await in_background(action, self.ports, session)
        finally:
            # The list is looked at first, so that the session is never seen running again.
            await in_background(self.observer.resync)
            self.observer.stopped(session)
            self.redraw()
