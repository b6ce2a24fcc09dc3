"""The tabs of the dashboard that show something else than sessions."""

from __future__ import annotations

from sessiontui.ui.panes.base import Pane, PaneKind

__all__ = ["PANES", "Pane", "PaneKind"]


def _folders() -> type[Pane]:
    from sessiontui.ui.panes.folders import FoldersPane

    return FoldersPane


def _environments() -> type[Pane]:
    from sessiontui.ui.panes.environments import EnvironmentsPane

    return EnvironmentsPane


def _history() -> type[Pane]:
    from sessiontui.ui.panes.history import HistoryPane

    return HistoryPane


PANES: tuple[PaneKind, ...] = (
    PaneKind("folders", "Folders", _folders),
    PaneKind("environments", "Environments", _environments),
    PaneKind("history", "History", _history),
)
"""All of them, in the order of their tabs, which follow those of the sessions."""
