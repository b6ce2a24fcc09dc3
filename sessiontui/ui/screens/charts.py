"""What a session used over the last minutes or the last hour, over the whole screen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen

from sessiontui.actions.ports import why_not_touch
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.gpu_words import numbers
from sessiontui.domain.history import Figure, Window
from sessiontui.domain.picture import Picture
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import format_bytes, format_cores
from sessiontui.domain.usage import Usage
from sessiontui.ui import present
from sessiontui.ui.chart import charts_of, flow
from sessiontui.ui.desk import Desk
from sessiontui.ui.gpu_facts import Devices
from sessiontui.ui.gpu_pages import across, blocks_of, gpu_facts_of, gpu_pages, gpus_in_short
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.widgets.chart_grid import ChartWall
from sessiontui.ui.widgets.chart_view import ChartView
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.lines import Lines

_WINDOWS = {Window.FIVE_MINUTES: "5 minutes", Window.HOUR: "1 hour"}


def facts_of(ask: Ask, usage: Usage) -> tuple[Cell, ...]:
    """What no chart shows: limits, the most memory there ever was, processes, and what the kernel ended."""
    given = usage.limits(ask)
    limits = f"{format_cores(given.cpu)} cores, {format_bytes(given.memory)}"
    killed = usage.oom_kills
    count = "—" if usage.pids is None else str(usage.pids)
    return (
        (Span("limits ", "muted"), Span(limits)),
        (
            Span("most memory ever ", "muted"),
            Span(format_bytes(usage.memory_peak)),
            Span(" with page cache", "muted"),
        ),
        (Span("processes and threads ", "muted"), Span(count)),
        (Span(f"! ended by the kernel: {killed}", "warning"),)
        if killed
        else (Span("ended by the kernel ", "muted"), Span("—" if killed is None else "none")),
    )


class ChartsScreen(Screen[str]):
    """Shows CPU, memory, network, disk and GPUs of a session; its answer is the id of the one shown last."""

    COMPONENT_CLASSES = present.STYLES
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (56, "-roomy")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    BINDINGS = [
        Binding("escape,q,v", "close", "Back"),
        Binding("1", "window('FIVE_MINUTES')", "5 minutes"),
        Binding("2", "window('HOUR')", "1 hour"),
        Binding("tab,h", "turn_window", "The other"),
        Binding("j,down", "move(1)", "Next"),
        Binding("k,up", "move(-1)", "Previous"),
        Binding("g", "turn_page", "GPUs"),
    ]

    def __init__(self, desk: Desk, session: Session) -> None:
        super().__init__()
        self._desk = desk
        self._session = session
        self._picture = Picture()
        self._window = Window.FIVE_MINUTES
        self._page = 0
        """0 is the session's own, those of its GPUs follow."""

    @property
    def shown(self) -> frozenset[str]:
        """The id of the session a person sees."""
        return frozenset({self._session.id})

    def compose(self) -> ComposeResult:
        """Title, charts, facts, keys."""
        yield Lines(id="charts-title")
        with Container(id="charts"):
            for _ in Figure:
                yield ChartView(axes=True)
        yield ChartWall(id="gpu-wall")
        yield Lines(id="charts-facts")
        yield CommandBar(id="bar")

    def on_mount(self) -> None:
        """Watch the picture."""
        self.query_one(CommandBar).show_hints(
            (
                Hint("window('FIVE_MINUTES')", "1", _WINDOWS[Window.FIVE_MINUTES]),
                Hint("window('HOUR')", "2", _WINDOWS[Window.HOUR]),
                Hint("turn_page", "g", "GPUs"),
                Hint("move(1)", "j", "next session"),
                Hint("move(-1)", "k", "previous"),
                Hint("close", "q", "back"),
            )
        )
        self.watch(self.app, "picture", self._see)

    def _see(self, picture: Picture) -> None:
        """Draw another picture, unless nobody would see it: then it is drawn on the return."""
        if self.is_active and not self._desk.away.is_set():
            self._picture = picture
            self._draw()

    def on_screen_resume(self) -> None:
        """Draw what was missed."""
        self._see(self.app.picture)  # type: ignore[attr-defined] # the app is ours

    def on_resize(self) -> None:
        """The facts flow anew."""
        self._draw()

    def _draw(self) -> None:
        session = self._picture.session(self._session.id)
        pages = gpu_pages(session or self._session, Devices.of(self._picture), self.size)
        self._page = self._page if self._page <= len(pages) else 0
        self._draw_title(session, pages)
        if session is None:
            # The last there was stays to be read.
            return
        self._session = session
        self.query_one("#charts").display = self._page == 0
        self.query_one("#gpu-wall").display = self._page > 0
        facts = self._draw_gpus(session, pages[self._page - 1]) if self._page else self._draw_session(session)
        self.query_one("#charts-facts", Lines).show(*flow(facts, self.size.width - 2))

    def _draw_session(self, session: Session) -> tuple[Cell, ...]:
        usage = self._picture.usage_of(session)
        past = partial(self._desk.observer.series, session.id, window=self._window)
        for view, chart in zip(self.query(ChartView), charts_of(session.ask, usage, past), strict=True):
            view.show_chart(chart)
        return (*facts_of(session.ask, usage), *gpus_in_short(session, Devices.of(self._picture)))

    def _draw_gpus(self, session: Session, gpus: Sequence[Gpu]) -> tuple[Cell, ...]:
        devices = Devices.of(self._picture)
        blocks = []
        for gpu in gpus:
            past = partial(self._desk.observer.gpu_series, gpu.uuid, window=self._window)
            blocks.append(blocks_of(gpu, session, devices, past))
        self.query_one(ChartWall).show_blocks(blocks, across(self.size))
        return gpu_facts_of(session, gpus, devices)

    def _draw_title(self, session: Session | None, pages: Sequence[Sequence[Gpu]]) -> None:
        shown = self._session
        mine = why_not_touch(shown, self._desk.ports.owner) is None
        spans = [*present.name_cell(shown.name, shown.owner.name, mine)]
        if self._page:
            of = f" (page {self._page} of {len(pages)})" if len(pages) > 1 else ""
            spans.append(Span(f" · GPU {numbers(pages[self._page - 1])}{of}", "muted"))
        spans.append(Span(f" · charts · last {_WINDOWS[self._window].removeprefix('1 ')}  ", "muted"))
        if session is None:
            spans.append(Span("✖ is gone: what you see is the last there was", "failed"))
        else:
            spans += present.phase_cell(session.phase)
            if session.phase is not Phase.RUNNING:
                spans.append(Span("  nothing new is measured", "muted"))
        if self._picture.trouble:
            spans.append(Span("  ▲ the engine does not answer", "warning"))
        self.query_one("#charts-title", Lines).show(tuple(spans))

    @on(CommandBar.CommandClicked)
    async def run_hint(self, event: CommandBar.CommandClicked) -> None:
        """A click on a hint is its key."""
        await self.run_action(event.command)

    def action_window(self, name: str) -> None:
        """Show that window."""
        self._window = Window[name]
        self._draw()

    def action_turn_window(self) -> None:
        """Show the other window."""
        self.action_window(next(one.name for one in Window if one is not self._window))

    def action_turn_page(self) -> None:
        """Show the session's GPUs, page by page, and then the session again."""
        if not self._session.devices:
            self._desk.say(f"{self._session.name} has no GPU")
        self._page += 1
        self._draw()

    def action_move(self, step: int) -> None:
        """Show the next running session by name, around the ends."""
        offered = {one.id: one for one in self._picture.sessions if one.phase is Phase.RUNNING}
        offered[self._session.id] = self._session
        ordered = sorted(offered.values(), key=lambda one: (one.name.casefold(), one.id))
        self._session = ordered[(ordered.index(self._session) + step) % len(ordered)]
        self._draw()

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(self._session.id)
