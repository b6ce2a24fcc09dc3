"""Environments and their versions as rows of a table, purely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sessiontui.actions.inventory import Stock
from sessiontui.domain.environment import IMAGE, SAVED_FROM
from sessiontui.domain.launch import Progress
from sessiontui.domain.session import Owner, Session
from sessiontui.domain.units import format_bytes, format_cores
from sessiontui.ui import present
from sessiontui.ui.present import Cell, Span, clean
from sessiontui.ui.table import Column, Row

COLUMNS = (
    Column("name", "ENVIRONMENT", least=18, sorts=False),
    Column("group", "GROUP", rank=2, least=8, sorts=False),
    Column("state", "IMAGE", least=12, sorts=False),
    Column("size", "SIZE", right=True, sorts=False),
    Column("users", "USED BY", rank=1, least=10, sorts=False),
    Column("tags", "TAGS", rank=3, sorts=False),
)


@dataclass(frozen=True, slots=True)
class EnvironmentLine:
    """What is known of a version of an environment."""

    stock: Stock
    users: tuple[Session, ...] = ()
    """The sessions that were made of its image."""
    progress: Progress | None = None
    """How far its image is, while this dashboard prepares it."""

    @property
    def title(self) -> str:
        """How it is called, for a person."""
        version = self.stock.version
        return f"{self.stock.environment.label} {version.label or version.name}"

    @property
    def key(self) -> str:
        """How it is called, for a launch."""
        return f"{self.stock.environment.name}:{self.stock.version.name}"


def group_of(line: EnvironmentLine) -> str:
    """Under which heading it stands."""
    environment = line.stock.environment
    if environment.group or environment.source == IMAGE:
        return environment.group or "image"
    return "built-in" if environment.source == "built-in" else "your file"


def matching(lines: Iterable[EnvironmentLine], words: str) -> tuple[EnvironmentLine, ...]:
    """Those in which every word occurs, in name, group, tags, image or a session that uses it."""
    wanted = words.casefold().split()

    def text(line: EnvironmentLine) -> str:
        version = line.stock.version
        sessions = " ".join(one.name for one in line.users)
        tags = " ".join(version.tags)
        return f"{line.title} {line.key} {group_of(line)} {tags} {version.image} {sessions}".casefold()

    return tuple(line for line in lines if all(word in text(line) for word in wanted))


def row(line: EnvironmentLine, owner: Owner) -> Row:
    """One version's row."""
    tags = " · ".join(clean(tag) for tag in line.stock.version.tags)
    size = line.stock.size
    cells: dict[str, Cell] = {
        "name": (Span(clean(line.title), "name"),),
        "group": (Span(clean(group_of(line)), "muted"),),
        "state": _state(line),
        "size": (Span(format_bytes(size), "plain" if size is not None else "faint"),),
        "users": _users(line, owner),
        "tags": (Span(tags, "muted"),),
    }
    return Row(line.key, cells, line)


def _state(line: EnvironmentLine) -> Cell:
    if line.progress is not None:
        share = "" if line.progress.fraction is None else f" {line.progress.fraction:.0%}"
        return (*present.step_cell(line.progress.step), Span(share, "preparing"))
    if line.stock.prepared:
        return (Span("● ready", "running"),)
    if line.stock.outdated:
        return (Span("◌ outdated", "preparing"),)
    return (Span("○ not built" if line.stock.environment.recipe else "○ not pulled", "stopped"),)


def _users(line: EnvironmentLine, owner: Owner) -> Cell:
    if not line.users:
        return (Span("—", "faint"),)
    names = ", ".join(session_name(one, owner) for one in line.users)
    return (Span(f"{len(line.users)}", "plain"), Span(f"  {names}", "muted"))


def session_name(session: Session, owner: Owner) -> str:
    """A session's name; another user's carries theirs."""
    mine = session.owner.uid == owner.uid
    return clean(session.name if mine else f"{session.owner.name}/{session.name}")


_LABEL = 9


def details(line: EnvironmentLine, owner: Owner) -> tuple[Cell, ...]:
    """What there is to say about it, in lines of any width."""
    environment, version, stock = line.stock.environment, line.stock.version, line.stock
    minimum = environment.minimum_of(version)
    needs = f"{format_cores(minimum.cpu)} CPU · {format_bytes(minimum.memory)}"
    if minimum.gpu:
        needs += f" · {minimum.gpu} GPU"
    lines = [
        _line("launch", Span(clean(line.key)), Span(f"  {clean(environment.description)}", "muted")),
        _line("image", Span(clean(version.image)), Span(f"  {_image_text(line)}", "muted")),
        _line("needs", Span(f"at least {needs}")),
        _line("apps", Span(", ".join(clean(one.label) for one in environment.apps_of(version)) or "—")),
    ]
    if environment.source == SAVED_FROM and version.base:
        lines.append(_line("made of", Span(clean(version.base))))
    if stock.size is not None:
        names = ", ".join(session_name(one, owner) for one in line.users)
        lines.append(_line("used by", Span(names or "no session", "plain" if names else "faint")))
    return tuple(lines)


def _image_text(line: EnvironmentLine) -> str:
    stock = line.stock
    if line.progress is not None:
        return f"{line.progress.step} {clean(line.progress.text)}"
    if stock.size is None:
        return f"{'built' if stock.environment.recipe else 'pulled'} at the first launch"
    size = f"{format_bytes(stock.size)} with the layers that it shares"
    return f"{size}; of an older recipe, built anew at the next launch" if stock.outdated else size


def _line(label: str, *spans: Span) -> Cell:
    return (Span(label.ljust(_LABEL), "muted"), *spans)
