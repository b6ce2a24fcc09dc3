"""Saves sessions in a folder before they are deleted: choose it, see how far it is, read what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from sessiontui.actions import rescue
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, SessiontuiError
from sessiontui.domain.files import Copying
from sessiontui.domain.folder import Folder
from sessiontui.domain.rescue import Saved
from sessiontui.domain.session import Phase, Session
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.desk import Desk
from sessiontui.ui.present import Cell, Span, clean
from sessiontui.ui.screens.new_folder import NewFolderScreen
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.styled import Styled

_BEAT = 0.2
"""Seconds between two looks at how far a copy is."""
_BAR = 20
_NEW = "\n"
"""The choice of a new folder: no folder has that name."""


class RescueScreen(ModalScreen[bool]):
    """True when all sessions are saved and deleted; else ``saved`` has the ids of those that are."""

    CSS_PATH = [stylesheet("dialogs.tcss")]
    COMPONENT_CLASSES = present.STYLES
    BINDINGS = [Binding("escape", "cancel", "Cancel")]

    def __init__(
        self, desk: Desk, sessions: Sequence[Session], sizes: Mapping[str, int], *, remote: bool
    ) -> None:
        """``sizes`` are the bytes to be copied, by session; ``remote`` says that the engine is elsewhere."""
        super().__init__(classes="dialog")
        self._desk, self._sessions, self._sizes, self._remote = desk, tuple(sessions), sizes, remote
        self._cancellation = Cancellation()
        self._copying: Copying | None = None
        self._began = 0.0
        self._session: Session | None = None
        self._lines: list[Cell] = []
        self._chosen = False
        """Whether something of the list is being done."""
        self._failed = False
        self._done = False
        self.saved: set[str] = set()

    def compose(self) -> ComposeResult:
        """First the folders, then how far it is."""
        one = len(self._sessions) == 1
        what = clean(self._sessions[0].name) if one else f"{len(self._sessions)} sessions"
        with Vertical(classes="dialog--box -question"):
            yield Static(
                f"Save {what} and delete {'it' if one else 'them'}", classes="dialog--title", markup=False
            )
            yield Static(self._words(), id="words", markup=False)
            yield OptionList(id="folders", compact=True)
            with VerticalScroll(can_focus=False, classes="dialog--body", id="course"):
                yield Styled(id="lines")
                yield Styled(id="progress")
            with Horizontal(classes="dialog--buttons"):
                yield Button("Cancel", id="cancel")

    def _words(self) -> str:
        running = sum(one.phase is Phase.RUNNING for one in self._sessions)
        who = "It is" if len(self._sessions) == 1 else f"{running} of them are"
        stops = f"{who} stopped first: programs end. " if running else ""
        where = "on this machine, not the engine's, " if self._remote else ""
        if len(self._sessions) == 1:
            rest = "its files copied? They come below its name. It is deleted once the copy was counted"
        else:
            rest = (
                "their files copied? They come below their names. Each is deleted once its copy was counted"
            )
        return f"{stops}Into which folder {where}are {rest}, and kept if anything goes wrong."

    def on_mount(self) -> None:
        """List the folders."""
        self.query_one("#course").display = False
        self.query_one("#folders").focus()
        self._timer = self.set_interval(_BEAT, self._draw_progress, pause=True)
        self.run_worker(self._list())

    # The folder

    async def _list(self, choose: str = "") -> None:
        folders: tuple[Folder, ...] = ()
        try:
            folders = await in_background(self._desk.ports.storage.folders)
        except SessiontuiError as error:
            self._desk.tell(error)
        listing = self.query_one(OptionList)
        listing.clear_options()
        listing.add_options(
            Option(
                Content.assemble(clean(one.name), ("" if one.writable else "  read-only", "$text-muted")),
                id=f"folder {one.name}",
                disabled=not one.writable,
            )
            for one in folders
        )
        listing.add_option(Option("+ New folder…", id=_NEW))
        names = [one.name for one in folders]
        writable = next((at for at, one in enumerate(folders) if one.writable), len(folders))
        listing.highlighted = names.index(choose) if choose in names else writable

    @on(OptionList.OptionSelected)
    def take_folder(self, event: OptionList.OptionSelected) -> None:
        """A folder was chosen, or is to be made; a second key that comes before that began is none."""
        if self._chosen or not event.option_id:
            return
        self._chosen = True
        if event.option_id == _NEW:
            self.run_worker(self._make())
        else:
            self.run_worker(self._save_all(event.option_id.removeprefix("folder ")))

    async def _make(self) -> None:
        name = await self.app.push_screen_wait(NewFolderScreen(self._desk.ports.storage))
        self._chosen = False
        if name:
            await self._list(name)
            self.query_one(OptionList).focus()

    # The copy

    async def _save_all(self, folder: str) -> None:
        self.query_one("#folders").display = False
        self.query_one("#course").display = True
        self.query_one("#words", Static).update(f"Into folder {clean(folder)}:")
        self.query_one("#cancel").focus()
        self._timer.resume()
        for session in self._sessions:
            self._session, self._copying, self._began = session, None, time.monotonic()
            try:
                saved = await self._save(session, folder)
            except SessiontuiError as error:
                self._tell_failure(session, error)
                if isinstance(error, Cancelled):
                    break
            else:
                self.saved.add(session.id)
                self._tell_saved(session, saved)
                if saved.warning:
                    self._desk.say(saved.warning, warning=True)
        self._timer.pause()
        self._done = True
        self.query_one("#progress", Styled).show()
        if self._failed:
            self.query_one("#cancel", Button).label = "Close"
        else:
            self.dismiss(True)

    async def _save(self, session: Session, folder: str) -> Saved:
        saved: list[Saved] = []

        def save(ports: Ports, session: Session) -> None:
            expected = self._sizes.get(session.id)
            saved.append(
                rescue.save_and_delete(
                    ports, session, folder, self._note, self._cancellation, expected=expected
                )
            )

        await self._desk.end(session, save)
        return saved[0]

    def _note(self, copying: Copying) -> None:
        # Comes from the thread that copies, and often: looked at on the beat.
        self._copying = copying

    def _draw_progress(self) -> None:
        session, copying = self._session, self._copying
        if session is None:
            return
        spans: list[Span] = [Span("● ", "preparing"), Span(clean(session.name), "name"), Span("  ")]
        if self._cancellation.requested:
            spans.append(Span("cancelling…", "muted"))
        elif copying is None:
            spans.append(Span("stopping…" if session.phase is Phase.RUNNING else "beginning…", "muted"))
        else:
            if copying.share is not None:
                spans += [
                    *present.bar(copying.share, _BAR, "preparing"),
                    Span(f" {copying.share:.0%}  ", "preparing"),
                ]
            spans.append(Span(copying.amount(time.monotonic() - self._began), "muted"))
            if copying.share == 1:
                spans.append(Span("  counting the copy", "muted"))
        self.query_one("#progress", Styled).show(tuple(spans))

    def _tell_saved(self, session: Session, saved: Saved) -> None:
        self._lines.append(
            (
                Span("✔ ", "running"),
                Span(clean(session.name), "name"),
                Span(f"  {saved.tally}", "muted"),
                Span(f"  in {clean(saved.path)}", "muted"),
            )
        )
        self._lines += [(Span(f"    left out {clean(one)}", "warning"),) for one in saved.left_out[:3]]
        self.query_one("#lines", Styled).show(*self._lines)
        more = f", but {len(saved.left_out)} things that no copy holds" if saved.left_out else ""
        self._desk.say(
            f"{session.name} is deleted; saved: {saved.tally} in {saved.path}{more}",
            warning=bool(saved.left_out),
        )

    def _tell_failure(self, session: Session, error: SessiontuiError) -> None:
        self._failed = True
        self._lines += [
            (Span("✕ ", "failed"), Span(clean(session.name), "name"), Span("  is kept", "warning")),
            (Span(f"    {clean(error.message)}"),),
            *([(Span(f"    {clean(error.hint)}", "muted"),)] if error.hint else []),
        ]
        self.query_one("#lines", Styled).show(*self._lines)

    @on(Button.Pressed)
    def action_cancel(self) -> None:
        """Back to the question, stop the copy, or close what was read."""
        if self._session is None or self._done:
            self.dismiss(False)
        else:
            self._cancellation.request()
            self._draw_progress()
