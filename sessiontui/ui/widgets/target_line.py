"""The line in which a person says where a folder appears in the session."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from sessiontui.domain.folder import HOME
from sessiontui.ui.widgets.folder_list import FolderList


class TargetLine(Input):
    """Hidden until it is asked; what is typed shows in the list at once, and is judged there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "As it was", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id, compact=True, select_on_focus=False)
        self.display = False
        self._list: FolderList | None = None
        self._name_of = ""
        self._before = ""

    def ask(self, folder_list: FolderList, name: str) -> None:
        """Ask where the folder of that name appears."""
        self._list, self._name_of = folder_list, name
        self._before = folder_list.target_of(name)
        self.placeholder = f"where {name} appears: {HOME}/{name}, or type data2, a/b or /data"
        with self.prevent(Input.Changed):
            self.value = self._before
        self.cursor_position = len(self.value)
        self.display = True
        # At once: what is typed in one go with the key is for this line.
        self.screen.set_focus(self)

    @on(Input.Changed)
    def show_in_list(self, message: Input.Changed) -> None:
        """The list is what tells others."""
        message.stop()
        if self._list is not None:
            self._list.set_target(self._name_of, message.value.strip())

    @on(Input.Submitted)
    def leave(self, message: Input.Submitted) -> None:
        """Back to the list."""
        message.stop()
        self._close()

    def on_blur(self) -> None:
        """Whoever goes elsewhere has said it; while the terminal itself is left there is no elsewhere."""
        if self.screen.focused is not None:
            self.display = False

    def action_give_up(self) -> None:
        """Where it was before."""
        if self._list is not None:
            self._list.set_target(self._name_of, self._before)
        self._close()

    def _close(self) -> None:
        self.display = False
        if self._list is not None:
            self._list.focus()
