"""Chooses a directory of this machine that becomes a folder; nothing is copied."""

from __future__ import annotations

import os
import posixpath
import re
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from sessiontui.actions import copy, folders
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import Refused, SessiontuiError
from sessiontui.domain.files import Listing
from sessiontui.domain.folder import Folder
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.file_rows import UP
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.file_list import FileList

_KEYS = (
    Hint("enter", "enter", "into it"),
    Hint("leave_directory", "←", "above"),
    Hint("choose", "i", "import this one"),
    Hint("hidden", ".", "hidden"),
    Hint("next", "tab", "path, name"),
    Hint("cancel", "esc", "cancel"),
)
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def suggested_name(path: str) -> str:
    """A folder's name for a directory: its own, with a dash for what no folder's name may have."""
    own = _NO_NAME.sub("-", posixpath.basename(path.rstrip("/"))).strip("-.")
    return own[:64]


def directories(path: str) -> Listing:
    """The directories in a directory. Raises StorageError."""
    listing = copy.local_listing(path)
    return Listing(listing.path, tuple(one for one in listing.entries if one.enters))


class ImportScreen(Screen[Folder | None]):
    """Dismisses with the folder that was made of a directory, or None."""

    COMPONENT_CLASSES = present.STYLES
    CSS_PATH = [stylesheet("files.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "choose", "Import this one"),
        Binding("escape", "cancel", "Cancel"),
    ]

    class Imported(Message):
        """The directory is a folder."""

        def __init__(self, folder: Folder) -> None:
            super().__init__()
            self.folder = folder

    class Failed(Message):
        """The directory did not become a folder."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, ports: Ports, start: str) -> None:
        super().__init__()
        self._ports = ports
        self._start = start
        self._named = False
        """Whether the person has typed a name, which then stays."""
        self._importing = False

    def compose(self) -> ComposeResult:
        """The list of directories, the path and name that come of it, and two buttons."""
        yield FileList(directories, self._start, "/", id="import-list")
        with Vertical(id="import-form"):
            yield Field("Directory", "path", Input(id="import-path", compact=True, select_on_focus=False))
            yield Field("Folder", "name", Input(id="import-name", compact=True, placeholder="its name"))
            yield Static("nothing is copied or moved: its files stay where they are", id="import-note")
            with Horizontal(classes="buttons"):
                yield Button("Import", id="import", variant="primary", compact=True)
                yield Button("Cancel", id="cancel", compact=True)
        yield CommandBar(id="files-keys")

    def on_mount(self) -> None:
        """Begin in the list."""
        self._list.focus()
        self.query_one(CommandBar).show_hints(_KEYS)

    @property
    def _list(self) -> FileList:
        return self.query_one(FileList)

    @property
    def _path(self) -> str:
        return self.query_one("#import-path", Input).value

    @on(FileList.Changed)
    @on(FileList.Moved)
    def follow(self) -> None:
        """The directory under the cursor, or the one that is shown, is what would be imported."""
        shown, entry = self._list, self._list.selected
        shown.border_title = shown.title("directories in")
        shown.border_subtitle = shown.facts
        if self.focused is not shown:
            return
        path = shown.path if entry is None or entry is UP else posixpath.join(shown.path, entry.name)
        with self.prevent(Input.Changed):
            self.query_one("#import-path", Input).value = path
        self._suggest()
        self._show_problems({})

    def _suggest(self) -> None:
        if not self._named:
            name = self.query_one("#import-name", Input)
            with name.prevent(Input.Changed):
                name.value = suggested_name(self._path)

    @on(Input.Changed, "#import-path")
    def change_path(self) -> None:
        """A typed path suggests a name as well."""
        self._suggest()
        self._show_problems({})

    @on(Input.Changed, "#import-name")
    def change_name(self, message: Input.Changed) -> None:
        """A name that the person typed stays."""
        self._named = bool(message.value)
        self._show_problems({})

    @on(Input.Submitted, "#import-path")
    def go_there(self) -> None:
        """Show what is in the typed path, and go on to the name."""
        path = self._path.strip()
        if path:
            self._list.go(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111
        self.query_one("#import-name").focus()

    def action_choose(self) -> None:
        """Take the directory under the cursor, and ask for the name."""
        self.query_one("#import-name").focus()

    async def action_next(self) -> None:
        """What tab does."""
        self.focus_next()

    @on(CommandBar.CommandClicked)
    async def do_what_was_clicked(self, message: CommandBar.CommandClicked) -> None:
        """A key that was clicked is a key that was pressed."""
        self._list.focus()
        of_list = {"enter": "enter", "leave_directory": "leave", "hidden": "hidden"}
        if (action := of_list.get(message.command)) is not None:
            await self._list.run_action(action)
        else:
            await self.run_action(message.command)

    # Importing

    @on(Input.Submitted, "#import-name")
    @on(Button.Pressed, "#import")
    def begin(self) -> None:
        """Have the directory become a folder, once."""
        if not self._importing:
            self._importing = True
            path = os.path.expanduser(self._path.strip())  # noqa: PTH111 - names that are no text stay
            self.run_worker(self._import(path, self.query_one("#import-name", Input).value.strip()))

    async def _import(self, path: str, name: str) -> None:
        try:
            folder = await in_background(folders.adopt, self._ports, path, name)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Imported(folder))

    @on(Imported)
    def finish(self, message: Imported) -> None:
        """Hand back the folder."""
        self.dismiss(message.folder)

    @on(Failed)
    def show_failure(self, message: Failed) -> None:
        """Say at its field what is wrong."""
        self._importing = False
        error = message.error
        if isinstance(error, Refused):
            self._show_problems({one.field: one.message for one in error.problems})
        else:
            self._show_problems({"path": ": ".join(filter(None, (error.message, error.hint)))})

    @on(FileList.Failed)
    def tell_listing(self, message: FileList.Failed) -> None:
        """Say why a directory is not shown."""
        self._show_problems({"path": message.error.message})

    def _show_problems(self, problems: dict[str, str]) -> None:
        for field in self.query(Field):
            field.problem = problems.get(field.field, "")

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Import nothing; from a line of words, back to the list first."""
        if isinstance(self.focused, Input):
            self._list.focus()
        else:
            self.dismiss(None)
