"""Commands about the dashboard itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessiontui.ui.commands.base import Command

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen


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
        from sessiontui.ui.commands import COMMANDS
        from sessiontui.ui.screens.help import HelpScreen

        here = next(one.group for one in COMMANDS if one.tab == screen.place)
        await screen.desk.ask(HelpScreen(COMMANDS, screen.desk.keyboard, here))


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
