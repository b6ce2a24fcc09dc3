"""A list of folders to mount, each with a box, read-write or read-only, and where it appears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from sessiontui.domain.folder import Folder, MountChoice
from sessiontui.ui.present import clean

_MODE = range(3, 8)
"""Columns of a row in which a click means *the other mode* and not *take or leave*."""


class FolderList(OptionList):
    """Folders with boxes. What was taken stays taken when the list is read anew."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Take or leave", show=False),
        Binding("r", "other_mode", "Read-only or read-write", show=False),
        Binding("e", "target", "Where it appears", show=False),
        Binding("n", "new", "New folder", show=False),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | space, enter | Take or leave the folder |
    | r | Read-only or read-write |
    | e | Where it appears in the session |
    | n | Make a new folder |
    """

    class Changed(Message):
        """The person took or left a folder, or changed how one is mounted."""

        def __init__(self, folder_list: FolderList) -> None:
            super().__init__()
            self.folder_list = folder_list

        @property
        def control(self) -> FolderList:
            """The list it happened in."""
            return self.folder_list

    class TargetWanted(Message):
        """The person wants to say where a folder appears; it is taken by then."""

        def __init__(self, folder_list: FolderList, name: str) -> None:
            super().__init__()
            self.folder_list = folder_list
            self.name = name

    class NewWanted(Message):
        """The person asked for a folder that is not there yet."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own word
        super().__init__(id=id, markup=False, compact=True)
        self._folders: tuple[Folder, ...] = ()
        self._taken: dict[str, bool] = {}
        self._targets: dict[str, str] = {}
        """Where those appear that have another place than the usual one."""

    @property
    def taken(self) -> tuple[MountChoice, ...]:
        """Every folder that was taken, in the list's order."""
        return tuple(
            MountChoice(one.name, self._taken[one.name] or not one.writable, self.target_of(one.name))
            for one in self._folders
            if one.name in self._taken
        )

    def show(self, folders: Iterable[Folder]) -> None:
        """List these folders; the ones that mount by themselves are not for choosing."""
        highlighted = self.highlighted
        self._folders = tuple(one for one in folders if not one.automatic)
        self.set_options(Option(self._row(one)) for one in self._folders)
        if self._folders:
            self.highlighted = min(highlighted or 0, len(self._folders) - 1)

    def take(self, name: str) -> None:
        """Take a folder, read-write, and put the cursor on it."""
        for index, folder in enumerate(self._folders):
            if folder.name == name:
                self._taken[name] = False
                self.highlighted = index
                self._changed(index)

    def target_of(self, name: str) -> str:
        """Where a folder appears, as the person wrote it; empty for the usual place."""
        return self._targets.get(name, "")

    def set_target(self, name: str, target: str) -> None:
        """Have a folder appear there; it is taken with that."""
        for index, folder in enumerate(self._folders):
            if folder.name == name:
                self._taken.setdefault(name, False)
                self._targets[name] = target
                self._changed(index)

    def fill(self, choices: Sequence[MountChoice]) -> None:
        """Take these folders, so, and no others; those that are not listed wait until they are."""
        self._taken = {one.folder: one.read_only for one in choices}
        self._targets = {one.folder: one.target for one in choices if one.target}
        for index, folder in enumerate(self._folders):
            self.replace_option_prompt_at_index(index, self._row(folder))

    def _row(self, folder: Folder) -> Text:
        taken = folder.name in self._taken
        read_only = not folder.writable or self._taken.get(folder.name, False)
        mode = ("ro" if read_only else "rw") if taken else "  "
        text = Text(f"[{'x' if taken else ' '}] {mode}  ", no_wrap=True, overflow="ellipsis")
        text.append(clean(folder.name), "bold" if taken else "")
        if taken and (target := self.target_of(folder.name)):
            text.append(f" → {clean(target)}")
        if folder.trouble:
            text.append(f"  ({clean(folder.trouble)})", "dim")
        elif not folder.writable:
            text.append("  (you may only read it)", "dim")
        return text

    def _changed(self, index: int) -> None:
        self.replace_option_prompt_at_index(index, self._row(self._folders[index]))
        self.post_message(self.Changed(self))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the folder, or leave it."""
        event.stop()
        name = self._folders[event.option_index].name
        if self._taken.pop(name, None) is None:
            self._taken[name] = False
        self._changed(event.option_index)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor is nobody else's affair."""
        event.stop()

    def action_other_mode(self) -> None:
        """Mount the folder under the cursor the other way; one not taken is taken read-only."""
        if self.highlighted is None:
            return
        folder = self._folders[self.highlighted]
        if folder.writable:
            self._taken[folder.name] = not self._taken.get(folder.name, False)
            self._changed(self.highlighted)

    def action_target(self) -> None:
        """Ask where the folder under the cursor appears; one not taken is taken."""
        if self.highlighted is None:
            return
        name = self._folders[self.highlighted].name
        if name not in self._taken:
            self._taken[name] = False
            self._changed(self.highlighted)
        self.post_message(self.TargetWanted(self, name))

    def action_new(self) -> None:
        """Ask for a new folder."""
        self.post_message(self.NewWanted())

    def on_click(self, event: events.Click) -> None:
        """A click on the mode of a taken folder changes the mode; elsewhere it takes or leaves."""
        index = event.style.meta.get("option")
        if index is None or event.x not in _MODE or self._folders[index].name not in self._taken:
            return
        event.prevent_default()
        self.highlighted = index
        self.action_other_mode()
