"""Commands that only show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner, Session
from sessiontui.ui.commands.base import SESSIONS, Command, OnSession, Selected
from sessiontui.ui.rows import SORTS

if TYPE_CHECKING:
    from sessiontui.ui.screens.main import MainScreen


class ReadLogs(OnSession):
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
            ports = screen.desk.ports
            await screen.desk.ask(LogsScreen(ports.engine, screen.session, ports.owner))


class ShowCharts(OnSession):
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


class ToggleDetails(Command):
    """Show or fold the pane about the selected session."""

    name, keys, label, hinted, group = "toggle-details", "enter", "details", True, "View"
    tab = SESSIONS

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.toggle_details()


class FilterSessions(Command):
    """Show only what has all the words; esc shows all again."""

    name, keys, label, hinted, group = "filter-sessions", "slash", "filter", True, "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.open_filter()


class SortSessions(Command):
    """Sort by the next column."""

    name, keys, label, group, tab = "sort-sessions", "o", "sort", "View", SESSIONS

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        every, shown = list(SORTS), screen.sessions.sorts
        at = every.index(screen.sorting)
        # From a column that has left for want of room, too, to the next one that is there.
        screen.sort_by(next(one for one in (*every[at + 1 :], *every[: at + 1]) if one in shown))


class ReverseSort(Command):
    """Turn the order around."""

    name, keys, label, group, tab = "reverse-sort", "r", "reverse", "View", SESSIONS

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
