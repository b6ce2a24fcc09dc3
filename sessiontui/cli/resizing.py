"""What ``resize`` does: new limits for a session."""

from __future__ import annotations

import os
from argparse import Namespace

from sessiontui import wiring
from sessiontui.actions.describe import session_json
from sessiontui.actions.ports import find_session
from sessiontui.actions.resize import resize as change
from sessiontui.cli.complaint import complain
from sessiontui.cli.printing import print_json
from sessiontui.config import Settings

_USAGE = 2


def resize(arguments: Namespace, settings: Settings) -> int:
    """Change CPU and memory of a session and print what it has now."""
    if arguments.cpu is None and arguments.memory is None:
        complain("resize changes nothing by itself", "name --cpu CORES, --memory SIZE, or both")
        return _USAGE
    ports = wiring.ports(settings, os.environ)
    session = find_session(ports.engine, arguments.name, ports.owner)
    changed = change(ports, session, arguments.cpu, arguments.memory)
    if arguments.json:
        print_json(session_json(changed))
    else:
        print(f"{changed.name}: {changed.ask}")
    return 0
