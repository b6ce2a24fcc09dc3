"""What the app dialog asks of a session. Everything here blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sessiontui.access.keys import KeyRing
from sessiontui.actions.app_life import OfferedApp, app_output, end_app, offered_apps
from sessiontui.actions.open_app import Hold, open_app
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import SessionGone
from sessiontui.domain.session import Endpoint, Session
from sessiontui.engine.port import Change


@dataclass(frozen=True, slots=True)
class Wish:
    """An app that the person wants opened; ``anew`` ends it first."""

    app: str
    answer: str | None = None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class AppCalls:
    """Each call looks at the session first: its ports change when it is started anew."""

    ports: Ports
    session: Session
    keys: KeyRing
    environ: Mapping[str, str]
    hold: Hold | None = None

    def offer(self) -> tuple[OfferedApp, ...]:
        """The apps it can run, with what they do."""
        return offered_apps(self.ports, self._current())

    def open(self, wish: Wish) -> Endpoint:
        """Start an app and tell where it is reached."""
        session = self._current()
        if wish.anew:
            end_app(self.ports, session, wish.app)
        return open_app(
            self.ports,
            session,
            wish.app,
            keys=self.keys,
            environ=self.environ,
            answer=wish.answer,
            hold=self.hold,
        )

    def end(self, name: str) -> None:
        """End an app."""
        end_app(self.ports, self._current(), name)

    def output(self, name: str) -> str:
        """The last output of an app."""
        return app_output(self.ports, self._current(), name)

    def _current(self) -> Session:
        known = self.session
        session = self.ports.engine.look(Change(known.container_id or "", known.id), known)
        if session is not None:
            return session
        raise SessionGone(f"{known.name} is gone", "it was deleted meanwhile; esc goes back to the sessions")
