"""What stands in place of an empty list, and what is said of a launch that is done: purely."""

from __future__ import annotations

from collections.abc import Callable

from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Session
from sessiontui.ui.present import Cell, Span, clean


def no_engine(picture: Picture, quit_key: str) -> tuple[Cell, ...]:
    """The engine has not answered since the start."""
    if not picture.trouble:
        return ((Span("looking for the container engine…", "muted"),),)
    lines: list[Cell] = [
        (Span("✖ cannot reach a container engine", "failed"),),
        (),
        (Span(clean(picture.trouble)),),
    ]
    if picture.remedy:
        lines += [(), (Span(clean(picture.remedy), "muted"),)]
    if "doctor" not in picture.remedy:
        lines += [(), (Span("sessiontui doctor", "key"), Span(" says what is missing", "muted"))]
    return (*lines, (), (Span(f"trying again by itself; {quit_key} quits", "faint"),))


def nothing_matches(words: str) -> tuple[Cell, ...]:
    """The filter leaves nothing over."""
    return (
        (Span("nothing matches "), Span(clean(words), "name")),
        (Span("esc", "key"), Span(" shows all", "muted")),
    )


def no_session(start_key: str, sessions_key: str, *, ended: int) -> tuple[Cell, ...]:
    """Nothing runs, or (with ``sessions_key`` empty) nothing is there at all."""
    lines: list[Cell] = [
        (Span("No session is running." if sessions_key else "No sessions yet.", "name"),),
        (),
        (
            Span("Press ", "muted"),
            Span(start_key, "key"),
            Span(" or click ", "muted"),
            Span("START", "key"),
            Span(" to start one.", "muted"),
        ),
    ]
    if sessions_key and ended:
        which = "session that has" if ended == 1 else f"{ended} sessions that have"
        lines.append(
            (Span("Press ", "muted"), Span(sessions_key, "key"), Span(f" for the {which} ended.", "muted"))
        )
    return tuple(lines)


def no_folder(create_key: str, import_key: str, trash_key: str, trashed: int) -> tuple[Cell, ...]:
    """There is no folder yet; ``trashed`` says how many are in the trash."""
    lines: list[Cell] = [
        (Span("No folders yet.", "name"),),
        (Span("A folder outlives sessions: what is in it stays when they are deleted.", "muted"),),
        (),
        (
            Span("Press ", "muted"),
            Span(create_key, "key"),
            Span(" to create one, ", "muted"),
            Span(import_key, "key"),
            Span(" to make one of a directory you have.", "muted"),
        ),
    ]
    if trashed:
        what = "a folder is" if trashed == 1 else f"{trashed} folders are"
        lines.append((Span(trash_key, "key"), Span(f" shows the trash: {what} in it.", "muted")))
    return tuple(lines)


def launched(session: Session, key: Callable[[str], str]) -> str:
    """What to do with a session that has just been launched; ``key`` tells the key of a command."""
    if session.batch is None:
        return f"{session.name} runs: {key('open-apps')} opens its apps, {key('open-shell')} a shell"
    state = "runs its command" if session.phase.live else "has ended"
    return f"{session.name} {state}: {key('read-logs')} shows what it prints"
