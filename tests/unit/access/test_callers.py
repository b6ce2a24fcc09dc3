"""Whose process is at the other end, by the kernel's table."""

from __future__ import annotations

import os
import socket
import struct
import sys

import pytest

from sessiontui.access.callers import caller_of, find_caller

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the tables were taken on such a machine")

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
HERE, THERE = ("127.0.0.1", 38015), ("127.0.0.1", 36444)
OURS = (
    "   0: 0100007F:947F 0100007F:8E5C 01 00000000:00000000 00:00000000 00000000  1000        0 49221 1 0 20"
)
THEIRS = (
    "   1: 0100007F:8E5C 0100007F:947F 01 00000000:00000000 00:00000000 00000000  1001        0 49222 1 0 20"
)
CLOSED = "   1: 0100007F:8E5C 0100007F:947F 05 00000000:00000000 00:00000000 00000000     0        0 0 2 0 20"
WAITING = "   1: 0100007F:8E5C 0100007F:947F 06 00000000:00000000 03:0000176F 00000000     0        0 0 3 0"
SIX = (
    "   0: 0000000000000000FFFF00000100007F:8E5C 0000000000000000FFFF00000100007F:947F 01 "
    "00000000:00000000 00:00000000 00000000  1002        0 49223 1 0 20"
)


@pytest.mark.parametrize(
    ("lines", "uid"),
    [
        ([OURS, THEIRS], 1001),
        ([OURS, CLOSED], None),
        ([WAITING], None),
        ([WAITING, THEIRS], 1001),
        ([OURS], None),
        ([OURS, HEAD, SIX], 1002),
        (["", "1: 2 3", "words of no meaning in a line that is as long as others are are are"], None),
    ],
)
def test_the_other_end_is_found_by_both_addresses(lines: list[str], uid: int | None) -> None:
    assert find_caller(HEAD + "\n".join(lines), THERE, HERE) == uid


def test_another_connection_of_the_same_port_is_another() -> None:
    assert find_caller(THEIRS, ("127.0.0.1", 36445), HERE) is None
    assert find_caller(THEIRS, ("127.0.0.2", 36444), HERE) is None
    assert find_caller(THEIRS, THERE, ("127.0.0.1", 38016)) is None


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_connection_of_this_process_is_of_its_user(family: socket.AddressFamily) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(family) as client:
        host = "127.0.0.1" if family == socket.AF_INET else "::ffff:127.0.0.1"
        client.connect((host, listener.getsockname()[1]))
        accepted, _ = listener.accept()
        with accepted:
            assert caller_of(accepted) == os.geteuid()
            client.shutdown(socket.SHUT_WR)
            assert caller_of(accepted) == os.geteuid()
            client.close()
            assert caller_of(accepted) is None


def test_who_reset_the_connection_is_nobody_though_its_port_is_used_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as first:
        first.connect(listener.getsockname())
        own = first.getsockname()
        first.sendall(b"sent by somebody else")
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()
        with socket.socket() as second:
            second.bind(own)
            second.connect(listener.getsockname())
            one, other = listener.accept()[0], listener.accept()[0]
            with one, other:
                assert other.getpeername() == own
                assert caller_of(one) is None
                assert caller_of(other) is not None
