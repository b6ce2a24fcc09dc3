"""The app dialog: starts an app of a session and says how to reach it from where the person sits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from sessiontui.access.browser import can_open, open_in_front
from sessiontui.access.forwarding import over_ssh
from sessiontui.access.keys import KeyRing
from sessiontui.actions.app_life import offered_apps
from sessiontui.actions.open_app import open_app
from sessiontui.actions.ports import Ports
from sessiontui.domain.environment import App, AppPhase
from sessiontui.domain.errors import AppFailed, SessionGone, SessiontuiError
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Endpoint, Phase, Session
from sessiontui.domain.units import format_age
from sessiontui.engine.port import Change
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean
from sessiontui.ui.screens.apps_text import Way, rows, ways
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.line import Line

_FRAMES = "⠋⠙⠸⠴⠦⠇"

_FRAME_SECONDS = 0.25
"""Slow enough for a slow line, quick enough to show life."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The apps the session supports; ``open`` are the names of those that answer already."""

    session: Session
    apps: tuple[App, ...]
    open: frozenset[str]


class AppsScreen(ModalScreen[None]):
    """Lists the apps of one session; the chosen one is started and its address shown.

    Leaving the dialog leaves everything going.
    """

    CSS_PATH = [stylesheet("apps.tcss")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (112, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (23, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c,y", "copy('c')", "Copy the address"),
        Binding("t", "copy('t')", "Copy the other line"),
        Binding("o", "open_browser", "Open in a browser"),
        Binding("r", "retry", "Try again"),
        Binding("escape", "close", "Close"),
    ]

    class Offered(Message):
        """The session said what it can run."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    class Opened(Message):
        """An app answers."""

        def __init__(self, endpoint: Endpoint) -> None:
            super().__init__()
            self.endpoint = endpoint

    class Failed(Message):
        """The session could not be asked, or an app (by name) could not be opened."""

        def __init__(self, error: SessiontuiError, app: str | None) -> None:
            super().__init__()
            self.error = error
            self.app_name = app

    class Said(Message):
        """Something was done that is worth a sentence."""

        def __init__(self, text: str, *, failed: bool = False) -> None:
            super().__init__()
            self.text = text
            self.failed = failed

    def __init__(
        self,
        ports: Ports,
        session: Session,
        keys: KeyRing,
        environ: Mapping[str, str],
        copy: Callable[[str], str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._ports = ports
        self._session = session
        self._keys = keys
        self._environ = environ
        self._copy = copy
        self._clock = clock
        self._browser = can_open(environ)
        self._apps: tuple[App, ...] = ()
        self._open: set[str] = set()
        self._starting: str | None = None
        self._since = 0.0
        self._frame = 0
        self._endpoint: Endpoint | None = None
        self._failed: str | None = None
        self._reachable = True

    # What it looks like

    def compose(self) -> ComposeResult:
        """The list, and below it what became of the choice."""
        with Vertical(id="apps") as dialog:
            dialog.border_title = f"Apps of {clean(self._session.name)}".replace("[", "\\[")
            dialog.border_subtitle = "enter open · esc close"
            yield OptionList(id="apps-list", markup=False, compact=True)
            yield Static(id="apps-progress", markup=False)
            with Vertical(id="apps-ready"):
                yield Static(id="apps-title", markup=False)
                yield Static(id="apps-label-0", classes="apps-label", markup=False)
                yield Line(id="apps-line-0")
                yield Static(id="apps-label-1", classes="apps-label", markup=False)
                yield Line(id="apps-line-1")
                yield Static(id="apps-rest", markup=False)
                with Horizontal(classes="apps-buttons"):
                    yield Button("", id="apps-copy-0", compact=True)
                    yield Button("", id="apps-copy-1", compact=True)
                    yield Button("o Open in the browser", id="apps-browser", compact=True)
            with Vertical(id="apps-failed"):
                yield Static(id="apps-message", markup=False)
                yield Static(id="apps-hint", markup=False)
                with VerticalScroll(id="apps-output"):
                    yield Static(id="apps-output-text", markup=False)
                with Horizontal(classes="apps-buttons"):
                    yield Button("r Try again", id="apps-retry", compact=True)

    def on_mount(self) -> None:
        """Open at once and ask the session."""
        self.query_one("#apps-browser").display = self._browser
        self._ask()
        self.set_interval(_FRAME_SECONDS, self._turn)
        self.watch(self.app, "picture", self._look, init=False)

    def _look(self, picture: Picture) -> None:
        """Close when the session is gone; an app of one that stopped cannot be reached."""
        if picture.trouble or self._starting is not None:
            return
        session = picture.session(self._session.id)
        if session is None:
            self._close_gone()
        elif session.phase is not Phase.RUNNING and self._reachable:
            self._reachable = False
            self._open.clear()
            self._endpoint = self._failed = None
            self._list()
            self._show_failure(f"{session.name} is {session.phase}", "start it first")
        elif session.phase is Phase.RUNNING and not self._reachable:
            self._ask()

    def _close_gone(self) -> None:
        if self.is_active:
            self.app.notify(
                f"{clean(self._session.name)} was deleted by somebody else meanwhile", markup=False
            )
            self.dismiss(None)

    def _show(self, part: str | None) -> None:
        """Of progress, address and failure one at most is in view."""
        for one in ("progress", "ready", "failed"):
            self.query_one(f"#apps-{one}").display = one == part

    # What is asked, away from the keys

    def _ask(self) -> None:
        self._failed = None
        self._reachable = True
        self._starting = ""
        self._since = self._clock()
        self._turn()
        self._show("progress")
        self.run_worker(self._find_offer(), group="offer", exclusive=True)

    async def _find_offer(self) -> None:
        try:
            offer = await in_background(self._offer)
        except SessiontuiError as error:
            self.post_message(self.Failed(error, None))
        else:
            self.post_message(self.Offered(offer))

    def _offer(self) -> Offer:
        session = self._current()
        offered = offered_apps(self._ports, session)
        running = frozenset(one.app.name for one in offered if one.state.phase is AppPhase.RUNNING)
        return Offer(session, tuple(one.app for one in offered), running)

    def _current(self) -> Session:
        """The session as it is now: its ports change when it is started anew."""
        known = self._session
        session = self._ports.engine.look(Change(known.container_id or "", known.id), known)
        if session is not None:
            return session
        raise SessionGone(
            f"{self._session.name} is gone", "it was deleted meanwhile; esc goes back to the sessions"
        )

    async def _open_app(self, name: str) -> None:
        def work() -> Endpoint:
            return open_app(self._ports, self._current(), name, keys=self._keys, environ=self._environ)

        try:
            endpoint = await in_background(work)
        except SessiontuiError as error:
            self.post_message(self.Failed(error, name))
        else:
            self.post_message(self.Opened(endpoint))

    # What became of it

    @on(Offered)
    def list_apps(self, message: Offered) -> None:
        """Show what the session supports."""
        self._session = message.offer.session
        self._apps = message.offer.apps
        self._open |= message.offer.open
        self._starting = None
        self._show(None)
        if not self._apps:
            self._show_failure("this session's image has no app that we know", "s opens a shell in it")
        self._list()
        self.query_one("#apps-list").focus()

    def _list(self) -> None:
        apps = self.query_one("#apps-list", OptionList)
        highlighted = apps.highlighted
        apps.set_options(Option(row) for row in rows(self._apps, starting=self._starting, running=self._open))
        apps.display = bool(self._apps)
        if self._apps:
            apps.highlighted = highlighted or 0

    def _label(self, name: str) -> str:
        return next((clean(one.label) for one in self._apps if one.name == name), clean(name))

    @on(OptionList.OptionSelected, "#apps-list")
    def open_chosen(self, message: OptionList.OptionSelected) -> None:
        """Open the chosen app; one that is being started is not started twice."""
        self._start(self._apps[message.option_index].name)

    def _start(self, name: str) -> None:
        if self._starting == name:
            return
        self._starting = name
        self._since = self._clock()
        self._failed = self._endpoint = None
        self._list()
        self._turn()
        self._show("progress")
        self.run_worker(self._open_app(name), group="open", exclusive=True)

    def _turn(self) -> None:
        """The next frame of what goes on."""
        if self._starting is None:
            return
        self._frame = (self._frame + 1) % len(_FRAMES)
        elapsed = format_age(self._clock() - self._since)
        if self._starting:
            text = f"starting {self._label(self._starting)} · {elapsed}   esc leaves it going"
        else:
            text = f"asking {clean(self._session.name)}… {elapsed}"
        self.query_one("#apps-progress", Static).update(f"{_FRAMES[self._frame]} {text}")

    @on(Opened)
    def show_endpoint(self, message: Opened) -> None:
        """Say where the app is reached."""
        endpoint = message.endpoint
        self._endpoint = endpoint
        self._starting = None
        # Apps behind one port are up together.
        port = next((one.port for one in self._apps if one.name == endpoint.app), None)
        self._open |= {one.name for one in self._apps if one.port == port}
        self._list()
        self.query_one("#apps-title", Static).update(f"{self._label(endpoint.app)} is ready")
        for index, way in enumerate(self._ways(endpoint)):
            self.query_one(f"#apps-label-{index}", Static).update(way.label)
            self.query_one(f"#apps-line-{index}", Line).text = way.line
            button = self.query_one(f"#apps-copy-{index}", Button)
            button.label = f"{way.key} {way.button}"
            # A button does not grow by itself with its label.
            button.refresh(layout=True)
        self.query_one("#apps-browser").display = self._browser and bool(endpoint.url)
        self._show("ready")

    def _ways(self, endpoint: Endpoint) -> Sequence[Way]:
        afar = over_ssh(self._environ) or bool(self._ports.ssh_destination)
        return ways(endpoint, from_afar=afar)

    @on(Line.Measured)
    def tell_overflow(self) -> None:
        """Say so where a line is cut."""
        rest = self.query_one("#apps-rest", Static)
        rest.display = any(one.overflows for one in self.query(Line))
        rest.update("a line goes on to the right: tab to it, ← → scroll; copying takes all of it")

    @on(Failed)
    def show_failed(self, message: Failed) -> None:
        """Say why, with the app's last words."""
        self._starting = None
        self._failed = message.app_name
        error = message.error
        if message.app_name is not None:
            self._open.discard(message.app_name)
        self._list()
        output = error.output if isinstance(error, AppFailed) else ""
        self._show_failure(error.message, error.hint, output)
        if message.app_name is None:
            self.query_one("#apps-retry").focus()

    def _show_failure(self, message: str, hint: str, output: str = "") -> None:
        self.query_one("#apps-message", Static).update(f"✗ {clean(message)}")
        shown = self.query_one("#apps-hint", Static)
        shown.update(clean(hint))
        shown.display = bool(hint)
        box = self.query_one("#apps-output")
        box.display = bool(output.strip())
        lines = [clean(line) for line in output.rstrip().splitlines()]
        self.query_one("#apps-output-text", Static).update("\n".join(lines))
        self._show("failed")
        self.call_after_refresh(box.scroll_end, animate=False)

    # What the person does

    @on(Button.Pressed, "#apps-retry")
    def action_retry(self) -> None:
        """Try again what failed."""
        if not self.query_one("#apps-failed").display:
            return
        if self._failed is None:
            self._ask()
        else:
            self._start(self._failed)

    @on(Button.Pressed, "#apps-copy-0, #apps-copy-1")
    def copy_line(self, message: Button.Pressed) -> None:
        """Copy the line whose button it is."""
        if self._endpoint is not None:
            index = 0 if message.button.id == "apps-copy-0" else 1
            self.action_copy(self._ways(self._endpoint)[index].key)

    def action_copy(self, key: str) -> None:
        """Copy the line of that key, whole."""
        if self._endpoint is None:
            return
        line = next(way.line for way in self._ways(self._endpoint) if way.key == key)

        async def copy() -> None:
            self.post_message(self.Said(await in_background(self._copy, line)))

        self.run_worker(copy(), group="copy", exclusive=True)

    @on(Button.Pressed, "#apps-browser")
    def action_open_browser(self) -> None:
        """Open the URL where that appears in front of the person."""
        if self._endpoint is None or not self._endpoint.url:
            return
        if not self._browser:
            self.post_message(self.Said("No browser here would open in front of you: c copies the URL"))
            return
        url = self._endpoint.url

        async def open_it() -> None:
            try:
                await in_background(open_in_front, url, self._environ)
            except SessiontuiError as error:
                text = " — ".join(filter(None, (error.message, error.hint)))
                self.post_message(self.Said(text, failed=True))
            else:
                self.post_message(self.Said("Opened in your browser"))

        self.run_worker(open_it(), group="browser", exclusive=True)

    @on(Said)
    def tell(self, message: Said) -> None:
        """A sentence in passing."""
        self.notify(clean(message.text), severity="error" if message.failed else "information", markup=False)

    def action_close(self) -> None:
        """Leave everything going."""
        self.dismiss(None)
