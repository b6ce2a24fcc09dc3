"""Ways from ports of this machine to ports of the owner's sessions, held open by a running program."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Collection, Mapping

from sessiontui.access.forwarding import forward_command
from sessiontui.access.tunnel import Connection, Tunnel
from sessiontui.actions.app_life import ensure_running
from sessiontui.actions.open_app import page_url
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.errors import HostError, SessionGone, SessiontuiError, Unknown
from sessiontui.domain.launch import unknown
from sessiontui.domain.session import Endpoint, Session

LOCAL = range(30000, 32768)
"""Where tunnels listen: above the ports that sessions publish, below the kernel's usual ephemeral ports."""

ROOT = 0


class Forwards:
    """The tunnels of one program; for any thread. Close it at the program's end."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._lock = threading.Lock()
        self._tunnels: dict[tuple[str, int], Tunnel] = {}
        self._sessions: dict[str, Session] = {}
        """As they were last held."""
        self._closed = False
        self.last_error: SessiontuiError | None = None
        """Why the last connection could not be made; None when it could."""

    def hold(self, session: Session, port: int, local: int | None = None) -> int:
        """The port of this machine that leads to that port of the session; from now on, if not before.

        Only processes of the owner and of root are let in. The same session and port get the same one
        again, in another run too, unless another program has it by then; ``local`` asks for a certain one.
        Raises NotYours, HostError.
        """
        ensure_may_touch(session, self._ports.owner)
        key = (session.id, port)
        with self._lock:
            if self._closed:
                raise HostError("the program is about to end", "start it again")
            self._sessions[session.id] = session
            held = self._tunnels.get(key)
            if held is not None and not held.closed.is_set() and local in (None, held.port):
                return held.port
            tunnel = self._open(session, port, usual_ports(*key) if local is None else (local,))
            self._tunnels[key] = tunnel
        if held is not None:
            held.close()
        return tunnel.port

    def wait(self, seconds: float) -> bool:
        """Wait that long; at most until no tunnel is left, which is returned."""
        with self._lock:
            tunnels = list(self._tunnels.values())
        end = time.monotonic() + seconds
        return all(tunnel.closed.wait(max(0.0, end - time.monotonic())) for tunnel in tunnels)

    def keep_only(self, session_ids: Collection[str]) -> None:
        """End the tunnels of sessions that are not among these: they are gone."""
        with self._lock:
            gone = [self._tunnels.pop(key) for key in list(self._tunnels) if key[0] not in session_ids]
        for tunnel in gone:
            tunnel.close()

    def close(self) -> None:
        """End all."""
        with self._lock:
            self._closed = True
        self.keep_only(())

    def _open(self, session: Session, port: int, possible: Collection[int]) -> Tunnel:
        def dial() -> Connection:
            connection = self._ports.engine.dial(self._sessions.get(session.id, session), port)
            self.last_error = None
            return connection

        def failed(error: SessiontuiError) -> None:
            self.last_error = error
            if isinstance(error, SessionGone):
                self._drop(session.id)

        refusal = HostError("no port of this machine is free for it", "end what holds them, or name one")
        for one in possible:
            try:
                return Tunnel(one, {ROOT, self._ports.owner.uid}, dial, failed)
            except HostError as error:
                refusal = error
        raise refusal

    def _drop(self, session_id: str) -> None:
        with self._lock:
            gone = [self._tunnels.pop(key) for key in list(self._tunnels) if key[0] == session_id]
        for tunnel in gone:
            tunnel.close()


def usual_ports(session_id: str, port: int) -> list[int]:
    """The ports of this machine to try for a port of a session, in this order: the same in every run."""
    digest = hashlib.sha256(f"{session_id}:{port}".encode()).digest()
    first = int.from_bytes(digest[:4], "big") % len(LOCAL)
    return [LOCAL[(first + step) % len(LOCAL)] for step in range(100)]


def forward(
    ports: Ports, forwards: Forwards, session: Session, what: str, *, environ: Mapping[str, str],
    local: int | None = None,
) -> Endpoint:  # fmt: skip
    """Start the app unless it runs, hold a way to its own port, and tell where that is.

    ``what`` is an app's name, or the number of a port, for which nothing is started. Raises Unknown,
    NotYours, AppFailed, HostError, EngineError.
    """
    ensure_may_touch(session, ports.owner)
    ensure_running(session)
    app = session.app(what)
    if app is not None:
        port = app.port
        if not app.own:
            ports.engine.serve(session, app)
    elif what.isascii() and what.isdigit() and len(what) < 6 and 0 < int(what) < 65536:
        port = int(what)
        # Whatever may be served there: only of what the person said they serve is more known.
        app = next((one for one in session.apps if one.port == port and one.own), None)
    else:
        hint = "or name a port's number, from 1 to 65535"
        raise Unknown(unknown("app", what, [one.name for one in session.apps]), hint)
    here = forwards.hold(session, port, local)
    line = forward_command(here, environ, ports.ssh_destination)
    name = app.name if app is not None else what
    if app is None or app.protocol != "http":
        return Endpoint(name, "127.0.0.1", here, ssh_command=line, held=True)
    return Endpoint(
        name, "127.0.0.1", here, url=page_url(ports, session, app, here), ssh_command=line, held=True
    )
