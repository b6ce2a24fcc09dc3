"""The dashboard itself: machine, tabs, list, details, keys."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from sessiontui.actions import rescue
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.launch import Order, Preparation
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Session
from sessiontui.domain.units import format_age
from sessiontui.domain.usage import UNKNOWN
from sessiontui.ui import notices, present, rows
from sessiontui.ui.background import in_background
from sessiontui.ui.commands import COMMANDS, Command, command
from sessiontui.ui.commands.base import SESSIONS
from sessiontui.ui.cut_off import CUT_OFF_AFTER, CutOffLaunches
from sessiontui.ui.desk import Desk
from sessiontui.ui.environment_labels import EnvironmentLabels
from sessiontui.ui.finished import FinishedSessions
from sessiontui.ui.gpu_facts import Devices
from sessiontui.ui.gpu_figures import GpuFigures
from sessiontui.ui.last_words import LastWords
from sessiontui.ui.panes import PANES, Pane
from sessiontui.ui.panes.base import PaneStand
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.rows import Row
from sessiontui.ui.screens.output import OutputScreen
from sessiontui.ui.shell import why_not_here
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.details import Details
from sessiontui.ui.widgets.filter_box import FilterBox
from sessiontui.ui.widgets.header import MachineHeader
from sessiontui.ui.widgets.session_list import SessionList
from sessiontui.ui.widgets.styled import Styled
from sessiontui.ui.widgets.tab_line import StartButton, TabLine, Tabs

_LISTS = ("Running", "Sessions")
"""The titles of the tabs of sessions; those of the panes follow."""
_FILTERED = "name, environment, owner, phase"
"""Where words of the filter are looked for among sessions."""
_ROOM_FOR_DETAILS = 30
"""Lines from which the details pane is open unless the person folds it."""
_BEAT = 0.2
"""Seconds between two redraws of progress."""
_GLIMPSE = 0.08
"""Seconds the cursor stands on a row before its details are drawn."""


class MainScreen(Screen[None]):
    """Shows the picture and turns keys and clicks into commands."""

    AUTO_FOCUS = "#sessions"
    COMPONENT_CLASSES = present.STYLES
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    BINDINGS = [
        *(
            Binding(one.keys, f"command('{one.name}')", one.label, id=one.name, tooltip=one.help, show=False)
            for one in COMMANDS
            if one.tab in ("", SESSIONS)
        ),
        Binding("escape", "clear_filter", "All", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.tab = 0
        self.sorting = "name"
        self._reverse = False
        self._words = ""
        self._folded: bool | None = None
        self._environments = EnvironmentLabels(desk, self._draw)
        self._cut_off = CutOffLaunches(desk)
        self._finished = FinishedSessions(desk)
        self._outputs: list[OutputScreen] = []
        self._told: set[str] = set()
        self._last_words = LastWords(desk.ports.engine, self._draw_selected)
        self._passing: Timer | None = None
        self._learned: Session | None = None
        self._learning: set[str | None] = set()
        self._picture = Picture()
        self._rows: tuple[Row, ...] = ()
        self._rows_from: tuple[object, ...] = ()
        self._gpu = GpuFigures()
        self._listed_from: tuple[object, ...] = ()
        self._counts: dict[str, int] = {}
        """How many things panes list, by their names."""

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield MachineHeader(id="machine")
        yield TabLine(self.desk.keyboard.key("start-session"), id="tabs")
        yield Styled(id="banner")
        with Vertical(id="body"):
            yield SessionList(id="sessions")
            yield Styled(id="notice")
            yield PaneStand(self.desk, id="panes")
        yield Details(id="details")
        yield FilterBox(SessionList, _FILTERED, id="filter")
        yield CommandBar(id="bar")

    def on_mount(self) -> None:
        """Watch the picture; draw progress on a beat, however often it comes."""
        self.query_one("#banner").display = False
        self.watch(self.app, "picture", self._see)
        self._beat = self.set_interval(_BEAT, self._draw_progress, pause=True)
        self.call_after_refresh(lambda: self.run_worker(self._environments.learn()))
        self.call_after_refresh(lambda: self.run_worker(in_background(rescue.sweep, self.desk.ports)))

    # What is selected

    @property
    def pane(self) -> Pane | None:
        """The pane that is shown in place of the sessions."""
        return self.query_one(PaneStand).current

    @property
    def place(self) -> str:
        """Which commands' keys hold now: those of this ``tab`` and of everywhere."""
        return SESSIONS if self.tab < len(_LISTS) else PANES[self.tab - len(_LISTS)].name

    @property
    def selected(self) -> Session | Preparation | None:
        """The session that the cursor stands on; None while a pane is shown."""
        row = self.query_one(SessionList).selected
        return row.subject if row and self.pane is None else None

    @property
    def under_cursor(self) -> object:
        """What the cursor stands on, in whichever tab."""
        return self.selected if self.pane is None else self.pane.under_cursor

    @property
    def session(self) -> Session | None:
        """What the cursor stands on, if it is a session."""
        return self.selected if isinstance(self.selected, Session) else None

    @property
    def sessions(self) -> SessionList:
        """The list of sessions."""
        return self.query_one(SessionList)

    @property
    def marked(self) -> tuple[Session, ...]:
        """The marked sessions, in the order of their names; none while a pane is shown."""
        marks = self.sessions.marks if self.pane is None else ()
        found = [row.subject for row in self._rows if row.key in marks]
        return tuple(
            sorted((one for one in found if isinstance(one, Session)), key=lambda one: one.name.casefold())
        )

    @property
    def picture(self) -> Picture:
        """What is shown now."""
        return self._picture

    # Drawing

    def _see(self, picture: Picture) -> None:
        """Draw another picture, unless nobody would see it: then it is drawn on the return."""
        if self.is_active and not self.desk.away.is_set():
            self._look_for_cut_off(picture)
            self._tell_notes(picture)
            if finished := self._finished.look(picture):
                self.run_worker(self._finished.delete(finished), group="finished")
            self._picture = picture
            self._draw()
            self.query_one(PaneStand).see(picture)

    def _look_for_cut_off(self, picture: Picture) -> None:
        found, again = self._cut_off.look(picture)
        if again:
            self.set_timer(CUT_OFF_AFTER, self.desk.redraw)
        if found is not None and self.pane is None:
            self.tab = 1
            self.query_one(SessionList).select(found.id)

    def _tell_notes(self, picture: Picture) -> None:
        """Say once what there is to know about the meters."""
        for note in picture.notes:
            if note not in self._told:
                self._told.add(note)
                self.desk.say(note, warning=True)

    def on_screen_resume(self) -> None:
        """Draw what was missed, and show what waited for the person."""
        self._see(self.app.picture)  # type: ignore[attr-defined] # the app is ours
        if self._outputs:
            self.app.push_screen(self._outputs.pop(0))

    def on_resize(self) -> None:
        """The details fold where there is little room."""
        self._fold_details()

    @property
    def shown(self) -> frozenset[str]:
        """The ids of the sessions a person sees now."""
        return self.query_one(SessionList).shown if self.pane is None else frozenset()

    def _draw(self) -> None:
        picture, now = self._picture, self.desk.now()
        self.query_one(MachineHeader).show_picture(picture, self.desk.ports.owner.uid)
        self._draw_rows(picture)
        self.query_one(SessionList).tell(picture.usage, now, self._gpu.of(picture))
        self._draw_banner(picture, now)
        self._draw_selected()

    def _draw_rows(self, picture: Picture) -> None:
        """Draw which sessions there are, and where; unless that is as it was."""
        gpus = picture.capacity.gpus if picture.capacity else ()
        rows_from = (
            (picture.sessions, picture.preparations, picture.saving, picture.stopping),
            (gpus, self._environments.labels),
        )
        if rows_from != self._rows_from:
            self._rows = rows.rows_of(picture, self.desk.ports.owner, self._environments.labels)
            self._rows_from = rows_from
            # A session that is gone is not marked any more.
            self.sessions.mark(self.sessions.marks & {row.key for row in self._rows if row.markable})
            if self._environments.strange(picture):
                self.run_worker(self._environments.learn_of_images(), group="labels", exclusive=True)
        listed_from = (
            self._rows,
            (picture.usage, self._gpu.of(picture)) if self.sorting in rows.BY_FIGURES else None,
            (self.tab, self._words, self.sorting, self._reverse, tuple(self._counts.items())),
            self.sessions.marks,
            (picture.engine, picture.trouble, picture.remedy),
        )
        if listed_from == self._listed_from:
            return
        self._listed_from = listed_from
        every = self._rows
        live = tuple(row for row in every if row.live)
        shown = rows.matching(every if self.tab else live, self._words)
        held = any(isinstance(row.subject, Session) and row.subject.devices for row in shown)
        titles = (*zip(_LISTS, (len(live), len(every)), strict=True), *self._pane_titles())
        self.query_one(Tabs).show_tabs(titles, self.tab, marked=len(self.sessions.marks))
        listing = self.query_one(SessionList)
        listing.show(
            rows.ordered(shown, self.sorting, self._reverse, picture.usage, self._gpu.of(picture)),
            gpus=bool(gpus) or held,
            sort=(self.sorting, self._reverse),
        )
        if self.pane is not None:
            return
        notice = () if shown else self._notice(picture, ended=len(every) - len(live))
        listing.set_class(bool(picture.trouble), "-stale")
        board = self.query_one("#notice", Styled)
        board.show(*notice)
        board.display, listing.display = bool(notice), not notice
        if not notice and self.focused is None:
            listing.focus()

    def _notice(self, picture: Picture, *, ended: int) -> tuple[Cell, ...]:
        """What stands in place of an empty list."""
        key = self.desk.keyboard.key
        if picture.engine is None:
            return notices.no_engine(picture, key("quit"))
        if self._words:
            return notices.nothing_matches(self._words)
        return notices.no_session(
            key("start-session"), "" if self.tab else key("show-sessions"), ended=ended if not self.tab else 0
        )

    def _draw_banner(self, picture: Picture, now: float) -> None:
        banner = self.query_one("#banner", Styled)
        banner.display = bool(picture.trouble and picture.engine)
        age = format_age(now - picture.taken_at)
        banner.show(
            (Span(f"▲ what you see is {age} old; trying again"),),
            (Span(f"  {present.clean(picture.trouble)}"),),
        )

    @on(SessionList.Selected)
    def _draw_selected_soon(self) -> None:
        """The cursor goes first: who holds a key down passes many rows that nobody wants details of."""
        if self._passing is not None:
            self._passing.stop()
        self._passing = self.set_timer(_GLIMPSE, self._draw_selected)

    def _draw_selected(self) -> None:
        """Details and keys are about the selected row."""
        if self._passing is not None:
            self._passing.stop()
            self._passing = None
        listing = self.query_one(SessionList)
        row, desk = listing.selected, self.desk
        usage = rows.usage_of(row, self._picture.usage) if row else UNKNOWN
        words = self._last_words.of(row.subject if row else None)
        devices, observer = Devices.of(self._picture), desk.observer
        self.query_one(Details).show_row(
            row, usage, desk.now(), observer.series, words, devices, observer.gpu_series
        )
        self._fold_details()
        self._learn_details(self.selected)
        self._draw_hints()

    @on(SessionList.Marked)
    def _draw_marks(self) -> None:
        """How many are marked is told above, and what commands are about below."""
        self._draw_rows(self._picture)
        self._draw_hints()

    @on(Pane.Moved)
    def _draw_hints(self) -> None:
        """The bottom line is about what the cursor stands on."""
        under_cursor = self.under_cursor
        self.query_one(CommandBar).show_hints(
            [
                Hint(
                    one.name,
                    self.desk.keyboard.key(one.name),
                    self._label(one, under_cursor),
                    self._why_not(one) is None,
                )
                for one in COMMANDS
                if one.hinted and one.tab in ("", self.place)
            ]
        )

    def _label(self, one: Command, under_cursor: object) -> str:
        marked = self.marked if one.bulk else ()
        if not marked:
            return one.label_for(under_cursor)
        about = one.about(marked)
        return f"{one.label_for((about or marked)[0])} {len(about)}"

    def _pane_titles(self) -> list[tuple[str, int | None]]:
        return [(kind.title, self._counts.get(kind.name)) for kind in PANES]

    @on(Pane.Counted)
    def _take_count(self, message: Pane.Counted) -> None:
        self._counts[message.name] = message.count
        self._draw_rows(self._picture)

    def _learn_details(self, selected: Session | Preparation | None) -> None:
        """Have the engine asked for what its list does not tell of the selected session, once a list."""
        if isinstance(selected, Session) and self._last_words.wanted(selected):
            self.run_worker(self._last_words.learn(selected), group="details")
        if not isinstance(selected, Session) or not selected.brief or selected is self._learned:
            return
        if selected.container_id in self._learning:
            return
        self._learned = selected
        self._learning.add(selected.container_id)

        async def learn() -> None:
            try:
                await in_background(self.desk.observer.explain, selected)
            finally:
                self._learning.discard(selected.container_id)
            self.desk.redraw()

        self.run_worker(learn(), group="details")

    def _fold_details(self) -> None:
        folded = self.size.height < _ROOM_FOR_DETAILS if self._folded is None else self._folded
        pane = self.query_one(Details)
        pane.display = not folded and self.selected is not None

    def _draw_progress(self) -> None:
        if self.desk.launches.stale:
            self.desk.launches.stale = False
            self.desk.redraw()

    # Commands

    def action_command(self, name: str) -> None:
        """Do what a key or a click asks for, or say why not."""
        one = command(name)
        reason = self._why_not(one)
        if reason is not None:
            self.desk.say(reason, warning=True)
        else:
            self.run_worker(self._run(one), group="commands")

    def _why_not(self, one: Command) -> str | None:
        selected, owner = self.under_cursor, self.desk.ports.owner
        if one.bulk and (marked := self.marked):
            # Those that it cannot be done to are told of one by one.
            reasons = [one.why_not(self._picture, session, owner) for session in marked]
            return None if None in reasons else reasons[0]
        reason = one.why_not(self._picture, selected, owner)
        if reason is None and one.lends and isinstance(selected, Session):
            return why_not_here(self.app, selected.name)
        return reason

    async def _run(self, one: Command) -> None:
        # Keys come faster than dialogs open: what was typed ahead is not meant for behind one.
        if not self.is_active or self.desk.away.is_set():
            return
        # Nor is it meant for another tab than that in which it was typed.
        if one.tab not in ("", self.place):
            return
        try:
            await one.run(self)
        except SessiontuiError as error:
            self.desk.tell(error)

    @on(SessionList.CommandClicked)
    @on(CommandBar.CommandClicked)
    def run_clicked(self, event: SessionList.CommandClicked | CommandBar.CommandClicked) -> None:
        """A click is a key."""
        self.action_command(event.command)

    @on(StartButton.Clicked)
    def start_clicked(self) -> None:
        """START is the key n."""
        self.action_command("start-session")

    def launch(self, order: Order) -> None:
        """Launch beside everything else, with the cursor on it."""
        self.app.run_worker(self._launch(order), group="launches")

    async def _launch(self, order: Order) -> None:
        desk = self.desk
        if self.pane is not None:
            self.show_tab(0)
        self.query_one(SessionList).select(order.id)
        self._beat.resume()
        try:
            session = await desk.launches.launch(order)
        except SessiontuiError as error:
            output = getattr(error, "output", "")
            if not (output and self.is_active):
                desk.tell(error)
            if output:
                self._outputs.append(OutputScreen(error.message, error.hint, output))
            if output and self.is_active:
                self.app.push_screen(self._outputs.pop(0))
        else:
            if session is not None:
                desk.say(notices.launched(session, desk.keyboard.key))
        finally:
            if not desk.launches:
                self._beat.pause()
            desk.redraw()

    def show_tab(self, tab: int) -> None:
        """Show another tab, around the ends."""
        self.tab = tab % (len(_LISTS) + len(PANES))
        pane = PANES[self.tab - len(_LISTS)] if self.tab >= len(_LISTS) else None
        self.query_one(PaneStand).show(pane, self._picture, self._words)
        shown = self.pane
        self.query_one(FilterBox).is_about(
            *((shown.listing, shown.filtered) if shown else (SessionList, _FILTERED))
        )
        if pane is not None:
            self.query_one("#notice").display = self.query_one(SessionList).display = False
        self._listed_from = ()
        self._draw()
        if pane is None:
            self.query_one(SessionList).focus()

    def show_pane(self, name: str) -> None:
        """Show the tab of that pane."""
        self.show_tab(len(_LISTS) + [kind.name for kind in PANES].index(name))

    @on(Tabs.TabClicked)
    def tab_clicked(self, event: Tabs.TabClicked) -> None:
        """A click on a tab is its number."""
        self.show_tab(event.tab)

    def sort_by(self, column: str) -> None:
        """Sort by a column; once more turns the order around."""
        self._reverse = not self._reverse if column == self.sorting else False
        self.sorting = column
        self._draw()

    @on(SessionList.HeadingClicked)
    def heading_clicked(self, event: SessionList.HeadingClicked) -> None:
        """A click on a title sorts."""
        self.sort_by(event.column)

    def toggle_details(self) -> None:
        """Fold or unfold the details, from now on whatever the room."""
        self._folded = self.query_one(Details).display
        self._fold_details()

    # Filter

    def open_filter(self) -> None:
        """Type what to show."""
        self.query_one(FilterBox).open()

    @on(Input.Changed, "#filter")
    def show_matching(self, event: Input.Changed) -> None:
        """Show what matches so far."""
        self._words = event.value
        if self.pane is not None:
            self.pane.show_matching(self._words)
        self._draw()

    def action_clear_filter(self) -> None:
        """Show all again; where all is shown, take the marks away."""
        box = self.query_one(FilterBox)
        if not box.value and not box.display and self.pane is None:
            self.sessions.mark(frozenset())
        box.clear_and_leave()
