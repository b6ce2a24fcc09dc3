"""Launches under way: many at once, each visible, each to be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sessiontui.actions.launch import Launcher
from sessiontui.actions.observe import Observer
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.launch import Order, Preparation, Progress, Step
from sessiontui.domain.session import Session
from sessiontui.ui.background import in_background


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """One launch and the way to stop it."""

    order: Order
    cancellation: Cancellation
    since: float


class Launches:
    """Runs launches in threads of their own and has the observer show how far they are."""

    def __init__(self, launcher: Launcher, observer: Observer, now: Callable[[], float]) -> None:
        self._launcher = launcher
        self._observer = observer
        self._now = now
        self._under_way: dict[str, _UnderWay] = {}
        self.stale = False
        """Whether there is progress that has not been drawn; whoever draws clears it."""

    def __bool__(self) -> bool:
        return bool(self._under_way)

    @property
    def names(self) -> frozenset[str]:
        """The names these launches will take."""
        return frozenset(one.order.name for one in self._under_way.values())

    async def launch(self, order: Order) -> Session | None:
        """Run the launch to its end; None when this very order is under way already.

        Raises what :meth:`Launcher.launch` raises.
        """
        if order.id in self._under_way:
            return None
        one = _UnderWay(order, Cancellation(), self._now())
        self._under_way[order.id] = one
        self._show(one, Progress(Step.PENDING))
        try:
            return await in_background(self._run, one)
        finally:
            del self._under_way[order.id]

    def cancel(self, session_id: str) -> None:
        """Ask for the launch to end; its files and container are removed before it does."""
        one = self._under_way.get(session_id)
        if one is not None and not one.cancellation.requested:
            one.cancellation.request()
            self._show(one, Progress(Step.CANCELLING, "removing what it left"))

    def cancel_all(self) -> None:
        """Ask for all launches to end."""
        for session_id in list(self._under_way):
            self.cancel(session_id)

    def _run(self, one: _UnderWay) -> Session:
        def report(progress: Progress) -> None:
            if not one.cancellation.requested:
                self._show(one, progress)

        try:
            return self._launcher.launch(one.order, report, one.cancellation)
        finally:
            # The list is looked at before the launch's own line goes, so that neither is missing.
            self._observer.resync()
            self._observer.prepared(one.order.id)
            self.stale = True

    def _show(self, one: _UnderWay, progress: Progress) -> None:
        self._observer.prepare(Preparation(one.order, progress, one.since))
        self.stale = True
