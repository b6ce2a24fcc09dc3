"""What is done to one session or to several at once, by one question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sessiontui.actions import end
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import SessionGone, SessiontuiError
from sessiontui.domain.session import Phase, Session
from sessiontui.ui.present import clean

if TYPE_CHECKING:
    from sessiontui.ui.desk import Desk
    from sessiontui.ui.screens.main import MainScreen

_AT_ONCE = 4
"""How many sessions are stopped, started or deleted at a time."""
_NAMED = 12
"""How many names a question lists."""


async def delete(screen: MainScreen, sessions: Sequence[Session]) -> None:
    """Ask, and delete them or save them first."""
    from sessiontui.ui.screens.delete import Answer, DeleteScreen
    from sessiontui.ui.screens.rescue import RescueScreen

    desk = screen.desk
    while True:
        question = DeleteScreen(desk.ports, sessions, desk.now)
        answer = await desk.ask(question)
        sessions = question.sessions
        if answer is Answer.SAVE:
            remote = not (screen.picture.engine is None or screen.picture.engine.local)
            saver = RescueScreen(desk, sessions, question.sizes, remote=remote)
            if await desk.ask(saver):
                screen.sessions.mark(frozenset())
                return
            # Back to the question, about those that are left.
            now = desk.observer.picture()
            left = [now.session(one.id) for one in sessions if one.id not in saver.saved]
            sessions = [one for one in left if one is not None]
            if sessions:
                continue
            return
        if answer is not Answer.DELETE:
            return
        failed = await _each(desk, sessions, end.delete)
        screen.sessions.mark(frozenset(session.id for session, _ in failed))
        _say(desk, sessions, failed, "deleted")
        return


def stopped_or_started(marked: Sequence[Session]) -> list[Session]:
    """Those of the marked sessions that a stop is about; where none runs, those that can be started."""
    running = [one for one in marked if one.phase is Phase.RUNNING]
    return running or [one for one in marked if not one.phase.live and one.container_id is not None]


async def stop_or_start(screen: MainScreen) -> None:
    """Stop those marked sessions that run, after asking; where none does, start them all."""
    from sessiontui.ui.screens.confirm import ConfirmScreen

    desk = screen.desk
    chosen = stopped_or_started(screen.marked)
    if not chosen:
        desk.say("none of those that are marked can be stopped or started now", warning=True)
        return
    if chosen[0].phase is not Phase.RUNNING:
        desk.say(f"starting {_names(chosen)}")
        _say(desk, chosen, await _each(desk, chosen, end.start, ends=False), "running")
        return
    question = ConfirmScreen(
        f"Stop {_count(chosen)}?",
        f"{_names(chosen)}\n\nTheir programs end: notebooks and jobs lose what they have not saved. "
        "Homes and folders stay, and they can be started again.",
        "Stop",
    )
    if await desk.ask(question):
        _say(desk, chosen, await _each(desk, chosen, end.stop), "stopped")


async def _each(
    desk: Desk, sessions: Sequence[Session], action: Callable[[Ports, Session], object], *, ends: bool = True
) -> list[tuple[Session, SessiontuiError]]:
    """Do it to each, a few at a time, and say what it warns of; those that it failed for."""
    failed: list[tuple[Session, SessiontuiError]] = []
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(session: Session) -> None:
        async with turns:
            try:
                told = await desk.change(session, action, ends=ends)
            except SessiontuiError as error:
                failed.append((session, error))
            else:
                if isinstance(told, str) and told:
                    desk.say(told, warning=True)

    await asyncio.gather(*(one(session) for session in sessions))
    return failed


def _say(
    desk: Desk, sessions: Sequence[Session], failed: Sequence[tuple[Session, SessiontuiError]], verb: str
) -> None:
    wrong = {session.id for session, _ in failed}
    well = [one for one in sessions if one.id not in wrong]
    if well:
        desk.say(f"{_names(well)} {'is' if len(well) == 1 else 'are'} {verb}")
    for session, error in failed:
        if isinstance(error, SessionGone):
            desk.say(f"{session.name} was deleted by somebody else meanwhile")
        else:
            desk.tell(error)


def _count(sessions: Sequence[Session]) -> str:
    return clean(sessions[0].name) if len(sessions) == 1 else f"{len(sessions)} sessions"


def _names(sessions: Sequence[Session]) -> str:
    names = [clean(one.name) for one in sessions[:_NAMED]]
    more = len(sessions) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
