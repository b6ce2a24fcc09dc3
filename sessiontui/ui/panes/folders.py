"""The tab of folders: what there is, how much is in it, and which sessions use it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from sessiontui.actions.folders import deleted_users, last_used, users_of
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, SessiontuiError
from sessiontui.domain.folder import Extent, Folder
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Session
from sessiontui.ui import folder_rows, notices
from sessiontui.ui.background import in_background
from sessiontui.ui.desk import Desk
from sessiontui.ui.folder_rows import FolderLine
from sessiontui.ui.panes.base import Pane, bindings
from sessiontui.ui.present import Cell, Span, clean
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.styled import Styled
from sessiontui.ui.widgets.table_list import TableList

_LOOK_EVERY = 3.0
"""Seconds between two looks at which folders there are: the command line and colleagues make some, too."""
_COUNT_AFTER = 60.0
"""Seconds after which what was counted is counted anew, the next time the tab is shown."""


class FolderTable(TableList):
    """The folders."""

    def __init__(self) -> None:
        super().__init__(folder_rows.COLUMNS, id="folder-table")


class FoldersPane(Pane):
    """Lists folders; counts what is in them one after the other while it is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("folders")]
    listing = FolderTable
    filtered = "name, owner, permission, sessions that mount it"

    class Listed(Message):
        """The folders were read."""

        def __init__(
            self, folders: tuple[Folder, ...], trashed: int, deleted: tuple[Session, ...], at: str
        ) -> None:
            super().__init__()
            self.folders = folders
            self.trashed = trashed
            self.deleted = deleted
            self.at = at

    class Failed(Message):
        """The folders could not be read."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    class Measured(Message):
        """So much is in a folder, so far or (``at`` is when) in the end; None: it cannot be counted."""

        def __init__(self, path: str, extent: Extent | None, at: float | None) -> None:
            super().__init__()
            self.path = path
            self.extent = extent
            self.at = at

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(desk, name)
        self._folders: tuple[Folder, ...] = ()
        self.trashed = 0
        """How many folders are in the trash."""
        self._deleted: tuple[Session, ...] = ()
        """Sessions that used them and are no more."""
        self._read_once = False
        self._error: SessiontuiError | None = None
        self._extents: dict[str, Extent] = {}
        self._counted_at: dict[str, float] = {}
        """When the count of a folder came to its end, by its path."""
        self._cancellation: Cancellation | None = None
        self._picture = Picture()
        self._words = ""
        self.sorting = "name"
        self._reverse = False

    def compose(self) -> ComposeResult:
        """The list, or what stands for an empty one, over what there is to say about the selected folder."""
        yield FolderTable()
        yield Styled(id="folder-notice")
        yield Lines(id="folder-facts")

    def on_mount(self) -> None:
        """Look now and then while shown."""
        self._looking = self.set_interval(_LOOK_EVERY, self.look, pause=True)
        self.query_one("#folder-notice").display = False

    # Shown and not shown

    def enter(self) -> None:
        """Read which folders there are, then count those that were not counted lately."""
        due = self.desk.now() - _COUNT_AFTER
        self._counted_at = {path: at for path, at in self._counted_at.items() if at > due}
        self._looking.resume()
        self.look()

    def leave(self) -> None:
        """Nobody waits for the counts any more."""
        self._looking.pause()
        self._stop_counting()

    def on_unmount(self) -> None:
        """As ``leave``: a count must not outlive the dashboard."""
        self._stop_counting()

    def see(self, picture: Picture) -> None:
        """Sessions come and go; what else a picture tells is nothing to folders."""
        changed = picture.sessions != self._picture.sessions
        self._picture = picture
        if changed:
            self._draw()

    def show_matching(self, words: str) -> None:
        """See Pane."""
        self._words = words
        self._draw()

    # Which folders there are

    def look(self, at: str = "") -> None:
        """Read the folders anew; the cursor goes to the one of that name."""
        self.run_worker(self._look(at), group="look", exclusive=True)

    async def _look(self, at: str) -> None:
        storage = self.desk.ports.storage
        try:
            folders = await in_background(storage.folders)
            trashed = len(await in_background(storage.trash))
            deleted = await in_background(deleted_users, self.desk.ports)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Listed(folders, trashed, deleted, at))

    @on(Listed)
    def take_folders(self, message: Listed) -> None:
        """Show them, and count those that are not counted."""
        changed = len(message.folders) != len(self._folders) or not self._read_once
        self._folders, self.trashed = message.folders, message.trashed
        self._deleted = message.deleted
        self._error, self._read_once = None, True
        if message.at:
            self.query_one(FolderTable).select(message.at)
        if changed and self.name:
            self.post_message(self.Counted(self.name, len(self._folders)))
        self._draw()
        self._count()

    @on(Failed)
    def take_failure(self, message: Failed) -> None:
        """Say why there are none to see."""
        self._error, self._folders = message.error, ()
        self._draw()

    # How much is in them

    def _count(self) -> None:
        """Count the next folder, unless that is going on."""
        if self._cancellation is None and self.display and (path := self._next()) is not None:
            self._cancellation = Cancellation()
            name = next(one.name for one in self._folders if one.path == path)
            self.run_worker(self._measure(name, path, self._cancellation), group="count")

    def _next(self) -> str | None:
        """The folder to count next: as they stand in the list."""
        paths = [line.folder.path for line in self._lines]
        return next((path for path in paths if path not in self._counted_at), None)

    def count_again(self, path: str) -> None:
        """What is in that folder has changed."""
        self._counted_at.pop(path, None)
        self._count()

    async def _measure(self, name: str, path: str, cancellation: Cancellation) -> None:
        def report(extent: Extent) -> None:
            self.post_message(self.Measured(path, extent, None))

        extent: Extent | None = None
        try:
            extent = await in_background(self.desk.ports.storage.measure, name, cancellation, report)
        except Cancelled:
            return
        except SessiontuiError:
            # Gone, or not to be read: the list says which of them.
            extent = None
        if self._cancellation is cancellation:
            self._cancellation = None
        self.post_message(self.Measured(path, extent, self.desk.now()))

    @on(Measured)
    def take_count(self, message: Measured) -> None:
        """Show it, and go on to the next folder where it is done."""
        if message.extent is None:
            self._extents.pop(message.path, None)
        elif message.at is not None or not self._is_known(message.path):
            # What was counted before stays in view until it is counted anew.
            self._extents[message.path] = message.extent
        if message.at is not None:
            self._counted_at[message.path] = message.at
            self._count()
        self._draw()

    def _is_known(self, path: str) -> bool:
        return (known := self._extents.get(path)) is not None and known.complete

    def _stop_counting(self) -> None:
        if self._cancellation is not None:
            self._cancellation.request()
            self._cancellation = None

    # Drawing

    @property
    def line(self) -> FolderLine | None:
        """What the cursor stands on."""
        row = self.query_one(FolderTable).selected
        return row.subject if row is not None and isinstance(row.subject, FolderLine) else None

    @property
    def under_cursor(self) -> object:
        """See Pane."""
        return self.line if self.is_mounted and self.query(FolderTable) else None

    @property
    def _lines(self) -> tuple[FolderLine, ...]:
        sessions = self._picture.sessions
        lines = (
            FolderLine(
                folder,
                self._extents.get(folder.path),
                folder.path not in self._counted_at,
                users_of(folder, sessions),
                last_used(folder, (*sessions, *self._deleted)),
            )
            for folder in self._folders
        )
        return folder_rows.ordered(lines, self.sorting, self._reverse)

    def _draw(self) -> None:
        if not self.display or not self.query(FolderTable):
            return
        owner, now = self.desk.ports.owner, self.desk.now()
        shown = folder_rows.matching(self._lines, self._words)
        table = self.query_one(FolderTable)
        table.show([folder_rows.row(line, owner, now) for line in shown], (self.sorting, self._reverse))
        notice = () if shown else self._notice()
        board = self.query_one("#folder-notice", Styled)
        board.show(*notice)
        # Hidden it would lose the keys, and keys of this tab are heard through its list.
        board.display, table.styles.height = bool(notice), "1fr" if not notice else 1
        self._draw_facts()
        self.post_message(self.Moved())

    @on(FolderTable.Selected)
    def _draw_facts(self) -> None:
        line, desk = self.line, self.desk
        facts = self.query_one("#folder-facts", Lines)
        facts.display = line is not None
        if line is not None:
            trash_key = desk.keyboard.key("open-trash")
            facts.show(*folder_rows.details(line, desk.ports.owner, desk.now(), trash_key))

    @on(FolderTable.Selected)
    def _tell_moved(self) -> None:
        self.post_message(self.Moved())

    def _notice(self) -> tuple[Cell, ...]:
        key = self.desk.keyboard.key
        if self._error is not None:
            words = (self._error.message, self._error.hint)
            styles = ("failed", "muted")
            return tuple((Span(clean(one), style),) for one, style in zip(words, styles, strict=True))
        if not self._read_once:
            return ((Span("reading the folders…", "muted"),),)
        if self._words:
            return notices.nothing_matches(self._words)
        return notices.no_folder(key("create-folder"), key("import-folder"), key("open-trash"), self.trashed)

    # Sorting and opening

    def sort_by(self, column: str) -> None:
        """Sort by a column; once more turns the order around."""
        self._reverse = not self._reverse if column == self.sorting else False
        self.sorting = column
        self._draw()

    @on(FolderTable.HeadingClicked)
    def heading_clicked(self, event: FolderTable.HeadingClicked) -> None:
        """A click on a title sorts."""
        self.sort_by(event.column)

    @on(FolderTable.Opened)
    async def row_opened(self) -> None:
        """A double click is the key for it."""
        await self.run_action("screen.command('open-folder')")
