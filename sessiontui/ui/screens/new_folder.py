"""Asks for the name of a folder, and makes it or gives it that name."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from sessiontui.domain.errors import Refused, SessiontuiError
from sessiontui.domain.folder import Folder
from sessiontui.storage.port import Storage
from sessiontui.ui.background import in_background
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.field import Field


class FolderNameScreen(ModalScreen[str | None]):
    """Dismisses with the name of the folder once ``work`` has given it that name, or None."""

    CSS_PATH = [stylesheet("launch.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    class Made(Message):
        """The folder is there."""

        def __init__(self, folder: Folder) -> None:
            super().__init__()
            self.folder = folder

    class Failed(Message):
        """The folder could not be made."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, title: str, verb: str, work: Callable[[str], Folder], *, value: str = "") -> None:
        """``work`` blocks and raises SessiontuiError; ``value`` is the name to begin with."""
        super().__init__()
        self._title, self._verb, self._value = title, verb, value
        self._work = work
        self._making = False

    def compose(self) -> ComposeResult:
        """A field and two buttons."""
        with Vertical(id="new-folder") as dialog:
            dialog.border_title = Content(self._title)
            name = Input(self._value, id="folder-name", compact=True, placeholder="datasets")
            yield Field("Name", "folder", name)
            with Horizontal(classes="buttons"):
                yield Button(self._verb, id="create", variant="primary", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Begin at the name."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#create")
    def make_folder(self) -> None:
        """Have the folder made, once."""
        if not self._making:
            self._making = True
            self.run_worker(self._make(self.query_one(Input).value.strip()))

    async def _make(self, name: str) -> None:
        try:
            folder = await in_background(self._work, name)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Made(folder))

    @on(Made)
    def finish(self, message: Made) -> None:
        """Hand back the name."""
        self.dismiss(message.folder.name)

    @on(Failed)
    def show_problem(self, message: Failed) -> None:
        """Say under the field what is wrong with it."""
        self._making = False
        error = message.error
        if isinstance(error, Refused):
            text = "; ".join(problem.message for problem in error.problems)
        else:
            text = ": ".join(filter(None, (error.message, error.hint)))
        self.query_one(Field).problem = text
        self.query_one(Input).focus()

    @on(Input.Changed)
    def forget_problem(self) -> None:
        """A changed name has not been judged yet."""
        self.query_one(Field).problem = ""

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Make nothing."""
        self.dismiss(None)


class NewFolderScreen(FolderNameScreen):
    """Makes an empty folder."""

    def __init__(self, storage: Storage) -> None:
        super().__init__("New folder", "Create", storage.create)
