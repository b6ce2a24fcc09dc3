"""The columns that the rows of the session list are laid out in, and their lines, purely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sessiontui.domain.launch import Preparation
from sessiontui.domain.session import Session
from sessiontui.domain.units import format_age, format_bytes, format_cores
from sessiontui.domain.usage import Usage
from sessiontui.ui import gpu_cells, present
from sessiontui.ui.gpu_cells import Figures, Room
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.rows import Row


@dataclass(frozen=True, slots=True)
class Column:
    """One column where it stands now."""

    key: str
    title: str
    start: int
    width: int
    bar: int = 0
    """Columns of the bar inside it."""
    room: Room | None = None
    """How it is divided, of the one for GPUs."""

    @property
    def end(self) -> int:
        """The first position behind it."""
        return self.start + self.width


Layout = tuple[Column, ...]

_TITLES = {
    "name": "NAME",
    "environment": "ENVIRONMENT",
    "phase": "PHASE",
    "age": "AGE",
    "cpu": "CPU",
    "memory": "MEM",
    "gpu": "GPU",
    "mounts": "FOLDERS",
    "control": "CONTROL",
}
MARGIN = 2
"""Columns before the first one, where the cursor's sign stands, and a mark."""
MARK = "✔"
_GAP = 2
_BARS = (10, 8, 5)
_CONTROL_WIDTH = 2 * len(present.CONTROL) - 1

_OFFERS: tuple[tuple[str, bool], ...] = (
    ("name environment phase age cpu memory gpu mounts control", True),
    ("name environment phase age cpu memory gpu control", True),
    ("name environment phase age cpu memory control", True),
    ("name environment phase cpu memory control", True),
    ("name phase age cpu memory control", True),
    ("name phase cpu memory control", True),
    ("name phase age cpu memory control", False),
    ("name phase cpu memory control", False),
    ("name phase cpu memory", False),
    ("name phase", False),
    ("name", False),
)
"""What is shown as there is room for it, the widest first; the second says whether with bars."""

_GPU_OFFERS: tuple[tuple[str, bool], ...] = (
    ("name environment phase age cpu memory gpu:3 mounts control", True),
    ("name environment phase age cpu memory gpu:3 control", True),
    ("name environment phase age cpu memory gpu:2 control", True),
    ("name environment phase age cpu memory gpu:3 control", False),
    ("name phase age cpu memory gpu:3 control", False),
    ("name phase cpu memory gpu:3 control", False),
    ("name phase cpu memory gpu:2 control", False),
    ("name phase cpu memory gpu:1 control", False),
    ("name phase cpu memory gpu:2", False),
    ("name phase cpu memory gpu:1", False),
    ("name phase gpu:2", False),
    ("name phase gpu:1", False),
    ("name phase", False),
    ("name", False),
)
"""The same where a session has GPUs: of them memory leaves first, then the share of the time."""


def layout(rows: Sequence[Row], columns: int, *, gpus: bool) -> Layout:
    """The columns that fit into that many positions, sized by what the rows hold."""
    wanted = _wanted(rows)
    room_of = _gpu_rooms(rows, wanted)
    for names, bars in _GPU_OFFERS if len(room_of) > 1 else _OFFERS:
        keys, parts = _keys(names, gpus=gpus)
        wanted["gpu"] = room_of.get(parts, room_of[1]).width
        least = {key: min(_width(key, wanted, 5 if bars else 0), _LEAST.get(key, 99)) for key in keys}
        if MARGIN + sum(least.values()) + _GAP * (len(keys) - 1) <= columns:
            break
    room = columns - MARGIN - _GAP * (len(keys) - 1)
    widths, length = least, 5 if bars else 0
    for length in _BARS if bars else (0,):
        full = {key: _width(key, wanted, length) for key in keys}
        if sum(full.values()) <= room:
            widths = full
            break
    widths = dict(widths)
    # Names, then environments, get back what was cut from them while room is left.
    for key in ("name", "environment", "mounts"):
        if key in widths:
            more = min(_width(key, wanted, 0) - widths[key], room - sum(widths.values()))
            widths[key] += max(0, more)
    if sum(widths.values()) > room:
        widths[keys[-1]] = max(1, room - sum(widths.values()) + widths[keys[-1]])
    spare = room - sum(widths.values())
    placed: list[Column] = []
    at = MARGIN
    for key in keys:
        if key == "control":
            at += spare
        bar = length if key in ("cpu", "memory") else 0
        divided = room_of.get(parts) if key == "gpu" else None
        placed.append(Column(key, _TITLES[key], at, widths[key], bar, divided))
        at += widths[key] + _GAP
    return tuple(placed)


