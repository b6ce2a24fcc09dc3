"""A fleet of sessions to look at, launched as a person's are, on an engine that others may use too."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import SessionGone
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.engine.port import Engine
from tests.bench.image import IMAGE

_T = TypeVar("_T")

PREFIX = "bench-"
"""Begins the name of everything made here; nothing else is ever touched."""
BURNING = 4
"""Sessions that use all the CPU they may."""
ASK = Ask(0.1, 64 * MIB)
_AT_ONCE = 3

Say = Callable[[str], None]


def name_of(number: int) -> str:
    """The name of one of the fleet: names sort as numbers do."""
    return f"{PREFIX}{number:03d}"


class Fleet:
    """Sessions ``bench-000`` and on, without apps: the first four burn, the others wait."""

    def __init__(self, engine: Engine, owner: Owner, say: Say) -> None:
        self._engine = engine
        self._owner = owner
        self._say = say
        self._burning: set[str] = set()

    def sessions(self) -> tuple[Session, ...]:
        """What is there of the fleet, of an earlier run too."""
        return tuple(one for one in self._engine.sessions() if one.name.startswith(PREFIX))

    def resize(self, size: int) -> None:
        """Have exactly the first ``size``: what runs already is taken as it is."""
        wanted = [name_of(number) for number in range(size)]
        there = self.sessions()
        running = {one.name for one in there if one.phase is Phase.RUNNING}
        unwanted = [one for one in there if one.name not in running or one.name not in wanted]
        self._in_bulk(self._delete, unwanted, "cleared")
        self._in_bulk(self.launch, [name for name in wanted if name not in running], "launched")
        for name in wanted[:BURNING]:
            self._burn(name)

    def launch(self, name: str, ask: Ask = ASK) -> Session:
        """Launch one session."""
        order = Order(
            id=secrets.token_hex(6),
            name=name,
            owner=self._owner,
            environment="other",
            version="",
            image=IMAGE,
            ask=ask,
        )
        return self._engine.launch(order, lambda _: None, Cancellation())

    def remove(self, name: str = "") -> None:
        """Remove the one of that name, or all of the fleet, with their homes."""
        there = [one for one in self.sessions() if name in ("", one.name)]
        self._burning -= {one.name for one in there}
        self._in_bulk(self._delete, there, "removed")

    def _delete(self, session: Session) -> None:
        try:
            self._engine.delete(session)
        except SessionGone:
            return

    def _burn(self, name: str) -> None:
        """Let it burn as long as it runs. One that an earlier run left burning burns no more for it."""
        if name in self._burning:
            return
        (session,) = (one for one in self.sessions() if one.name == name)
        loop = "(while :; do :; done) >/dev/null 2>&1 &"
        self._engine.run(session, ["/bin/sh", "-c", loop])
        self._burning.add(name)

    def _in_bulk(self, work: Callable[[_T], object], items: Iterable[_T], done: str) -> None:
        """Do it for all, a few at once; raises what the first failure raised, begins nothing after it."""
        items = list(items)
        if not items:
            return
        began = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = [pool.submit(work, item) for item in items]
            try:
                for number, future in enumerate(futures, start=1):
                    future.result()
                    if number % 25 == 0:
                        self._say(f"{done} {number} of {len(items)}")
            finally:
                for future in futures:
                    future.cancel()
                wait(futures)
        if len(items) > 1:
            self._say(f"{done} {len(items)} in {time.monotonic() - began:.0f} s")
