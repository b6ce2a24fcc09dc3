"""The list of sessions: one line a session, drawn by line so that a refresh costs what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from sessiontui.domain.usage import Usage
from sessiontui.ui import present, row_columns, rows
from sessiontui.ui.changed import changed_runs
from sessiontui.ui.gpu_cells import Figures
from sessiontui.ui.present import Cell
from sessiontui.ui.row_columns import Layout
from sessiontui.ui.rows import Row
from sessiontui.ui.widgets.cursor_lines import CursorLines


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A line as it is on the screen, and what it was made of."""

    look: tuple[object, ...]
    line: Cell


class SessionList(CursorLines):
    """Shows rows, keeps a cursor that follows its session, and says what is asked of which."""

    HEADINGS = 1
    COMPONENT_CLASSES = {"session-list--cursor", "session-list--heading"}

    class Selected(Message):
        """The cursor stands on another session, or on the same one changed."""

        def __init__(self, row: Row | None) -> None:
            super().__init__()
            self.row = row

    class CommandClicked(Message):
        """A control of a row was clicked; the row is selected by then."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    class Marked(Message):
        """Other sessions are marked than before."""

    class HeadingClicked(Message):
        """The title of a column was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()
        self._usage: Mapping[str, Usage] = MappingProxyType({})
        self._now = 0.0
        self._gpu: Mapping[str, Figures] = MappingProxyType({})
        self._columns: Layout = ()
        self._gpus = False
        self._sort = ("name", False)
        self._key: str | None = None
        self._drawn: dict[int, _Drawn] = {}
        self._marks: frozenset[str] = frozenset()

    @property
    def selected(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def sorts(self) -> frozenset[str]:
        """The columns that are there and can be sorted by."""
        return frozenset(column.key for column in self._columns if column.key in rows.SORTS)

    @property
    def shown(self) -> frozenset[str]:
        """The keys of the rows in view, and of the selected one."""
        top = self.scroll_offset.y
        in_view = self._rows[top : top + max(0, self.size.height - 1)]
        return frozenset(row.key for row in (*in_view, *filter(None, [self.selected])))

    def show(self, rows: Sequence[Row], *, gpus: bool, sort: tuple[str, bool]) -> None:
        """Show these rows. The cursor stays with its session; a session gone leaves it to the next."""
        before, count = self.selected, len(self._rows)
        self._rows = tuple(rows)
        self._gpus = gpus
        self._sort = sort
        place = next((at for at, row in enumerate(self._rows) if row.key == self._key), None)
        self._cursor = max(0, min(self._cursor if place is None else place, len(self._rows) - 1))
        if len(self._rows) != count:
            self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self._place_columns()
        if self.selected != before:
            self._say_selected(scroll=before is None or place is None)

    def tell(
        self, usage: Mapping[str, Usage], now: float, gpu: Mapping[str, Figures] = MappingProxyType({})
    ) -> None:
        """Show what the sessions use, by id, at that time; ``gpu`` is what they use of their devices."""
        self._usage, self._gpu = usage, gpu
        self._now = now
        self._draw_changes()

    def select(self, key: str) -> None:
        """Put the cursor on that session, now or when it comes."""
        self._key = key
        for at, row in enumerate(self._rows):
            if row.key == key:
                self._go(at)

    # Marks

    @property
    def marks(self) -> frozenset[str]:
        """The keys of the rows that are marked, shown now or not."""
        return self._marks

    def mark(self, keys: frozenset[str]) -> None:
        """Mark these and no others."""
        if keys != self._marks:
            self._marks = keys
            self._draw_changes()
            self.post_message(self.Marked())

    def mark_next(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        row = self.selected
        if row is not None and row.markable:
            self._turn(row)
            self._go(self._cursor + 1)

    def mark_shown(self) -> None:
        """Mark all that is listed and can be; where that is so, take their marks away."""
        every = frozenset(row.key for row in self._rows if row.markable)
        self.mark(self._marks - every if every <= self._marks else self._marks | every)

    def _turn(self, row: Row) -> None:
        if row.markable:
            self.mark(self._marks ^ {row.key})

    # Drawing

    def _place_columns(self) -> None:
        """Lay the columns out and redraw what came out different."""
        self._columns = row_columns.layout(self._rows, self._room, gpus=self._gpus)
        self._draw_changes()

    def _draw_changes(self) -> None:
        """Have the columns drawn anew in which a line differs from what is there."""
        for y in range(self.size.height):
            drawn, look = self._drawn.get(y), self._look(y)
            if drawn is None or drawn.look[0] != look[0]:
                self._drawn.pop(y, None)
                self.refresh(Region(0, y, self.size.width, 1))
            elif drawn.look != look:
                after = self._drawn[y] = _Drawn(look, self._line(y))
                for start, end in changed_runs(drawn.line, after.line):
                    self.refresh(Region(start, y, end - start, 1))

    def _look(self, y: int) -> tuple[object, ...]:
        """What a line is made of: first the surface it stands on."""
        at = self.scroll_offset.y + y - 1
        if y == 0 or at >= len(self._rows):
            return (self._surface(y), self._columns, self._sort if y == 0 else None)
        row = self._rows[at]
        look = row_columns.look_of(row, rows.usage_of(row, self._usage), self._now, self._gpu.get(row.key))
        return (self._surface(y), self._columns, row, look, row.key in self._marks)

    @property
    def _room(self) -> int:
        return self.scrollable_content_region.width - 1

    def _line(self, y: int) -> Cell:
        if y == 0:
            return row_columns.heading(self._columns, *self._sort)
        at = self.scroll_offset.y + y - 1
        if at >= len(self._rows):
            return ()
        row = self._rows[at]
        usage = rows.usage_of(row, self._usage)
        selected, marked = at == self._cursor, row.key in self._marks
        gpu = self._gpu.get(row.key)
        return row_columns.line(row, self._columns, usage, self._now, gpu, selected=selected, marked=marked)

    def _surface(self, y: int) -> str:
        """What the line stands on."""
        if y == 0:
            return "session-list--heading"
        return "session-list--cursor" if self._rows and self.scroll_offset.y + y - 1 == self._cursor else ""

    def render_line(self, y: int) -> Strip:
        """One line of the visible part; the first is the heading, wherever the list is scrolled to."""
        line, surface = self._line(y), self._surface(y)
        self._drawn[y] = _Drawn(self._look(y), line)
        return self._strip(line, surface)

    def notify_style_update(self) -> None:
        """Forget looks when the theme changes."""
        super().notify_style_update()
        self._drawn.clear()

    def on_resize(self) -> None:
        """Columns come and go with the width."""
        self._drawn.clear()
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self._place_columns()
        self._bring_into_view()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """What is drawn where changes."""
        super().watch_scroll_y(old_value, new_value)
        self._drawn.clear()

    # Moving

    def action_move(self, step: int) -> None:
        """Move the cursor by that many rows."""
        self._go(self._cursor + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a screenful."""
        self._go(self._cursor + step * max(1, self.size.height - 2))

    def _go(self, at: int) -> None:
        at = max(0, min(at, len(self._rows) - 1))
        if not self._rows:
            return
        old, self._cursor = self._cursor, at
        for one in {old, at}:
            y = one - self.scroll_offset.y + 1
            if 0 < y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))
        self._say_selected()

    def _say_selected(self, *, scroll: bool = True) -> None:
        row = self.selected
        self._key = row.key if row else self._key
        if scroll:
            self._bring_into_view()
        self.post_message(self.Selected(row))

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Select a row, mark it where marks stand, use a control, sort by a column."""
        if event.y == 0:
            for column in self._columns:
                if column.start <= event.x < column.end and column.key in rows.SORTS:
                    self.post_message(self.HeadingClicked(column.key))
            return
        at = self.scroll_offset.y + event.y - 1
        if at >= len(self._rows):
            return
        self._go(at)
        if event.x < row_columns.MARGIN:
            self._turn(self._rows[at])
            return
        control = next((column for column in self._columns if column.key == "control"), None)
        if control is not None and control.start <= event.x < control.end + 1:
            icon = present.CONTROL[min((event.x - control.start) // 2, len(present.CONTROL) - 1)]
            self.post_message(self.CommandClicked(icon.command))
        elif event.chain == 2:
            self.post_message(self.CommandClicked("toggle-details"))
