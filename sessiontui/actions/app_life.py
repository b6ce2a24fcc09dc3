"""What the apps of a session do, and their end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.environment import App, AppState
from sessiontui.domain.errors import AppFailed, EngineError, Unknown
from sessiontui.domain.launch import unknown
from sessiontui.domain.session import Phase, Session


@dataclass(frozen=True, slots=True)
class OfferedApp:
    """An app that a session can run, or that its owner runs in it."""

    app: App
    state: AppState


def offered_apps(ports: Ports, session: Session) -> tuple[OfferedApp, ...]:
    """The apps the session can run now, each with its state.

    Raises NotYours, EngineError when it does not run.
    """
    ensure_may_touch(session, ports.owner)
    ensure_running(session)
    # A person's own programs need nothing of the image.
    theirs = tuple(replace(app, needs="") if app.own else app for app in session.apps)
    offered = {app.name for app in ports.engine.offers(replace(session, apps=theirs))}
    found = tuple(app for app in session.apps if app.name in offered)
    states = ports.engine.app_states(session, found)
    return tuple(OfferedApp(app, states[app.name]) for app in found)


def end_app(ports: Ports, session: Session, name: str) -> App:
    """End the app's server, and with it whatever it serves.

    Raises Unknown, NotYours, AppFailed, EngineError.
    """
    app = _reached(ports, session, name)
    if app.own:
        raise AppFailed(f"{app.label} is a program of your own", "end it where you started it")
    ports.engine.end_app(session, app)
    return app


def app_output(ports: Ports, session: Session, name: str) -> str:
    """The end of what the app wrote. Raises Unknown, NotYours, EngineError."""
    return ports.engine.app_output(session, _reached(ports, session, name))


def ensure_running(session: Session) -> None:
    """Raise EngineError when the session does not run."""
    if session.phase is not Phase.RUNNING:
        raise EngineError(f"{session.name} {session.phase.said}", "start it first")


def find_app(session: Session, name: str) -> App:
    """The app of that name, or on the port of that number that the person serves. Raises Unknown."""
    app = session.app(name) or next((one for one in session.apps if one.own and str(one.port) == name), None)
    if app is None:
        raise Unknown(unknown("app", name, [one.name for one in session.apps]))
    return app


def _reached(ports: Ports, session: Session, name: str) -> App:
    ensure_may_touch(session, ports.owner)
    ensure_running(session)
    return find_app(session, name)
