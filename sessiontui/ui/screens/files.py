"""The files of this machine and of a session side by side."""

from __future__ import annotations

import time
from collections.abc import Callable

from sessiontui.actions.ports import Ports
from sessiontui.actions.sides import InSession, ThisMachine
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Session
from sessiontui.ui.present import clean
from sessiontui.ui.screens.two_sides import TwoSidesScreen


class FilesScreen(TwoSidesScreen[ThisMachine, InSession]):
    """Copies between this machine and a running session; closes when the session is gone."""

    def __init__(
        self, ports: Ports, session: Session, start: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``start`` is the directory of this machine to begin in."""
        super().__init__(ThisMachine(ports, start), InSession(ports, session), clock=clock)
        self._session = session

    def on_mount(self) -> None:
        """Look after the session."""
        self.watch(self.app, "picture", self._look, init=False)

    def _look(self, picture: Picture) -> None:
        """Close when the session is gone; a copy under way says so itself."""
        gone = not picture.trouble and picture.session(self._session.id) is None
        if gone and not self.copying and self.is_active:
            self.notify(f"{clean(self._session.name)} was deleted meanwhile", markup=False)
            self.dismiss(None)
