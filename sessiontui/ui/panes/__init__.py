"""The tabs of the dashboard that show something else than sessions."""

from __future__ import annotations

from sessiontui.ui.panes.base import Pane, PaneKind

__all__ = ["PANES", "Pane", "PaneKind"]


def _folders() -> type[Pane]:
    from sessiontui.ui.panes.folders import FoldersPane

    return FoldersPane


PANES: tuple[PaneKind, ...] = (PaneKind("folders", "Folders", _folders),)
"""All of them, in the order of their tabs, which follow those of the sessions."""
