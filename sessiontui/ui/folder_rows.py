"""The folders as rows of a table: what their columns say, how they are sorted and filtered, purely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sessiontui.domain.folder import Extent, Folder
from sessiontui.domain.session import Owner, Session
from sessiontui.domain.units import format_age, format_bytes
from sessiontui.ui.folder_text import extent_text
from sessiontui.ui.present import Cell, Span, clean, mount_cell
from sessiontui.ui.table import Column, Row


@dataclass(frozen=True, slots=True)
class FolderLine:
    """What is known of a folder."""

    folder: Folder
    extent: Extent | None = None
    counting: bool = False
    """Whether it is being counted, or waits for that."""
    users: tuple[Session, ...] = ()
    """The sessions that mount it."""
    last_used: datetime | None = None
    """When one of them was last started."""

    @property
    def in_use(self) -> bool:
        """Whether a session that mounts it holds resources now."""
        return any(one.phase.live for one in self.users)


COLUMNS = (
    Column("name", "NAME", least=12),
    Column("owner", "OWNER", rank=4, least=5),
    Column("permission", "PERM", rank=2),
    Column("size", "SIZE", right=True),
    Column("files", "FILES", rank=1, right=True),
    Column("users", "MOUNTED BY", rank=3, least=10),
    Column("used", "LAST USED", rank=5),
    Column("where", "IMPORTED FROM", rank=6, least=14, sorts=False),
)

SORTS: Mapping[str, Callable[[FolderLine], tuple[object, ...]]] = {
    "name": lambda line: (),
    "owner": lambda line: (line.folder.owner,),
    "permission": lambda line: (line.folder.permission,),
    "size": lambda line: (-(line.extent.bytes if line.extent else -1),),
    "files": lambda line: (-(line.extent.files if line.extent else -1),),
    "users": lambda line: (-len(line.users),),
    "used": lambda line: (not line.in_use, -(line.last_used.timestamp() if line.last_used else 0.0)),
}
"""What folders can be sorted by: the largest, most and latest used first; names settle ties."""


def ordered(lines: Iterable[FolderLine], by: str, reverse: bool) -> tuple[FolderLine, ...]:
    """The folders in that order."""
    return tuple(
        sorted(
            lines,
            key=lambda line: (*SORTS[by](line), line.folder.name.casefold(), line.folder.name),
            reverse=reverse,
        )
    )


def matching(lines: Iterable[FolderLine], words: str) -> tuple[FolderLine, ...]:
    """Those in which every word occurs, in name, owner, permission, place or a session that mounts them."""
    wanted = words.casefold().split()

    def text(line: FolderLine) -> str:
        folder = line.folder
        place = folder.path if folder.imported else ""
        sessions = " ".join(one.name for one in line.users)
        return f"{folder.name} {folder.owner} {folder.permission} {place} {sessions}".casefold()

    return tuple(line for line in lines if all(word in text(line) for word in wanted))


def row(line: FolderLine, owner: Owner, now: float) -> Row:
    """One folder's row."""
    folder = line.folder
    name: Cell = (Span(clean(folder.name), "name"),)
    if folder.imported:
        name = (*name, Span(" ↗", "muted"))
    if folder.trouble:
        name = (Span("! ", "warning"), *name)
    sessions = [
        Span(("" if not at else ", ") + session_name(one, owner), "plain" if one.phase.live else "muted")
        for at, one in enumerate(line.users)
    ]
    cells: dict[str, Cell] = {
        "name": name,
        "owner": (Span(clean(folder.owner) or "—", "muted"),),
        "permission": (Span(folder.permission, "plain" if folder.writable else "muted"),),
        "size": _figure(line, format_bytes(line.extent.bytes if line.extent else None)),
        "files": _figure(line, str(line.extent.files) if line.extent else "—"),
        "users": tuple(sessions) or (Span("—", "faint"),),
        "used": (Span(used_text(line, now), "plain" if line.in_use else "muted"),),
        "where": (Span(clean(folder.path) if folder.imported else "", "muted"),),
    }
    return Row(folder.name, cells, line)


def _figure(line: FolderLine, text: str) -> Cell:
    if line.extent is None and line.counting:
        return (Span("counting…", "faint"),)
    if line.extent is None:
        return (Span("—", "faint"),)
    # So far, or at least: not all was or may be read.
    sign = "" if line.extent.complete else "…" if line.counting else "+"
    return (Span(text + sign, "plain" if line.extent.complete else "muted"),)


def used_text(line: FolderLine, now: float) -> str:
    """``now``, ``3h ago``, or ``—`` where no session tells."""
    if line.in_use:
        return "now"
    return f"{format_age(now - line.last_used.timestamp())} ago" if line.last_used else "—"


def session_name(session: Session, owner: Owner) -> str:
    """A session's name; another user's carries theirs."""
    mine = session.owner.uid == owner.uid
    return clean(session.name) if mine else f"{clean(session.owner.name)}/{clean(session.name)}"


_LABEL = 9


def details(line: FolderLine, owner: Owner, now: float, trash_key: str) -> tuple[Cell, ...]:
    """What there is to say about a folder, in lines of any width."""
    folder, extent = line.folder, line.extent
    where: list[Span] = [Span(clean(folder.path))]
    if folder.automatic:
        where.append(Span(f"  in every session of yours, at /home/work/{clean(folder.name)}", "muted"))
    holds = [Span(extent_text(extent, counting=line.counting))]
    if extent is not None and not extent.complete and not line.counting:
        holds.append(Span("  at least: some of it may not be read", "muted"))
    if extent is not None and extent.changed_at is not None:
        holds.append(Span(f"  newest changed {format_age(now - extent.changed_at)} ago", "muted"))
    lines = [
        _line("imported" if folder.imported else "path", *where),
        _line("holds", *holds),
        _line("used by", *_users(line, owner)),
    ]
    if folder.trouble:
        lines.append(_line("trouble", Span(clean(folder.trouble), "warning")))
    elif folder.imported:
        lines.append(_line("delete", Span("only lets go of it: its files stay where they are", "muted")))
    else:
        words = f"puts it into the trash, where it can be had back: {trash_key} shows it"
        lines.append(_line("delete", Span(words, "muted")))
    return tuple(lines)


def _users(line: FolderLine, owner: Owner) -> list[Span]:
    """Each session that mounts it, and how where that is not the usual place."""
    spans: list[Span] = []
    for session in line.users:
        spans.append(Span(("   " if spans else "") + session_name(session, owner)))
        spans.append(Span(f" {session.phase}", "faint"))
        for mount in session.mounts:
            if mount.source == line.folder.path:
                spans += mount_cell(mount)[1:]
    return spans or [Span("no session", "faint")]


def _line(label: str, *spans: Span) -> Cell:
    return (Span(label.ljust(_LABEL), "muted"), *spans)
