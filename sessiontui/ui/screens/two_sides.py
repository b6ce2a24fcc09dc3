"""Two directories side by side, to copy from one to the other: what every file screen has in common."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from sessiontui.actions.sides import Side, transfer
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import AlreadyThere, Cancelled, SessiontuiError
from sessiontui.domain.files import Copying, Kind, name_problem
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.copying import progress_cell
from sessiontui.ui.present import Cell, clean
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.preview import PreviewScreen
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.file_list import FileList
from sessiontui.ui.widgets.lines import Lines

_FRAME_SECONDS = 0.25

_COPYING = (Hint("leave", "esc", "cancel the copy"),)

Here = TypeVar("Here", bound=Side)
There = TypeVar("There", bound=Side)


class TwoSidesScreen(Screen[None], Generic[Here, There]):
    """Copies what is marked, or under the cursor, into the directory that the other side shows."""

    COMPONENT_CLASSES = present.STYLES
    CSS_PATH = [stylesheet("files.tcss")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    IDLE: ClassVar[tuple[Hint, ...]] = (
        Hint("other_side", "tab", "other side"),
        Hint("mark", "space", "mark"),
        Hint("copy", "c", "copy"),
        Hint("view", "enter", "open"),
        Hint("filter", "/", "filter"),
        Hint("hidden", ".", "hidden"),
        Hint("again", "r", "reload"),
        Hint("make", "n", "mkdir"),
        Hint("leave", "esc", "back"),
    )
    """The keys while no copy is under way."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other_side", "Other side"),
        Binding("c", "copy", "Copy to the other side"),
        Binding("n", "make", "New directory"),
        Binding("slash", "filter", "Filter"),
        Binding("r", "again", "Look again"),
        Binding("escape", "leave", "Cancel or close"),
    ]

    class Copied(Message):
        """One thing is on the other side; ``skipped`` is what was left out of it."""

        def __init__(self, skipped: tuple[str, ...]) -> None:
            super().__init__()
            self.skipped = skipped

    class Failed(Message):
        """A copy did not come to its end."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    class NotMade(Message):
        """A directory could not be made."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    class Made(Message):
        """A directory is there."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, here: Here, there: There, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``here`` stands on the left."""
        super().__init__()
        self.here = here
        self.there = there
        self._clock = clock
        self._source: FileList | None = None
        self._from = self._to = ""
        """The side that is copied from, while a copy is under way."""
        self._queue: list[str] = []
        self._cancellation = Cancellation()
        self._copying: Copying | None = None
        self._since = 0.0
        self._done: list[str] = []
        self._use_words: Callable[[str], None] | None = None
        """What is done with the words that are asked for; None: they are the filter."""

    # What it looks like

    def compose(self) -> ComposeResult:
        """Two lists, a line for what goes on, one for words, and the keys."""
        here, there = self.here, self.there
        with Horizontal(id="files-sides"):
            yield FileList(here.listing, here.start, here.top, id="files-here")
            yield FileList(there.listing, there.start, there.top, id="files-there")
        yield Lines(id="files-progress")
        yield Input(id="files-words", compact=True, select_on_focus=False)
        yield CommandBar(id="files-keys")

    def on_mount(self) -> None:
        """Begin with the side that the class says."""
        self.query_one("#files-words").display = False
        self._side.focus()
        self._show_sides()
        self._show_keys()
        self.set_interval(_FRAME_SECONDS, self._show_progress)

    @property
    def copying(self) -> bool:
        """Whether a copy is under way."""
        return self._source is not None

    @property
    def _here(self) -> FileList:
        return self.query_one("#files-here", FileList)

    @property
    def _there(self) -> FileList:
        return self.query_one("#files-there", FileList)

    @property
    def _side(self) -> FileList:
        """The side with the keys, or that last had them."""
        return self._there if self.has_class("-there") else self._here

    def _other(self, side: FileList) -> FileList:
        return self._here if side is self._there else self._there

    def _of(self, side: FileList) -> Side:
        """What a list shows the files of."""
        return self.here if side is self._here else self.there

    @on(FileList.Changed)
    def _show_sides(self) -> None:
        for side in (self._here, self._there):
            side.border_title = Content(clean(self._of(side).title(side.path)))
            side.border_subtitle = f"{side.facts}" + (f" · /{clean(side.words)}" if side.words else "")

    def _show_keys(self) -> None:
        self.query_one(CommandBar).show_hints(_COPYING if self._source is not None else self.IDLE)

    def _show_progress(self) -> None:
        line: Cell = ()
        if self._source is not None and self._copying is not None:
            arrow = "←" if self._source is self._there else "→"
            line = progress_cell(self._copying, self._clock() - self._since, len(self._queue), arrow)
        self.query_one("#files-progress", Lines).show(line)

    # What the person does

    @on(CommandBar.CommandClicked)
    async def do_what_was_clicked(self, message: CommandBar.CommandClicked) -> None:
        """A key that was clicked is a key that was pressed."""
        asked = self._side if message.command in ("mark", "hidden") else self
        await asked.run_action(message.command)

    def action_view(self) -> None:
        """Go into the directory, or look at the file, under the cursor."""
        self._side.action_enter()

    @on(FileList.Opened)
    def look_at(self, message: FileList.Opened) -> None:
        """Show the file; a link that leads out of a folder is not gone through."""
        entry = message.entry
        if entry.outside:
            self.notify(
                f"{clean(entry.name)} leads out of the folder, to {clean(entry.target)}: not followed",
                severity="warning",
                markup=False,
            )
        elif entry.kind in (Kind.FILE, Kind.LINK):
            path = posixpath.join(self._side.path, entry.name)
            self.app.push_screen(PreviewScreen(entry.name, partial(self._of(self._side).head, path)))
        else:
            self.notify(f"{clean(entry.name)} is neither a file nor a directory", markup=False)

    def action_other_side(self) -> None:
        """Give the keys to the other side."""
        self.toggle_class("-there")
        self._side.focus()

    def on_descendant_focus(self) -> None:
        """The side with the focus has the keys, also by a click."""
        if isinstance(self.focused, FileList):
            self.set_class(self.focused is self._there, "-there")

    def action_again(self) -> None:
        """Look at both sides anew."""
        self._here.again()
        self._there.again()

    def action_filter(self) -> None:
        """Ask for words that names have to hold."""
        self.ask_words("filter: a part of the name", self._side.words, None)

    def action_make(self) -> None:
        """Ask for the name of a new directory."""
        if not self.copying:
            self.ask_words("name of the new directory", "", self._begin_to_make)

    def ask_words(self, what: str, value: str, use: Callable[[str], None] | None) -> None:
        """Have the person type something, and ``use`` it; None: it filters."""
        words = self.query_one("#files-words", Input)
        self._use_words = use
        words.placeholder = what
        with words.prevent(Input.Changed):
            words.value = value
        words.cursor_position = len(value)
        words.display = True
        words.focus()

    @on(Input.Changed)
    def narrow(self, message: Input.Changed) -> None:
        """Show what the words leave."""
        if self._use_words is None and message.input.display:
            self._side.narrow(message.value)

    @on(Input.Submitted)
    def take_words(self, message: Input.Submitted) -> None:
        """Use the words, or go on with what they left."""
        use = self._use_words
        self._close_words()
        if use is not None:
            use(message.value.strip())

    def _close_words(self) -> None:
        self.query_one("#files-words").display = False
        self._use_words = None
        self._side.focus()

    def named_wrong(self, name: str) -> bool:
        """Whether nothing can have this name; the person is told."""
        if (wrong := name_problem(name)) is not None:
            self.notify(wrong, severity="error", markup=False)
        return wrong is not None

    def _begin_to_make(self, name: str) -> None:
        if not self.named_wrong(name):
            path = posixpath.join(self._side.path, name)
            self.run_worker(self._make(self._of(self._side), path), group="make")

    async def _make(self, side: Side, path: str) -> None:
        try:
            await in_background(side.make, path)
        except SessiontuiError as error:
            self.post_message(self.NotMade(error))
        else:
            self.post_message(self.Made(posixpath.basename(path)))

    @on(Made)
    def show_made(self, message: Made) -> None:
        """Put the cursor on the new directory."""
        self._side.again(message.name)

    @on(NotMade)
    def tell_not_made(self, message: NotMade) -> None:
        """Say why there is no new directory; a copy under way goes on."""
        self._complain(message.error)

    def action_leave(self) -> None:
        """Give up the words, or the filter, or the copy under way; else close."""
        if self.query_one("#files-words").display:
            if self._use_words is None:
                self._side.narrow("")
            self._close_words()
        elif self._source is not None:
            self.run_worker(in_background(self._cancellation.request), group="cancel")
        elif self._side.words:
            self._side.narrow("")
        else:
            self.dismiss(None)

    # Copying

    def action_copy(self) -> None:
        """Copy what is marked, or under the cursor, to the other side; one copy at a time."""
        if self._source is not None:
            return
        names = [one.name for one in self._side.chosen]
        if not names:
            self.notify("nothing is marked, and the cursor is on nothing to copy", markup=False)
            return
        # Where things come from and go to is settled now: the person may walk on meanwhile.
        self._from, self._to = self._side.path, f"{self._other(self._side).path.rstrip('/')}/"
        self._source, self._queue, self._done = self._side, names, []
        self._cancellation = Cancellation()
        self._show_keys()
        self._copy_next()

    def _copy_next(self, *, over: bool = False) -> None:
        """Copy the first of what is left."""
        source = self._source
        if source is None or not self._queue:
            self._end()
            return
        self._copying = Copying(self._queue[0], 0, None)
        self._since = self._clock()
        path = posixpath.join(self._from, self._queue[0])
        target = self._of(self._other(source))
        self.run_worker(self._copy(self._of(source), path, target, self._to, over), group="copy")

    async def _copy(self, source: Side, path: str, target: Side, to: str, over: bool) -> None:
        def report(copying: Copying) -> None:
            self._copying = copying

        try:
            skipped = await in_background(
                transfer, source, path, target, to, report, self._cancellation, over=over
            )
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Copied(skipped))

    @on(Copied)
    def go_on(self, message: Copied) -> None:
        """Say what was left out, and copy the next."""
        name = self._queue.pop(0)
        self._done.append(name)
        if self._source is not None:
            self._source.unmark(name)
        if message.skipped:
            shown = "\n".join(clean(one) for one in message.skipped[:5])
            more = f"\nand {len(message.skipped) - 5} more" if len(message.skipped) > 5 else ""
            self.notify(f"left out of {clean(name)}:\n{shown}{more}", severity="warning", markup=False)
        self._copy_next()

    @on(Failed)
    def tell(self, message: Failed) -> None:
        """Ask where something is in the way; otherwise say why and stop."""
        error = message.error
        if isinstance(error, AlreadyThere) and self._source is not None and self._queue:
            self._ask_to_replace(self._queue[0])
            return
        self._complain(error)
        self._end()

    @on(FileList.Failed)
    def tell_listing(self, message: FileList.Failed) -> None:
        """Say why a directory is not shown."""
        self._complain(message.error)

    def _complain(self, error: SessiontuiError) -> None:
        words = "\n".join(clean(one) for one in (error.message, error.hint) if one)
        cancelled = isinstance(error, Cancelled)
        text = "cancelled" if cancelled else words
        self.notify(text, severity="information" if cancelled else "error", timeout=10, markup=False)

    def _ask_to_replace(self, name: str) -> None:
        def answer(yes: bool | None) -> None:
            if yes:
                self._copy_next(over=True)
            else:
                self._queue.pop(0)
                self._copy_next()

        question = ConfirmScreen(
            f"Replace {clean(name)}?",
            "Something of that name is on the other side. A file is replaced by the copy; "
            "a directory as a whole, with what is in it.",
            "Replace",
            stay="Leave it",
        )
        self.app.push_screen(question, answer)

    def _end(self) -> None:
        """No copy is under way any more."""
        source, self._source = self._source, None
        self._copying, self._queue = None, []
        self._show_keys()
        self._show_progress()
        if source is not None:
            self._other(source).again(self._done[-1] if self._done else "")
            if self._done:
                count = clean(self._done[0]) if len(self._done) == 1 else f"{len(self._done)} things"
                self.notify(f"{count} copied", markup=False)
