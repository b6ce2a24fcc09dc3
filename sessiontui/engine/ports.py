"""Picks ports on the host's loopback that a session keeps for all its life."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection

RANGE = range(20000, 30000)
"""Below the kernel's usual ephemeral ports, so that no outgoing connection takes one meanwhile."""


def pick_ports(count: int, taken: Collection[int], *, here: bool) -> list[int]:
    """Different random ports that no container has and, when the engine is here, nobody listens on.

    Somebody may still be quicker: who starts a container with them must be ready to pick again.
    """
    picked: list[int] = []
    while len(picked) < count:
        port = RANGE.start + secrets.randbelow(len(RANGE))
        if port not in taken and port not in picked and (not here or _free(port)):
            picked.append(port)
    return picked


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
