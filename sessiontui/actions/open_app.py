"""Opens an app: starts it in the session where needed and says where it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from sessiontui.access.forwarding import forward_command, place
from sessiontui.access.keys import KeyRing
from sessiontui.access.ssh_lines import ssh_lines
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.actions.ssh_config import ssh_host
from sessiontui.domain.environment import App
from sessiontui.domain.errors import AppFailed, EngineError, Unknown
from sessiontui.domain.launch import unknown
from sessiontui.domain.session import Endpoint, Phase, Session


def offered(ports: Ports, session: Session) -> tuple[App, ...]:
    """The apps the session can run now. Raises NotYours, EngineError when it does not run."""
    ensure_may_touch(session, ports.owner)
    _ensure_running(session)
    return ports.engine.offers(session)


def open_app(
    ports: Ports, session: Session, name: str, *, keys: KeyRing, environ: Mapping[str, str]
) -> Endpoint:
    """Start the app unless it runs, wait for its port, and return its endpoint.

    ``environ`` tells how the person is connected. Raises Unknown, NotYours, AppFailed, EngineError.
    """
    ensure_may_touch(session, ports.owner)
    _ensure_running(session)
    app = session.app(name)
    if app is None:
        raise Unknown(unknown("app", name, [one.name for one in session.apps]))
    carrier = session.app(app.via) if app.via else app
    outside = session.host_port(carrier.port) if carrier else None
    if carrier is None or outside is None:
        raise AppFailed(f"{app.label} has no published port in this session", "launch a new session")
    for one in dict.fromkeys((carrier, app)):
        ports.engine.serve(session, one)
    if app.protocol == "tcp":
        host = ssh_host(ports, keys, session, outside)
        return Endpoint(
            name,
            "127.0.0.1",
            outside,
            ssh_command=host.files.ssh_command(outside),
            sftp_command=host.files.ssh_command(outside, "sftp"),
            lines=ssh_lines(
                host,
                place(environ, ports.ssh_destination),
                named=keys.config is not None and keys.config.installed(),
            ),
        )
    query = f"?token={quote(ports.engine.secret(session))}" if carrier.secret else ""
    return Endpoint(
        name,
        "127.0.0.1",
        outside,
        # A label's path without its slash would be read as part of the host's name.
        url=f"http://127.0.0.1:{outside}/{app.path.lstrip('/')}{query}",
        ssh_command=forward_command(outside, environ, ports.ssh_destination),
    )


def _ensure_running(session: Session) -> None:
    if session.phase is not Phase.RUNNING:
        raise EngineError(f"{session.name} is {session.phase}", "start it first")
