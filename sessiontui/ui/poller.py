"""Keeps the Picture current: engine events for the list, a slow tick for the meters."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from textual.message import Message

from sessiontui.actions.observe import Observer
from sessiontui.domain.errors import EngineError, EngineUnreachable
from sessiontui.domain.picture import Picture
from sessiontui.engine.port import Engine, Events

_BURST = 0.05
"""Seconds in which events are answered by one look at the engine."""
_PATIENCE = 10.0
"""The longest time between two tries to reach an engine that does not answer, in seconds."""
_SAFETY = 30.0
"""Seconds after which the sessions are listed anew, events or not."""


class PictureTaken(Message):
    """A refresh saw the engine, or failed to. Only the latest one waiting matters."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture

    def can_replace(self, message: Message) -> bool:
        """An older picture that nobody has looked at yet is not worth a look."""
        return isinstance(message, PictureTaken)


class Poller:
    """Two blocking loops for two threads: ``listen`` waits for events, ``follow`` answers them.

    ``follow`` looks at most once in a burst and always after the last event. ``close`` ends both.
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
        self._lock = threading.Lock()
        self._events: Events | None = None

    def listen(self) -> None:
        """Wait for events and have every one answered; come back when the engine does."""
        wait = 1.0
        while not self._closed.is_set():
            try:
                events = self._subscribe()
                for _ in events:
                    wait = 1.0
                    self._stirred.set()
                if not self._closed.is_set():
                    raise EngineUnreachable("the engine closed its stream of events")
            except EngineError as error:
                if not self._closed.is_set():
                    self._post(self._observer.lost(error))
            if self._closed.wait(wait):
                return
            wait = min(wait * 2, _PATIENCE)

    def follow(self) -> None:
        """Look at the engine whenever something stirred, and again while it is in trouble."""
        pause: float | None = None
        wait = 0.5
        while True:
            self._stirred.wait(pause)
            if self._closed.is_set():
                return
            # Cleared before the look: what stirs during it is looked at again.
            self._stirred.clear()
            picture = self._observer.resync()
            self._post(picture)
            if not picture.trouble:
                pause, wait = self._safety, 0.5
            else:
                pause = wait = min(wait * 2, _PATIENCE)
            if self._closed.wait(_BURST):
                return

    def stir(self) -> None:
        """Have the engine looked at now."""
        self._stirred.set()

    def close(self) -> None:
        """End both loops; a wait in the engine is broken."""
        self._closed.set()
        self._stirred.set()
        with self._lock:
            events, self._events = self._events, None
        if events is not None:
            with contextlib.suppress(EngineError):
                events.close()

    def _subscribe(self) -> Events:
        events = self._engine.events()
        with self._lock:
            self._events = events
        if self._closed.is_set():
            events.close()
        return events
