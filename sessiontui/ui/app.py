"""The app: shows that it is there, brings in the dashboard, and sees to an orderly way out.

It imports next to nothing: what it shows first must not wait for the rest, which is brought in behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from rich.console import RenderableType
from textual import on
from textual._compositor import ChopsUpdate
from textual.actions import ActionParseResult
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from sessiontui.ui.background import in_background
from sessiontui.ui.narrow_update import NarrowUpdate
from sessiontui.ui.picture_taken import PictureTaken
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.themes import THEMES

if TYPE_CHECKING:
    from sessiontui.domain.picture import Picture
    from sessiontui.ui.dashboard import Dashboard
    from sessiontui.ui.desk import Desk


class SessiontuiApp(App[None]):
    """The app. ``furnish`` makes its dashboard, in a thread; ``still`` keeps it from animations."""

    TITLE = "sessiontui"
    CSS_PATH = [stylesheet("base.tcss"), stylesheet("main.tcss")]
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS = [Binding("ctrl+q", "quit", "Quit", show=False, priority=True)]

    picture: reactive[Picture] = reactive(
        cast("Picture", None), init=False, always_update=True, repaint=False
    )
    """The latest picture; watchers are told even of an equal one, which they may have slept through.

    There is one as soon as the dashboard is there; nobody looks before, and its kind is not imported yet.
    """

    def __init__(self, furnish: Callable[[App[Any]], Dashboard], *, still: bool = False) -> None:
        super().__init__()
        self._furnish = furnish
        self._dashboard: Dashboard | None = None
        for theme in THEMES:
            self.register_theme(theme)
        # Set like this the style sheets are read once, in its colours.
        self.set_reactive(SessiontuiApp.theme, THEMES[0].name)
        self.stylesheet.set_variables(self.get_css_variables())
        if still:
            self.animation_level = "none"

    @property
    def desk(self) -> Desk:
        """What the commands of a person work with, once the dashboard is there."""
        assert self._dashboard is not None  # noqa: S101 # nobody works before
        return self._dashboard.desk

    def compose(self) -> ComposeResult:
        """What is seen until the dashboard is there: its frame."""
        yield Static("sessiontui", id="opening-machine")
        yield Static("looking for the container engine…", id="opening-notice")
        yield Static(id="opening-bar")

    def on_mount(self) -> None:
        """Show the frame, then bring in the dashboard."""
        self.call_after_refresh(lambda: self.run_worker(self._open(), group="poller"))

    def on_unmount(self) -> None:
        """End the waits in the engine."""
        if self._dashboard is not None:
            self._dashboard.close()

    async def _open(self) -> None:
        self._dashboard = await in_background(self._furnish, self)
        await self._dashboard.open()

    @on(PictureTaken)
    def show_picture(self, message: PictureTaken) -> None:
        """Hand the picture to whoever watches it."""
        self.picture = message.picture

    async def refresh_picture(self) -> None:
        """Look at the engine and the meters once, now."""
        await in_background(self.desk.observer.resync)
        self.picture = await in_background(self.desk.observer.measure)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write an update of single columns as such; see :mod:`sessiontui.ui.narrow_update`."""
        if type(renderable) is ChopsUpdate:
            renderable = NarrowUpdate.of(renderable)
        super()._display(screen, renderable)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every command, and the choice of a theme."""
        if self._dashboard is not None:
            yield from self._dashboard.commands(screen)
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)

    def action_help_quit(self) -> None:
        """Ctrl+C is a habit, not a wish: say how to leave."""
        if self._dashboard is not None:
            self.desk.say(f"{self.desk.keyboard.key('quit')} quits; the sessions go on")

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """See App. A key that comes before the screen it is for has its parts does nothing."""
        if isinstance(default_namespace, Screen) and not default_namespace.is_mounted:
            return True
        return await super().run_action(action, default_namespace, namespaces)

    async def action_quit(self) -> None:
        """Leave; ask first when a launch is under way."""
        if self._dashboard is None:
            self.exit()
        else:
            self._dashboard.leave()
