"""Tells which ports of a session are open, by one look inside it."""

from __future__ import annotations

from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.session import Session

_LISTEN = "0A"
"""State of a listening socket in /proc/net/tcp (proc(5), TCP_LISTEN in the kernel's tcp_states.h)."""


def listening(ports: Ports, session: Session) -> frozenset[int]:
    """The ports on which something in the session listens. Raises NotYours, EngineError."""
    ensure_may_touch(session, ports.owner)
    # Not every kernel has the second file; cat then still prints the first.
    outcome = ports.engine.run(session, ["cat", "/proc/net/tcp", "/proc/net/tcp6"])
    return parse_listening(outcome.output.decode("ascii", "replace"))


def parse_listening(text: str) -> frozenset[int]:
    """The listening ports in the text of /proc/net/tcp; lines that are none are skipped."""
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) > 3 and words[3] == _LISTEN:
            _, _, port = words[1].rpartition(":")
            try:
                found.add(int(port, 16))
            except ValueError:
                continue
    return frozenset(found)
