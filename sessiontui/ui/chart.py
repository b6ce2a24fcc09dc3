"""Charts of what a session used, as lines of cells, purely.

A column stands for a stretch of absolute time, not for a place in the series. While time goes on, the
columns stay where they are and new ones come at the right, in room kept for them; when that is used up,
all move at once, which is what costs a slow line most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise, product

from sessiontui.domain.history import Figure, Series, Window
from sessiontui.domain.resources import Ask
from sessiontui.domain.units import KIB, format_bytes, format_cores
from sessiontui.domain.usage import Usage
from sessiontui.ui import present
from sessiontui.ui.present import Cell, Span

LEAST_RATE = 10 * KIB
"""The smallest top of a scale of rates, in bytes a second: below it a chart would magnify noise."""
AXIS = 6
"""Columns that the scale takes beside a chart."""

REST = 8
"""Seconds for which a chart stands still at least before all its columns move."""

_NARROW = "".join(map(chr, range(32, 127))) + " ▁▂▃▄▅▆▇█↓↑≤—┤│└─"
"""Signs known to take one column each."""
_BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Chart:
    """A series with its scale and what is written over it."""

    name: str
    figures: tuple[str, ...]
    """What is used now, the fullest text first and the one for the least room last."""
    series: Series
    top: float
    """The amount that fills the height."""
    scale: Callable[[float], str]
    """Writes an amount at the axis."""
    style: str
    unit: str = ""
    """Follows the top where no axis tells it and the figures do not either."""
    alarms: tuple[str, ...] = ()
    """What is wrong, with its sign, the fullest text first; empty when all is well."""
    note: str = ""
    alarming: float | None = None
    """The amount from which a column is drawn as wrong."""
    peaks: bool = False
    """Whether a column shows the most of its time; else the mean."""

    @property
    def known(self) -> bool:
        """Whether there is a figure now."""
        return self.figures[-1] != "—"


def charts_of(ask: Ask, usage: Usage, series: Callable[[Figure], Series]) -> tuple[Chart, ...]:
    """CPU, memory, network and disk of a session that runs, from its usage now and its past."""
    limits = usage.limits(ask)
    return (
        _cpu(limits.cpu, usage, series(Figure.CPU)),
        _memory(limits.memory, usage, series(Figure.MEMORY)),
        _rates("NET", ("↓", usage.received), ("↑", usage.sent), series(Figure.NETWORK), "chart-network"),
        _rates("DISK", ("r", usage.read), ("w", usage.written), series(Figure.DISK), "chart-disk"),
    )


def _cpu(limit: float, usage: Usage, series: Series) -> Chart:
    text = present.cpu_text(usage.cpu, limit)
    throttled = usage.throttled or 0.0
    words = f"throttled {throttled:.0%}" if throttled >= 0.005 else ""
    hot = present.held_back(throttled)
    return Chart(
        "CPU",
        (f"{text} cores", text) if usage.cpu is not None else ("—",),
        series,
        limit,
        format_cores,
        "chart-cpu",
        alarms=(f"! {words}", f"! {throttled:.0%}", "!") if hot else (),
        note="" if hot else words,
    )


def _memory(limit: int, usage: Usage, series: Series) -> Chart:
    hot = present.near_limit(usage.memory, limit)
    most = peak(series)
    return Chart(
        "MEM",
        (present.memory_text(usage.memory, limit) if usage.memory is not None else "—",),
        series,
        limit,
        lambda amount: format_bytes(int(amount)),
        "chart-memory",
        alarms=("! near its limit", "!") if hot else (),
        note=f"peak {format_bytes(int(most))}" if most is not None else "",
        alarming=present.MEMORY_WARNING * limit if limit > 0 else None,
        peaks=True,
    )


def _rates(
    name: str, one: tuple[str, float | None], other: tuple[str, float | None], series: Series, style: str
) -> Chart:
    most = peak(series)
    texts = (
        f"{one[0]} {rate_text(one[1])}  {other[0]} {rate_text(other[1])}",
        f"{one[0]} {rate_text(one[1])} {other[0]} {rate_text(other[1])}",
        f"{one[0]}{rate_text(one[1], '')} {other[0]}{rate_text(other[1])}",
    )
    return Chart(
        name,
        texts if one[1] is not None or other[1] is not None else ("—",),
        series,
        round_top(most or 0.0),
        lambda amount: format_bytes(int(amount)),
        style,
        unit="/s" if most is not None else "",
        note=f"peak {rate_text(most)}" if most else "",
    )


def rate_text(rate: float | None, unit: str = "/s") -> str:
    """``1.2M/s``; ``—`` for unknown."""
    return "—" if rate is None else f"{format_bytes(int(rate))}{unit}"


def peak(series: Series) -> float | None:
    """The most there was in the window."""
    return max((one for one in series.values if one is not None), default=None)


def round_top(most: float) -> float:
    """The next of 1, 2, 5, 10, … 500 of a unit, in bytes a second: it moves seldom, and reads well."""
    unit = float(KIB)
    while most > 500 * unit:
        unit *= 1024
    steps = (1, 2, 5, 10, 20, 50, 100, 200, 500)
    return max(LEAST_RATE, next(step * unit for step in steps if most <= step * unit))


# Columns


def stride(window: Window, width: int) -> int:
    """By how many columns a drawing of that width moves at once; the newest one is among the last so many."""
    return max(1, -(-REST * width // (window.slots * window.seconds)))


def columns(series: Series, width: int, *, peaks: bool = False) -> tuple[float | None, ...]:
    """The series in that many columns, oldest first: the mean of each one's slots, or the most.

    Columns are numbered by time as slots are. Where there are more columns than slots, a slot is as
    wide as the columns that begin in it. Columns of a time to come are None, as unknown ones are.
    """
    slots, values = series.window.slots, series.values
    before = series.newest - slots + 1
    step = stride(series.window, width)
    wide = width >= slots
    last = -(-(series.newest + 1) * width // slots) - 1 if wide else series.newest * width // slots
    last += -(last + 1) % step
    if wide:
        numbers = [column * slots // width - before for column in range(last - width + 1, last + 1)]
        return tuple(values[at] if 0 <= at < slots else None for at in numbers)
    edges = [-(-column * slots // width) - before for column in range(last - width + 1, last + 2)]
    found: list[float | None] = []
    for start, end in pairwise(edges):
        known = [one for one in values[max(0, start) : end] if one is not None]
        found.append(None if not known else max(known) if peaks else sum(known) / len(known))
    return tuple(found)


def plot(chart: Chart, width: int, height: int) -> tuple[Cell, ...]:
    """The series as a filled area: lines from the top, each of exactly that width.

    Zero is a faint line at the bottom, and something is never drawn as zero. Unknown is blank.
    """
    if height < 1:
        return ()
    shown = columns(chart.series, width, peaks=chart.peaks)
    pillars = _pillars(height)
    last = len(pillars) - 1
    drawn: list[str] = []
    styles: list[str] = []
    for amount in shown:
        if amount is None:
            drawn.append(pillars[0])
            styles.append(chart.style)
            continue
        share = amount / chart.top if chart.top > 0 else 1.0
        drawn.append(pillars[min(last, max(1, round(share * last)))])
        hot = chart.alarming is not None and amount >= chart.alarming
        styles.append("warning" if hot else chart.style if amount > 0 else "faint")
    *upper, bottom = ("".join(line) for line in zip(*drawn, strict=True)) if drawn else [""] * height
    # A zero is seen at the bottom only.
    runs = _runs(chart.style if style == "faint" else style for style in styles)
    return (*(_cut_up(line, runs) for line in upper), _cut_up(bottom, _runs(styles)))


@lru_cache(maxsize=16)
def _pillars(height: int) -> tuple[str, ...]:
    """What a column looks like from the top when so many eighths of its lines are filled."""
    return tuple(
        (" " * height + (_BLOCKS[part] if part else "") + "█" * full)[-height:]
        for full, part in (divmod(filled, 8) for filled in range(height * 8 + 1))
    )


def _runs(styles: Iterable[str]) -> list[tuple[int, int, str]]:
    """Start, end and style of each stretch of columns that look alike."""
    runs: list[tuple[int, int, str]] = []
    start = 0
    for style, run in groupby(styles):
        end = start + len(list(run))
        runs.append((start, end, style))
        start = end
    return runs


def _cut_up(line: str, runs: Iterable[tuple[int, int, str]]) -> Cell:
    return tuple(Span(line[start:end], style) for start, end, style in runs)


# Lines


def title(chart: Chart, width: int, *, axes: bool = False) -> Cell:
    """Name, figures, what is wrong, and the scale where no axis tells it: as much as has room."""
    style = "warning" if chart.alarms else "plain" if chart.known else "muted"
    scale = f"≤{chart.scale(chart.top)}{chart.unit}" if chart.unit and not axes else ""
    offers = product(chart.alarms or ("",), chart.figures, (chart.note, ""))
    for alarm, figure, note in offers:
        spans = [Span(chart.name, chart.style), Span(f" {figure}", style)]
        if alarm:
            spans.append(Span(f" {alarm}", "warning"))
        if note:
            spans.append(Span(f"  {note}", "muted"))
        if present.width(spans) + (len(scale) + 2 if scale else 0) <= width:
            break
    room = width - present.width(spans) - len(scale)
    if scale and room > 0:
        spans += [Span(" " * room), Span(scale, "faint")]
    return present.fit(tuple(spans), width)


def compact(chart: Chart, width: int, height: int) -> tuple[Cell, ...]:
    """A title over the drawing, in exactly that many lines."""
    return (title(chart, width), *plot(chart, width, height - 1))[:height]


def framed(chart: Chart, width: int, height: int) -> tuple[Cell, ...]:
    """A title, the drawing with its scale at the left, and the time below it, in that many lines."""
    rows = height - 2
    if rows < 1 or width <= AXIS:
        return compact(chart, width, height)
    labels = {0: chart.scale(chart.top), rows - 1: "0"}
    if rows >= 4:
        labels[rows // 2] = chart.scale(chart.top / 2)
    room = AXIS - 1
    drawn = [
        (Span(f"{labels.get(at, '')[:room]:>{room}}{'┤' if at in labels else '│'}", "faint"), *line)
        for at, line in enumerate(plot(chart, width - AXIS, rows))
    ]
    return (
        title(chart, width, axes=True),
        *drawn,
        (Span(" " * room), Span(f"└{_times(chart.series.window, width - AXIS)}", "faint")),
    )


def _times(window: Window, width: int) -> str:
    """The ends of the window and its middle, as there is room, on the line below the drawing."""
    first, middle = {Window.FIVE_MINUTES: ("-5 min", "-2.5 min"), Window.HOUR: ("-1 h", "-30 min")}[window]
    now = "now"
    text = list("─" * width)
    for words, start in ((middle, (width - len(middle)) // 2), (first, 0), (now, width - len(now))):
        if width >= len(first) + len(now) + 2 and (words != middle or width >= 30):
            text[start : start + len(words)] = words
    return "".join(text[:width])


def flow(pieces: Sequence[Cell], width: int) -> tuple[Cell, ...]:
    """Pieces one after the other, in as many lines as they need."""
    lines: list[Cell] = []
    for piece in pieces:
        if lines and present.width(lines[-1]) + 3 + present.width(piece) <= width:
            lines[-1] = (*lines[-1], Span("   "), *piece)
        else:
            lines.append(piece)
    return tuple(lines)
