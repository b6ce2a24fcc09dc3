"""The last lines of the log of the selected session that failed: asked for once, never for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.launch import Preparation
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.port import Engine
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean

LINES = 3
_LONGEST = 64 * 1024
"""Bytes of the log that are read: a line may be endless."""
_WIDEST = 300
"""Characters of a line that are kept."""


class LastWords:
    """Keeps those of one session: who moves on and comes back has them asked for anew."""

    def __init__(self, engine: Engine, tell: Callable[[], object]) -> None:
        """``tell`` is called on the event loop once they are known."""
        self._engine = engine
        self._tell = tell
        self._about: tuple[object, ...] | None = None
        self._lines: tuple[str, ...] = ()

    def of(self, selected: Session | Preparation | None) -> tuple[str, ...]:
        """Those that are known by now; empty for what did not fail."""
        return self._lines if self._about is not None and self._about == _about(selected) else ()

    def wanted(self, selected: Session | Preparation | None) -> bool:
        """Whether they are to be asked for; once asked they are not wanted any more."""
        about = _about(selected)
        if about is None or about == self._about:
            return False
        self._about, self._lines = about, ()
        return True

    async def learn(self, session: Session) -> None:
        """Ask for them, and tell."""
        about = _about(session)
        lines: tuple[str, ...] = ()
        with suppress(SessiontuiError):
            lines = await in_background(self._read, session)
        if about == self._about:
            self._lines = lines
            self._tell()

    def _read(self, session: Session) -> tuple[str, ...]:
        stream = self._engine.logs(session, tail=LINES)
        try:
            text = _at_most(stream, _LONGEST).decode(errors="replace")
        finally:
            stream.close()
        lines = (clean(line[-_WIDEST:]).strip() for line in text.splitlines())
        return tuple(filter(None, lines))[-LINES:]


def _about(selected: Session | Preparation | None) -> tuple[object, ...] | None:
    """What the words are the last of: one end of one session. None for what has none to tell."""
    if not isinstance(selected, Session) or selected.brief or selected.container_id is None:
        return None
    if selected.phase is not Phase.FAILED or selected.exit_code is None:
        return None
    return (selected.id, selected.container_id, selected.ended_at)


def _at_most(chunks: Iterable[bytes], most: int) -> bytes:
    found = b""
    for chunk in chunks:
        found += chunk
        if len(found) >= most:
            break
    return found[:most]
