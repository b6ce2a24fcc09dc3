"""A directory as a list: drawn by line, so that one of many thousand entries costs what is seen of it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from textual import events, on
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.files import Entry, Listing
from sessiontui.ui import file_rows
from sessiontui.ui.background import in_background
from sessiontui.ui.file_rows import UP, matching, ordered
from sessiontui.ui.present import clean
from sessiontui.ui.widgets.cursor_lines import CursorLines


class FileList(CursorLines):
    """Shows what is in a directory, goes into others, and keeps what was marked in it."""

    BINDINGS = [
        Binding("enter,right", "enter", "Into the directory", show=False),
        Binding("backspace,left", "leave", "The directory above", show=False),
        Binding("space", "mark", "Mark", show=False),
        Binding("full_stop", "hidden", "Hidden files", show=False),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | enter, → | Into the directory |
    | backspace, ← | The directory above |
    | space | Mark or unmark, and go to the next |
    | . | Show or hide names that begin with a dot |
    """
    COMPONENT_CLASSES = {"file-list--cursor"}

    class Changed(Message):
        """Another directory is shown, or something else of it."""

        def __init__(self, file_list: FileList) -> None:
            super().__init__()
            self.file_list = file_list

        @property
        def control(self) -> FileList:
            """The list it happened in."""
            return self.file_list

    class Moved(Message):
        """The cursor stands on another entry."""

    class Opened(Message):
        """The person wants to see what is no directory."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    class Failed(Message):
        """A directory could not be listed; the one before is shown."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    class Listed(Message):
        """A directory was listed; the cursor goes to the entry of that name."""

        def __init__(self, listing: Listing, at: str) -> None:
            super().__init__()
            self.listing = listing
            self.at = at

    def __init__(self, lister: Callable[[str], Listing], start: str, top: str, *, id: str) -> None:  # noqa: A002
        """``lister`` tells what is in a directory, away from the keys; nothing above ``top`` is shown."""
        super().__init__(id=id)
        self._lister = lister
        self._top = top
        self.path = start
        """The directory shown."""
        self.busy = True
        """Whether a directory is being listed."""
        self.words = ""
        """What names have to hold to be shown."""
        self._hidden = False
        self._all: tuple[Entry, ...] = ()
        self._rows: tuple[Entry, ...] = ()
        self._marked: set[str] = set()

    @property
    def selected(self) -> Entry | None:
        """The entry under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def chosen(self) -> tuple[Entry, ...]:
        """Those that are marked; where none is, the one under the cursor."""
        if self._marked:
            return tuple(one for one in self._all if one.name in self._marked)
        return () if self.selected in (None, UP) else (self._rows[self._cursor],)

    @property
    def facts(self) -> str:
        """How many entries there are and how many are marked, in words."""
        if self.busy:
            return "listing…"
        count = sum(one is not UP for one in self._rows)
        words = f"{count} of {len(self._all)}" if count != len(self._all) else f"{count}"
        return f"{words} · {len(self._marked)} marked" if self._marked else words

    # What is shown

    def on_mount(self) -> None:
        """List at once."""
        self.go(self.path)

    def go(self, path: str, at: str = "") -> None:
        """Show that directory, with the cursor on the entry of that name."""
        self.busy = True
        self.post_message(self.Changed(self))
        self.run_worker(self._list(path, at), group=f"list-{self.id}", exclusive=True)

    def again(self, at: str = "") -> None:
        """Look at the directory anew."""
        self.go(self.path, at or (self.selected.name if self.selected else ""))

    async def _list(self, path: str, at: str) -> None:
        def work() -> Listing:
            listing = self._lister(path)
            return Listing(listing.path, ordered(listing.entries))

        try:
            listing = await in_background(work)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Listed(listing, at))

    @on(Listed)
    def show_listing(self, message: Listed) -> None:
        """Show what was listed. Marks stay with what is still there in the same directory."""
        message.stop()
        self.busy = False
        if message.listing.path != self.path:
            self._marked.clear()
            self.words = ""
        self.path, self._all = message.listing.path, message.listing.entries
        self._marked &= {one.name for one in self._all}
        self._show_rows(message.at)

    @on(Failed)
    def keep_listing(self, message: Failed) -> None:
        """The directory before stays."""
        self.busy = False
        self.post_message(self.Changed(self))

    def narrow(self, words: str) -> None:
        """Show the names that hold these words."""
        self.words = words
        self._show_rows(
            "" if self.selected is None or (words and self.selected is UP) else self.selected.name
        )

    def _show_rows(self, at: str) -> None:
        above = () if self.path in (self._top, "/") else (UP,)
        self._rows = (*above, *matching(self._all, hidden=self._hidden, words=self.words))
        found = (index for index, one in enumerate(self._rows) if one.name == at)
        first = min(len(above), max(0, len(self._rows) - 1)) if self.words else 0
        self._cursor = next(found, first)
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._bring_into_view()
        self.refresh()
        self.post_message(self.Changed(self))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of the visible part."""
        at = self.scroll_offset.y + y
        surface = "file-list--cursor" if self._rows and at == self._cursor else ""
        if at >= len(self._rows):
            return Strip.blank(self.size.width, self._style_of("", surface))
        entry = self._rows[at]
        room = self.scrollable_content_region.width
        spans = file_rows.row(entry, room, marked=entry.name in self._marked)
        return self._strip(spans, surface)

    def on_resize(self) -> None:
        """Columns come and go with the width."""
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._bring_into_view()

    # Moving

    def action_move(self, step: int) -> None:
        """Move the cursor by that many rows."""
        at = max(0, min(self._cursor + step, len(self._rows) - 1))
        old, self._cursor = self._cursor, at
        for one in {old, at}:
            y = one - self.scroll_offset.y
            if 0 <= y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))
        self._bring_into_view()
        self.post_message(self.Moved())

    def action_page(self, step: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(step * max(1, self.size.height - 1))

    def action_enter(self) -> None:
        """Show the directory under the cursor, also one that a link leads to."""
        entry = self.selected
        if entry is UP:
            self.action_leave()
        elif entry is not None and entry.enters:
            self.go(posixpath.join(self.path, entry.name))
        elif entry is not None:
            self.post_message(self.Opened(entry))

    def action_leave(self) -> None:
        """Show the directory above."""
        if self.path not in (self._top, "/"):
            parent, name = posixpath.split(self.path)
            self.go(parent, name)

    def action_mark(self) -> None:
        """Mark or unmark what is under the cursor, and go to the next."""
        entry = self.selected
        if entry is None:
            return
        if entry is not UP:
            self._marked ^= {entry.name}
        self.action_move(1)
        self.refresh()
        self.post_message(self.Changed(self))

    def action_hidden(self) -> None:
        """Show or hide names that begin with a dot."""
        self._hidden = not self._hidden
        self._show_rows(self.selected.name if self.selected else "")

    def unmark(self, name: str) -> None:
        """That one is done."""
        self._marked.discard(name)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; a click on the sign's columns marks, a double one goes into."""
        offset = event.get_content_offset(self)
        at = self.scroll_offset.y + offset.y if offset is not None else len(self._rows)
        if offset is None or at >= len(self._rows):
            return
        self.action_move(at - self._cursor)
        if event.chain == 2:
            self.action_enter()
        elif offset.x < 2 and self._rows[at] is not UP:
            self._marked ^= {self._rows[at].name}
            self.refresh()
            self.post_message(self.Changed(self))

    def title(self, whose: str) -> str:
        """Whose directory it is and which, for a border."""
        return f"{whose} {clean(self.path)}".replace("[", "\\[")
