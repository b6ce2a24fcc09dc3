"""The dashboard: puts desk, poller, ticker and main screen together and keeps them going."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from textual.app import App, SystemCommand
from textual.screen import Screen

from sessiontui.access.keys import KeyRing
from sessiontui.actions.forward import Forwards
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
from sessiontui.ui.picture_taken import PictureTaken
from sessiontui.ui.poller import Poller
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.shell_choice import ShellSettings
from sessiontui.ui.ticker import Ticker


class Dashboard:
    """One for each run of the app.

    ``interval`` is the seconds between two looks at the meters, None for no looks; ``keymap`` the keys
    by command name that are not the built-in ones; ``opened`` is called once the main screen is drawn;
    ``shells`` is how shells open.
    Raises ConfigError for keys that cannot be meant.
    """

    def __init__(
        self,
        app: App[Any],
        ports: Ports,
        observer: Observer,
        *,
        keys: KeyRing,
        environ: Mapping[str, str],
        run_in_terminal: Callable[[list[str], str], int],
        copy: Callable[[str], str],
        now: Callable[[], float],
        interval: float | None = 2.0,
        keymap: Mapping[str, str] = MappingProxyType({}),
        opened: Callable[[], object] = lambda: None,
        shells: ShellSettings | None = None,
    ) -> None:
        launcher = Launcher(ports)
        self._app = app
        self._interval = interval
        self._opened = opened
        self._in_view: frozenset[str] = frozenset()
        self._poller = Poller(ports.engine, observer, self._post, safety=interval is not None)
        self.desk = Desk(
            app,
            ports,
            observer,
            launcher,
            Launches(launcher, observer, now),
            keys,
            Forwards(ports),
            Keyboard(keymap),
            environ,
            run_in_terminal,
            copy,
            now,
            Mouse(app),
            threading.Event(),
            self._poller.stir,
            shells or ShellSettings(),
        )

    async def open(self) -> None:
        """Show the main screen with what is known, then follow what happens. Called on the app's loop."""
        app = self._app
        app.set_keymap(self.desk.keyboard.keymap)
        # The main screen draws it as it opens: a message may come later than that.
        app.picture = self.desk.observer.picture()  # type: ignore[attr-defined] # the app is ours
        when_told_to_end(lambda: app.run_worker(leave_at_once(self.desk), group="leave", exclusive=True))
        screen = MainScreen(self.desk)
        await app.push_screen(screen)
        screen.call_after_refresh(self._follow)

    def _follow(self) -> None:
        """Keep the picture current. What this costs at first must not delay the first list of sessions."""
        self._opened()
        app = self._app
        from sessiontui.ui.ssh_names import SshNames

        app.watch(app, "picture", SshNames(self.desk).look)
        app.watch(app, "picture", self._keep_ways)
        poller = self._poller
        for loop in (poller.listen, poller.follow, poller.explain, poller.survey):
            app.run_worker(in_background(loop), group="poller")
        if self._interval is not None:
            ticker = Ticker(app, self.desk.observer, self._post, self._shown)
            app.run_worker(ticker.run(self._interval), group="poller")

    def close(self) -> None:
        """End the waits in the engine, and the ways held open to sessions."""
        self._poller.close()
        self.desk.forwards.close()

    def leave(self) -> None:
        """Quit; ask first when a launch is under way."""
        self._app.run_worker(leave(self.desk), group="leave", exclusive=True)

    def commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers on that screen."""
        if isinstance(screen, MainScreen):
            for one in COMMANDS:
                if one.name != "open-palette" and one.tab in ("", screen.place):
                    yield SystemCommand(
                        f"{one.label.capitalize()} ({self.desk.keyboard.key(one.name)})",
                        one.help,
                        lambda name=one.name: screen.action_command(name),
                    )

    def _keep_ways(self, picture: Picture) -> None:
        """Let go of the ways to sessions that are gone."""
        if not picture.trouble:
            self.desk.forwards.keep_only({session.id for session in picture.sessions})

    def _shown(self) -> frozenset[str]:
        """The ids of the sessions a person sees: none while a shell has the terminal.

        What is behind a dialog is in view again in a moment: its figures are kept current.
        """
        if self.desk.away.is_set():
            return frozenset()
        self._in_view = getattr(self._app.screen, "shown", self._in_view)
        return self._in_view

    def _post(self, picture: Picture) -> None:
        # From a thread that outlives the loop there is nobody to show it to any more.
        with contextlib.suppress(RuntimeError):
            self._app.post_message(PictureTaken(picture))
