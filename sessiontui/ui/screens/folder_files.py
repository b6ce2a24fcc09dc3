"""The files of a folder beside those of this machine."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message

from sessiontui.actions import sides
from sessiontui.actions.ports import Ports
from sessiontui.actions.sides import InFolder, ThisMachine
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.files import Entry
from sessiontui.domain.folder import Folder
from sessiontui.ui.background import in_background
from sessiontui.ui.file_rows import UP
from sessiontui.ui.present import Span, clean
from sessiontui.ui.screens.remove_files import RemoveScreen
from sessiontui.ui.screens.two_sides import TwoSidesScreen
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.lines import Lines

_REMOVING = (Hint("leave", "esc", "stop removing"),)


class FolderFilesScreen(TwoSidesScreen[ThisMachine, InFolder]):
    """Browses a folder: looks at files, copies in and out, makes, renames and removes."""

    IDLE: ClassVar[tuple[Hint, ...]] = (
        Hint("view", "enter", "open"),
        Hint("copy", "c", "copy"),
        Hint("other_side", "tab", "other side"),
        Hint("mark", "space", "mark"),
        Hint("make", "n", "mkdir"),
        Hint("rename", "e", "rename"),
        Hint("filter", "/", "filter"),
        Hint("hidden", ".", "hidden"),
        Hint("again", "r", "reload"),
        Hint("remove", "d", "delete"),
        Hint("leave", "esc", "back"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "rename", "Rename"),
        Binding("d,delete", "remove", "Delete"),
    ]

    class Renamed(Message):
        """Something has another name."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Removed(Message):
        """What was to be removed is gone; with an error, or some of it."""

        def __init__(self, error: SessiontuiError | None) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self, ports: Ports, folder: Folder, start: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``start`` is the directory of this machine to begin in."""
        super().__init__(ThisMachine(ports, start), InFolder(ports, folder), clock=clock)
        self._removal: Cancellation | None = None
        # The folder has the keys first.
        self.add_class("-there")

    # Renaming

    def _refused_here(self, what: str) -> bool:
        """Say that files of this machine are not this screen's to change, and whether it was said."""
        if self._side is self._there:
            return False
        self.notify(f"only what is in {clean(self.there.name)} is {what} here: tab goes there", markup=False)
        return True

    def action_rename(self) -> None:
        """Ask for the new name of what is under the cursor."""
        entry = self._side.selected
        if self.busy or entry is None or entry is UP or self._refused_here("renamed"):
            return
        self.ask_words("new name", entry.name, partial(self._begin_to_rename, entry))

    def _begin_to_rename(self, entry: Entry, name: str) -> None:
        if name != entry.name and not self.named_wrong(name):
            path = posixpath.join(self._there.path, entry.name)
            self.run_worker(self._rename(path, name), group="rename")

    async def _rename(self, path: str, name: str) -> None:
        try:
            await in_background(sides.rename, self.there, path, name)
        except SessiontuiError as error:
            self.post_message(self.NotMade(error))
        else:
            self.post_message(self.Renamed(name))

    @on(Renamed)
    def show_renamed(self, message: Renamed) -> None:
        """Put the cursor on it."""
        self._there.again(message.name)

    # Removing

    @property
    def busy(self) -> bool:
        """Whether something is being copied or removed."""
        return self.copying or self._removal is not None

    def action_remove(self) -> None:
        """Ask whether to remove what is marked, or under the cursor."""
        chosen = self._side.chosen
        if self.busy or not chosen or self._refused_here("deleted"):
            return
        directory = self._there.path

        def answer(yes: bool | None) -> None:
            if yes:
                self._begin_removal([posixpath.join(directory, one.name) for one in chosen])

        self.app.push_screen(RemoveScreen(self.there, directory, chosen), answer)

    def _begin_removal(self, paths: list[str]) -> None:
        self._removal = Cancellation()
        self._show_keys()
        self.run_worker(self._remove(paths, self._removal), group="remove")

    async def _remove(self, paths: list[str], cancellation: Cancellation) -> None:
        failure: SessiontuiError | None = None
        try:
            for path in paths:
                await in_background(sides.remove, self.there, path, cancellation)
        except SessiontuiError as error:
            failure = error
        self.post_message(self.Removed(failure))

    @on(Removed)
    def show_removed(self, message: Removed) -> None:
        """Show what is left."""
        self._removal = None
        if message.error is not None:
            self._complain(message.error)
        self._show_keys()
        self._there.again()

    def _show_keys(self) -> None:
        if self._removal is not None:
            self.query_one(CommandBar).show_hints(_REMOVING)
        else:
            super()._show_keys()

    def _show_progress(self) -> None:
        if self._removal is not None:
            self.query_one("#files-progress", Lines).show((Span(" removing…", "preparing"),))
        else:
            super()._show_progress()

    # What both have in common, while nothing is removed

    def action_copy(self) -> None:
        """See TwoSidesScreen."""
        if self._removal is None:
            super().action_copy()

    def action_leave(self) -> None:
        """Stop a removal; otherwise see TwoSidesScreen."""
        if self._removal is not None and not self.query_one("#files-words").display:
            self._removal.request()
        else:
            super().action_leave()
