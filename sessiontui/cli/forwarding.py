"""The command that holds a way to a port of a session open, for as long as it runs."""

from __future__ import annotations

import json
import os
from argparse import Namespace

from sessiontui import wiring
from sessiontui.actions import describe
from sessiontui.actions.forward import Forwards
from sessiontui.actions.forward import forward as forward_to
from sessiontui.actions.ports import Ports, find_session
from sessiontui.cli.complaint import complain
from sessiontui.cli.printing import printable
from sessiontui.config import Settings
from sessiontui.domain.errors import EngineError
from sessiontui.domain.session import Session
from sessiontui.engine.port import Change

_LOOK_SECONDS = 2.0
"""How often it is looked whether the session is still there."""


def forward(arguments: Namespace, settings: Settings) -> int:
    """Hold a way to an app or a port, tell where, and go on until Ctrl+C or the end of the session."""
    ports = wiring.ports(settings, os.environ)
    session = find_session(ports.engine, arguments.name, ports.owner)
    forwards = Forwards(ports)
    try:
        endpoint = forward_to(
            ports, forwards, session, arguments.what, environ=os.environ, local=arguments.port
        )
        if arguments.json:
            print(json.dumps(describe.endpoint_json(endpoint), indent=2), flush=True)
        else:
            print(printable(endpoint.url) or f"{endpoint.host}:{endpoint.port}")
            print(endpoint.ssh_command, flush=True)
        try:
            return _hold(ports, forwards, session)
        except KeyboardInterrupt:
            return 0
    finally:
        forwards.close()


def _hold(ports: Ports, forwards: Forwards, session: Session) -> int:
    """Return once the session is gone, saying on the way why connections fail."""
    said = None
    while not forwards.wait(_LOOK_SECONDS):
        error = forwards.last_error
        if error is not None and error.message != said:
            complain(error.message, error.hint)
        said = error.message if error is not None else None
        try:
            there = ports.engine.look(Change(session.container_id or "", session.id))
        except EngineError:
            # An engine that restarts takes its time, and the way is as good as before then.
            continue
        if there is None:
            break
    complain(f"{session.name} is gone")
    return 1
