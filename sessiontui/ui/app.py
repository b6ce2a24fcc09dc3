"""The app: holds the desk, keeps the picture current, and sees to an orderly way out."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.reactive import reactive
from textual.screen import Screen

from sessiontui.access.forwarding import over_ssh
from sessiontui.access.keys import KeyRing
from sessiontui.actions.launch import Launcher
from sessiontui.actions.observe import Observer
from sessiontui.actions.ports import Ports
from sessiontui.domain.picture import Picture
from sessiontui.ui.background import in_background
from sessiontui.ui.commands import COMMANDS
from sessiontui.ui.desk import Desk
from sessiontui.ui.keyboard import Keyboard
from sessiontui.ui.launches import Launches
from sessiontui.ui.leave import leave, leave_at_once, when_told_to_end
from sessiontui.ui.mouse import Mouse
from sessiontui.ui.poller import PictureTaken, Poller
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.themes import THEMES
from sessiontui.ui.ticker import Ticker

SHEETS = ("base.tcss", "main.tcss", "dialogs.tcss", "launch.tcss", "apps.tcss")


class SessiontuiApp(App[None]):
    """The dashboard.

    ``interval`` is the seconds between two looks at the meters, None for no looks; ``keymap`` the keys
    by command name that are not the built-in ones. Raises ConfigError for keys that cannot be meant.
    """

    TITLE = "sessiontui"
    CSS_PATH = [stylesheet(name) for name in SHEETS if stylesheet(name).exists()]
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS = [Binding("ctrl+q", "quit", "Quit", show=False, priority=True)]

    picture: reactive[Picture] = reactive(Picture(), init=False, always_update=True, repaint=False)
    """The latest picture; watchers are told even of an equal one, which they may have slept through."""

    def __init__(
        self,
        ports: Ports,
        *,
        keys: KeyRing,
        environ: Mapping[str, str],
        run_in_terminal: Callable[[list[str], str], int],
        copy: Callable[[str], str],
        interval: float | None = 2.0,
        now: Callable[[], float] = time.time,
        keymap: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        keyboard = Keyboard(keymap)
        super().__init__()
        self.set_keymap(keyboard.keymap)
        observer = Observer(ports, now)
        launcher = Launcher(ports)
        self._interval = interval
        self._poller = Poller(ports.engine, observer, self._post, safety=interval is not None)
        self.desk = Desk(
            self,
            ports,
            observer,
            launcher,
            Launches(launcher, observer, now),
            keys,
            keyboard,
            environ,
            run_in_terminal,
            copy,
            now,
            Mouse(self),
            threading.Event(),
            self._poller.stir,
        )
        for theme in THEMES:
            self.register_theme(theme)
        # Set like this the style sheets are read once, in its colours.
        self.set_reactive(SessiontuiApp.theme, THEMES[0].name)
        self.stylesheet.set_variables(self.get_css_variables())
        if over_ssh(environ):
            self.animation_level = "none"

    def on_mount(self) -> None:
        """Open the main screen, then look at the engine."""
        self.push_screen(MainScreen(self.desk))
        self.run_worker(in_background(self._poller.listen), group="poller")
        self.run_worker(in_background(self._poller.follow), group="poller")
        self.run_worker(in_background(self._poller.survey), group="poller")
        when_told_to_end(lambda: self.run_worker(leave_at_once(self.desk), group="leave", exclusive=True))

    def on_unmount(self) -> None:
        """End the waits in the engine."""
        self._poller.close()

    async def refresh_picture(self) -> None:
        """Look at the engine and the meters once, now."""
        await in_background(self.desk.observer.resync)
        self._post(await in_background(self.desk.observer.measure))

    def _shown(self) -> frozenset[str]:
        """The ids of the sessions a person sees: none while a shell has the terminal."""
        return frozenset() if self.desk.away.is_set() else getattr(self.screen, "shown", frozenset())

    def _post(self, picture: Picture) -> None:
        # From a thread that outlives the loop there is nobody to post to any more.
        with contextlib.suppress(RuntimeError):
            self.post_message(PictureTaken(picture))

    @on(PictureTaken)
    def show_picture(self, message: PictureTaken) -> None:
        """Hand the picture to whoever watches it. The first one that lists the sessions has them measured."""
        self.picture = message.picture
        if self._interval is not None and message.picture.engine is not None:
            interval, self._interval = self._interval, None
            ticker = Ticker(self, self.desk.observer, self._post, self._shown)
            self.run_worker(ticker.run(interval), group="poller")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every command, and the choice of a theme."""
        if isinstance(screen, MainScreen):
            for one in COMMANDS:
                if one.name != "open-palette":
                    yield SystemCommand(
                        f"{one.label.capitalize()} ({self.desk.keyboard.key(one.name)})",
                        one.help,
                        lambda name=one.name: screen.action_command(name),
                    )
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)

    def action_help_quit(self) -> None:
        """Ctrl+C is a habit, not a wish: say how to leave."""
        self.desk.say(f"{self.desk.keyboard.key('quit')} quits; the sessions go on")

    async def action_quit(self) -> None:
        """Leave; ask first when a launch is under way."""
        self.run_worker(leave(self.desk), group="leave", exclusive=True)
