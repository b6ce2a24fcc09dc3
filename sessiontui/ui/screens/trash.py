"""The folders that were deleted: to have back, or to remove for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from sessiontui.actions import folders
from sessiontui.actions.count import count_all_at, count_at
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, SessiontuiError
from sessiontui.domain.folder import Discarded, Extent, Folder
from sessiontui.domain.units import format_age, format_bytes
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.present import Cell, Span, clean
from sessiontui.ui.screens.type_to_confirm import TypeToConfirm
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.table import Column, Row
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.table_list import TableList

_COLUMNS = (
    Column("name", "NAME", least=12, sorts=False),
    Column("age", "DELETED", right=True, sorts=False),
    Column("size", "SIZE", right=True, sorts=False),
    Column("files", "FILES", rank=1, right=True, sorts=False),
)
_KEYS = (
    Hint("restore", "r", "restore"),
    Hint("destroy", "d", "delete for good"),
    Hint("empty", "E", "empty the trash"),
    Hint("leave", "esc", "back"),
)
_REMOVING = (Hint("leave", "esc", "stop removing"),)
_EMPTY_WORD = "empty"


class TrashScreen(ModalScreen[str | None]):
    """Lists the trash; counts what is in it beside the keys. Dismisses with the last name restored."""

    CSS_PATH = [stylesheet("dialogs.tcss")]
    COMPONENT_CLASSES = present.STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r,enter", "restore", "Restore"),
        Binding("d,delete", "destroy", "Delete for good"),
        Binding("E", "empty", "Empty the trash"),
        Binding("escape,q,t", "leave", "Back"),
    ]

    class Listed(Message):
        """The trash was read."""

        def __init__(self, found: tuple[Discarded, ...]) -> None:
            super().__init__()
            self.found = found

    class Failed(Message):
        """Something could not be done."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    class Measured(Message):
        """So much is in one of them, so far or in the end; None: it cannot be counted."""

        def __init__(self, id: str, extent: Extent | None, *, done: bool) -> None:  # noqa: A002
            super().__init__()
            self.id = id
            self.extent = extent
            self.done = done

    class Restored(Message):
        """One is a folder again."""

        def __init__(self, folder: Folder) -> None:
            super().__init__()
            self.folder = folder

    class Destroyed(Message):
        """What was to be removed for good is gone; with an error, or some of it."""

        def __init__(self, error: SessiontuiError | None) -> None:
            super().__init__()
            self.error = error

    def __init__(self, ports: Ports, now: Callable[[], float]) -> None:
        super().__init__(classes="dialog")
        self._ports, self._now = ports, now
        self._found: tuple[Discarded, ...] | None = None
        self._extents: dict[str, Extent] = {}
        self._counted: set[str] = set()
        self._counting = Cancellation()
        self._removal: Cancellation | None = None
        self._restored: str | None = None

    def compose(self) -> ComposeResult:
        """A title, the list, and its keys."""
        with Vertical(classes="dialog--box -wide"):
            yield Static("Trash", classes="dialog--title")
            yield Lines(id="trash-state")
            yield TableList(_COLUMNS, id="trash-list")
            yield CommandBar(id="trash-keys")

    def on_mount(self) -> None:
        """Read it at once."""
        self.query_one(TableList).focus()
        self._draw()
        self._read()

    def on_unmount(self) -> None:
        """Nobody waits for counts any more. A removal goes on to where it can stop."""
        self._counting.request()
        if self._removal is not None:
            self._removal.request()

    @property
    def selected(self) -> Discarded | None:
        """What the cursor stands on."""
        row = self.query_one(TableList).selected
        return row.subject if row is not None and isinstance(row.subject, Discarded) else None

    # What is in it

    def _read(self) -> None:
        self.run_worker(self._list(), group="list", exclusive=True)

    async def _list(self) -> None:
        try:
            found = await in_background(self._ports.storage.trash)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Listed(found))

    @on(Listed)
    def take_list(self, message: Listed) -> None:
        """Show it, and count what is not counted."""
        self._found = message.found
        self._draw()
        self._count()

    def _count(self) -> None:
        left = [one for one in self._found or () if one.id not in self._counted]
        if left:
            self._counting.request()
            self._counting = Cancellation()
            self.run_worker(self._measure(left[0], self._counting), group="count", exclusive=True)

    async def _measure(self, one: Discarded, cancellation: Cancellation) -> None:
        def report(extent: Extent) -> None:
            self.post_message(self.Measured(one.id, extent, done=False))

        extent: Extent | None = None
        try:
            extent = await in_background(count_at, one.path, cancellation, report)
        except Cancelled:
            return
        except SessiontuiError:
            # Gone meanwhile, or not to be read.
            extent = None
        self.post_message(self.Measured(one.id, extent, done=True))

    @on(Measured)
    def take_count(self, message: Measured) -> None:
        """Show it, and go on to the next."""
        if message.extent is not None:
            self._extents[message.id] = message.extent
        if message.done:
            self._counted.add(message.id)
            self._count()
        self._draw()

    def _draw(self) -> None:
        found = self._found or ()
        self.query_one(TableList).show([self._row(one) for one in found])
        if self._found is None:
            state: Cell = (Span("reading…", "muted"),)
        elif self._removal is not None:
            state = (Span("removing…", "preparing"),)
        elif not found:
            state = (Span("nothing is in it", "muted"),)
        else:
            place = found[0].path.rpartition("/")[0]
            state = (Span("folders that were deleted; their files are in ", "muted"), Span(clean(place)))
        self.query_one("#trash-state", Lines).show(state)
        usable = bool(found)
        hints = [Hint(one.command, one.key, one.label, usable or one.command == "leave") for one in _KEYS]
        self.query_one(CommandBar).show_hints(_REMOVING if self._removal is not None else hints)

    def _row(self, one: Discarded) -> Row:
        extent, counted = self._extents.get(one.id), one.id in self._counted
        tail = "" if extent is None or extent.complete else "+" if counted else "…"
        size = format_bytes(extent.bytes) + tail if extent else "—" if counted else "counting…"
        files = f"{extent.files}{tail}" if extent else "—"
        cells: dict[str, Cell] = {
            "name": (Span(clean(one.name), "name"),),
            "age": (Span(f"{format_age(self._now() - one.discarded_at)} ago", "muted"),),
            "size": (Span(size),),
            "files": (Span(files),),
        }
        return Row(one.id, cells, one)

    # What is done with it

    @on(TableList.Opened)
    def action_restore(self) -> None:
        """Make the one under the cursor a folder again."""
        if (one := self.selected) is not None and self._removal is None:
            self.run_worker(self._restore(one), group="restore")

    async def _restore(self, one: Discarded) -> None:
        try:
            folder = await in_background(folders.restore, self._ports, one.id)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Restored(folder))

    @on(Restored)
    def show_restored(self, message: Restored) -> None:
        """Say so; the list is shorter now."""
        self._restored = message.folder.name
        self.notify(f"{clean(message.folder.name)} is a folder again", markup=False)
        self._read()

    def action_destroy(self) -> None:
        """Ask whether the one under the cursor goes for good."""
        one = self.selected
        if one is None or self._removal is not None:
            return
        self._ask(
            TypeToConfirm(
                f"Delete {clean(one.name)} for good?",
                one.name,
                "Delete for good",
                counting=lambda cancellation, report: count_at(one.path, cancellation, report),
                text="Nobody can have it back after that.",
            ),
            (one,),
        )

    def action_empty(self) -> None:
        """Ask whether all that is in the trash goes for good."""
        found = self._found or ()
        if not found or self._removal is not None:
            return
        names = ", ".join(clean(one.name) for one in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        count = f"{len(found)} folders" if len(found) != 1 else "1 folder"
        self._ask(
            TypeToConfirm(
                f"Empty the trash: {count}?",
                _EMPTY_WORD,
                "Empty it",
                counting=lambda cancellation, report: count_all_at(
                    [one.path for one in found], cancellation, report
                ),
                text=f"Nobody can have them back after that: {names}{more}.",
            ),
            found,
        )

    def _ask(self, question: TypeToConfirm, which: tuple[Discarded, ...]) -> None:
        def answer(yes: bool | None) -> None:
            if yes:
                self._removal = Cancellation()
                self._draw()
                self.run_worker(self._destroy(which, self._removal), group="destroy")

        self.app.push_screen(question, answer)

    async def _destroy(self, which: tuple[Discarded, ...], cancellation: Cancellation) -> None:
        failure: SessiontuiError | None = None
        for one in which:
            try:
                await in_background(folders.destroy, self._ports, one.id, cancellation)
            except Cancelled as error:
                failure = error
                break
            except SessiontuiError as error:
                # What stays of one keeps no other.
                failure = error
        self.post_message(self.Destroyed(failure))

    @on(Destroyed)
    def show_destroyed(self, message: Destroyed) -> None:
        """Show what is left."""
        self._removal = None
        self._counted.clear()
        self._extents.clear()
        if message.error is not None:
            self.tell(self.Failed(message.error))
        self._draw()
        self._read()

    @on(Failed)
    def tell(self, message: Failed) -> None:
        """Say what went wrong and what to do about it."""
        error = message.error
        words = "\n".join(clean(one) for one in (error.message, error.hint) if one)
        cancelled = isinstance(error, Cancelled)
        text = "stopped; what is left stays in the trash" if cancelled else words
        self.notify(text, severity="information" if cancelled else "error", timeout=10, markup=False)

    @on(CommandBar.CommandClicked)
    async def do_what_was_clicked(self, message: CommandBar.CommandClicked) -> None:
        """A key that was clicked is a key that was pressed."""
        await self.run_action(message.command)

    def action_leave(self) -> None:
        """Stop a removal, else close."""
        if self._removal is not None:
            self._removal.request()
        else:
            self.dismiss(self._restored)