def _keys(names: str, *, gpus: bool) -> tuple[list[str], int]:
    """The columns of an offer, and how many parts the one for GPUs has."""
    keys: list[str] = []
    parts = 1
    for one in names.split():
        key, _, said = one.partition(":")
        if key != "gpu" or gpus:
            keys.append(key)
            parts = int(said) if said else parts
    return keys, parts


def _gpu_rooms(rows: Sequence[Row], wanted: Mapping[str, int]) -> Mapping[int, Room]:
    """How the column of GPUs is divided into so many parts; one part only where no session has any."""
    numbers = wanted["gpu"]
    live = [row for row in rows if not row.told]
    holding = [row for row in live if isinstance(row.subject, Session) and row.subject.devices]
    if not holding:
        return {1: Room(numbers)}
    memory = max(gpu_cells.memory_width(row.gpu_memory) for row in holding)
    # With figures behind them, the title needs no room of its own.
    narrow, busy = max(present.width(row.gpu) for row in holding), gpu_cells.BUSY_WIDTH
    return {1: Room(numbers), 2: Room(narrow, busy), 3: Room(narrow, busy, memory)}


_LEAST = {"name": 12, "environment": 13, "mounts": 10}
"""To how little a column may be cut before another leaves."""


_STOPPING_WIDTH = len(" 59s")
"""What the time that a stop takes may need beside its word."""


def _wanted(rows: Sequence[Row]) -> dict[str, int]:
    """The width each column's text asks for; what can be sorted has room for its title and a mark."""
    wanted = {
        "name": 10,
        "environment": 13,
        "phase": 9,
        "age": 5,
        "cpu": 5,
        "memory": 9,
        "gpu": 5,
        "mounts": 8,
    }
    most = {"name": 40, "environment": 28, "mounts": 36}
    for row in rows:
        subject = row.subject
        found = {
            "name": present.width(present.name_cell(row.name, row.owner, row.mine)),
            "environment": present.width((Span(row.environment),)),
            "phase": present.width(_phase(row)) + (_STOPPING_WIDTH if row.stopping_since else 0),
            "mounts": present.width(present.mounts_cell(subject)),
        }
        if isinstance(subject, Session) and not row.told:
            # The widest the figures can become, so that columns stand still while they change.
            limit = format_cores(subject.ask.cpu)
            found["cpu"] = len(f"{subject.ask.cpu:.1f}/{limit}")
            found["memory"] = len(f"99.9M/{format_bytes(subject.ask.memory)}")
            found["gpu"] = present.width(row.gpu)
        for key, cells in found.items():
            wanted[key] = max(wanted[key], min(cells, most.get(key, cells)))
    return wanted


def _width(key: str, wanted: Mapping[str, int], bar: int) -> int:
    if key == "control":
        return _CONTROL_WIDTH
    if key in ("cpu", "memory") and bar:
        return wanted[key] + bar + 3
    return wanted[key]


# Lines


def heading(layout: Layout, by: str, reverse: bool) -> Cell:
    """The line of titles; the sorted column carries a mark."""
    spans: list[Span] = []
    for column in layout:
        _advance(spans, column.start)
        if column.key == by:
            title = present.fit((Span(f"{column.title} {'▾' if reverse else '▴'}", "sorted"),), column.width)
        else:
            title = present.fit((Span(column.title, "heading"),), column.width)
        spans.extend(title)
    return tuple(spans)


