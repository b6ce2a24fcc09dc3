"""Commands that begin and end sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessiontui.actions import end
from sessiontui.domain.launch import Preparation
from sessiontui.domain.picture import Picture
from sessiontui.domain.record import Record
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import format_age
from sessiontui.engine.port import STOP_SECONDS
from sessiontui.ui.background import in_background
from sessiontui.ui.commands.base import OnEngine, OnSession, Selected
from sessiontui.ui.commands.many import delete, stop_or_start, stopped_or_started
from sessiontui.ui.present import clean

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen


class StartSession(OnEngine):
    """Start a session: choose environment, resources and folders."""

    name, keys, label, hinted = "start-session", "n", "start", True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        await ask_and_launch(screen)


async def ask_and_launch(screen: MainScreen, repeated: Session | Record | None = None) -> None:
    """Have the person choose, beginning with what was chosen before, and launch that."""
    from sessiontui.ui.screens.launch import LaunchScreen

    desk = screen.desk
    order = await desk.ask(LaunchScreen(desk.launcher, desk.ports, lambda: desk.launches.names, repeated))
    if order is not None:
        screen.launch(order)


class RepeatSession(OnSession):
    """Start a session like the selected one: the dialog opens filled in."""

    name, keys, label, others = "repeat-session", "R", "repeat", True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        if screen.session is not None:
            await ask_and_launch(screen, screen.session)


class StopSession(OnSession):
    """Stop the running session and keep its home, start a stopped one, or finish a cut-off launch.

    One whose stop takes too long is ended by force.
    """

    name, keys, label, hinted, bulk = "stop-session", "x", "stop", True, True
    changing = True

    def label_for(self, selected: Selected) -> str:
        """See Command."""
        if isinstance(selected, Session) and selected.phase is Phase.STOPPING:
            return "kill"
        if not isinstance(selected, Session) or selected.phase.live:
            return "stop"
        return "finish" if selected.interrupted else "start"

    def about(self, marked: Sequence[Session]) -> Sequence[Session]:
        """See Command."""
        return stopped_or_started(marked)

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if (reason := super().why_not(picture, selected, owner)) is not None:
            return reason
        if isinstance(selected, Session):
            if selected.phase.live and selected.phase not in (Phase.RUNNING, Phase.STOPPING):
                return f"{selected.name} {selected.phase.said}"
            if selected.container_id is None:
                return f"only the home of {selected.name} is left: it can be deleted, not started"
        return None

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.confirm import ConfirmScreen

        desk, session = screen.desk, screen.session
        if screen.marked:
            await stop_or_start(screen)
            return
        if session is None:
            return
        if session.phase is Phase.STOPPING:
            await _kill(screen, session)
            return
        if session.phase is not Phase.RUNNING:
            desk.say(f"starting {session.name}")
            try:
                await in_background(end.start, desk.ports, session)
            finally:
                desk.stir()
            desk.say(f"{session.name} runs")
            return
        question = ConfirmScreen(
            f"Stop {clean(session.name)}?",
            "Its programs end: notebooks and jobs lose what they have not saved. "
            "Its home and its folders stay, and it can be started again.",
            "Stop",
        )
        if await desk.ask(question):
            await desk.end(session, end.stop)
            where = ": see the Sessions tab" if screen.tab == 0 else ""
            desk.say(f"{session.name} is stopped{where}")


async def _kill(screen: MainScreen, session: Session) -> None:
    """End a session by force whose stop takes longer than the engine gives it."""
    from sessiontui.ui.screens.confirm import ConfirmScreen

    desk = screen.desk
    since = desk.observer.picture().stopping.get(session.id)
    taken = None if since is None else desk.now() - since
    if taken is not None and taken < STOP_SECONDS:
        desk.say(
            f"{session.name} has been stopping for {format_age(taken)}: the engine ends it by force "
            f"after {STOP_SECONDS}s, and {desk.keyboard.key('stop-session')} after that"
        )
        return
    long = "It is being removed" if taken is None else f"It has been stopping for {format_age(taken)}"
    question = ConfirmScreen(
        f"Kill {clean(session.name)}?",
        f"{long}. Kill ends all its programs at once: they can save nothing more. "
        "What is left of its home, and its folders, stay.",
        "Kill",
    )
    if await desk.ask(question):
        try:
            await in_background(end.kill, desk.ports, session)
        finally:
            desk.stir()
        desk.say(f"{session.name} is killed")


class ResizeSession(OnSession):
    """Change the CPU and memory that the session may use, also while it runs."""

    name, keys, label = "resize-session", "z", "resize"

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if (reason := super().why_not(picture, selected, owner)) is not None:
            return reason
        if isinstance(selected, Session):
            if selected.container_id is None:
                return f"only the home of {selected.name} is left: it has no limits"
            if selected.phase.live and selected.phase is not Phase.RUNNING:
                return f"{selected.name} {selected.phase.said}"
        return None

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.resize import ResizeScreen

        desk, session = screen.desk, screen.session
        if session is None:
            return
        changed = await desk.ask(ResizeScreen(desk.ports, session))
        if changed is not None:
            desk.stir()
            desk.say(
                f"{changed.name} has {changed.ask}" + ("" if changed.phase.live else " from its next start")
            )


class DeleteSession(OnSession):
    """Delete the session with its home, after saying what dies, or save it to a folder first."""

    name, keys, label, hinted, bulk = "delete-session", "d,delete", "delete", True, True
    changing = True

    def label_for(self, selected: Selected) -> str:
        """See Command."""
        return "cancel" if isinstance(selected, Preparation) else "delete"

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if isinstance(selected, Preparation):
            return None
        if (reason := super().why_not(picture, selected, owner)) is not None:
            return reason
        if isinstance(selected, Session) and selected.phase is Phase.STOPPING:
            return f"{selected.name} is stopping"
        return None

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        desk = screen.desk
        if screen.marked:
            await delete(screen, screen.marked)
        elif isinstance(screen.selected, Preparation):
            desk.launches.cancel(screen.selected.order.id)
            desk.redraw()
        elif screen.session is not None:
            await delete(screen, (screen.session,))
