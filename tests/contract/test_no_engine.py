"""What answers at the engine's socket is no engine, or a broken one: said in words, and no bug of ours."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sessiontui import dockerd
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import SessiontuiError
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.link import Link
from sessiontui.engine.port import Change, Engine
from tests.contract.conftest import ignore
from tests.pilot.stage import Stage, order, until
from tests.pilot.test_dashboard import main
from tests.real_dashboard import real_dashboard

pytestmark = pytest.mark.beside


def answer(body: bytes, *, status: str = "200 OK", length: int | None = None) -> bytes:
    head = f"HTTP/1.1 {status}\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


PING = answer(b"OK")
STRANGE: dict[str, bytes | None] = {
    "garbage": b"\x00\xff\x16\x03\x01 garbage\r\n\r\n" * 50,
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "silence": None,
    "half an answer": answer(b'[{"Id": "', length=5000),
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n[]",
    "a chunk that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n",
    "no JSON": answer(b"<html>a login page</html>"),
    "no text": answer(b"\xff\xfe\x00"),
    "a number": answer(b"7"),
    "null": answer(b"null"),
    "a list of numbers": answer(b"[1, 2, 3]"),
    "a list of empty objects": answer(b"[{}]"),
    "an object": answer(b"{}"),
    "a word": answer(b'"word"'),
    "deep": answer(b"[" * 100_000),
    "an error without words": answer(b"", status="500 Internal Server Error"),
    "an error that is no JSON": answer(b"<html>502</html>", status="502 Bad Gateway"),
    "an error that is a list": answer(b"[]", status="500 Internal Server Error"),
    "forbidden": answer(b'{"message": "no"}', status="403 Forbidden"),
}
"""What is said to every request but the first, which finds out whether an engine is there; None: no word."""


class Stranger:
    """Answers everything at a unix socket with the same bytes, and hangs up."""

    def __init__(self, path: Path, said: bytes | None, *, ping: bool) -> None:
        self._said, self._ping = said, ping
        self._closed = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        self._listener.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                asked = connection.recv(65536)
                if self._ping and (b"/_ping" in asked or b"/version" in asked):
                    version = answer(json.dumps({"ApiVersion": "1.41"}).encode())
                    connection.sendall(PING if b"/_ping" in asked else version)
                elif self._said is None:
                    self._closed.wait(10)
                else:
                    connection.sendall(self._said)
            except OSError:
                return


@pytest.fixture(params=[True, False], ids=["ping", "no ping"])
def stranger(request: pytest.FixtureRequest) -> Iterator[Callable[[str], dict[str, str]]]:
    """Makes one that says that, and gives the environment that names it."""
    with tempfile.TemporaryDirectory() as directory:
        made: list[Stranger] = []

        def make(what: str) -> dict[str, str]:
            path = Path(directory, "d.sock")
            made.append(Stranger(path, STRANGE[what], ping=request.param))
            return {"DOCKER_HOST": f"unix://{path}"}

        yield make
        for one in made:
            one.close()


SEEN = Stage().put("seen-before")
CHANGE = Change(SEEN.container_id or "", SEEN.id)
LOOKS: list[Callable[[Engine], object]] = [
    lambda engine: engine.facts(),
    lambda engine: engine.capacity(),
    lambda engine: engine.sessions(),
    lambda engine: engine.glance(),
    lambda engine: engine.look(CHANGE, SEEN),
    lambda engine: list(zip(engine.events(), range(3), strict=False)),
]
"""What a dashboard that is open asks all the time."""
ACTS: list[Callable[[Engine], object]] = [
    lambda engine: engine.has_image("an/image:1"),
    lambda engine: engine.images(),
    lambda engine: engine.found_images(),
    lambda engine: engine.pull("an/image:1", ignore, Cancellation()),
    lambda engine: engine.launch(order(), ignore, Cancellation()),
    lambda engine: engine.start(SEEN),
    lambda engine: engine.stop(SEEN),
    lambda engine: engine.delete(SEEN),
    lambda engine: engine.losses(SEEN),
    lambda engine: list(engine.logs(SEEN)),
    lambda engine: engine.run(SEEN, ["true"]),
    lambda engine: engine.read_file(SEEN, "/x"),
    lambda engine: engine.sweep(),
]
"""What a person asks for, through the engine's SDK."""


def assert_said(ask: Callable[[Engine], object], engine: Engine) -> None:
    """It ends, and if not well, then in words."""
    with suppress(SessiontuiError):
        ask(engine)


@pytest.mark.parametrize("what", STRANGE)
def test_every_look_at_it_ends_in_words(
    stranger: Callable[[str], dict[str, str]], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dockerd, "TIMEOUT", 0.2)
    environ = stranger(what)
    engine = DockerEngine(environ, Link(environ, timeout=0.2))
    for ask in LOOKS:
        assert_said(ask, engine)
    engine.close()


@pytest.mark.parametrize("what", ["garbage", "nothing", "half an answer", "half a head", "no JSON"])
def test_everything_asked_of_it_ends_in_words(
    stranger: Callable[[str], dict[str, str]], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dockerd, "TIMEOUT", 0.2)
    environ = stranger(what)
    engine = DockerEngine(environ, Link(environ, timeout=0.2))
    for ask in ACTS:
        assert_said(ask, engine)
    engine.close()


@pytest.mark.parametrize("what", ["garbage", "half an answer", "a list of empty objects", "null"])
async def test_a_dashboard_stays_open_and_says_what_is_wrong(
    stranger: Callable[[str], dict[str, str]], what: str, tmp_path: Path
) -> None:
    async with real_dashboard(stranger(what), tmp_path) as (pilot, app):
        await until(pilot, lambda: app.picture.trouble)
        await pilot.press("n", "question_mark", "escape", "2", "d")
        assert app.is_running
        assert main(app).is_attached
