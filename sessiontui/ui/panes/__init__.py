"""The tabs of the dashboard that show something else than sessions."""

from __future__ import annotations

from sessiontui.ui.panes.base import Pane, PaneKind

__all__ = ["PANES", "Pane", "PaneKind"]

PANES: tuple[PaneKind, ...] = ()
"""All of them, in the order of their tabs, which follow those of the sessions."""
