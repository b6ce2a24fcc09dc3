"""The pane about the selected session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from sessiontui.domain.history import Figure, Series, Window
from sessiontui.domain.launch import Preparation
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import format_age, format_bytes
from sessiontui.domain.usage import Usage
from sessiontui.ui import present
from sessiontui.ui.chart import charts_of
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.rows import Row
from sessiontui.ui.widgets.chart_view import ChartRow
from sessiontui.ui.widgets.lines import Lines

_LABEL = 9


class SeriesOf(Protocol):
    """Tells the past of sessions by their ids."""

    def __call__(self, session_id: str, figure: Figure, window: Window) -> Series:
        """A figure of a session over a window up to the last look."""


def details_of(row: Row, usage: Usage, now: float, last_words: Sequence[str] = ()) -> tuple[Cell, ...]:
    """What there is to say about a row, in lines of any width; ``last_words`` are the end of its log."""
    if isinstance(row.subject, Preparation):
        return tuple(_of_preparation(row.subject, now))
    words = (_line("" if at else "log", Span(present.clean(line))) for at, line in enumerate(last_words))
    return (*_of_session(row, row.subject, usage, now), *words)


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


class Details(Vertical):
    """Shows the details of one row under a title with its name: what it uses on top, while it runs."""

    _title: Content | None = None
    _shown: tuple[Row, Usage, float, SeriesOf | None, Sequence[str]] | None = None

    def compose(self) -> ComposeResult:
        """Charts over text."""
        yield ChartRow(len(Figure))
        yield Lines(id="facts")

    def show_row(
        self,
        row: Row | None,
        usage: Usage,
        now: float,
        series: SeriesOf | None = None,
        last_words: Sequence[str] = (),
    ) -> None:
        """Show another row, or the same one later.

        ``series`` tells the past of sessions; ``last_words`` are the end of the log of one that failed.
        """
        if row is None:
            return
        self._shown = (row, usage, now, series, last_words)
        # Nobody sees a folded pane.
        if self.display:
            self._draw(row, usage, now, series, last_words)

    def on_show(self) -> None:
        """Draw what was missed while folded."""
        if self._shown is not None:
            self._draw(*self._shown)

    def _draw(
        self, row: Row, usage: Usage, now: float, series: SeriesOf | None, last_words: Sequence[str]
    ) -> None:
        owner = "" if row.mine else f"{present.clean(row.owner)}/"
        # As content: a plain string would be read as markup.
        title = Content(f"{owner}{present.clean(row.name)} · {row.environment}")
        # Textual redraws the whole pane for a title, also for an equal one.
        if title != self._title:
            self.border_title = self._title = title
        self._draw_charts(row, usage, series)
        self.query_one("#facts", Lines).show(*details_of(row, usage, now, last_words))

    def _draw_charts(self, row: Row, usage: Usage, series: SeriesOf | None) -> None:
        view, session = self.query_one(ChartRow), row.subject
        if series is None or not isinstance(session, Session) or session.phase is not Phase.RUNNING:
            view.display = False
            return
        view.display = True
        past = partial(series, session.id, window=Window.FIVE_MINUTES)
        view.show_charts(charts_of(session.ask, usage, past))
