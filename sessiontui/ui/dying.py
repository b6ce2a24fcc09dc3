"""What a delete destroys and what it leaves alone, in lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sessiontui.domain.rescue import amount_of, sum_of
from sessiontui.domain.session import Losses, LostFile, Session
from sessiontui.domain.units import format_age, format_bytes
from sessiontui.ui import present
from sessiontui.ui.present import Cell, Span

_NEWEST, _NEWEST_OUTSIDE = 5, 3
"""How many of the newest files are named."""
_NAME = 20
"""Columns of a name in a list of several."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known by now of what dies with a session; None where it is still counted."""

    home: Losses | None = None
    outside: Losses | None = None
    trouble: str = ""
    """Why something cannot be counted."""

    def having(self, where: str, losses: Losses) -> Told:
        """With what was found in the ``home`` or ``outside``."""
        return replace(self, home=losses) if where == "home" else replace(self, outside=losses)

    def without(self, where: str, trouble: str) -> Told:
        """With the reason why it cannot be found."""
        return replace(self.having(where, Losses(complete=False)), trouble=trouble)

    @property
    def bytes(self) -> int | None:
        """All that is known to die."""
        return sum_of(one for one in (self.home, self.outside) if one is not None).bytes


_ASIDE = ", /tmp and caches aside"
"""What is neither counted nor saved."""


def dying(told: Told, now: float) -> tuple[Cell, ...]:
    """What dies with one session: the newest files first."""
    return (
        *_part("its home /home/work", told.home, told.trouble, now, _NEWEST),
        *_part("changed outside home and folders", told.outside, told.trouble, now, _NEWEST_OUTSIDE, _ASIDE),
    )


def dying_of_many(sessions: Sequence[Session], told: Mapping[str, Told], now: float) -> tuple[Cell, ...]:
    """What dies with each, and with all."""
    lines: list[Cell] = []
    for session in sessions:
        name = present.truncate(present.clean(session.name), _NAME)
        age = format_age(now - session.created_at.timestamp())
        one = told[session.id]
        lines.append(
            (
                Span("✕ ", "failed"),
                Span(name + " " * (_NAME + 1 - present.width((Span(name),))), "name"),
                *present.fit(present.phase_cell(session.phase), 11),
                Span(f" {age:<4} ", "muted"),
                *_amounts(one.home, one.outside),
            )
        )
    every = [told[session.id] for session in sessions]
    known = [one for two in every for one in (two.home, two.outside) if one is not None]
    counting = len(known) < 2 * len(every)
    total = sum_of(known)
    lines.append(
        (
            Span("  in all  ", "muted"),
            Span("counting… " if counting else "", "muted"),
            Span(amount_of(total) if known else "", "warning" if total.files else "muted"),
        )
    )
    newest = [
        (file, session)
        for session in sessions
        for losses in (told[session.id].home, told[session.id].outside)
        if losses is not None
        for file in losses.newest
    ]
    newest.sort(key=lambda one: one[0].changed_at, reverse=True)
    lines += [_file(file, now, f"{session.name}: {file.path}") for file, session in newest[:_NEWEST]]
    return tuple(lines)


def staying(sessions: Sequence[Session]) -> tuple[Cell, ...]:
    """What a delete of these sessions leaves alone."""
    mounts = {mount.source: mount for session in sessions for mount in session.mounts}
    if not mounts:
        nothing = "nothing of it stays" if len(sessions) == 1 else "nothing of them stays"
        return ((Span(f"no folder is mounted: {nothing}", "muted"),),)
    return tuple(
        (
            Span("✔ ", "running"),
            *present.mount_cell(mount),
            Span(f"  {present.clean(mount.source)}", "muted"),
        )
        for mount in mounts.values()
    )


def _part(
    what: str, losses: Losses | None, trouble: str, now: float, most: int, aside: str = ""
) -> tuple[Cell, ...]:
    head: tuple[Span, ...] = (Span("✕ ", "failed"), Span(what, "name"))
    if losses is None:
        return ((*head, Span("  counting…", "muted")),)
    if losses.files is None:
        reason = f"  cannot be counted: {present.clean(trouble)}" if trouble else "  cannot be counted"
        return ((*head, Span(reason, "muted")),)
    if losses.files == 0 and losses.complete:
        return ((Span("  "), Span(what, "muted"), Span("  no files", "muted"), Span(aside, "faint")),)
    lines: list[Cell] = [(*head, Span(f"  {amount_of(losses)}", "warning"), Span(aside, "faint"))]
    lines += [_file(file, now) for file in losses.newest[:most]]
    named = min(len(losses.newest), most)
    if losses.files > named > 0:
        lines.append((Span(f"    and {losses.files - named} older ones", "faint"),))
    return tuple(lines)


def _file(file: LostFile, now: float, text: str = "") -> Cell:
    age = format_age(now - file.changed_at.timestamp())
    return (
        Span("    "),
        Span(present.truncate(present.clean(text or file.path), 44)),
        Span(f"  {format_bytes(file.bytes)}, {age} ago", "muted"),
    )


def _amounts(home: Losses | None, outside: Losses | None) -> tuple[Span, ...]:
    if home is None:
        return (Span("counting…", "muted"),)
    spans = [Span(amount_of(home), "warning" if home.files else "muted")]
    if outside is None:
        spans.append(Span(" · outside: counting…", "muted"))
    elif outside.files != 0 or not outside.complete:
        spans.append(Span(f" · outside: {amount_of(outside)}", "warning" if outside.files else "muted"))
    return tuple(spans)
