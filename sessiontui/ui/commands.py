"""Everything a person can do, one class a command.

A command has a name, keys, a label for the bottom line, its docstring as help, a reason where it
cannot be done, and what it does. Key bindings, bottom line, palette and help are made from these
classes and from nothing else.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING, ClassVar

from sessiontui.actions import end
from sessiontui.actions.ports import why_not_touch
from sessiontui.domain.errors import SessionGone
from sessiontui.domain.launch import Preparation
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean
from sessiontui.ui.rows import SORTS

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen

Selected = Session | Preparation | None


class Command:
    """Something a person can ask for by key, click or palette."""

    name: ClassVar[str]
    """Identifies it; keys can be re-bound by it."""
    keys: ClassVar[str]
    """Its built-in keys in Textual's names, the first one is shown."""
    label: ClassVar[str]
    """One word for the bottom line."""
    group: ClassVar[str] = "Session"
    """Heading it stands under in the help."""
    hinted: ClassVar[bool] = False
    """Whether the bottom line shows it."""

    @property
    def help(self) -> str:
        """What it does, in a sentence or two."""
        return " ".join(cleandoc(self.__doc__ or "").split())

    def label_for(self, selected: Selected) -> str:
        """The label with this selection."""
        return self.label

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """Why it cannot be done now, None when it can."""
        return None

    async def run(self, screen: MainScreen) -> None:
        """Do it. Runs in a worker; a SessiontuiError is told to the person."""
        raise NotImplementedError


class _OnEngine(Command):
    """A command that needs an engine that answers."""

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if picture.trouble:
            return picture.trouble
        return None if picture.engine else "the engine has not answered yet"


class _OnSession(_OnEngine):
    """A command about the selected session."""

    others: ClassVar[bool] = False
    """Whether another user's session will do."""
    running: ClassVar[bool] = False
    """Whether the session has to run."""

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if selected is None:
            return "no session is selected"
        if (reason := super().why_not(picture, selected, owner)) is not None:
            return reason
        if isinstance(selected, Preparation):
            return f"{selected.order.name} is still {selected.progress.step}"
        if not self.others and (reason := why_not_touch(selected, owner)) is not None:
            return reason
        if self.running and selected.phase is not Phase.RUNNING:
            remedy = "" if selected.phase.live else ": start it first"
            return f"{selected.name} is {selected.phase}{remedy}"
        return None


class StartSession(_OnEngine):
    """Start a session: choose environment, resources and folders."""

    name, keys, label, hinted = "start-session", "n", "start", True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.launch import LaunchScreen

        desk = screen.desk
        dialog = LaunchScreen(desk.launcher, desk.ports, lambda: desk.launches.names)
        order = await desk.ask(dialog)
        if order is not None:
            screen.launch(order)


class ToggleDetails(Command):
    """Show or fold the pane about the selected session."""

    name, keys, label, hinted, group = "toggle-details", "enter", "details", True, "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.toggle_details()


class OpenApps(_OnSession):
    """Open an app of the session (JupyterLab, Notebook, TensorBoard, SSH) and say how to reach it."""

    name, keys, label, hinted, running = "open-apps", "w", "apps", True, True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.apps import AppsScreen

        desk, session = screen.desk, screen.session
        if session is not None:
            await desk.ask(AppsScreen(desk.ports, session, desk.keys, desk.environ, desk.copy))


class OpenShell(_OnSession):
    """Put a shell of the session in place of the dashboard; leaving it brings the dashboard back."""

    name, keys, label, hinted, running = "open-shell", "s,e", "shell", True, True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.shell import visit

        if screen.session is not None:
            await visit(screen.desk, screen.session)


class ReadLogs(_OnSession):
    """Read what the session prints, as it comes; search in it with /."""

    name, keys, label, hinted, others = "read-logs", "l", "logs", True, True

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        reason = super().why_not(picture, selected, owner)
        if reason is None and isinstance(selected, Session) and selected.container_id is None:
            return f"{selected.name} has no container left, and so no output"
        return reason

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.logs import LogsScreen

        if screen.session is not None:
            await screen.desk.ask(LogsScreen(screen.desk.ports.engine, screen.session))


class ShowCharts(_OnSession):
    """Show what the session used over the last 5 minutes or the last hour, over the whole screen."""

    name, keys, label, hinted, others, running = "show-charts", "v", "charts", True, True, True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.charts import ChartsScreen
        from sessiontui.ui.widgets.session_list import SessionList

        if screen.session is not None:
            shown = await screen.desk.ask(ChartsScreen(screen.desk, screen.session))
            if shown is not None:
                screen.query_one(SessionList).select(shown)


