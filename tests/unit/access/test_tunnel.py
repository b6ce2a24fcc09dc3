"""A tunnel over real sockets: who is let in, what is carried, and how it ends."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from sessiontui.access.tunnel import MOST, Tunnel
from sessiontui.domain.errors import EngineError, HostError, SessiontuiError

END = b""


class Echo:
    """Sends back what it gets, and a word for the end of that."""

    def __init__(self) -> None:
        self.chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.closed = threading.Event()

    def read(self) -> bytes:
        return self.chunks.get()

    def write(self, data: bytes) -> None:
        if self.closed.is_set():
            raise EngineError("closed")
        self.chunks.put(data)

    def end_input(self) -> None:
        self.chunks.put(b"[end]")
        self.chunks.put(END)

    def close(self) -> None:
        self.closed.set()
        self.chunks.put(END)


class Stage:
    """A tunnel to echoes, and what became of it."""

    def __init__(self, uids: set[int]) -> None:
        self.dialled: list[Echo] = []
        self.refusal: SessiontuiError | None = None
        self.failures: queue.SimpleQueue[SessiontuiError] = queue.SimpleQueue()
        self.tunnel = Tunnel(0, uids, self.dial, self.failures.put)

    def dial(self) -> Echo:
        if self.refusal is not None:
            raise self.refusal
        self.dialled.append(Echo())
        return self.dialled[-1]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.tunnel.port), 10)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage({os.geteuid()})
    yield stage
    stage.tunnel.close()


def read_all(client: socket.socket) -> bytes:
    got = b""
    try:
        while chunk := client.recv(65536):
            got += chunk
    except ConnectionResetError:
        pass
    return got


def test_bytes_go_both_ways_and_their_end_too(stage: Stage) -> None:
    with stage.connect() as client:
        sent = bytes(range(256)) * 5000

        def send() -> None:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)

        threading.Thread(target=send, daemon=True).start()
        assert read_all(client) == sent + b"[end]"
    assert stage.dialled[0].closed.wait(10)


def test_what_it_leads_to_ends_the_connection(stage: Stage) -> None:
    with stage.connect() as client:
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
        stage.dialled[0].chunks.put(END)
        assert read_all(client) == b""


def test_a_client_that_is_gone_ends_what_it_led_to(stage: Stage) -> None:
    client = stage.connect()
    client.sendall(b"hello")
    assert client.recv(5) == b"hello"
    client.close()
    assert stage.dialled[0].closed.wait(10)


def test_a_connection_that_cannot_be_made_is_hung_up_and_told(stage: Stage) -> None:
    stage.refusal = EngineError("nothing listens on port 5000")
    with stage.connect() as client:
        assert read_all(client) == b""
    assert stage.failures.get(timeout=10) is stage.refusal
    stage.refusal = None
    with stage.connect() as client:
        client.sendall(b"now")
        assert client.recv(3) == b"now"


def test_the_end_of_the_tunnel_ends_everything(stage: Stage) -> None:
    with stage.connect() as client:
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
        stage.tunnel.close()
        stage.tunnel.close()
        assert read_all(client) == b""
    assert stage.dialled[0].closed.is_set()
    with pytest.raises(OSError, match="refused"):
        stage.connect()


def test_no_more_than_so_many_are_carried(stage: Stage) -> None:
    clients = []
    for _ in range(MOST):
        clients.append(stage.connect())
        clients[-1].sendall(b"x")
        assert clients[-1].recv(1) == b"x"
    with stage.connect() as one_more:
        assert read_all(one_more) == b""
    assert len(stage.dialled) == MOST
    for client in clients:
        client.close()


def test_a_port_that_is_taken_is_said(stage: Stage) -> None:
    with pytest.raises(HostError, match=f"port {stage.tunnel.port}"):
        Tunnel(stage.tunnel.port, set(), stage.dial)


def test_other_users_are_hung_up_on_without_a_byte() -> None:
    stage = Stage({os.geteuid() + 1})
    try:
        with stage.connect() as client:
            assert read_all(client) == b""
        assert stage.dialled == []
    finally:
        stage.tunnel.close()


ASK = """
import os, socket, sys
os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
client = socket.socket()
client.connect(("127.0.0.1", int(sys.argv[2])))
try:
    client.sendall(b"let me in")
    print(client.recv(100).decode())
except ConnectionError:
    print()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_of_two_real_users_one_is_let_in() -> None:
    stage = Stage({0, 4321})

    def answer(uid: int) -> str:
        command = [sys.executable, "-I", "-c", ASK, str(uid), str(stage.tunnel.port)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()

    try:
        assert (answer(4321), answer(4322), answer(0)) == ("let me in", "", "let me in")
        assert len(stage.dialled) == 2
    finally:
        stage.tunnel.close()
