"""The tab of deleted sessions: what they were, and the way to launch them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message

from sessiontui.domain.errors import SessiontuiError, StorageError
from sessiontui.domain.picture import Picture
from sessiontui.domain.record import Record
from sessiontui.ui import past_rows
from sessiontui.ui.background import in_background
from sessiontui.ui.commands.history import HISTORY
from sessiontui.ui.panes.base import Pane, bindings
from sessiontui.ui.present import Span, clean
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.past_list import PastList
from sessiontui.ui.widgets.styled import Styled

if TYPE_CHECKING:
    from sessiontui.ui.desk import Desk


class HistoryPane(Pane):
    """Lists the records of what the engine has no more, over the details of one."""

    BINDINGS = [*bindings(HISTORY)]
    DEFAULT_CSS = """
    HistoryPane {
        & > #past-notice { height: 1fr; width: 1fr; content-align: center middle; text-align: center; }
        & > #past-details {
            height: auto;
            padding: 0 1;
            border-top: solid $panel-lighten-2;
            border-title-color: $accent;
            border-title-style: bold;
        }
    }
    """
    listing = PastList
    filtered = "name, environment, owner, folders, command, end"
    ever_seeing = True

    class Read(Message):
        """What is kept is known, or why not."""

        def __init__(self, records: tuple[Record, ...], trouble: SessiontuiError | None = None) -> None:
            super().__init__()
            self.records = records
            self.trouble = trouble

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(desk, name)
        self._records: tuple[Record, ...] = ()
        self._there: frozenset[str] = frozenset()
        self._words = ""
        self._trouble = ""
        self._selected: Record | None = None
        self._labels: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """A list, a text in its place, details."""
        yield PastList(id="past")
        yield Styled(id="past-notice")
        yield Lines(id="past-details")

    @property
    def under_cursor(self) -> Record | None:
        """See Pane."""
        return self._selected

    def enter(self) -> None:
        """See Pane."""
        # By name: one that another takes the place of before it begins would be a coroutine never awaited.
        self.run_worker(self._read, group="past", exclusive=True)  # type: ignore[arg-type] # of no result

    async def _read(self) -> None:
        ports = self.desk.ports
        try:
            known = await in_background(ports.catalogue.environments)
            self._labels = {one.name: one.label for one in known}
        except SessiontuiError:
            # Names do without labels; whoever launches is told what is wrong with the catalogue.
            self._labels = {}
        try:
            self.post_message(self.Read(await in_background(ports.records.records)))
        except StorageError as error:
            self.post_message(self.Read((), error))

    @on(Read)
    def take(self, message: Read) -> None:
        """Show what was read."""
        self._records = message.records
        self._trouble = message.trouble.message if message.trouble else ""
        self._show()

    def see(self, picture: Picture) -> None:
        """See Pane. What is deleted meanwhile has its line at once."""
        there = frozenset(session.id for session in picture.sessions)
        if there != self._there:
            gone = bool(self._there - there)
            self._there = there
            if gone:
                self.enter()
            self._show()

    def show_matching(self, words: str) -> None:
        """See Pane."""
        self._words = words
        self._show()

    def _show(self) -> None:
        if not self.query(PastList):
            # A picture came before its parts: what is told on entering draws it.
            return
        past = tuple(one for one in self._records if one.session.id not in self._there)
        shown = past_rows.matching(past, self._words, self._labels)
        listing, board = self.query_one(PastList), self.query_one("#past-notice", Styled)
        listing.show(shown, self.desk.now(), self._labels)
        # The list keeps its place and the keys: what is deleted next stands in it.
        board.display = not shown
        listing.styles.height = "1fr" if shown else 1
        if self._trouble:
            board.show((Span(clean(self._trouble), "failed"),))
        elif past:
            board.show((Span(f"nothing matches {clean(self._words)}"),), (Span("esc shows all", "muted"),))
        else:
            words = "What a session was stands here once it is deleted, to be launched again"
            board.show((Span("No session was deleted yet"),), (Span(words, "muted"),))
        self.post_message(self.Counted(self.name or "", len(past)))
        self._show_details()

    @on(PastList.Selected)
    def _show_details(self) -> None:
        record = self._selected = self.query_one(PastList).selected
        details = self.query_one("#past-details", Lines)
        details.display = record is not None
        if record is not None:
            details.border_title = Content(clean(record.session.name))
            details.show(*past_rows.details(record, self._labels))
        self.post_message(self.Moved())

    @on(PastList.RepeatWanted)
    async def repeat(self) -> None:
        """A double click is the key."""
        await self.screen.run_action("command('repeat-past')")
