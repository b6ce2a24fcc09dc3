"""Draws cells of :mod:`sessiontui.ui.present` in ordinary widgets."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widgets import Static

from sessiontui.ui.present import Cell, Span


def content(spans: Iterable[Span]) -> Content:
    """The spans as content whose styles are the component classes of :data:`present.STYLES`.

    The screen declares them, once for all that is on it.
    """
    return Content.assemble(
        *(
            (span.text, f".cell--{span.style}") if span.style != "plain" else span.text
            for span in spans
            if span.text
        )
    )


class Styled(Static):
    """Text in the styles of cells."""

    _lines: tuple[Cell, ...] | None = None

    def show(self, *lines: Cell) -> None:
        """Show these lines; nothing is redrawn when they are the same."""
        if lines != self._lines:
            # Only another number of lines can move what is around.
            layout = self._lines is None or len(lines) != len(self._lines)
            self._lines = lines
            self.update(Content("\n").join(content(line) for line in lines), layout=layout)
