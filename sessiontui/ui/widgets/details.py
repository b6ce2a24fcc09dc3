"""The pane about the selected session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from sessiontui.domain.history import Figure, GpuFigure, Series, Window
from sessiontui.domain.launch import Preparation
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import format_age, format_bytes
from sessiontui.domain.usage import Usage
from sessiontui.ui import present
from sessiontui.ui.chart import charts_of
from sessiontui.ui.gpu_charts import GpuSeriesOf, busy_chart
from sessiontui.ui.gpu_facts import NO_DEVICES, Devices, models_of, remarks_of
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.rows import Row
from sessiontui.ui.widgets.chart_grid import ChartGrid
from sessiontui.ui.widgets.chart_view import ChartRow
from sessiontui.ui.widgets.lines import Lines

_LABEL = 9


class SeriesOf(Protocol):
    """Tells the past of sessions by their ids."""

    def __call__(self, session_id: str, figure: Figure, window: Window) -> Series:
        """A figure of a session over a window up to the last look."""


def details_of(
    row: Row,
    usage: Usage,
    now: float,
    last_words: Sequence[str] = (),
    devices: Devices = NO_DEVICES,
    remarks: int = 9,
) -> tuple[Cell, ...]:
    """What there is to say about a row, in lines of any width.

    ``last_words`` are the end of its log, ``devices`` the machine's GPUs, of which at most so many
    ``remarks`` are told.
    """
    if isinstance(row.subject, Preparation):
        return tuple(_of_preparation(row.subject, now))
    gpus = gpu_lines(row.subject, devices, remarks) if row.subject.devices else ()
    words = (_line("" if at else "log", Span(present.clean(line))) for at, line in enumerate(last_words))
    first, *rest = _of_session(row, row.subject, usage, now)
    return (first, *gpus, *rest, *words)


def gpu_lines(session: Session, devices: Devices, remarks: int) -> tuple[Cell, ...]:
    """Which GPUs a session has, and what is out of the ordinary on them in at most so many lines."""
    told = remarks_of(session, devices)
    shown = told if len(told) <= remarks else told[: remarks - 1]
    lines = [_line("gpus", *models_of(session, devices))]
    lines += [_line(f"gpu {number}", *cell) for number, cell in shown]
    if left := len(told) - len(shown):
        lines.append(_line("", Span(f"{left} more remarks on its GPUs", "faint")))
    return tuple(lines)


def _line(label: str, *spans: Span) -> Cell:
    return (Span(label.ljust(_LABEL), "muted"), *spans)


def _of_preparation(preparation: Preparation, now: float) -> list[Cell]:
    order, progress = preparation.order, preparation.progress
    return [
        _line(
            str(progress.step),
            *present.progress_cell(progress, 20),
            Span(f"  for {format_age(now - preparation.since)}", "faint"),
        ),
        _line("image", Span(present.clean(order.image))),
        _line("ask", Span(str(order.ask))),
        _line("folders", *_folders(preparation)),
        *([_line("command", *present.batch_cell(order.batch))] if order.batch else []),
    ]


def _of_session(row: Row, session: Session, usage: Usage, now: float) -> list[Cell]:
    lines: list[Cell] = []
    state = [*present.phase_cell(session.phase)]
    if session.exit_code is not None and session.phase in (Phase.FINISHED, Phase.FAILED):
        state.append(Span(f"  exit code {session.exit_code}", "muted"))
    if row.stopping_since is not None:
        state.append(Span(f" for {format_age(now - row.stopping_since)}", "preparing"))
    if session.ended_at is not None:
        after = "" if session.lasted is None else f" after {format_age(session.lasted)}"
        state.append(Span(f"  ended{after}, {_ago(session.ended_at, now)}", "plain"))
    state.append(Span(f"  {session.ask}", "plain"))
    state.append(Span(f"  launched {_ago(session.created_at, now)}", "faint"))
    if session.started_at is not None and session.phase is Phase.RUNNING:
        state.append(Span(f", started {_ago(session.started_at, now)}", "faint"))
    if not row.mine:
        state.append(Span(f"  by {present.clean(session.owner.name)}", "owner"))
    if usage.pids is not None:
        state.append(Span(f"  {usage.pids} processes and threads", "faint"))
    lines.append(_line("phase", *state))
    if session.reason:
        style = "failed" if session.phase is Phase.FAILED else "plain"
        lines.append(_line("why", Span(present.clean(session.reason), style)))
    if usage.oom_kills:
        lines.append(_line("!", Span(_out_of_memory(session, usage), "warning")))
    identity = f"  {present.clean(session.container_id or '')[:12]}" if session.container_id else ""
    lines.append(
        _line("image", Span(present.clean(session.image)), Span(identity or "  no container left", "faint"))
    )
    if session.batch is not None:
        lines.append(_line("command", *present.batch_cell(session.batch)))
    lines.append(_line("apps", *_apps(session)))
    lines.append(_line("folders", *_folders(session)))
    lines.append(
        _line("home", Span("/home/work"), Span("  survives stop and start, dies with delete", "muted"))
    )
    return lines


def _out_of_memory(session: Session, usage: Usage) -> str:
    """What the kernel did to a session that runs on, and what to do about it."""
    count = usage.oom_kills or 0
    limit = format_bytes(usage.limits(session.ask).memory)
    peak = "" if usage.memory_peak is None else f", peak {format_bytes(usage.memory_peak)}"
    programs = f"{count} programs" if count > 1 else "a program"
    return f"out of memory (limit {limit}{peak}): {programs} ended; resize it"


def _ago(moment: datetime, now: float) -> str:
    return f"{format_age(now - moment.timestamp())} ago"


def _apps(session: Session) -> list[Span]:
    """The servers with a port outside, and what the person serves: the rest is what the image may have."""
    spans: list[Span] = []
    for app in session.apps:
        outside = session.host_port(app.port) if not (app.via or app.runs or app.own) else None
        if outside is None and not app.own:
            continue
        spans.append(Span(("   " if spans else "") + present.clean(app.label)))
        if outside is not None and session.phase is Phase.RUNNING:
            spans.append(Span(f" 127.0.0.1:{outside}", "faint"))
    return spans or [Span("none", "faint")]


def _folders(subject: Session | Preparation) -> list[Span]:
    mounts = subject.order.mounts if isinstance(subject, Preparation) else subject.mounts
    if not mounts:
        return [Span("none mounted: its files are gone when it is deleted", "faint")]
    spans: list[Span] = []
    for mount in mounts:
        spans += [Span("   " if spans else ""), *present.mount_cell(mount)]
    return spans


class _Shown(NamedTuple):
    """What the pane is about."""

    row: Row
    usage: Usage
    now: float
    series: SeriesOf | None
    last_words: Sequence[str]
    devices: Devices
    gpu_series: GpuSeriesOf | None


class Details(Vertical):
    """Shows the details of one row under a title with its name: what it uses on top, while it runs."""

    _title: Content | None = None
    _shown: _Shown | None = None

    def compose(self) -> ComposeResult:
        """Charts over text."""
        yield ChartRow(len(Figure))
        yield ChartGrid("in the charts", id="gpu-charts")
        yield Lines(id="facts")

    def show_row(
        self,
        row: Row | None,
        usage: Usage,
        now: float,
        series: SeriesOf | None = None,
        last_words: Sequence[str] = (),
        devices: Devices = NO_DEVICES,
        gpu_series: GpuSeriesOf | None = None,
    ) -> None:
        """Show another row, or the same one later.

        ``series`` tells the past of sessions, ``gpu_series`` that of the machine's ``devices``;
        ``last_words`` are the end of the log of one that failed.
        """
        if row is None:
            return
        self._shown = _Shown(row, usage, now, series, last_words, devices, gpu_series)
        # Nobody sees a folded pane.
        if self.display:
            self._draw(self._shown)

    def on_show(self) -> None:
        """Draw what was missed while folded."""
        if self._shown is not None:
            self._draw(self._shown)

    def _draw(self, shown: _Shown) -> None:
        row = shown.row
        owner = "" if row.mine else f"{present.clean(row.owner)}/"
        # As content: a plain string would be read as markup.
        title = Content(f"{owner}{present.clean(row.name)} · {row.environment}")
        # Textual redraws the whole pane for a title, also for an equal one.
        if title != self._title:
            self.border_title = self._title = title
        session = row.subject
        charted = isinstance(session, Session) and session.phase is Phase.RUNNING
        self._draw_charts(session if isinstance(session, Session) and charted else None, shown)
        remarks = 3 if self._short else 8
        self.query_one("#facts", Lines).show(
            *details_of(row, shown.usage, shown.now, shown.last_words, shown.devices, remarks)
        )

    def _draw_charts(self, session: Session | None, shown: _Shown) -> None:
        view, series = self.query_one(ChartRow), shown.series
        view.display = session is not None and series is not None
        if session is not None and series is not None:
            past = partial(series, session.id, window=Window.FIVE_MINUTES)
            view.show_charts(charts_of(session.ask, shown.usage, past))
        of_gpus = self.query_one(ChartGrid)
        gpus = shown.devices.held_by(session) if session is not None and session.devices else ()
        of_gpus.display = bool(gpus) and shown.gpu_series is not None
        if session is not None and gpus and shown.gpu_series is not None:
            charts = [
                busy_chart(gpu, session, shown.devices, _past_of(gpu.uuid, shown.gpu_series)) for gpu in gpus
            ]
            of_gpus.show_charts(charts, *((2, 1) if self._short else (3, 2)))

    @property
    def _short(self) -> bool:
        """Whether every line counts."""
        return self.screen.has_class("-short")


def _past_of(uuid: str, series: GpuSeriesOf) -> Callable[[GpuFigure], Series]:
    return partial(series, uuid, window=Window.FIVE_MINUTES)
