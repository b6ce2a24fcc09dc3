"""The bottom line: which keys do what now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from sessiontui.ui import present
from sessiontui.ui.present import Span
from sessiontui.ui.widgets.styled import Styled


@dataclass(frozen=True, slots=True)
class Hint:
    """A key and what it does; ``usable`` is false where the command would refuse."""

    command: str
    key: str
    label: str
    usable: bool = True

    @property
    def width(self) -> int:
        """Columns it takes."""
        return len(self.key) + len(self.label) + 1


@dataclass(frozen=True, slots=True)
class Placed:
    """A hint and where it begins."""

    hint: Hint
    start: int

    @property
    def end(self) -> int:
        """The first column behind it."""
        return self.start + self.hint.width


def place(hints: Sequence[Hint], columns: int) -> tuple[Placed, ...]:
    """The hints that have room, first come first served, but the last two (help and quit) before all.

    The last one stands at the end. Where not all have room they stand closer.
    """
    if not hints:
        return ()
    *others, last = hints
    end = Placed(last, max(0, columns - last.width))
    gap = 2 if sum(hint.width + 2 for hint in others) <= end.start else 1
    kept = others[-1:]
    room = end.start - sum(hint.width + gap for hint in kept)
    placed: list[Placed] = []
    at = 0
    for hint in others[:-1]:
        if at + hint.width + gap > room:
            break
        placed.append(Placed(hint, at))
        at += hint.width + gap
    placed += [Placed(hint, at) for hint in kept if at + hint.width + gap <= end.start]
    return (*placed, end)


class CommandBar(Styled):
    """Shows hints and says which was clicked."""

    class CommandClicked(Message):
        """A hint was clicked."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._hints: tuple[Hint, ...] = ()

    def show_hints(self, hints: Sequence[Hint]) -> None:
        """Show other hints."""
        self._hints = tuple(hints)
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """What has room changes."""
        self._draw()

    def _draw(self) -> None:
        spans: list[Span] = []
        for placed in place(self._hints, self.content_size.width):
            hint = placed.hint
            spans += [
                Span(" " * (placed.start - present.width(spans))),
                Span(hint.key, "key" if hint.usable else "faint"),
                Span(f" {hint.label}", "muted" if hint.usable else "faint"),
            ]
        self.show(tuple(spans))

    def on_click(self, event: events.Click) -> None:
        """Say what was clicked."""
        offset = event.get_content_offset(self)
        for placed in place(self._hints, self.content_size.width):
            if offset is not None and placed.start <= offset.x < placed.end:
                self.post_message(self.CommandClicked(placed.hint.command))
                return
