"""Commands of the tab of folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sessiontui.actions import folders
from sessiontui.domain.folder import Folder
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner
from sessiontui.ui.background import in_background
from sessiontui.ui.commands.base import Command, Selected
from sessiontui.ui.commands.reach import beginning
from sessiontui.ui.folder_rows import SORTS, FolderLine, session_name
from sessiontui.ui.present import clean

if TYPE_CHECKING:
    from sessiontui.ui.panes.folders import FoldersPane
    from sessiontui.ui.screens.main import MainScreen

FOLDERS = "folders"
"""The tab, as its pane is called."""


def pane_of(screen: MainScreen) -> FoldersPane:
    """The tab's pane, which is shown when one of its commands runs."""
    return cast("FoldersPane", screen.pane)


class ShowFolders(Command):
    """Show the folders: what is in them, and which sessions mount them."""

    name, keys, label, group = "show-folders", "3", "folders", "View"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        screen.show_pane(FOLDERS)


class OnFolders(Command):
    """A command of the tab."""

    group, tab = "Folders", FOLDERS


class OnFolder(OnFolders):
    """A command about the selected folder."""

    verb = ""
    """What it does to the folder where no session may mount it; empty where any may."""

    def why_not(self, picture: Picture, selected: Selected, owner: Owner) -> str | None:
        """See Command."""
        if not isinstance(selected, FolderLine):
            return "no folder is selected"
        if self.verb and selected.users:
            names = [session_name(one, owner) for one in selected.users]
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            them = "it" if len(names) == 1 else "them"
            return f"cannot {self.verb} {selected.folder.name}: mounted by {shown}; delete {them} first"
        return None


class OpenFolder(OnFolder):
    """Browse the folder: look at files, copy in and out, make directories, rename and delete."""

    name, keys, label, hinted = "open-folder", "enter,f", "open", True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.folder_files import FolderFilesScreen

        pane, desk = pane_of(screen), screen.desk
        if (line := pane.line) is not None:
            await desk.ask(FolderFilesScreen(desk.ports, line.folder, beginning(desk.environ)))
            pane.count_again(line.folder.path)


class CreateFolder(OnFolders):
    """Create an empty folder."""

    name, keys, label, hinted = "create-folder", "a", "create", True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.new_folder import NewFolderScreen

        name = await screen.desk.ask(NewFolderScreen(screen.desk.ports.storage))
        if name is not None:
            pane_of(screen).look(name)


class ImportFolder(OnFolders):
    """Make a directory that is there a folder; nothing is copied or moved."""

    name, keys, label, hinted = "import-folder", "i", "import", True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.import_folder import ImportScreen

        desk = screen.desk
        folder = await desk.ask(ImportScreen(desk.ports, beginning(desk.environ)))
        if folder is not None:
            desk.say(f"{folder.name} is a folder now; its files stay in {folder.path}")
            pane_of(screen).look(folder.name)


class RenameFolder(OnFolder):
    """Give the folder another name; not while a session mounts it."""

    name, keys, label, hinted, verb = "rename-folder", "e", "rename", True, "rename"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.new_folder import FolderNameScreen

        pane, desk = pane_of(screen), screen.desk
        if (line := pane.line) is None:
            return
        old = line.folder.name

        def rename(new: str) -> Folder:
            return line.folder if new == old else folders.rename(desk.ports, old, new)

        name = await desk.ask(FolderNameScreen(f"Rename {clean(old)}", "Rename", rename, value=old))
        if name is not None:
            pane.look(name)


class DeleteFolder(OnFolder):
    """Put the folder into the trash, after saying what is in it; let go of an imported one."""

    name, keys, label, hinted, verb = "delete-folder", "d,delete", "delete", True, "delete"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.confirm import ConfirmScreen
        from sessiontui.ui.screens.type_to_confirm import TypeToConfirm

        pane, desk = pane_of(screen), screen.desk
        if (line := pane.line) is None:
            return
        folder = line.folder
        question: TypeToConfirm | ConfirmScreen
        if folder.imported:
            question = ConfirmScreen(
                f"Let go of {clean(folder.name)}?",
                f"It is no folder any more. Its files stay in {clean(folder.path)}.",
                "Let go",
            )
        else:
            question = TypeToConfirm(
                f"Delete {clean(folder.name)}?",
                folder.name,
                "Delete",
                counting=lambda cancellation, report: desk.ports.storage.measure(
                    folder.name, cancellation, report
                ),
                text="It goes into the trash, where it can be had back and takes its room on the disk "
                "until the trash is emptied.",
            )
        if not await desk.ask(question):
            return
        discarded = await in_background(folders.discard, desk.ports, folder.name)
        key = desk.keyboard.key("open-trash")
        if discarded is None:
            desk.say(f"{folder.name} is let go of; its files are in {folder.path}")
        else:
            desk.say(f"{folder.name} is in the trash: {key} has it back")
        pane.look()


class OpenTrash(OnFolders):
    """See which folders were deleted, have them back, or remove them for good."""

    name, keys, label, hinted = "open-trash", "t", "trash", True

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        from sessiontui.ui.screens.trash import TrashScreen

        restored = await screen.desk.ask(TrashScreen(screen.desk.ports, screen.desk.now))
        pane_of(screen).look(restored or "")


class CopyFolderPath(OnFolder):
    """Copy the path of the folder."""

    name, keys, label = "copy-folder-path", "c,y", "copy path"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        if (line := pane_of(screen).line) is not None:
            path = line.folder.path
            screen.desk.say(f"{path}\n{await in_background(screen.desk.copy, path)}")


class SortFolders(OnFolders):
    """Sort the folders by the next column."""

    name, keys, label = "sort-folders", "o", "sort"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        names, pane = list(SORTS), pane_of(screen)
        pane.sort_by(names[(names.index(pane.sorting) + 1) % len(names)])


class ReverseFolders(OnFolders):
    """Turn the order of the folders around."""

    name, keys, label = "reverse-folders", "r", "reverse"

    async def run(self, screen: MainScreen) -> None:
        """See Command."""
        pane_of(screen).sort_by(pane_of(screen).sorting)
