"""The dashboard's own colours, for dark and for light terminals."""

from __future__ import annotations

from textual.theme import Theme

THEMES = (
    Theme(
        name="sessiontui-dark",
        primary="#7aa2f7",
        secondary="#9d8cf5",
        accent="#7dcfff",
        foreground="#c8cede",
        background="#14161d",
        surface="#191c25",
        panel="#222633",
        success="#8fc97f",
        warning="#e0af68",
        error="#f0768b",
        dark=True,
    ),
    Theme(
        name="sessiontui-light",
        primary="#2f5fd0",
        secondary="#6a4fc4",
        accent="#0b6f9c",
        foreground="#2b3040",
        background="#fafbfd",
        surface="#f1f3f8",
        panel="#e3e7f0",
        success="#2f7d32",
        warning="#9a6200",
        error="#c0304a",
        dark=False,
    ),
)
"""The first one is what the dashboard starts with."""
