"""Ports of a session on the host's loopback."""

from __future__ import annotations

import socket

from sessiontui.engine.ports import RANGE, pick_ports


def test_ports_differ_and_avoid_those_that_sessions_keep() -> None:
    taken = set(RANGE) - {RANGE.start + 5, RANGE.start + 6}
    assert sorted(pick_ports(2, taken, here=False)) == [RANGE.start + 5, RANGE.start + 6]


def test_a_port_somebody_listens_on_is_not_picked() -> None:
    with socket.socket() as listener:
        port = RANGE.start
        while True:
            try:
                listener.bind(("127.0.0.1", port))
                break
            except OSError:
                port += 1
        listener.listen()
        other = port + 1 if port % 2 else port + 2
        picked = pick_ports(1, set(RANGE) - {port, other}, here=True)
    assert picked == [other]
