"""A list of rows in columns, with a heading and a cursor that stays with its row."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from sessiontui.ui import table
from sessiontui.ui.table import Column, Layout, Row
from sessiontui.ui.widgets.cursor_lines import CursorLines


class TableList(CursorLines):
    """Shows rows and says where the cursor is and what was clicked."""

    HEADINGS = 1
    COMPONENT_CLASSES = {"table-list--cursor", "table-list--heading"}

    class Selected(Message):
        """The cursor stands on another row, or on the same one changed."""

        def __init__(self, table_list: TableList) -> None:
            super().__init__()
            self.table_list = table_list

        @property
        def control(self) -> TableList:
            """The list it happened in."""
            return self.table_list

    class HeadingClicked(Message):
        """The title of a column that sorts was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    class Opened(Message):
        """A row was double-clicked; it is selected by then."""

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._rows: tuple[Row, ...] = ()
        self._layout: Layout = ()
        self._sort = ("", False)
        self._key: str | None = None

    @property
    def selected(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows, as they stand."""
        return self._rows

    def show(self, rows: Sequence[Row], sort: tuple[str, bool] = ("", False)) -> None:
        """Show these rows; the cursor stays with its own, and one gone leaves it to the next."""
        rows = tuple(rows)
        if (rows, sort) == (self._rows, self._sort):
            return
        before, count = self.selected, len(self._rows)
        self._rows, self._sort = rows, sort
        place = next((at for at, row in enumerate(rows) if row.key == self._key), None)
        self._cursor = max(0, min(self._cursor if place is None else place, len(rows) - 1))
        if len(rows) != count:
            self.virtual_size = Size(self.size.width, len(rows) + 1)
        self._place_columns()
        if self.selected != before:
            self._say_selected(scroll=before is None or place is not None)

    def select(self, key: str) -> None:
        """Put the cursor on that row, now or when it comes."""
        self._key = key
        for at, row in enumerate(self._rows):
            if row.key == key:
                self._go(at)

    def _place_columns(self) -> None:
        self._layout = table.layout(self._columns, self._rows, self.scrollable_content_region.width)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the visible part; the first is the heading, wherever the list is scrolled to."""
        if y == 0:
            return self._strip(table.heading(self._layout, *self._sort), "table-list--heading")
        at = self.scroll_offset.y + y - 1
        if at >= len(self._rows):
            return self._strip((), "")
        selected = at == self._cursor
        line = table.line(self._rows[at], self._layout, selected=selected)
        return self._strip(line, "table-list--cursor" if selected else "")

    def on_resize(self) -> None:
        """Columns come and go with the width."""
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self._place_columns()
        self._bring_into_view()

    # Moving

    def action_move(self, step: int) -> None:
        """Move the cursor by that many rows."""
        self._go(self._cursor + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a screenful."""
        self._go(self._cursor + step * max(1, self.size.height - 2))

    def _go(self, at: int) -> None:
        if self._rows:
            self._cursor = max(0, min(at, len(self._rows) - 1))
            self.refresh()
            self._say_selected()

    def _say_selected(self, *, scroll: bool = True) -> None:
        row = self.selected
        self._key = row.key if row else self._key
        if scroll:
            self._bring_into_view()
        self.post_message(self.Selected(self))

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Select a row, open it, or sort by a column."""
        if event.y == 0:
            for one in self._layout:
                if one.start <= event.x < one.start + one.width and one.column.sorts:
                    self.post_message(self.HeadingClicked(one.column.key))
            return
        at = self.scroll_offset.y + event.y - 1
        if at < len(self._rows):
            self._go(at)
            if event.chain == 2:
                self.post_message(self.Opened())
