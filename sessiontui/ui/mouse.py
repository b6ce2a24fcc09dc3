"""Gives the mouse to the terminal and takes it back while the dashboard runs."""

from __future__ import annotations

from typing import Any

from textual.app import App

_MODES = ("1000", "1003", "1015", "1006")
"""The terminal modes Textual's driver sets to hear of the mouse."""


class Mouse:
    """Whose the mouse is. A terminal marks and copies text only while it is the terminal's."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._chosen: bool | None = None

    @property
    def ours(self) -> bool:
        """Whether the dashboard has it: as the program was started, until the person chooses."""
        if self._chosen is None:
            return bool(getattr(self._app._driver, "_mouse", True))
        return self._chosen

    def toggle(self) -> None:
        """Give it away or take it back."""
        self._chosen = not self.ours
        self.apply()

    def apply(self) -> None:
        """Tell the terminal anew what was chosen, after something else had it."""
        # Textual has no public switch for a running app; this is what its driver itself writes.
        driver = self._app._driver
        if self._chosen is not None and driver is not None and not self._app.is_headless:
            driver.write("".join(f"\x1b[?{mode}{'h' if self._chosen else 'l'}" for mode in _MODES))
            driver.flush()
