"""Commands of the tab of environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sessiontui.actions import saved
from sessiontui.domain.launch import Draft
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner
from sessiontui.domain.units import format_bytes
from sessiontui.ui.background import in_background
from sessiontui.ui.commands.base import Command, OnEngine, Selected
from sessiontui.ui.environment_rows import EnvironmentLine, session_name
from sessiontui.ui.present import clean

if TYPE_CHECKING:
    from sessiontui.ui.panes.environments import EnvironmentsPane
    from sessiontui.ui.screens.main import MainScreen

ENVIRONMENTS = "environments"
"""The tab, as its pane is called."""


def pane_of(screen: MainScreen) -> EnvironmentsPane:
    """The tab's pane, which is shown when one of its commands runs."""
    return cast("EnvironmentsPane", screen.pane)


class ShowEnvironments(Command):
    """Show the environments: what can be launched, what is on the engine's disk, and who uses it."""

    name, keys, label, group = "show-environments", "4", "environments", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.show_pane(ENVIRONMENTS)


class OnEnvironment(OnEngine):
    """A command about the selected version of an environment."""

    group, tab = "Environments", ENVIRONMENTS

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if not isinstance(selected, EnvironmentLine):
            return "no environment is selected"
        return super().why_not(picture, selected, owner)


class LaunchEnvironment(OnEnvironment):
    """Start a session of the environment: the dialog opens with it."""

    name, keys, label, hinted = "launch-environment", "enter", "start it", True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.launch import LaunchScreen

        desk, line = screen.desk, pane_of(screen).line
        if line is None:
            return
        begin = Draft(environment=line.stock.environment.name, version=line.stock.version.name)
        dialog = LaunchScreen(desk.launcher, desk.ports, lambda: desk.launches.names, begin=begin)
        order = await desk.ask(dialog)
        if order is not None:
            screen.show_tab(0)
            screen.launch(order)


class PrepareEnvironment(OnEnvironment):
    """Build or pull the image of the environment now, so that a launch starts at once; or cancel that."""

    name, keys, label, hinted = "prepare-environment", "p", "prepare", True

    def label_for(self, selected: Selected) -> str:
        """See Command."""
        under_way = isinstance(selected, EnvironmentLine) and selected.progress is not None
        return "cancel" if under_way else "prepare"

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        reason = super().why_not(picture, selected, owner)
        if reason is None and isinstance(selected, EnvironmentLine) and selected.progress is None:
            return f"{selected.title} is ready" if selected.stock.prepared else None
        return reason

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        pane = pane_of(screen)
        if pane.line is not None:
            pane.prepare(pane.line)


class DeleteEnvironment(OnEnvironment):
    """Delete what you saved, or free the disk of an image that can be built again; not while it is used."""

    name, keys, label, hinted = "delete-environment", "d,delete", "delete", True

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        reason = super().why_not(picture, selected, owner)
        if reason is not None or not isinstance(selected, EnvironmentLine):
            return reason
        if selected.progress is not None:
            return f"{selected.title} is being prepared"
        if (reason := saved.may_delete(selected.stock.environment, owner)) is not None:
            return reason
        if selected.stock.size is None:
            return f"the image of {selected.title} is not on the engine"
        if selected.users:
            names = [session_name(one, owner) for one in selected.users]
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            return f"{selected.title} is used by {', '.join(names[:3])}{more}: delete these sessions first"
        return None

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.confirm import ConfirmScreen

        desk, pane = screen.desk, pane_of(screen)
        if (line := pane.line) is None:
            return
        stock = line.stock
        again = (
            "It is built again at the next launch."
            if stock.environment.recipe
            else "What was installed in it is lost: it cannot be made again."
        )
        question = ConfirmScreen(
            f"Delete the image of {clean(line.title)}?",
            f"{clean(stock.version.image)}\n{format_bytes(stock.size)} with the layers that it shares with "
            f"other images, which stay. {again}",
            "Delete",
        )
        if await desk.ask(question):
            try:
                await in_background(saved.delete, desk.ports, stock.environment, stock.version)
            finally:
                pane.look()
            desk.say(f"the image of {line.title} is deleted")
