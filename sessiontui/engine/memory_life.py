"""What changes the sessions that :class:`~sessiontui.engine.memory.MemoryEngine` plays while they live."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sessiontui.domain.errors import EngineError, Problem, Refused
from sessiontui.domain.resize import too_little
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.memory_inside import MemoryInside


class MemoryLife(MemoryInside):
    """The part of the engine port that resizes and ends by force."""

    def __init__(
        self, *, cpu: int, memory: int, now: Callable[[], datetime], pause: Callable[[float], object]
    ) -> None:
        super().__init__(now=now, pause=pause)
        self._cpu = cpu
        self._memory = memory
        self.in_use: dict[str, int] = {}
        """Bytes that the running sessions use, by id; of those that are missing nobody tells."""
        self.held: dict[str, str] = {}
        """What keeps sessions from being ended by force, by id."""

    def put(self, session: Session) -> Session:
        """A session appears or changes."""
        raise NotImplementedError

    def kill(self, session: Session) -> Session:
        """See the port."""
        current = self._find(session)
        self._fail("kill")
        if session.id in self.held:
            raise EngineError(f"{session.name} does not end: {self.held[session.id]}", "it ends with that")
        if current.phase is not Phase.RUNNING:
            return current
        self._served.pop(session.id, None)
        return self.put(
            replace(
                current,
                phase=Phase.STOPPED,
                reason="killed: start resumes it",
                exit_code=137,
                ended_at=self._now(),
                pid=None,
            )
        )

    def memory_in_use(self, session: Session) -> int | None:
        """See the port."""
        current = self._find(session)
        return self.in_use.get(session.id) if current.phase is Phase.RUNNING else None

    def resize(self, session: Session, ask: Ask) -> Session:
        """See the port."""
        current = self._find(session)
        self._fail("resize")
        self._pause(0.2)
        used = self.memory_in_use(session)
        if used is not None and ask.memory < used:
            raise Refused([Problem("memory", too_little(used))])
        if ask.cpu > self._cpu:
            raise Refused([Problem("cpu", f"the machine has {self._cpu} cores")])
        return self.put(replace(self._find(current), ask=replace(ask, gpu=current.ask.gpu)))
