"""The folders of a launch: those to choose from, those that mount by themselves, and a new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Button, Static

from sessiontui.domain.folder import HOME, Folder, MountChoice
from sessiontui.ui.present import clean
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.folder_list import FolderList
from sessiontui.ui.widgets.target_line import TargetLine


class FolderChoice(Field):
    """A field of the form."""

    class Changed(Message):
        """Other folders are to be mounted, or otherwise."""

    class NewWanted(Message):
        """The person asked for a folder that is not there yet."""

    def __init__(self) -> None:
        super().__init__(
            "Folders",
            "mounts",
            FolderList(id="folders"),
            TargetLine(id="target"),
            Static(id="automatic", markup=False),
            Horizontal(
                Button("+ New folder…", id="new", compact=True),
                Static("space mounts · r read-only · e place", id="folder-keys", markup=False),
                id="folder-line",
            ),
        )

    @property
    def taken(self) -> tuple[MountChoice, ...]:
        """Every folder that was taken."""
        return self.query_one(FolderList).taken

    def show(self, folders: Sequence[Folder], made: str | None) -> None:
        """These are all there are; ``made`` is taken."""
        listing = self.query_one(FolderList)
        listing.show(folders)
        listing.display = any(not one.automatic for one in folders)
        if made:
            listing.take(made)
            listing.focus()
        text = automatic_text(folders)
        automatic = self.query_one("#automatic", Static)
        automatic.update(text)
        automatic.display = bool(text)
        self.query_one("#folder-keys").display = listing.display

    def fill(self, choices: Sequence[MountChoice]) -> None:
        """Take these and no others."""
        self.query_one(FolderList).fill(choices)

    @on(Button.Pressed, "#new")
    @on(FolderList.NewWanted)
    def ask_for_new(self, message: Message) -> None:
        """Somebody else makes it."""
        message.stop()
        self.post_message(self.NewWanted())

    @on(FolderList.TargetWanted)
    def ask_target(self, message: FolderList.TargetWanted) -> None:
        """Ask under the list where a folder appears."""
        message.stop()
        self.query_one(TargetLine).ask(message.folder_list, message.name)

    @on(FolderList.Changed)
    def tell(self, message: FolderList.Changed) -> None:
        """The form hears of it."""
        message.stop()
        self.post_message(self.Changed())


def automatic_text(folders: Iterable[Folder]) -> str:
    """The folders that mount by themselves and where, or why not; empty when there are none."""
    automatic = [one for one in folders if one.automatic]
    places = ", ".join(
        f"{clean(one.name)} → {HOME}/{clean(one.name)}" for one in automatic if not one.trouble
    )
    lines = [f"in every session: {places}"] if places else []
    lines += [f"not mounted: {clean(one.name)}: {clean(one.trouble)}" for one in automatic if one.trouble]
    return "\n".join(lines)
