"""A dialog of one line whose answer is agreed to by a second Enter where that replaces or adds something."""

from __future__ import annotations

from textual import on
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Button, Input

from sessiontui.ui.widgets.field import Field


class AskedTwice(ModalScreen[ScreenResultType | None]):
    """A base: who builds on it has one Field with an Input, and a button ``#cancel``."""

    agreed = ""
    """What the first Enter was about."""

    def refuse(self, why: str) -> None:
        """Say under the field what is wrong, or what a second Enter would do."""
        self.query_one(Field).problem = why
        self.query_one(Input).focus()

    @on(Input.Changed)
    def forget_problem(self) -> None:
        """What was changed has not been judged yet."""
        self.agreed = ""
        self.query_one(Field).problem = ""

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
