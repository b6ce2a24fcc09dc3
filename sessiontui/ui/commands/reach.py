"""Commands that bring a person to what is in a session."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sessiontui.domain.environment import App
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner, Session
from sessiontui.ui.background import in_background
from sessiontui.ui.commands.base import SESSIONS, Command, OnEngine, OnSession, Selected

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen


class OpenApps(OnSession):
    """Open an app of the session (JupyterLab, Notebook, TensorBoard, SSH) and say how to reach it."""

    name, keys, label, hinted, running = "open-apps", "w", "apps", True, True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.apps import AppsScreen

        desk, session = screen.desk, screen.session

        def hold(session: Session, app: App) -> int:
            return desk.forwards.hold(session, app.port)

        if session is not None:
            await desk.ask(AppsScreen(desk.ports, session, desk.keys, desk.environ, desk.copy, hold=hold))


class OpenShell(OnSession):
    """Put a shell of the session in place of the dashboard; leaving it brings the dashboard back."""

    name, keys, label, hinted, running = "open-shell", "s,e", "shell", True, True
    lends = True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.shell import open_shell

        if screen.session is not None:
            await open_shell(screen.desk, screen.session)


class ChooseShell(OnSession):
    """Choose another shell, a command to run, or a new tmux window for it."""

    name, keys, label, running, lends = "choose-shell", "S", "shell…", True, True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.shell import ShellScreen
        from sessiontui.ui.shell import open_shell

        desk, session = screen.desk, screen.session
        if session is None:
            return
        choice = await desk.ask(ShellScreen(desk, session))
        if choice is not None:
            desk.shells.last = choice
            await open_shell(desk, session, choice)


class OpenFiles(OnSession):
    """Copy files between this machine and the session's home and folders, both ways."""

    name, keys, label, hinted, running = "open-files", "f", "files", True, True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.files import FilesScreen

        desk, session = screen.desk, screen.session
        if session is not None:
            await desk.ask(FilesScreen(desk.ports, session, beginning(desk.environ)))


def beginning(environ: Mapping[str, str]) -> str:
    """The directory of this machine that a person is in; their home where it is gone."""
    try:
        return os.getcwd()  # noqa: PTH109 - a name that is no text stays as it is
    except OSError:
        return environ.get("HOME", "/")


class CopySomething(Command):
    """Copy the session's name, id, image or a command line about it."""

    name, keys, label, tab = "copy-something", "c,y", "copy", SESSIONS

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


class SetUpSsh(OnEngine):
    """Make `ssh st-NAME`, scp, rsync, sftp and VS Code reach your sessions by name, or end that."""

    name, keys, label = "set-up-ssh", "h", "set up ssh st-NAME"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.ssh_names import set_up

        await set_up(screen.desk)
