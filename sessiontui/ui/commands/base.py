"""What a command is.

A command has a name, keys, a label for the bottom line, its docstring as help, a reason where it
cannot be done, and what it does. Key bindings, bottom line, palette and help are made from these
classes and from nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import cleandoc
from typing import TYPE_CHECKING, ClassVar

from sessiontui.actions.ports import why_not_touch
from sessiontui.domain.launch import Preparation
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner, Phase, Session

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen

Selected = object
"""What the cursor stands on: a session, a launch under way, something of another tab, or None."""

SESSIONS = "sessions"
"""The tabs of the sessions, as the ``tab`` of a command."""


class Command:
    """Something a person can ask for by key, click or palette."""

    name: ClassVar[str]
    """Identifies it; keys can be re-bound by it."""
    keys: ClassVar[str]
    """Its built-in keys in Textual's names, the first one is shown."""
    label: ClassVar[str]
    """One word for the bottom line."""
    tab: ClassVar[str] = ""
    """Where its keys hold: SESSIONS, the name of a pane, or empty for everywhere."""
    group: ClassVar[str] = "Session"
    """Heading it stands under in the help."""
    hinted: ClassVar[bool] = False
    """Whether the bottom line shows it."""
    bulk: ClassVar[bool] = False
    """Whether it is about all marked sessions where there are any."""
    lends: ClassVar[bool] = False
    """Whether it lends the dashboard's terminal to another program."""

    @property
    def help(self) -> str:
        """What it does, in a sentence or two."""
        return " ".join(cleandoc(self.__doc__ or "").split())

    def label_for(self, selected: Selected) -> str:
        """The label with this selection."""
        return self.label

    def about(self, marked: Sequence[Session]) -> Sequence[Session]:
        """Which of the marked sessions it is about."""
        return marked

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """Why it cannot be done now, None when it can."""
        return None

    async def run(self, screen: MainScreen) -> None:
        """Do it. Runs in a worker; a SessiontuiError is told to the person."""
        raise NotImplementedError


class OnEngine(Command):
    """A command that needs an engine that answers."""

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if picture.trouble:
            return picture.trouble
        return None if picture.engine else "the engine has not answered yet"


class OnSession(OnEngine):
    """A command about the selected session."""

    tab = SESSIONS
    others: ClassVar[bool] = False
    """Whether another user's session will do."""
    running: ClassVar[bool] = False
    """Whether the session has to run."""
    changing: ClassVar[bool] = False
    """Whether it must not be done while an image is made of the session."""

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if not isinstance(selected, Session | Preparation):
            return "no session is selected"
        if (reason := super().why_not(picture, selected, owner)) is not None:
            return reason
        if isinstance(selected, Preparation):
            return f"{selected.order.name} is still {selected.progress.step}"
        if not self.others and (reason := why_not_touch(selected, owner)) is not None:
            return reason
        if self.changing and selected.id in picture.saving:
            return f"{selected.name} is being saved as an environment: wait for its end"
        if self.running and selected.phase is not Phase.RUNNING:
            remedy = "" if selected.phase.live else ": start it first"
            return f"{selected.name} {selected.phase.said}{remedy}"
        return None
