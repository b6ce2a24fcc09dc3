"""A view of many lines that keeps a bounded number of them, wraps, and marks what is searched for."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

KEPT = 10_000
"""Lines kept; older ones go."""
_SLACK = 1_000
"""Lines above that before the oldest are cut off, so that not every line costs a cut."""


class LogView(ScrollView, can_focus=True):
    """Shows lines of plain text. Stays at the end while it is there."""

    BINDINGS = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("left", "scroll_left", "Left", show=False),
        Binding("right", "scroll_right", "Right", show=False),
        Binding("home,g", "scroll_home", "First", show=False),
        Binding("end,G", "follow", "Last", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown,space", "page_down", "Page down", show=False),
    ]
    COMPONENT_CLASSES = {"log-view--match", "log-view--found", "log-view--partial"}

    def __init__(self, *, id: str | None = None, follow: bool = True) -> None:  # noqa: A002 # Textual's own name
        """With ``follow`` it begins at the end, else at the start."""
        super().__init__(id=id)
        self._lines: list[str] = []
        self._partial = ""
        self._rows: list[tuple[int, str]] = []
        self._widest = 0
        self._wrap = True
        self._words = ""
        self._found: int | None = None
        self._following = follow

    def on_mount(self) -> None:
        """Begin wrapped."""
        self._allow_sideways()

    def _allow_sideways(self) -> None:
        self.styles.overflow_x = "hidden" if self._wrap else "auto"

    @property
    def following(self) -> bool:
        """Whether what comes next will be in view: until the person scrolls up, and again at the end."""
        return self._following

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._following = True
        self.scroll_to(y=self.max_scroll_y, animate=False)
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up, by whatever means, is a wish to read on there."""
        super().watch_scroll_y(old_value, new_value)
        if new_value > self.max_scroll_y - 1:
            self._following = True
        elif new_value < old_value:
            self._following = False

    @property
    def wrap(self) -> bool:
        """Whether long lines go on in the next row."""
        return self._wrap

    def append(self, lines: Sequence[str], partial: str = "") -> None:
        """Add lines; ``partial`` is one that has not ended yet and takes the place of the last such."""
        if not lines and partial == self._partial:
            return
        follow = self._following
        if self._partial:
            self._cut_rows(len(self._lines))
        first = len(self._lines)
        self._lines.extend(lines)
        self._partial = partial
        if len(self._lines) > KEPT + _SLACK:
            gone = len(self._lines) - KEPT
            del self._lines[:gone]
            self._found = None
            self._lay_out(0)
        else:
            self._lay_out(first)
        if follow:
            self.follow()
        self.refresh()

    def clear(self) -> None:
        """Forget all lines."""
        self._lines, self._partial, self._found = [], "", None
        self._lay_out(0)
        self.refresh()

    def action_follow(self) -> None:
        """The key for it."""
        self.follow()

    def toggle_wrap(self) -> None:
        """Wrap long lines, or let them run out to the right."""
        self._wrap = not self._wrap
        self._allow_sideways()
        follow = self._following
        self._lay_out(0)
        self.scroll_to(x=0, animate=False)
        if follow:
            self.follow()
        self.refresh()

    def search(self, words: str) -> int:
        """Mark every occurrence, go to the last line that has one; returns how many lines have one."""
        self._words = words.casefold()
        self._found = None
        self.refresh()
        count = sum(self._words in line.casefold() for line in self._lines) if self._words else 0
        if count:
            self.find(-1)
        return count

    def find(self, step: int) -> bool:
        """Go to the next (1) or the previous (-1) line with an occurrence, around the ends."""
        total = len(self._lines)
        if not self._words or not total:
            return False
        start = self._found if self._found is not None else (total if step < 0 else -1)
        for offset in range(1, total + 1):
            at = (start + step * offset) % total
            if self._words in self._lines[at].casefold():
                self._found = at
                row = next(number for number, (line, _) in enumerate(self._rows) if line == at)
                self.scroll_to(y=max(0, row - self.size.height // 2), animate=False)
                self.refresh()
                return True
        return False

    def _cut_rows(self, line: int) -> None:
        while self._rows and self._rows[-1][0] >= line:
            self._rows.pop()

    def _lay_out(self, first: int) -> None:
        if first == 0:
            self._rows.clear()
            self._widest = 0
        columns = max(1, self.scrollable_content_region.width)
        texts = [*self._lines[first:], *([self._partial] if self._partial else [])]
        for number, text in enumerate(texts, first):
            if self._wrap and cell_len(text) > columns:
                self._rows.extend((number, part) for part in chop_cells(text, columns))
            else:
                self._rows.append((number, text))
                self._widest = max(self._widest, cell_len(text))
        self.virtual_size = Size(columns if self._wrap else self._widest, len(self._rows))

    def on_resize(self) -> None:
        """Rows depend on the width."""
        follow = self._following
        self._lay_out(0)
        if follow:
            self.follow()

    def render_line(self, y: int) -> Strip:
        """One row, with the searched words marked."""
        scroll_x, scroll_y = self.scroll_offset
        base = self.rich_style
        at = scroll_y + y
        if at >= len(self._rows):
            return Strip.blank(self.size.width, base)
        line, text = self._rows[at]
        if line == len(self._lines):
            base = self.get_component_rich_style("log-view--partial")
        strip = Strip(self._marked(text, line))
        return strip.crop_extend(scroll_x, scroll_x + self.size.width, base).apply_style(base)

    def _marked(self, text: str, line: int) -> list[Segment]:
        if not self._words:
            return [Segment(text)]
        name = "found" if line == self._found else "match"
        mark = self.get_component_rich_style(f"log-view--{name}")
        segments: list[Segment] = []
        folded, at = text.casefold(), 0
        if len(folded) != len(text):
            # Folding changed the length (ß): positions would not fit the text.
            folded = text.lower() if len(text.lower()) == len(text) else text
        while (hit := folded.find(self._words, at)) >= 0:
            segments += [Segment(text[at:hit]), Segment(text[hit : hit + len(self._words)], mark)]
            at = hit + len(self._words)
        return [*segments, Segment(text[at:])]
