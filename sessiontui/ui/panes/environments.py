"""The tab of environments: what can be launched, what of it is on the engine's disk, and who uses it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from sessiontui.actions.inventory import Stock, inventory
from sessiontui.actions.saved import users_of
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.launch import Progress
from sessiontui.domain.picture import Picture
from sessiontui.ui import environment_rows, notices
from sessiontui.ui.background import in_background
from sessiontui.ui.desk import Desk
from sessiontui.ui.environment_rows import EnvironmentLine
from sessiontui.ui.panes.base import Pane, bindings
from sessiontui.ui.present import Cell, Span, clean
from sessiontui.ui.screens.output import OutputScreen
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.styled import Styled
from sessiontui.ui.widgets.table_list import TableList

_LOOK_EVERY = 5.0
"""Seconds between two looks at the images: the command line and colleagues make some, too."""
_BEAT = 0.2
"""Seconds between two redraws of progress."""


class EnvironmentTable(TableList):
    """The environments, a version a line."""

    def __init__(self) -> None:
        super().__init__(environment_rows.COLUMNS, id="environment-table")


class _Preparing:
    """One image on its way."""

    def __init__(self) -> None:
        self.cancellation = Cancellation()
        self.progress: Progress | None = None

    def report(self, progress: Progress) -> None:
        """Told by the thread that works."""
        self.progress = progress


class EnvironmentsPane(Pane):
    """Lists versions of environments; prepares images beside."""

    DEFAULT_CSS = """
    EnvironmentsPane > #environment-notice {
        height: 1fr;
        content-align: center middle;
        text-align: center;
    }
    EnvironmentsPane > #environment-facts {
        height: auto;
        border-top: solid $panel-lighten-2;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("environments")]
    listing = EnvironmentTable
    filtered = "name, group, tags, image, sessions of it"

    class Listed(Message):
        """The environments were read."""

        def __init__(self, stocks: tuple[Stock, ...]) -> None:
            super().__init__()
            self.stocks = stocks

    class Failed(Message):
        """They could not be read."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    class Prepared(Message):
        """An image is there, or is not: ``error`` says why."""

        def __init__(self, line: EnvironmentLine, error: SessiontuiError | None) -> None:
            super().__init__()
            self.line, self.error = line, error

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(desk, name)
        self._stocks: tuple[Stock, ...] | None = None
        self._error: SessiontuiError | None = None
        self._preparing: dict[str, _Preparing] = {}
        """By image."""
        self._picture = Picture()
        self._words = ""

    def compose(self) -> ComposeResult:
        """The list, or what stands for an empty one, over what there is to say about the selected one."""
        yield EnvironmentTable()
        yield Styled(id="environment-notice")
        yield Lines(id="environment-facts")

    def on_mount(self) -> None:
        """Look now and then while shown."""
        self._looking = self.set_interval(_LOOK_EVERY, self.look, pause=True)
        self._beat = self.set_interval(_BEAT, self._draw, pause=True)
        self.query_one("#environment-notice").display = False

    def on_unmount(self) -> None:
        """What is being prepared must not outlive the dashboard."""
        for one in self._preparing.values():
            one.cancellation.request()

    # Shown and not shown

    def enter(self) -> None:
        """See Pane."""
        self._looking.resume()
        self.look()

    def leave(self) -> None:
        """See Pane. What is being prepared goes on."""
        self._looking.pause()

    def see(self, picture: Picture) -> None:
        """Sessions come and go."""
        came_back = bool(self._picture.trouble) and not picture.trouble
        self._picture = picture
        self._draw()
        if came_back:
            self.look()

    def show_matching(self, words: str) -> None:
        """See Pane."""
        self._words = words
        self._draw()

    # What there is

    def look(self) -> None:
        """Read the environments anew."""
        self.run_worker(self._look, group="look", exclusive=True)  # type: ignore[arg-type] # of no result

    async def _look(self) -> None:
        try:
            stocks = await in_background(inventory, self.desk.ports)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Listed(stocks))

    @on(Listed)
    def take_environments(self, message: Listed) -> None:
        """Show them."""
        if self.name and len(message.stocks) != len(self._stocks or ()):
            self.post_message(self.Counted(self.name, len(message.stocks)))
        self._stocks, self._error = message.stocks, None
        self._draw()

    @on(Failed)
    def take_failure(self, message: Failed) -> None:
        """Say why there are none to see; what was seen stays, the banner says how old it is."""
        self._error = message.error
        self._draw()

    # Preparing

    def prepare(self, line: EnvironmentLine) -> None:
        """Have its image built or pulled, or cancel that."""
        image = line.stock.version.image
        if (under_way := self._preparing.get(image)) is not None:
            under_way.cancellation.request()
            return
        self._preparing[image] = one = _Preparing()
        self._beat.resume()
        self.run_worker(self._prepare(line, one), group="prepare")

    async def _prepare(self, line: EnvironmentLine, one: _Preparing) -> None:
        environment, version = line.stock.environment, line.stock.version
        failure: SessiontuiError | None = None
        try:
            await in_background(
                self.desk.launcher.prepare,
                environment.name,
                version.name,
                version.image,
                one.report,
                one.cancellation,
            )
        except SessiontuiError as error:
            failure = error
        self.post_message(self.Prepared(line, failure))

    @on(Prepared)
    def take_prepared(self, message: Prepared) -> None:
        """Say how it ended, and look at what is there now."""
        self._preparing.pop(message.line.stock.version.image, None)
        if not self._preparing:
            self._beat.pause()
        error = message.error
        if error is None:
            self.desk.say(f"{message.line.title} is ready")
        elif output := str(getattr(error, "output", "")):
            self.app.push_screen(OutputScreen(error.message, error.hint, output))
        else:
            self.desk.tell(error)
        self._draw()
        self.look()

    # Drawing

    @property
    def line(self) -> EnvironmentLine | None:
        """What the cursor stands on."""
        row = self.query_one(EnvironmentTable).selected
        return row.subject if row is not None and isinstance(row.subject, EnvironmentLine) else None

    @property
    def under_cursor(self) -> object:
        """See Pane."""
        return self.line if self.is_mounted and self.query(EnvironmentTable) else None

    def _lines(self) -> tuple[EnvironmentLine, ...]:
        sessions = self._picture.sessions
        lines = []
        for stock in self._stocks or ():
            one = self._preparing.get(stock.version.image)
            lines.append(
                EnvironmentLine(stock, users_of(stock.version, sessions), one.progress if one else None)
            )
        return environment_rows.matching(lines, self._words)

    def _draw(self) -> None:
        if not self.display or not self.query(EnvironmentTable):
            return
        owner, shown = self.desk.ports.owner, self._lines()
        table = self.query_one(EnvironmentTable)
        table.show([environment_rows.row(line, owner) for line in shown])
        notice = () if shown else self._notice()
        board = self.query_one("#environment-notice", Styled)
        board.show(*notice)
        # Hidden it would lose the keys, and keys of this tab are heard through its list.
        board.display, table.styles.height = bool(notice), "1fr" if not notice else 1
        self._draw_facts()
        self.post_message(self.Moved())

    @on(EnvironmentTable.Selected)
    def _draw_facts(self) -> None:
        line = self.line
        facts = self.query_one("#environment-facts", Lines)
        facts.display = line is not None
        if line is not None:
            facts.show(*environment_rows.details(line, self.desk.ports.owner))

    @on(EnvironmentTable.Selected)
    def _tell_moved(self) -> None:
        self.post_message(self.Moved())

    def _notice(self) -> tuple[Cell, ...]:
        if self._error is not None:
            words = (self._error.message, self._error.hint)
            styles = ("failed", "muted")
            return tuple((Span(clean(one), style),) for one, style in zip(words, styles, strict=True))
        if self._stocks is None:
            return ((Span("reading the environments…", "muted"),),)
        return notices.nothing_matches(self._words)

    @on(EnvironmentTable.Opened)
    async def row_opened(self) -> None:
        """A double click is the key for it."""
        await self.run_action("screen.command('launch-environment')")
