"""Reading through a unix socket, from a real server that answers, refuses, hangs and breaks off."""

from __future__ import annotations

import json
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sessiontui.dockerd.errors import translated
from sessiontui.dockerd.reading import SocketReader
from sessiontui.domain.errors import DiskFull, EngineDenied, EngineError, EngineUnreachable, SessionGone


class Engine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers like an engine; what it is asked is kept."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Answer)
        self.path = str(path)
        self.asked: list[str] = []
        self.connections = 0
        self.idle_closed = False
        self.hang = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked has given up: no word of it."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Engine

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        server = self.server
        # Read before the answer: whoever has that may go on to ask for a closed connection.
        closing = server.idle_closed
        server.asked.append(self.path)
        address = urlsplit(self.path)
        match address.path.removeprefix("/v1.41"):
            case "/_ping":
                self.answer(200, b"OK", "text/plain")
            case "/echo":
                self.answer(200, json.dumps(parse_qs(address.query)).encode())
            case "/gone":
                self.answer(404, b'{"message": "no such thing"}')
            case "/full":
                self.answer(500, b'{"message": "write /x: no space left on device"}')
            case "/broken":
                self.answer(200, b'{"half": ')
            case "/hang":
                server.hang.wait(10)
                self.answer(200, b"{}")
            case "/events":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for number in range(2):
                    self.chunk(b'{"Action": "start", "number": %d}\n' % number)
                server.hang.wait(10)
                self.chunk(b"")
        if closing:
            self.close_connection = True

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, body: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class's word
        """Nothing is written."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as directory:
        engine = Engine(Path(directory, "d.sock"))
        threading.Thread(target=engine.serve_forever, args=(0.01,), daemon=True).start()
        yield engine
        engine.hang.set()
        engine.shutdown()
        engine.server_close()


def test_what_is_no_text_goes_as_json_under_the_version_the_engine_speaks(engine: Engine) -> None:
    reader = SocketReader(engine.path, 5)
    answer = reader.get("/echo", {"all": True, "filters": {"label": ["a=b"]}, "name": "x y"})
    assert answer == {"all": ["true"], "filters": ['{"label": ["a=b"]}'], "name": ["x y"]}
    assert engine.asked[1].startswith("/v1.41/echo?")
    reader.close()


def test_a_connection_serves_many_requests_and_one_that_was_closed_is_replaced(engine: Engine) -> None:
    reader = SocketReader(engine.path, 5)
    reader.get("/echo")
    before = engine.connections
    reader.get("/echo")
    assert engine.connections == before
    engine.idle_closed = True
    reader.get("/echo")
    reader.get("/echo")
    assert engine.connections == before + 1
    reader.close()


@pytest.mark.parametrize(
    ("path", "gone", "error", "words"),
    [
        ("/gone", False, EngineError, "it: no such thing"),
        ("/gone", True, SessionGone, "it is gone"),
        ("/full", False, DiskFull, "no space is left"),
        ("/broken", False, EngineUnreachable, "cannot be read"),
    ],
)
def test_answers_that_are_none_are_our_errors(
    engine: Engine, path: str, gone: bool, error: type[Exception], words: str
) -> None:
    reader = SocketReader(engine.path, 5)
    with pytest.raises(error, match=words), translated("it", gone=gone):
        reader.get(path)
    assert reader.get("/echo") == {}
    reader.close()


def test_an_engine_that_hangs_is_unreachable_in_time(engine: Engine) -> None:
    reader = SocketReader(engine.path, 0.2)
    with pytest.raises(EngineUnreachable, match="in time"), translated("it"):
        reader.get("/hang")


def test_what_is_no_engine_is_said(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(EngineUnreachable), translated("it"):
            SocketReader(str(tmp_path / "s"), 5)


def test_a_socket_that_is_not_there_or_not_ours_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineUnreachable, match="No such file"), translated("it"):
        SocketReader(str(tmp_path / "nothing"), 5)
    with pytest.raises(EngineDenied, match="may not open"), translated("it"):
        raise PermissionError(13, "Permission denied")


def test_events_come_one_by_one_and_end_when_closed_from_elsewhere(engine: Engine) -> None:
    reader = SocketReader(engine.path, 0.2)
    stream = reader.events({"type": ["container"]})
    heard: list[int] = []
    two = threading.Event()

    def listen() -> None:
        for event in stream:
            heard.append(event["number"])
            if len(heard) == 2:
                two.set()

    listener = threading.Thread(target=listen)
    listener.start()
    assert two.wait(5)
    # Silence is no error, however short an answer may take.
    listener.join(0.5)
    assert listener.is_alive()
    stream.close()
    listener.join(5)
    assert not listener.is_alive()
    assert heard == [0, 1]


def test_events_come_also_where_the_answer_ends_the_connection(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def answer() -> None:
            for head, body in ((b"Api-Version: 1.41", b""), (b"Connection: close", b'{"number": 1}\n')):
                connection, _ = listener.accept()
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
                # Silence is no error, however short an answer may take.
                time.sleep(0.4 if body else 0)
                connection.sendall(body)
                connection.close()

        threading.Thread(target=answer, daemon=True).start()
        assert list(SocketReader(str(tmp_path / "s"), 0.2).events({})) == [{"number": 1}]


def test_a_bug_of_ours_is_not_called_an_unreachable_engine() -> None:
    with pytest.raises(ZeroDivisionError), translated("it"):
        print(1 // 0)
