"""The question before files of a folder are removed for good: how many there are, and how large."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from sessiontui.actions.count import count, together
from sessiontui.actions.sides import InFolder
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, SessiontuiError
from sessiontui.domain.files import Entry, Kind
from sessiontui.domain.folder import Extent
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.file_rows import name_cell
from sessiontui.ui.folder_text import extent_text
from sessiontui.ui.present import Cell, Span, clean
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.styled import Styled

_NAMED = 6
"""How many of what is to be removed are named."""
_BEAT = 0.25
"""Seconds between two looks at the count."""


class RemoveScreen(ModalScreen[bool]):
    """Asks whether to remove these entries of a directory; counts beside the keys. True for yes."""

    CSS_PATH = [stylesheet("dialogs.tcss")]
    COMPONENT_CLASSES = present.STYLES
    BINDINGS = [
        Binding("escape,n", "answer(False)", "Cancel"),
        Binding("left,up", "app.focus_previous", "Left", show=False),
        Binding("right,down", "app.focus_next", "Right", show=False),
    ]

    def __init__(self, side: InFolder, directory: str, entries: Sequence[Entry]) -> None:
        super().__init__(classes="dialog")
        self._side, self._directory, self._entries = side, directory, entries
        self._cancellation = Cancellation()
        self._counted = Extent(complete=False)
        self._trouble = ""

    def compose(self) -> ComposeResult:
        """What goes, how much that is, and two buttons, the harmless one first."""
        one = self._entries[0]
        what = clean(one.name) if len(self._entries) == 1 else f"{len(self._entries)} things"
        with Vertical(classes="dialog--box -danger"):
            yield Static(f"Delete {what}?", classes="dialog--title", markup=False)
            yield Styled(id="removed")
            yield Static(
                f"For good: the trash is for whole folders, not for files in {clean(self._side.name)}.",
                classes="dialog--heading",
                markup=False,
            )
            with Horizontal(classes="dialog--buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Delete", id="delete", variant="error")

    def on_mount(self) -> None:
        """A stray Enter changes nothing."""
        self.query_one("#cancel").focus()
        self._show()
        self.set_interval(_BEAT, self._show)
        self.run_worker(self._count())

    def on_unmount(self) -> None:
        """Nobody waits for the count any more."""
        self._cancellation.request()

    async def _count(self) -> None:
        def work() -> Extent:
            done = Extent()
            for one in self._entries:
                before = done

                def report(extent: Extent, before: Extent = before) -> None:
                    self._counted = together(before, extent)

                if one.kind is Kind.DIRECTORY:
                    path = posixpath.join(self._directory, one.name)
                    done = together(done, count(self._side.tree, path, self._cancellation, report))
                else:
                    done = together(done, Extent(one.size if one.kind is Kind.FILE else 0, 1))
            return done

        try:
            self._counted = await in_background(work)
            self._trouble = "" if self._counted.complete else "at least: not all of it may be read"
        except Cancelled:
            return
        except SessiontuiError as error:
            self._trouble = error.message
        self._show()

    def _show(self) -> None:
        lines: list[Cell] = [(Span("✕ ", "failed"), *name_cell(one)) for one in self._entries[:_NAMED]]
        if len(self._entries) > _NAMED:
            lines.append((Span(f"  and {len(self._entries) - _NAMED} more", "muted"),))
        text = extent_text(self._counted, counting=not self._counted.complete and not self._trouble)
        lines.append(
            (Span(text, "warning"), Span(f"  {clean(self._trouble)}" if self._trouble else "", "muted"))
        )
        self.query_one("#removed", Styled).show(*lines)

    @on(Button.Pressed)
    def close_with_answer(self, event: Button.Pressed) -> None:
        """A button answers."""
        self.dismiss(event.button.id == "delete")

    def action_answer(self, yes: bool) -> None:
        """A key answers."""
        self.dismiss(yes)
