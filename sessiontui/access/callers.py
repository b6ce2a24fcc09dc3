"""Tells whose process is at the other end of a connection on this machine, from the kernel's table.

The table is /proc/net/tcp and tcp6: proc(5), and in the kernel's sources Documentation/networking/
proc_net_tcp.rst. A line holds, in this order: number, local address and port, remote address and port, state,
queues, timer, retransmits, uid of who made the socket, timeouts, inode. Addresses are words of four bytes in
the machine's own order, in hex.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def caller_of(connection: socket.socket) -> int | None:
    """The uid at the other end of an accepted IPv4 connection; None where no process holds it any more."""
    try:
        there, here = connection.getpeername(), connection.getsockname()
        text = "".join(Path(table).read_text("ascii", "replace") for table in _TABLES if Path(table).exists())
        uid = find_caller(text, there, here)
        # One that was reset meanwhile has left its addresses to whoever comes next, who may be let in. It
        # has no peer any more; as long as there is one, the pair of addresses is nobody else's.
        connection.getpeername()
    except OSError:
        return None
    return uid


def find_caller(text: str, there: tuple[str, int], here: tuple[str, int]) -> int | None:
    """The uid of the socket that is at ``there`` and connected to ``here``, in the text of the tables.

    A socket that its process has closed stays in the table with uid 0 and inode 0: that is nobody.
    """
    ends = {(_written(there), _written(here)), (_mapped(there), _mapped(here))}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 9 and (words[1], words[2]) in ends:
            uid, inode = words[7], words[9]
            if uid.isdecimal() and inode.isdecimal() and int(inode) != 0:
                return int(uid)
    return None


def _written(end: tuple[str, int]) -> str:
    address, port = end
    return f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"


def _mapped(end: tuple[str, int]) -> str:
    """As a program writes it that speaks IPv6 to IPv4 (RFC 4291, 2.5.5.2)."""
    prefix = int.from_bytes(b"\0\0\xff\xff", sys.byteorder)
    return f"{'0' * 16}{prefix:08X}{_written(end)}"
