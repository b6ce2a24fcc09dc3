"""Keeps the Picture current with the engine: what its events name is looked at, the rest is left alone."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from sessiontui.actions.observe import Observer
from sessiontui.domain.errors import EngineDenied, EngineError, EngineUnreachable
from sessiontui.domain.picture import Picture
from sessiontui.engine.port import ANYTHING, Change, Engine, Events

_BURST = 0.05
"""Seconds in which events are answered by one look at the engine."""
_REST = 4.0
"""How many times as long as it looked the poller rests: a flood of events takes a fifth of a core at most."""
_LONGEST_REST = 0.2
"""Seconds it rests at most: an engine that is slow to answer is not busy with the answer all the time."""
_LATER = 0.5
"""Seconds until it is asked why a session ended: an engine that removes it does not answer before."""
_MANY = 20
"""Changed sessions from which listing all costs less than looking at each."""
_PATIENCE = 1.5
"""The longest time between two tries to reach an engine of this machine that does not answer, in seconds."""
_PATIENCE_FAR = 10.0
"""The same of an engine elsewhere, where a try may mean a connection over ssh."""
_SAFETY = 60.0
"""Seconds after which the sessions are listed anew, events or not."""
_DEAF = 5.0
"""Seconds after which they are listed anew on an engine that tells no events."""
_SURVEY = 5.0
"""Seconds between two looks at what the engine can give."""


class Poller:
    """Four blocking loops for four threads; ``close`` ends them.

    ``listen`` waits for events, ``follow`` answers them: at most once in a burst and always after the
    last one. ``explain`` sees what the list does not tell, ``survey`` what the engine can give: nobody
    waits for these two.
    """

    def __init__(
        self, engine: Engine, observer: Observer, post: Callable[[Picture], object], *, safety: bool = True
    ) -> None:
        self._engine = engine
        self._observer = observer
        self._post = post
        self._safety = _SAFETY if safety else None
        self._closed = threading.Event()
        self._stirred = threading.Event()
        self._outdated = threading.Event()
        self._lock = threading.Lock()
        self._deaf = False
        self._changes: dict[Change, None] = {}
        self._events: Events | None = None

    def listen(self) -> None:
        """Wait for events and have every one answered; come back when the engine does."""
        wait = 1.0
        while not self._closed.is_set():
            try:
                for change in self._subscribe():
                    wait, self._deaf = 1.0, False
                    self._stir(change)
                if not self._closed.is_set():
                    raise EngineUnreachable("the engine closed its stream of events")
            except (EngineUnreachable, EngineDenied) as error:
                if not self._closed.is_set():
                    self._post(self._observer.lost(error))
            except EngineError:
                # It answers, but tells no events (a proxy before it may forbid them): then it is asked.
                self._deaf = True
                self._stir(ANYTHING)
            if self._closed.wait(wait):
                return
            wait = min(wait * 2, self._patience)

    def follow(self) -> None:
        """Look at the engine whenever something stirred, and again while it is in trouble."""
        pause: float | None = None
        wait = 0.5
        while True:
            self._stirred.wait(pause)
            if self._closed.is_set():
                return
            began = time.monotonic()
            changes = self._take()
            if not changes or ANYTHING in changes or len(changes) > _MANY:
                picture = self._observer.resync()
            else:
                picture = self._observer.look(changes)
            self._post(picture)
            self._outdated.set()
            if picture.trouble:
                pause = wait = min(wait * 2, self._patience)
                self._stir(ANYTHING, at_once=False)
            else:
                pause, wait = _DEAF if self._deaf else self._safety, 0.5
            looked = time.monotonic() - began
            if self._closed.wait(max(_BURST, min(_REST * looked, _LONGEST_REST))):
                return

    def explain(self) -> None:
        """See what the list does not tell, such as why a session ended. Nobody waits for it."""
        while not self._closed.wait(_LATER):
            unexplained = self._observer.unexplained()[:_MANY]
            for session in unexplained:
                picture = self._observer.explain(session)
                if self._closed.is_set():
                    return
            if unexplained:
                self._post(picture)

    def survey(self) -> None:
        """See what the engine can give whenever sessions or devices have changed, but seldom."""
        while True:
            # A driver that takes its time tells of its devices later than the engine of its sessions.
            outdated = self._outdated.wait(_SURVEY) or self._observer.misses_devices()
            if self._closed.is_set():
                return
            if not outdated:
                continue
            self._outdated.clear()
            self._post(self._observer.survey())
            if self._closed.wait(_SURVEY):
                return

    def stir(self) -> None:
        """Have the engine looked at now."""
        self._stir(ANYTHING)

    def close(self) -> None:
        """End the loops; a wait in the engine is broken."""
        self._closed.set()
        self._stirred.set()
        self._outdated.set()
        with self._lock:
            events, self._events = self._events, None
        if events is not None:
            with contextlib.suppress(EngineError):
                events.close()

    @property
    def _patience(self) -> float:
        engine = self._observer.picture().engine
        return _PATIENCE if engine is None or engine.local else _PATIENCE_FAR

    def _stir(self, change: Change, *, at_once: bool = True) -> None:
        if change != ANYTHING and not change.session_id:
            # A stranger's container takes or gives back what the engine can give, no more.
            self._outdated.set()
            return
        with self._lock:
            # The latest of equal ones counts: what came in between is over.
            self._changes.pop(change, None)
            self._changes[change] = None
        if at_once:
            self._stirred.set()

    def _take(self) -> list[Change]:
        # Cleared before the look: what stirs during it is looked at again.
        self._stirred.clear()
        with self._lock:
            changes, self._changes = list(self._changes), {}
        return changes

    def _subscribe(self) -> Events:
        events = self._engine.events()
        with self._lock:
            self._events = events
        if self._closed.is_set():
            events.close()
        return events