def line(
    row: Row,
    layout: Layout,
    usage: Usage,
    now: float,
    gpu: Figures | None = None,
    *,
    selected: bool,
    marked: bool = False,
) -> Cell:
    """The row's line, with what its session uses at that time; ``gpu`` is what it uses of its devices."""
    spans: list[Span] = [Span("▸ ", "accent")] if selected else []
    if marked:
        spans = [Span(f"▸{MARK}" if selected else f" {MARK}", "accent")]
    columns = list(layout)
    while columns:
        column = columns.pop(0)
        _advance(spans, column.start)
        if column.key in ("cpu", "memory", "gpu", "mounts") and row.told:
            # One sentence takes the place of all the figures up to the controls.
            last = column
            while columns and columns[0].key != "control":
                last = columns.pop(0)
            span = last.end - column.start
            if columns:
                span = columns[0].start - _GAP - column.start
            spans.extend(present.fit(_sentence(row, column.bar or 5), span))
        else:
            # The mark of a session that its limit holds back stands in the gap behind the figure.
            room = column.width + (column.key == "cpu")
            spans.extend(present.fit(_cell(row, column, usage, now, gpu), room))
    return tuple(spans)


def look_of(row: Row, usage: Usage, now: float, gpu: Figures | None = None) -> tuple[object, ...]:
    """All that the row's line shows of usage and time, in any layout: equal ones make equal lines."""
    subject = row.subject
    age = format_age(now - row.since)
    if row.stopping_since is not None:
        age += format_age(now - row.stopping_since)
    if row.told or isinstance(subject, Preparation):
        return (age,)
    limits = usage.limits(subject.ask)
    return (
        age,
        present.cpu_text(usage.cpu, limits.cpu),
        _steps(usage.cpu, limits.cpu),
        present.held_back(usage.throttled),
        present.memory_text(usage.memory, limits.memory),
        _steps(usage.memory, limits.memory),
        present.near_limit(usage.memory, limits.memory) or bool(usage.oom_kills),
        None if gpu is None else (gpu.trouble, gpu.busy, gpu.memory),
    )


def _steps(used: float | None, limit: float) -> tuple[int, ...] | None:
    """How far a bar is filled, for each length it may have."""
    if used is None or not limit:
        return None
    return (int(used / limit > 0), *(round(used / limit * length * 8) for length in _BARS))


def _advance(spans: list[Span], start: int) -> None:
    if (gap := start - present.width(spans)) > 0:
        spans.append(Span(" " * gap))


def _sentence(row: Row, bar: int) -> Cell:
    if isinstance(row.subject, Preparation):
        return present.progress_cell(row.subject.progress, bar)
    told = present.reason_cell(row.subject)
    if not row.subject.devices:
        return told
    return (*told, Span(" · GPU ", "faint"), *row.gpu, Span(" again", "faint"))


def _phase(row: Row, now: float | None = None) -> Cell:
    if isinstance(row.subject, Preparation):
        return present.step_cell(row.subject.progress.step)
    cell = present.SAVING if row.saving else present.phase_cell(row.subject.phase)
    if row.stopping_since is None or now is None:
        return cell
    return (*cell, Span(f" {format_age(now - row.stopping_since)}", "preparing"))


def _cell(row: Row, column: Column, usage: Usage, now: float, gpu: Figures | None) -> Cell:
    subject = row.subject
    match column.key:
        case "name":
            return present.name_cell(row.name, row.owner, row.mine)
        case "environment":
            return (Span(row.environment, "plain" if row.mine else "muted"),)
        case "phase":
            return _phase(row, now)
        case "age":
            return (Span(format_age(now - row.since), "muted"),)
        case "control":
            return present.control_cell(subject, row.mine)
        case "mounts":
            return present.mounts_cell(subject)
        case "gpu":
            return gpu_cells.gpu_cell(row.gpu, gpu, column.room) if column.room else row.gpu
        case "cpu" if isinstance(subject, Session):
            limit = usage.limits(subject.ask).cpu
            return present.cpu_cell(usage.cpu, limit, column.bar, usage.throttled)
        case "memory" if isinstance(subject, Session):
            limit = usage.limits(subject.ask).memory
            return present.memory_cell(usage.memory, limit, column.bar, usage.oom_kills)
    return ()