class StopSession(_OnSession):
    """Stop the running session and keep its home, start a stopped one, or finish a cut-off launch."""

    name, keys, label, hinted = "stop-session", "x", "stop", True

    def label_for(self, selected: Selected) -> str:
        """See Command."""
        if not isinstance(selected, Session) or selected.phase.live:
            return "stop"
        return "finish" if selected.interrupted else "start"

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if (reason := super().why_not(picture, selected, owner)) is not None:
            return reason
        if isinstance(selected, Session):
            if selected.phase.live and selected.phase is not Phase.RUNNING:
                return f"{selected.name} is {selected.phase}"
            if selected.container_id is None:
                return f"only the home of {selected.name} is left: it can be deleted, not started"
        return None

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.confirm import ConfirmScreen

        desk, session = screen.desk, screen.session
        if session is None:
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
            desk.say(f"{session.name} is stopped: see the Sessions tab")


class DeleteSession(_OnSession):
    """Delete the session with its home, after saying what dies; cancel a launch under way."""

    name, keys, label, hinted = "delete-session", "d,delete", "delete", True

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
        from sessiontui.ui.screens.delete import DeleteScreen

        desk = screen.desk
        if isinstance(screen.selected, Preparation):
            desk.launches.cancel(screen.selected.order.id)
            desk.redraw()
            return
        session = screen.session
        if session is None or not await desk.ask(DeleteScreen(desk.ports, session, desk.now)):
            return
        try:
            await desk.end(session, end.delete)
        except SessionGone:
            desk.say(f"{session.name} was deleted by somebody else meanwhile")
        else:
            desk.say(f"{session.name} is deleted")


class CopySomething(Command):
    """Copy the session's name, id, image or a command line about it."""

    name, keys, label = "copy-something", "c,y", "copy"

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        return None if isinstance(selected, Session) else "no session is selected"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.copy_menu import CopyMenu

        if screen.session is not None:
            text = await screen.desk.ask(CopyMenu(screen.session))
            if text:
                screen.desk.say(f"{text}\n{await in_background(screen.desk.copy, text)}")


class FilterSessions(Command):
    """Show only sessions in which all the words occur; esc shows all again."""

    name, keys, label, hinted, group = "filter-sessions", "slash", "filter", True, "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.open_filter()


class SortSessions(Command):
    """Sort by the next column."""

    name, keys, label, group = "sort-sessions", "o", "sort", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        names = list(SORTS)
        screen.sort_by(names[(names.index(screen.sorting) + 1) % len(names)])


class ReverseSort(Command):
    """Turn the order around."""

    name, keys, label, group = "reverse-sort", "r", "reverse", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.sort_by(screen.sorting)


class ShowRunning(Command):
    """Show the sessions that hold resources."""

    name, keys, label, group = "show-running", "1", "running", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.show_tab(0)


class ShowSessions(Command):
    """Show all sessions, the ended ones too."""

    name, keys, label, group = "show-sessions", "2", "sessions", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.show_tab(1)


class PreviousTab(Command):
    """Show the tab on the left."""

    name, keys, label, group = "previous-tab", "left_square_bracket", "previous tab", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.show_tab(screen.tab - 1)


class NextTab(Command):
    """Show the tab on the right."""

    name, keys, label, group = "next-tab", "right_square_bracket", "next tab", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.show_tab(screen.tab + 1)


class ToggleMouse(Command):
    """Give the mouse to the terminal, to mark and copy text with it, or take it back."""

    name, keys, label, group = "toggle-mouse", "m", "mouse", "Dashboard"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        mouse = screen.desk.mouse
        mouse.toggle()
        back = screen.desk.keyboard.key(self.name)
        screen.desk.say(
            "the mouse works the dashboard"
            if mouse.ours
            else f"the mouse is the terminal's: {back} takes it back"
        )


class ShowHelp(Command):
    """Show all keys and what they do."""

    name, keys, label, hinted, group = "show-help", "question_mark,f1", "help", True, "Dashboard"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.help import HelpScreen

        await screen.desk.ask(HelpScreen(COMMANDS, screen.desk.keyboard))


class OpenPalette(Command):
    """Find a command by typing."""

    name, keys, label, group = "open-palette", "ctrl+p,colon", "palette", "Dashboard"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.app.action_command_palette()


class Quit(Command):
    """Leave the dashboard; the sessions go on."""

    name, keys, label, hinted, group = "quit", "q", "quit", True, "Dashboard"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        await screen.app.action_quit()


COMMANDS: tuple[Command, ...] = tuple(
    kind()
    for kind in (
        StartSession,
        OpenApps,
        OpenShell,
        ReadLogs,
        StopSession,
        DeleteSession,
        CopySomething,
        FilterSessions,
        ToggleDetails,
        ShowCharts,
        SortSessions,
        ReverseSort,
        ShowRunning,
        ShowSessions,
        PreviousTab,
        NextTab,
        ToggleMouse,
        ShowHelp,
        OpenPalette,
        Quit,
    )
)
"""All of them, as the help and the bottom line order them."""


def command(name: str) -> Command:
    """The command of that name."""
    return next(one for one in COMMANDS if one.name == name)
