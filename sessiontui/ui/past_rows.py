"""Turns records of deleted sessions into lines of a list and into details, purely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sessiontui.domain.record import Record
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import format_age
from sessiontui.ui import present
from sessiontui.ui.file_rows import moment
from sessiontui.ui.present import Cell, Span

_GAP = 2
_COLUMNS = (
    # title, width, and the columns of the whole from which there is room for it
    ("NAME", 20, 0),
    ("ENVIRONMENT", 18, 44),
    ("RESOURCES", 19, 100),
    ("FOLDERS", 20, 144),
    ("LAUNCHED", 16, 128),
    ("DELETED", 8, 60),
)
"""What the end was has the rest."""


def matching(records: Iterable[Record], words: str, labels: Mapping[str, str]) -> tuple[Record, ...]:
    """Those in which every word occurs: name, environment, owner, folders, command or end."""
    wanted = words.casefold().split()

    def text(record: Record) -> str:
        session = record.session
        folders = " ".join(mount.folder for mount in session.mounts)
        command = session.batch.command if session.batch else ""
        what = f"{session.owner.name}/{session.name} {_environment(session, labels)}"
        return f"{what} {folders} {command} {_end(session)}".casefold()

    return tuple(record for record in records if all(word in text(record) for word in wanted))


def heading(columns: int) -> Cell:
    """The titles of the columns that there is room for."""
    cells = [(Span(title, "heading"),) for title, _, least in _COLUMNS if columns >= least]
    return _laid_out((*cells, (Span("END", "heading"),)), columns)


def line(record: Record, columns: int, now: float, labels: Mapping[str, str]) -> Cell:
    """One record."""
    session = record.session
    cells: tuple[Cell, ...] = (
        (Span(present.clean(session.name), "name"),),
        (Span(_environment(session, labels)),),
        (Span(str(session.ask), "muted"),),
        present.mounts_cell(session),
        (Span(moment(session.created_at.timestamp()), "faint"),),
        (Span(_ago(record.deleted_at, now), "faint"),),
    )
    shown = [cell for cell, (_, _, least) in zip(cells, _COLUMNS, strict=True) if columns >= least]
    style = "failed" if session.phase is Phase.FAILED else "muted"
    return _laid_out((*shown, (Span(present.clean(_end(session)), style),)), columns)


def details(record: Record, labels: Mapping[str, str]) -> tuple[Cell, ...]:
    """What there is to say about a record, in lines of any width."""
    session = record.session
    environment = _environment(session, labels)
    ran, ended = "", ""
    if session.started_at is not None and session.ended_at is not None:
        seconds = max(0, int((session.ended_at - session.started_at).total_seconds()))
        ran = f", ran {format_age(seconds)}"
    if session.ended_at is not None:
        ended = f"  ended {moment(session.ended_at.timestamp())}{ran}"
    lines = [
        _line("end", *present.phase_cell(session.phase), Span(f"  {present.clean(session.reason)}", "muted")),
        _line(
            "times",
            Span(f"launched {moment(session.created_at.timestamp())}"),
            Span(ended, "muted"),
            Span(f"  deleted {moment(record.deleted_at.timestamp())}", "muted"),
            Span(f" by {present.clean(record.deleted_by)}", "owner"),
        ),
        _line("image", Span(environment), Span(f"  {present.clean(session.image)}", "muted")),
        _line("had", Span(str(session.ask)), *_ports(session)),
        _line("folders", *_folders(session)),
    ]
    names = [present.clean(name) for name, _ in session.env]
    if names or session.secret_names:
        secrets = [f"{present.clean(name)} (secret)" for name in session.secret_names]
        lines.append(_line("variables", Span(", ".join((*names, *secrets)))))
    if session.batch is not None:
        lines.append(_line("command", *present.batch_cell(session.batch)))
    return tuple(lines)


def _line(label: str, *spans: Span) -> Cell:
    return (Span(label.ljust(10), "muted"), *spans)


def _end(session: Session) -> str:
    """How it was when it was deleted: the reason, else the phase."""
    if session.reason:
        return f"{session.phase}: {session.reason}"
    if session.phase is Phase.FAILED and session.exit_code is not None:
        return f"failed: exit code {session.exit_code}"
    # Nobody ended it before.
    return f"deleted while {session.phase}" if session.phase.live else str(session.phase)


def _environment(session: Session, labels: Mapping[str, str]) -> str:
    return present.environment_text(session.environment, session.version, session.image, labels)


def _folders(session: Session) -> list[Span]:
    spans: list[Span] = []
    for mount in session.mounts:
        spans.append(Span(("   " if spans else "") + present.clean(mount.folder)))
        spans.append(Span(" ro" if mount.read_only else " rw", "muted"))
        spans.append(Span(f" at {present.clean(mount.target)}", "faint"))
    return spans or [Span("none", "faint")]


def _ports(session: Session) -> list[Span]:
    own = [str(app.port) for app in session.apps if app.own]
    return [Span(f"  own ports {', '.join(own)}", "muted")] if own else []


def _ago(when: datetime, now: float) -> str:
    return f"{format_age(now - when.timestamp())} ago"


def _laid_out(cells: tuple[Cell, ...], columns: int) -> Cell:
    """The cells side by side; the last has the rest."""
    widths = [width for _, width, least in _COLUMNS if columns >= least]
    found: list[Span] = [Span("  ")]
    left = columns - 2
    for cell, wide in zip(cells, widths, strict=False):
        wide = min(wide, left)
        found += (*present.fit(cell, wide), Span(" " * _GAP))
        left = max(0, left - wide - _GAP)
    return (*found, *present.fit(cells[-1], left))
