"""What a session prints, followed as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from sessiontui.actions import logs
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, SessiontuiError
from sessiontui.domain.files import Copying
from sessiontui.domain.session import Owner, Session
from sessiontui.domain.units import format_bytes
from sessiontui.engine.port import Engine
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.log_reader import LogReader
from sessiontui.ui.screens.save_log import SaveLogScreen
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.log_view import KEPT, LogView

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

_BEAT = 0.1
"""Seconds between two looks at what came; whatever a session prints, keys are heard in between."""
_FLOOD = 2_000
"""Lines at once after which the next ones rest."""
_REST = 0.5
"""Seconds that they rest."""


class LogsScreen(Screen[None]):
    """Shows a session's output: follow, search, wrap."""

    COMPONENT_CLASSES = present.STYLES

    BINDINGS = [
        Binding("escape", "leave", "Back"),
        Binding("q,l", "close", "Back"),
        Binding("slash", "search", "Search"),
        Binding("n", "find(1)", "Next"),
        Binding("N,p", "find(-1)", "Previous"),
        Binding("w", "wrap", "Wrap"),
        Binding("f", "follow", "Follow"),
        Binding("s", "save", "Save"),
    ]

    class Came(Message):
        """Lines were made of what the session printed."""

        def __init__(self, reader: LogReader, lines: Sequence[str], partial: str) -> None:
            super().__init__()
            self.reader, self.lines, self.partial = reader, lines, partial

    def __init__(self, engine: Engine, session: Session, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self._engine, self._session = engine, session
        self._reader = LogReader(engine, session, KEPT)
        self._state = "reading"
        self._taking = False
        self._rests_until = 0.0
        self._saving: Cancellation | None = None
        self._saved = ""

    def compose(self) -> ComposeResult:
        """Title, lines, search, keys."""
        yield Static(id="logs-title", markup=False)
        yield LogView(id="log")
        yield Input(placeholder="search", id="search", compact=True)
        yield CommandBar(id="bar")

    def on_mount(self) -> None:
        """Start reading."""
        self.query_one("#search").display = False
        self.query_one(LogView).focus()
        self.query_one(CommandBar).show_hints(
            (
                Hint("search", "/", "search"),
                Hint("find(1)", "n", "next"),
                Hint("find(-1)", "N", "previous"),
                Hint("wrap", "w", "wrap"),
                Hint("follow", "f", "follow"),
                Hint("save", "s", "save"),
                Hint("close", "q", "back"),
            )
        )
        self.set_interval(_BEAT, self.draw_what_came)
        self._read()

    def on_unmount(self) -> None:
        """Let go of the stream; a save that is not done is none."""
        self._reader.close()
        if self._saving is not None:
            self._saving.request()

    @work(group="logs")
    async def _read(self) -> None:
        self._state = "reading"
        try:
            await in_background(self._reader.read)
            self._state = "ended"
        except SessiontuiError as error:
            self._state = present.clean(error.message)
        self.draw_what_came()

    def draw_what_came(self) -> None:
        """Have what came since the last time made into lines, beside; and say what goes on."""
        if not self.is_mounted:
            return
        if self._reader.waiting and not self._taking and monotonic() >= self._rests_until:
            self._taking = True
            self._take(self._reader)
        self._say_state()

    @work(group="lines")
    async def _take(self, reader: LogReader) -> None:
        self.post_message(self.Came(reader, *await in_background(reader.take)))

    @on(Came)
    def draw_lines(self, message: Came) -> None:
        """Add them. After very many, the next ones wait: keys come before lines that nobody can read."""
        self._taking = False
        if message.reader is self._reader:
            self.query_one(LogView).append(message.lines, message.partial)
            if len(message.lines) > _FLOOD:
                self._rests_until = monotonic() + _REST
            self._say_state()

    def _say_state(self) -> None:
        if self._saving is not None:
            state = f"saving {self._saved}, esc cancels"
        elif self._state != "reading":
            state = f"{self._state}: f reads anew"
        else:
            state = "following" if self.query_one(LogView).following else "paused: f follows"
        title = f"{present.clean(self._session.name)} · logs · {state}"
        line = self.query_one("#logs-title", Static)
        if line.content != title:
            line.update(title)

    @on(CommandBar.CommandClicked)
    async def run_hint(self, event: CommandBar.CommandClicked) -> None:
        """A click on a hint is its key."""
        await self.run_action(event.command)

    def action_search(self) -> None:
        """Type what to look for."""
        box = self.query_one("#search", Input)
        box.display = True
        box.focus()

    @on(Input.Submitted, "#search")
    def search(self, event: Input.Submitted) -> None:
        """Mark it and go to the last line that has it."""
        count = self.query_one(LogView).search(event.value)
        if event.value:
            self.notify(f"in {count} lines" if count else "nothing found", timeout=2, markup=False)
        event.input.display = bool(event.value)
        self.query_one(LogView).focus()

    def action_find(self, step: int) -> None:
        """Go on searching."""
        self.query_one(LogView).find(step)

    def action_wrap(self) -> None:
        """Wrap long lines or let them run out."""
        self.query_one(LogView).toggle_wrap()

    def action_follow(self) -> None:
        """Go to the end and stay there; read anew what has ended, for the session may print again."""
        view = self.query_one(LogView)
        if self._state != "reading":
            self._reader.close()
            self._reader = LogReader(self._engine, self._session, KEPT)
            view.clear()
            self._read()
        view.follow()

    @work(group="save")
    async def action_save(self) -> None:
        """Save the whole log in a file, beside everything else."""
        if self._saving is not None:
            self.notify("it is being saved already", markup=False)
            return
        suggested = logs.suggested(self._session, self._owner)
        chosen: logs.Place | None = await self.app.push_screen_wait(SaveLogScreen(suggested))
        if chosen is None or self._saving is not None:
            return
        self._saving, since = Cancellation(), monotonic()

        def report(size: int) -> None:
            self._saved = Copying(self._session.name, size, None).amount(monotonic() - since)

        self._saved = ""
        try:
            done = await in_background(
                logs.save, self._engine, self._session, chosen, self._owner, report, self._saving
            )
        except SessiontuiError as error:
            words = "\n".join(present.clean(one) for one in (error.message, error.hint) if one)
            severity: SeverityLevel = "information" if isinstance(error, Cancelled) else "error"
            self.app.notify(words, severity=severity, markup=False)
        else:
            size = format_bytes(done)
            self.app.notify(f"{size} saved in {present.clean(chosen.path)}", markup=False)
        finally:
            self._saving = None

    def action_leave(self) -> None:
        """Leave the saving first, then the search, then the screen."""
        if self._saving is not None:
            self._saving.request()
            return
        box = self.query_one("#search", Input)
        if box.display:
            box.value = ""
            box.display = False
            self.query_one(LogView).search("")
            self.query_one(LogView).focus()
        else:
            self.dismiss(None)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)
