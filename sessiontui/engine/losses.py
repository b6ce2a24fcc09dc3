"""The files that die with a session: what our own scripts say of them, and when that is out of date."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sessiontui.domain.errors import EngineError
from sessiontui.domain.rescue import Census, Tally
from sessiontui.domain.session import Losses, LostFile, Session

_OCTAL = re.compile(rb"\\([0-7]{3})")


def parse_losses(output: bytes) -> Losses:
    """The losses from the lines of ``losses.sh`` (its head describes them).

    Names are bytes: what is not UTF-8 shows as replacement characters. A line that is garbled, as
    when the script was cut off, is left out.
    """
    total: tuple[int, int] | None = None
    complete = False
    files = []
    for line in output.split(b"\n"):
        match line.split(b"\t", 3):
            case [b"total", size, count, state] if size.isdigit() and count.isdigit():
                total, complete = (int(size), int(count)), state == b"complete"
            case [b"file", size, changed, path] if size.isdigit() and changed.isdigit():
                name = _OCTAL.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), path)
                moment = datetime.fromtimestamp(int(changed), UTC)
                files.append(LostFile(name.decode(errors="replace"), int(size), moment))
    if total is None:
        return Losses(complete=False)
    return Losses(total[0], total[1], tuple(files), complete)


def parse_census(output: bytes) -> Census | None:
    """The census from the lines of ``census.sh`` (its head describes them); None where it is not whole."""
    tally: Tally | None = None
    others = []
    for line in output.splitlines():
        match line.split(b"\t"):
            case [b"tally", *figures] if len(figures) == 4 and all(one.isdigit() for one in figures):
                tally = Tally(*map(int, figures))
            case [b"other", path]:
                others.append(path.decode(errors="replace"))
    return None if tally is None else Census(tally, tuple(others))


def ensure_not_started_since(seen: Session, now: Session) -> None:
    """Raise EngineError where a session that was seen not to run has run since."""
    another = seen.started_at is not None and now.started_at != seen.started_at
    if not seen.phase.live and (now.phase.live or another):
        raise EngineError(f"{seen.name} was started meanwhile", "look at it again, then delete it")
