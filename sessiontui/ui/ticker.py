"""The tick of the dashboard: looks at the meters again and again, as often as terminal and machine bear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual.app import App

from sessiontui.actions.observe import Observer
from sessiontui.domain.picture import Picture
from sessiontui.ui.background import in_background

_FIRST_LOOK = 0.1
"""Seconds to the next look while the engine has not told the sessions yet."""
_SECOND_LOOK = 0.5
"""Seconds after a look that saw sessions for the first time: rates are known from the next one on."""
_SLOWEST = 10.0
"""Seconds between two looks at most, however little terminal and machine bear."""
_CALM = 5
"""Looks in time after which the next ones come sooner again."""
_PATIENCE = 2.0
"""How many periods a look may take before the figures on the screen are too old to stand."""


class Pace:
    """When the next look is due. The period doubles under strain and shrinks back in calm."""

    def __init__(self, interval: float, now: float) -> None:
        """``interval`` is the period wanted, ``now`` the time of the first look; both in seconds."""
        self._interval = interval
        self._due = now
        self._calm = 0
        self.period = interval

    def pause(self, woke: float, now: float, *, behind: bool) -> float:
        """Seconds to wait, given when the last look began and when it ended.

        ``behind`` says that the terminal has not taken yet what was drawn before.
        """
        late = woke - self._due > self.period / 4
        if behind or late or now - woke > self.period / 2:
            self.period = min(self.period * 2, max(self._interval, _SLOWEST))
            self._calm = 0
        else:
            self._calm += 1
            if self._calm >= _CALM:
                self.period = max(self._interval, self.period / 2)
                self._calm = 0
        self._due = max(self._due + self.period, now)
        return self._due - now


class Ticker:
    """Measures and posts the pictures. ``shown`` tells the ids of the sessions a person sees now."""

    def __init__(
        self,
        app: App[Any],
        observer: Observer,
        post: Callable[[Picture], object],
        shown: Callable[[], frozenset[str]],
    ) -> None:
        self._app = app
        self._observer = observer
        self._post = post
        self._shown = shown

    async def run(self, interval: float) -> None:
        """Look, for ever: never two looks at once, and none while the terminal is behind."""
        pace = Pace(interval, time.monotonic())
        seen = False
        while True:
            woke = time.monotonic()
            behind = terminal_is_behind(self._app)
            if not behind:
                await self._look(pace.period)
            pause = pace.pause(woke, time.monotonic(), behind=behind)
            if not seen:
                picture = self._observer.picture()
                seen = picture.engine is not None
                # An engine that does not answer may not do so for days.
                if not picture.trouble:
                    pause = min(pause, _SECOND_LOOK if seen else _FIRST_LOOK)
            await asyncio.sleep(pause)

    async def _look(self, period: float) -> None:
        look = asyncio.ensure_future(in_background(self._observer.measure, self._shown()))
        done, _ = await asyncio.wait([look], timeout=_PATIENCE * period)
        if not done:
            self._post(self._observer.unmeasured())
        self._post(await look)


def terminal_is_behind(app: App[Any]) -> bool:
    """Whether something drawn still waits to be taken by the terminal.

    Textual has no public measure of it; this is the queue of its thread that writes.
    """
    writer = getattr(app._driver, "_writer_thread", None)
    return writer is not None and writer._queue.qsize() > 0
