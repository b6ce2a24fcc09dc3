"""What a session prints, followed as it comes."""

from __future__ import annotations

import contextlib
import threading

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input, Static

from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.session import Session
from sessiontui.engine.port import Engine, Stream
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.log_text import LogText
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.log_view import KEPT, LogView

_BEAT = 0.1
"""Seconds between two looks at what came; whatever a session prints, keys are heard in between."""


class Reader:
    """Reads a stream in a thread and hands over, at most, the lines that will be kept."""

    def __init__(self, engine: Engine, session: Session) -> None:
        self._engine, self._session = engine, session
        self._lock = threading.Lock()
        self._text = LogText()
        self._lines: list[str] = []
        self._stream: Stream | None = None
        self._closed = False

    def read(self) -> None:
        """Read to the end of the stream. Raises EngineError."""
        stream = self._engine.logs(self._session, follow=True, tail=KEPT)
        with self._lock:
            self._stream = stream
            closed = self._closed
        if closed:
            stream.close()
        for chunk in stream:
            with self._lock:
                self._lines += self._text.feed(chunk)
                if len(self._lines) > KEPT:
                    del self._lines[:-KEPT]

    def take(self) -> tuple[list[str], str]:
        """The lines since the last call, and the one that has not ended yet."""
        with self._lock:
            lines, self._lines = self._lines, []
            return lines, self._text.partial

    def close(self) -> None:
        """End the reading, from any thread."""
        with self._lock:
            self._closed = True
            stream = self._stream
        if stream is not None:
            with contextlib.suppress(SessiontuiError):
                stream.close()


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
    ]

    def __init__(self, engine: Engine, session: Session) -> None:
        super().__init__()
        self._engine, self._session = engine, session
        self._reader = Reader(engine, session)
        self._state = "reading"

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
                Hint("close", "q", "back"),
            )
        )
        self.set_interval(_BEAT, self.draw_what_came)
        self._read()

    def on_unmount(self) -> None:
        """Let go of the stream."""
        self._reader.close()

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
        """Add what came since the last time."""
        if not self.is_mounted:
            return
        view = self.query_one(LogView)
        view.append(*self._reader.take())
        if self._state != "reading":
            state = f"{self._state}: f reads anew"
        else:
            state = "following" if view.following else "paused: f follows"
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
            self._reader = Reader(self._engine, self._session)
            view.clear()
            self._read()
        view.follow()

    def action_leave(self) -> None:
        """Leave the search first, then the screen."""
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
