"""Opens an app: starts it in the session where needed and says where it is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from sessiontui.access.forwarding import destination, forward_command, from_afar
from sessiontui.access.keys import KeyRing
from sessiontui.access.ssh_lines import ssh_lines
from sessiontui.actions.app_life import ensure_running, find_app
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.actions.ssh_config import ssh_host
from sessiontui.domain.environment import App, AppPhase
from sessiontui.domain.errors import AppFailed
from sessiontui.domain.own_ports import CARRIER
from sessiontui.domain.session import Endpoint, Session

Hold = Callable[[Session, App], int]
"""Holds a way open to an app's own port while this program runs; returns its port on this machine."""


def open_app(
    ports: Ports,
    session: Session,
    name: str,
    *,
    keys: KeyRing,
    environ: Mapping[str, str],
    answer: str | None = None,
    hold: Hold | None = None,
) -> Endpoint:
    """Start the app unless it runs, wait for its port, and return its endpoint.

    ``environ`` tells how the person is connected; ``answer`` is for an app with a question. An app
    whose port is not published, and which no other app can carry, is reached by ``hold`` alone.

    Raises Unknown, NotYours, AppFailed, EngineError.
    """
    ensure_may_touch(session, ports.owner)
    ensure_running(session)
    app = find_app(session, name)
    if answer is not None and not answer.isprintable():
        raise AppFailed(f"{app.label} takes an answer of one line", "leave line breaks out of it")
    if app.own:
        _ensure_heard(ports, session, app)
    outside = None if app.own or app.via else session.host_port(app.port)
    carrier = _carrier(ports, session, app) if outside is None else None
    if carrier is not None:
        outside = session.host_port(carrier.port)
        ports.engine.serve(session, carrier)
    endpoint = partial(_endpoint, ports, session, app, carrier, keys=keys, environ=environ)
    if outside is None:
        if hold is None:
            raise AppFailed(
                f"{app.label} {_why_not_reached(app)}",
                f"hold a way open: sessiontui forward {session.name} {app.name}",
            )
        _serve(ports, session, app, answer, "")
        return replace(endpoint(hold(session, app)), held=True)
    _serve(ports, session, app, answer, app.base if carrier is not None and app.knows_base else "")
    return endpoint(outside)


def _serve(ports: Ports, session: Session, app: App, answer: str | None, base: str) -> None:
    """Start it, unless it is the person's to start."""
    if app.own:
        return
    try:
        ports.engine.serve(session, app, answer=answer, base=base)
    except AppFailed as error:
        if app.needs and not ports.engine.offers(replace(session, apps=(app,))):
            raise AppFailed(
                f"{session.name} has no {app.label}", "install it in the session first"
            ) from error
        raise


def _endpoint(
    ports: Ports,
    session: Session,
    app: App,
    carrier: App | None,
    outside: int,
    *,
    keys: KeyRing,
    environ: Mapping[str, str],
) -> Endpoint:
    """Where the app is reached now, on that port of this machine."""
    endpoint = Endpoint(app.name, "127.0.0.1", outside)
    forward = forward_command(outside, environ, ports.ssh_destination)
    if app.protocol == "tcp" and app.secret:
        host = ssh_host(ports, keys, session, outside)
        named = keys.config is not None and keys.config.installed()
        return replace(
            endpoint,
            ssh_command=host.files.ssh_command(outside),
            lines=ssh_lines(
                host,
                destination(environ, ports.ssh_destination),
                named=named,
                afar=from_afar(environ, ports.ssh_destination),
            ),
        )
    if app.protocol == "tcp":
        return replace(endpoint, ssh_command=forward)
    return replace(endpoint, url=page_url(ports, session, app, outside, carrier), ssh_command=forward)


def page_url(ports: Ports, session: Session, app: App, outside: int, carrier: App | None = None) -> str:
    """The address of an http app's page, with the secret, on that port of this machine: the carrier's
    where one carries it, else its own.
    """
    gate = carrier or app
    path = app.path if carrier is not None else app.page
    if carrier is not None and app.own and not app.base:
        path = f"/proxy/{app.port}{app.page if app.page.startswith('/') else '/'}"
    query = ""
    if gate.secret and gate.parameter:
        query = f"{'&' if '?' in path else '?'}{quote(gate.parameter)}={quote(ports.engine.secret(session))}"
    # A label's path without its slash would be read as part of the host's name.
    return f"http://127.0.0.1:{outside}/{path.lstrip('/')}{query}"


def _carrier(ports: Ports, session: Session, app: App) -> App | None:
    """The app whose server shows this one's pages; None where there is none that can."""
    if app.protocol != "http" or not (app.via or app.own):
        return None
    carrier = session.app(app.via or CARRIER)
    if carrier is None or session.host_port(carrier.port) is None:
        return None
    # That its pages can be had says not yet that it carries others.
    needs = carrier.carries or carrier.needs
    can = ports.engine.offers(replace(session, apps=(replace(carrier, needs=needs),)))
    return carrier if can else None


def _ensure_heard(ports: Ports, session: Session, app: App) -> None:
    state = ports.engine.app_states(session, (app,))[app.name]
    if state.phase is not AppPhase.RUNNING:
        raise AppFailed(
            f"nothing listens on port {app.port} of {session.name}",
            f"start your program there, listening on 127.0.0.1:{app.port}",
        )


def _why_not_reached(app: App) -> str:
    if app.via or app.own:
        return "asks nobody for a secret, and the image has no Jupyter server that could stand before it"
    return "has no published port in this session"
