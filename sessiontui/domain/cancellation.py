"""A request to stop what is going on, safe to make from another thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sessiontui.domain.errors import Cancelled


class Cancellation:
    """Set once by whoever wants the work stopped; asked by whoever works.

    A worker that blocks on a stream registers how to break the wait (``breaking``), so that a
    request takes effect at once and not at the stream's next word.
    """

    def __init__(self) -> None:
        self._breaks: list[Callable[[], object]] = []
        self.requested = False

    def request(self) -> None:
        """Ask for the stop."""
        self.requested = True
        for break_wait in list(self._breaks):
            break_wait()

    def check(self) -> None:
        """Raise Cancelled when the stop has been asked for."""
        if self.requested:
            raise Cancelled("cancelled")

    @contextmanager
    def breaking(self, break_wait: Callable[[], object]) -> Iterator[None]:
        """Call ``break_wait`` on a request made inside; end with Cancelled when there was one."""
        self.check()
        self._breaks.append(break_wait)
        try:
            if self.requested:
                break_wait()
            yield
        except Exception as error:
            if self.requested and not isinstance(error, Cancelled):
                raise Cancelled("cancelled") from error
            raise
        finally:
            self._breaks.remove(break_wait)
        self.check()
