"""Saves what a session printed in a file of the person who asks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.session import Owner, Session
from sessiontui.engine.port import Engine
from sessiontui.storage import local_files


@dataclass(frozen=True, slots=True)
class Place:
    """Where a log goes."""

    path: str
    over: bool = False
    """Whether a file that is there is replaced."""


def suggested(session: Session, owner: Owner) -> str:
    """A file for the log of the session: of its name, which others may have written, below the home."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", session.name)[:64].lstrip(".-_") or session.id
    home = Path("~").expanduser()
    return str(home / f"{name if session.owner.uid == owner.uid else f'{session.owner.uid}-{name}'}.log")


def save(
    engine: Engine,
    session: Session,
    place: Place,
    owner: Owner,
    report: Callable[[int], object],
    cancellation: Cancellation,
) -> int:
    """Save all that the engine keeps of the session's output; the number of bytes.

    The file is there whole or not at all. ``report`` is told the bytes so far. Raises AlreadyThere,
    StorageError, Cancelled, and what the engine raises.
    """
    path = os.path.expanduser(place.path)  # noqa: PTH111 # a slash at the end has a meaning
    stream = engine.logs(session)
    done = 0

    def advanced(size: int) -> None:
        nonlocal done
        done += size
        report(done)

    def chunks() -> Iterator[bytes]:
        for chunk in stream:
            cancellation.check()
            yield chunk

    def break_off() -> None:
        with suppress(SessiontuiError):
            stream.close()

    with cancellation.breaking(break_off):
        try:
            name = os.path.basename(suggested(session, owner))  # noqa: PTH119
            with local_files.arrival(path, name, owner, over=place.over, advanced=advanced) as arrival:
                # What a session prints may be nobody else's business.
                arrival.stream(chunks(), 0o600)
                cancellation.check()
                arrival.settle(None)
        finally:
            break_off()
    return done
