"""The command that makes an environment of a session."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sessiontui.actions import saved
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner, Session
from sessiontui.ui.background import in_background
from sessiontui.ui.commands.base import OnSession, Selected

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen


class SaveEnvironment(OnSession):
    """Save what is installed in the session as an environment of your own; home and folders are not in it."""

    name, keys, label, changing = "save-environment", "E", "save as environment", True

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        reason = super().why_not(picture, selected, owner)
        if reason is None and isinstance(selected, Session) and selected.container_id is None:
            return f"only the home of {selected.name} is left: there is nothing to save"
        return reason

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.save import SaveScreen

        desk, session = screen.desk, screen.session
        if session is None:
            return
        name = await desk.ask(SaveScreen(desk.ports, session))
        if name is None or not desk.observer.saving(session):
            return
        desk.redraw()
        moment = datetime.fromtimestamp(desk.now()).astimezone()
        try:
            # The dialog has asked whether a version may be added.
            done = await in_background(saved.save, desk.ports, session, name, moment, again=True)
        finally:
            desk.observer.saved(session)
            desk.redraw()
        key = desk.keyboard.key("start-session")
        desk.say(f"{session.name} is saved as {done}: {key} offers it under Yours")
