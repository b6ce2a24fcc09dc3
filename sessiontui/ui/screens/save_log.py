"""Asks for the file that a log is saved in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from sessiontui.actions.logs import Place
from sessiontui.ui.screens.asked_twice import AskedTwice
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.field import Field


class SaveLogScreen(AskedTwice[Place]):
    """Dismisses with the place, or None. What is there already is replaced after a second yes only."""

    CSS_PATH = [stylesheet("dialogs.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, suggested: str) -> None:
        super().__init__(classes="dialog")
        self._suggested = suggested

    def compose(self) -> ComposeResult:
        """A path and two buttons."""
        with Vertical(classes="dialog--box"):
            yield Static("Save the whole log", classes="dialog--title")
            yield Field("File", "log-file", Input(self._suggested, id="log-file", compact=True))
            yield Static("all that the engine has kept of it, as it came", classes="dialog--hint")
            with Horizontal(classes="dialog--buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Save", id="save", variant="primary")

    def on_mount(self) -> None:
        """Begin at the path."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#save")
    def judge(self) -> None:
        """Say what is wrong with the path, or what is there already."""
        path = self.query_one(Input).value.strip()
        file = Path(os.path.expanduser(path))  # noqa: PTH111 # a user that there is not is no error here
        try:
            there = file.exists() and not file.is_dir()
        except (OSError, ValueError):
            # Whoever writes says what is wrong with it.
            there = False
        if not path:
            self.refuse("name a file")
        elif there and path != self.agreed:
            self.agreed = path
            self.refuse("it is there already: enter again replaces it")
        else:
            self.dismiss(Place(path, over=there))
