"""Joins its input, in the frames that relay.sh tells of, and its output to a port of the session.

Run inside a session by any Python from 3.5 on.
"""

import os
import socket
import sys
import threading


def join(port: int) -> None:
    """Carry both ways until the port's side closes or the input ends."""
    try:
        served = socket.create_connection(("127.0.0.1", port))
    except OSError as error:
        sys.exit(f"sessiontui: port {port} takes no connection: {error.strerror}")
    # What is asked in small pieces is answered at once.
    served.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _print(b"framed\n")
    threading.Thread(target=_send, args=(served,), daemon=True).start()
    try:
        while True:
            chunk = served.recv(65536)
            if not chunk:
                break
            _print(chunk)
    except OSError:
        pass
    os._exit(0)


def _send(served: socket.socket) -> None:
    """Pass the frames on; what the port does not take any more is thrown away."""
    frames = sys.stdin.buffer
    while True:
        header = frames.read(2)
        if len(header) < 2:
            break
        chunk = frames.read(int.from_bytes(header, "big"))
        try:
            if chunk:
                served.sendall(chunk)
            else:
                served.shutdown(socket.SHUT_WR)
        except OSError:
            continue
    os._exit(0)


def _print(chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(1, chunk) :]


if __name__ == "__main__":
    join(int(sys.argv[1]))
