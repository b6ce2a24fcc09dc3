"""The line of tabs with the START button at its right end."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from sessiontui.ui import present
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.row_columns import MARK
from sessiontui.ui.widgets.styled import Styled

_SHORTER = (8, 6, 4)
"""Columns of a title where the line is too short for all of them."""


def tab_cells(titles: Sequence[tuple[str, int | None]], active: int) -> tuple[Cell, ...]:
    """A cell for each tab: its number key, title and, where it is known, count."""
    return tuple(
        (
            Span(f"{at + 1} ", "faint"),
            Span(title if count is None else f"{title} {count}", "tab-on" if at == active else "muted"),
        )
        for at, (title, count) in enumerate(titles)
    )


def fitted(
    titles: Sequence[tuple[str, int | None]], active: int, columns: int
) -> tuple[tuple[Cell, ...], int]:
    """The cells and the columns between them, as wide as there is room for.

    Gaps shrink first; then counts go, that of the active tab last; then the ends of the other titles.
    """
    bare = [(title, count if at == active else None) for at, (title, count) in enumerate(titles)]
    cells, gap = tab_cells(titles, active), 3
    short = [
        [
            (title if at == active else present.truncate(title, most), count)
            for at, (title, count) in enumerate(bare)
        ]
        for most in _SHORTER
    ]
    for shown, gap in (
        (titles, 3),
        (titles, 2),
        (titles, 1),
        (bare, 2),
        (bare, 1),
        *((one, 1) for one in short),
    ):
        cells = tab_cells(shown, active)
        if sum(present.width(cell) + gap for cell in cells) - gap <= columns:
            break
    return cells, gap


class Tabs(Styled):
    """Shows the tabs and says which was clicked."""

    class TabClicked(Message):
        """Another tab is wanted."""

        def __init__(self, tab: int) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self) -> None:
        super().__init__()
        self._titles: tuple[tuple[str, int | None], ...] = ()
        self._active = 0
        self._note: Cell = ()
        self._cells: tuple[Cell, ...] = ()
        self._gap = 3

    def show_tabs(self, titles: Sequence[tuple[str, int | None]], active: int, *, marked: int = 0) -> None:
        """Show these tabs, one of them active, and how many sessions are marked."""
        self._titles, self._active = tuple(titles), active
        self._note = (Span(f"{MARK} {marked} marked", "accent"),) if marked else ()
        self._draw()

    def on_resize(self) -> None:
        """What has room changes."""
        self._draw()

    def _draw(self) -> None:
        note = present.width(self._note)
        room = self.content_size.width - (note + 1 if note else 0)
        self._cells, self._gap = fitted(self._titles, self._active, room)
        gap = Span(" " * self._gap)
        self.show((*(span for cell in self._cells for span in (*cell, gap)), *self._note))

    def on_click(self, event: events.Click) -> None:
        """Say what was clicked."""
        offset = event.get_content_offset(self)
        at = 0
        for tab, cell in enumerate(self._cells):
            at += present.width(cell) + self._gap
            if offset is not None and offset.x < at:
                self.post_message(self.TabClicked(tab))
                return


class StartButton(Static):
    """Names the key that starts and says when it was clicked; it takes no focus."""

    class Clicked(Message):
        """A session is to be started."""

    def __init__(self, key: str) -> None:
        super().__init__(f" {key}  START ", markup=False)

    def on_click(self) -> None:
        """Pass it on."""
        self.post_message(self.Clicked())


class TabLine(Horizontal):
    """The tabs on the left, START on the right."""

    def __init__(self, start_key: str, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._start_key = start_key

    def compose(self) -> ComposeResult:
        """Left to right."""
        yield Tabs()
        yield StartButton(self._start_key)
