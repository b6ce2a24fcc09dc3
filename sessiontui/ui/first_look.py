"""The first look at the engine, taken while the first frame is drawn: waiting for it takes no CPU."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from sessiontui.domain.errors import SessiontuiError

if TYPE_CHECKING:
    from sessiontui.actions.observe import Observer
    from sessiontui.actions.ports import Ports
    from sessiontui.engine.port import Engine

_PATIENCE = 0.3
"""Seconds that the dashboard waits for it, so as to open on what was seen."""
_FAREWELL = 0.5
"""Seconds that meters and engine have to let go of what they hold; the end of the process does it too."""


class FirstLook:
    """Makes the ports in a thread and has the engine looked at. Begins when it is made."""

    def __init__(self, make_ports: Callable[[], Ports]) -> None:
        self._make_ports = make_ports
        self._made: Future[tuple[Ports, Observer]] = Future()
        self._looked: Future[None] = Future()
        threading.Thread(target=self._look, name="first-look", daemon=True).start()

    def taken(self) -> tuple[Ports, Observer]:
        """The ports and what was seen; an engine that takes its time is not waited for.

        Raises what went wrong beyond an engine that does not answer, which is in the picture.
        """
        made = self._made.result()
        with suppress(TimeoutError):
            self._looked.result(_PATIENCE)
        return made

    def close(self) -> None:
        """Let go of meters and engine; the program's end waits for neither of them when they hang."""
        closing = threading.Thread(target=self._close, name="close", daemon=True)
        closing.start()
        closing.join(_FAREWELL)

    def _look(self) -> None:
        try:
            from sessiontui.actions.observe import Observer

            parts = self._make_ports()
            observer = Observer(parts, time.time)
        except BaseException as error:  # noqa: BLE001 # carried over to whoever waits
            self._made.set_exception(error)
            return
        self._made.set_result((parts, observer))
        # What engine it is takes it as long to tell as the list: both are asked for at once.
        threading.Thread(target=_told, args=(parts.engine,), name="first-look", daemon=True).start()
        try:
            observer.resync()
        except BaseException as error:  # noqa: BLE001 # likewise
            self._looked.set_exception(error)
        else:
            self._looked.set_result(None)

    def _close(self) -> None:
        if self._made.done() and not self._made.exception():
            parts, _ = self._made.result()
            parts.meter.close()
            parts.gpus.close()
            parts.engine.close()


def _told(engine: Engine) -> None:
    """Have the engine say what it is; whoever asks again is told what is wrong with it."""
    with suppress(SessiontuiError):
        engine.facts()
