"""The app dialog: starts and ends apps of a session, and says how to reach them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static

from sessiontui.access.browser import can_open, open_in_front
from sessiontui.access.forwarding import from_afar
from sessiontui.access.keys import KeyRing
from sessiontui.actions.app_life import OfferedApp
from sessiontui.actions.open_app import Hold
from sessiontui.actions.ports import Ports
from sessiontui.domain.environment import AppPhase
from sessiontui.domain.errors import AppFailed, SessiontuiError
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Endpoint, Phase, Session
from sessiontui.domain.units import format_age
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean
from sessiontui.ui.screens.apps_calls import AppCalls, Wish
from sessiontui.ui.screens.apps_failure import FailureView
from sessiontui.ui.screens.apps_list import MOVES, AppList
from sessiontui.ui.screens.apps_messages import Ended, Failed, Offered, Opened, Printed, Said
from sessiontui.ui.screens.apps_text import Way, ways, what_ends
from sessiontui.ui.screens.apps_ways import WaysView
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.output import OutputScreen
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.line import Line

_FRAMES = "⠋⠙⠸⠴⠦⠇"

_FRAME_SECONDS = 0.25
"""Slow enough for a slow line, quick enough to show life."""

_LOOK_SECONDS = 3.0
"""How often it is asked what became of an app that somebody else is starting."""

_PARTS = ("progress", "asked", "ready", "failed")
"""Of these below the list, one at most is in view."""


class AppsScreen(ModalScreen[None]):
    """Lists the apps of one session; the chosen one is started and its address shown.

    Leaving the dialog leaves everything going.
    """

    CSS_PATH = [stylesheet("apps.tcss")]
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (112, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (23, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "end", "End the app"),
        Binding("r", "again", "Start it again, or try again"),
        Binding("l", "output", "Its last output"),
        Binding("o", "open_browser", "Open in a browser"),
        Binding("escape", "close", "Close"),
    ]

    def __init__(
        self,
        ports: Ports,
        session: Session,
        keys: KeyRing,
        environ: Mapping[str, str],
        copy: Callable[[str], str],
        *,
        hold: Hold | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._session = session
        self._calls = AppCalls(ports, session, keys, environ, hold)
        self._environ = environ
        self._afar = from_afar(environ, ports.ssh_destination)
        self._copy = copy
        self._clock = clock
        self._browser = can_open(environ)
        self._listed = False
        self._typed: list[str] = []
        self._busy: str | None = None
        """The app with which something is being done; empty while the session is asked."""
        self._doing = ""
        self._since = 0.0
        self._frame = 0
        self._wish: Wish | None = None
        self._endpoint: Endpoint | None = None
        self._failed: Wish | None = None
        self._reachable = True

    # What it looks like

    def compose(self) -> ComposeResult:
        """The list, and below it what became of the choice."""
        with Vertical(id="apps") as dialog:
            dialog.border_title = f"Apps of {clean(self._session.name)}".replace("[", "\\[")
            dialog.border_subtitle = "enter open · x end · r restart · l output · esc close"
            yield AppList(id="apps-list")
            yield Static(id="apps-progress", markup=False)
            with Vertical(id="apps-asked"):
                yield Static(id="apps-question", markup=False)
                yield Input(id="apps-answer", compact=True, select_on_focus=False)
                yield Static("enter starts it · esc leaves it", id="apps-asked-keys", markup=False)
            with Vertical(id="apps-ready"):
                with Horizontal(id="apps-head"):
                    yield Static(id="apps-title", markup=False)
                    yield Button("o Open in the browser", id="apps-browser", compact=True)
                yield WaysView(id="apps-ways")
                yield Static(id="apps-rest", markup=False)
            yield FailureView(id="apps-failed")

    @property
    def _apps(self) -> AppList:
        return self.query_one(AppList)

    def on_mount(self) -> None:
        """Open at once and ask the session."""
        self._apps.display = False
        self._ask()
        self.set_interval(_FRAME_SECONDS, self._turn)
        self.set_interval(_LOOK_SECONDS, self._follow_others)
        self.watch(self.app, "picture", self._look, init=False)

    def _look(self, picture: Picture) -> None:
        """Close when the session is gone; an app of one that stopped cannot be reached."""
        if picture.trouble or self._busy is not None:
            return
        session = picture.session(self._session.id)
        if session is None:
            self._close_gone()
        elif session.phase is not Phase.RUNNING and self._reachable:
            self._reachable = False
            self._apps.mark_all_stopped()
            self._endpoint = self._failed = None
            self._show_failure(f"{session.name} {session.phase.said}", "start it first")
        elif session.phase is Phase.RUNNING and not self._reachable:
            self._ask()

    def _close_gone(self) -> None:
        if self.is_active:
            self.app.notify(
                f"{clean(self._session.name)} was deleted by somebody else meanwhile", markup=False
            )
            self.dismiss(None)

    def _show(self, part: str | None) -> None:
        for one in _PARTS:
            self.query_one(f"#apps-{one}").display = one == part
        self.query_one("#apps").set_class(part is not None, "-told")

    # What is asked, away from the keys

    def _ask(self) -> None:
        self._failed = None
        self._reachable = True
        self._begin("", "")
        self.run_worker(self._find_offer(), group="offer", exclusive=True)

    def _begin(self, app: str, doing: str) -> None:
        self._busy, self._doing = app, doing
        self._since = self._clock()
        self._turn()
        self._show("progress")

    async def _find_offer(self) -> None:
        try:
            apps = await in_background(self._calls.offer)
        except SessiontuiError as error:
            self.post_message(Failed(error, None))
        else:
            self.post_message(Offered(apps))

    async def _open_app(self, wish: Wish) -> None:
        try:
            endpoint = await in_background(self._calls.open, wish)
        except SessiontuiError as error:
            self.post_message(Failed(error, wish.app))
        else:
            self.post_message(Opened(endpoint))

    async def _end_app(self, name: str) -> None:
        try:
            await in_background(self._calls.end, name)
        except SessiontuiError as error:
            self.post_message(Failed(error, name))
        else:
            self.post_message(Ended(name))

    # What became of it

    @on(Offered)
    def list_apps(self, message: Offered) -> None:
        """Show what the session supports, and do what was typed before it said so."""
        if self._busy == "":
            self._busy = None
            self._show(None)
        self._apps.show(message.apps, busy=self._busy, doing=self._doing)
        if self._listed:
            return
        if not message.apps:
            self._show_failure("this session's image has no app that we know", "s opens a shell in it")
            return
        self._listed = True
        self._apps.focus()
        for key in self._typed:
            self._apps.move(key)

    def on_key(self, event: Key) -> None:
        """A way's own letter copies it; keys that come before the list wait for it."""
        letter = "c" if event.key == "y" else event.key
        chosen = next((way for way in self._ways() if way.key == letter), None)
        if chosen is not None:
            event.stop()
            self._copy_way(chosen)
        elif event.key in MOVES and self.focused is None:
            event.stop()
            if self._listed:
                self._apps.move(event.key)
            else:
                self._typed.append(event.key)

    @on(OptionList.OptionSelected, "#apps-list")
    def open_chosen(self, message: OptionList.OptionSelected) -> None:
        """Open the chosen app; one that does not run asks its question first."""
        chosen = self._apps.at(message.option_index)
        if chosen is None or self._busy == chosen.app.name:
            return
        if chosen.app.question and chosen.state.phase is not AppPhase.RUNNING:
            self._question(chosen, Wish(chosen.app.name))
        else:
            self._start(Wish(chosen.app.name))

    def _question(self, chosen: OfferedApp, wish: Wish) -> None:
        self._wish, self._endpoint, self._failed = wish, None, None
        self.query_one("#apps-question", Static).update(
            f"{clean(chosen.app.label)}: {clean(chosen.app.question)}"
        )
        field = self.query_one("#apps-answer", Input)
        field.value = clean(chosen.state.answer or chosen.app.answer)
        field.cursor_position = len(field.value)
        self._show("asked")
        field.focus()

    @on(Input.Submitted, "#apps-answer")
    def take_answer(self, message: Input.Submitted) -> None:
        """Start the app with it."""
        wish, self._wish = self._wish, None
        if wish is not None:
            self._apps.focus()
            self._start(replace(wish, answer=message.value.strip() or None))

    def _start(self, wish: Wish) -> None:
        self._failed, self._endpoint = wish, None
        self._begin(wish.app, "starting")
        self._apps.show(self._apps.offered, busy=self._busy, doing=self._doing)
        self.run_worker(self._open_app(wish), group="open", exclusive=True)

    def _turn(self) -> None:
        """The next frame of what goes on."""
        if self._busy is None:
            return
        self._frame = (self._frame + 1) % len(_FRAMES)
        elapsed = format_age(self._clock() - self._since)
        if self._busy:
            text = f"{self._doing} {self._apps.label(self._busy)} · {elapsed}   esc leaves it going"
        else:
            text = f"asking {clean(self._session.name)}… {elapsed}"
        self.query_one("#apps-progress", Static).update(f"{_FRAMES[self._frame]} {text}")

    @on(Opened)
    async def show_endpoint(self, message: Opened) -> None:
        """Say where the app is reached."""
        endpoint = message.endpoint
        self._endpoint, self._busy, self._failed = endpoint, None, None
        self._apps.mark(endpoint.app, AppPhase.RUNNING)
        only = " while this program runs" if endpoint.held else ""
        self.query_one("#apps-title", Static).update(f"{self._apps.label(endpoint.app)} is ready{only}")
        self.query_one("#apps-browser").display = self._browser and bool(endpoint.url)
        await self.query_one(WaysView).show(self._ways())
        self._show("ready")
        self._ask_again()

    @on(Ended)
    def show_end(self, message: Ended) -> None:
        """It does not run any more."""
        self._busy = None
        self._apps.mark(message.app_name, AppPhase.STOPPED)
        self._show(None)
        self._ask_again()

    def _follow_others(self) -> None:
        """See what becomes of an app that somebody else is starting."""
        starting = any(one.state.phase is AppPhase.STARTING for one in self._apps.offered)
        if starting and self._busy is None and self._reachable:
            self._ask_again()

    def _ask_again(self) -> None:
        self.run_worker(self._find_offer(), group="offer", exclusive=True)

    def _ways(self) -> Sequence[Way]:
        if self._endpoint is None:
            return ()
        return ways(self._endpoint, from_afar=self._afar)

    @on(Line.Measured)
    def tell_overflow(self) -> None:
        """Say so where a line is cut."""
        rest = self.query_one("#apps-rest", Static)
        rest.display = any(one.overflows for one in self.query(Line))
        rest.update("a line goes on to the right: tab to it, ← → scroll; copying takes all of it")

    @on(Failed)
    def show_failed(self, message: Failed) -> None:
        """Say why, with the app's last words."""
        if message.app_name is None and self._endpoint is not None:
            return  # it was only to be told anew what runs
        self._busy = None
        error = message.error
        self._apps.show(self._apps.offered, busy=self._busy, doing=self._doing)
        output = error.output if isinstance(error, AppFailed) else ""
        self._show_failure(error.message, error.hint, output)
        if message.app_name is None:
            self.query_one("#apps-retry").focus()
        else:
            self._ask_again()

    def _show_failure(self, message: str, hint: str, output: str = "") -> None:
        self.query_one(FailureView).show(message, hint, output)
        self._show("failed")

    # What the person does

    @on(Button.Pressed, "#apps-retry")
    def action_again(self) -> None:
        """Try again what failed, or start the chosen app again."""
        if self.query_one("#apps-failed").display and self._failed is None:
            self._ask()
            return
        chosen = self._apps.chosen
        if self._failed is not None and self.query_one("#apps-failed").display:
            chosen = self._apps.find(self._failed.app) or chosen
        if chosen is None or self._busy is not None:
            return
        if chosen.app.question:
            self._question(chosen, Wish(chosen.app.name, anew=chosen.state.phase is AppPhase.RUNNING))
        elif chosen.state.phase is AppPhase.RUNNING and not chosen.app.own:
            wish = Wish(chosen.app.name, anew=True)
            self._confirm(chosen, "Start again", lambda: self._start(wish))
        else:
            self._start(Wish(chosen.app.name))

    def action_end(self) -> None:
        """End the chosen app."""
        chosen = self._apps.chosen
        if chosen is None or self._busy is not None:
            return
        name = chosen.app.name
        if chosen.app.own:
            self.post_message(Said(f"{chosen.app.label} is a program of your own: end it there"))
        elif chosen.state.phase in (AppPhase.STOPPED, AppPhase.FAILED):
            self.post_message(Said(f"{chosen.app.label} does not run"))
        else:
            self._confirm(chosen, "End", lambda: self._end(name))

    def _confirm(self, chosen: OfferedApp, verb: str, then: Callable[[], None]) -> None:
        title = f"{verb} {clean(chosen.app.label)}?"

        def decide(yes: bool | None) -> None:
            if yes:
                then()

        self.app.push_screen(ConfirmScreen(title, what_ends(chosen.app, self._apps.offered), verb), decide)

    def _end(self, name: str) -> None:
        self._endpoint = self._failed = None
        self._begin(name, "ending")
        self._apps.show(self._apps.offered, busy=self._busy, doing=self._doing)
        self.run_worker(self._end_app(name), group="open", exclusive=True)

    def action_output(self) -> None:
        """Show the last output of the chosen app."""
        chosen = self._apps.chosen
        if chosen is None:
            return
        name = chosen.app.name

        async def fetch() -> None:
            try:
                output = await in_background(self._calls.output, name)
            except SessiontuiError as error:
                self.post_message(Said(error.message, failed=True))
            else:
                self.post_message(Printed(name, output))

        self.run_worker(fetch(), group="output", exclusive=True)

    @on(Printed)
    def show_output(self, message: Printed) -> None:
        """In a box of its own."""
        title = f"Last output of {self._apps.label(message.app_name)}"
        if message.output:
            self.app.push_screen(OutputScreen(title, "", message.output))
        else:
            self.post_message(Said(f"{self._apps.label(message.app_name)} has printed nothing"))

    @on(WaysView.Copied)
    def copy_shown(self, message: WaysView.Copied) -> None:
        """Copy the way that was pointed at."""
        self._copy_way(message.way)

    def _copy_way(self, way: Way) -> None:
        async def copy() -> None:
            self.post_message(Said(await in_background(self._copy, way.line)))

        self.run_worker(copy(), group="copy", exclusive=True)

    @on(Button.Pressed, "#apps-browser")
    def action_open_browser(self) -> None:
        """Open the URL where that appears in front of the person."""
        if self._endpoint is None or not self._endpoint.url:
            return
        if not self._browser:
            self.post_message(Said("No browser here would open in front of you: c copies the URL"))
            return
        url = self._endpoint.url

        async def open_it() -> None:
            try:
                await in_background(open_in_front, url, self._environ)
            except SessiontuiError as error:
                text = " — ".join(filter(None, (error.message, error.hint)))
                self.post_message(Said(text, failed=True))
            else:
                self.post_message(Said("Opened in your browser"))

        self.run_worker(open_it(), group="browser", exclusive=True)

    @on(Said)
    def tell(self, message: Said) -> None:
        """A sentence in passing."""
        self.notify(clean(message.text), severity="error" if message.failed else "information", markup=False)

    def action_close(self) -> None:
        """Take a question back, or leave everything going."""
        if self._wish is not None:
            self._wish = None
            self._show(None)
            self._apps.focus()
        else:
            self.dismiss(None)
