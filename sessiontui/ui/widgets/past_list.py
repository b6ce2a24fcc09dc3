"""The list of deleted sessions, drawn by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from sessiontui.domain.record import Record
from sessiontui.ui import past_rows
from sessiontui.ui.present import Span
from sessiontui.ui.widgets.cursor_lines import CursorLines


class PastList(CursorLines):
    """Shows records under a heading; the cursor stays with its record."""

    COMPONENT_CLASSES = {"past-list--cursor", "past-list--heading"}
    HEADINGS = 1
    DEFAULT_CSS = """
    PastList {
        height: 1fr;
        overflow-x: hidden;

        & .past-list--heading { text-style: none; }
        & .past-list--cursor { background: $panel; }
        &:focus .past-list--cursor { background: $primary 22%; }
    }
    """

    class Selected(Message):
        """The cursor stands on another record."""

    class RepeatWanted(Message):
        """The person clicked twice on one."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._records: tuple[Record, ...] = ()
        self._labels: Mapping[str, str] = {}
        self._now = 0.0

    @property
    def selected(self) -> Record | None:
        """The record under the cursor."""
        return self._records[self._cursor] if self._records else None

    def show(self, records: Sequence[Record], now: float, labels: Mapping[str, str]) -> None:
        """Show these records."""
        key = self.selected.session.id if self.selected else ""
        self._records, self._now, self._labels = tuple(records), now, labels
        places = (at for at, one in enumerate(self._records) if one.session.id == key)
        self._cursor = next(places, max(0, min(self._cursor, len(self._records) - 1)))
        self.virtual_size = Size(self.size.width, len(self._records) + 1)
        self._bring_into_view()
        self.refresh()
        self.post_message(self.Selected())

    def render_line(self, y: int) -> Strip:
        """One line of the visible part; the first is the heading, wherever the list is scrolled to."""
        room = self.scrollable_content_region.width - 1
        if y == 0:
            return self._strip(past_rows.heading(room), "past-list--heading")
        at = self.scroll_offset.y + y - 1
        if at >= len(self._records):
            return self._strip((), "")
        surface = "past-list--cursor" if at == self._cursor else ""
        cell = past_rows.line(self._records[at], room, self._now, self._labels)
        if at == self._cursor:
            # Never colour alone.
            cell = (Span("▸ ", "accent"), *cell[1:])
        return self._strip(cell, surface)

    def on_resize(self) -> None:
        """Columns come and go with the width."""
        self.virtual_size = Size(self.size.width, len(self._records) + 1)
        self._bring_into_view()

    def action_move(self, step: int) -> None:
        """Move the cursor by that many records."""
        if not self._records:
            return
        self._cursor = max(0, min(self._cursor + step, len(self._records) - 1))
        self._bring_into_view()
        self.refresh()
        self.post_message(self.Selected())

    def action_page(self, step: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(step * max(1, self.size.height - 2))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; a double click repeats."""
        at = self.scroll_offset.y + event.y - 1
        if event.y < 1 or at >= len(self._records):
            return
        self.action_move(at - self._cursor)
        if event.chain == 2:
            self.post_message(self.RepeatWanted())
