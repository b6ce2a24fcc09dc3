"""Connections to ports inside sessions, on every engine and by every tool that an image may have."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from sessiontui.domain.environment import App
from sessiontui.domain.errors import EngineError
from sessiontui.domain.folder import Folder, Mount
from sessiontui.domain.session import Session
from sessiontui.engine.dialled import dialled
from sessiontui.engine.port import Pipe
from tests.contract.conftest import Bench
from tests.contract.packages import unpacked

pytestmark = pytest.mark.beside

SERVER = """
import socketserver, sys, time
class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        while chunk := self.request.recv(65536):
            if chunk == b"leave":
                return
            if chunk == b"flood":
                while True:
                    self.request.sendall(b"x" * 1000)
                    time.sleep(0.01)
            self.request.sendall(chunk)
        self.request.sendall(b"[all read]")
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True
Server(("127.0.0.1", 8010), Answer).serve_forever()
"""
"""Sends back what it gets and, for the end of that, a word; leaves when it is told to."""

ECHO = App("echo", "Echo", "tcp", 8010, "", f"exec python3 -c '{SERVER}'")


def echoing(bench: Bench, mounts: tuple[Mount, ...] = ()) -> Session:
    session = bench.launch(bench.order(apps=(ECHO,), mounts=mounts))
    bench.engine.serve(session, ECHO)
    return session


def read(connection: Pipe, length: int) -> bytes:
    got = b""
    while len(got) < length and (chunk := connection.read()):
        got += chunk
    return got


def processes(bench: Bench, session: Session) -> list[bytes]:
    """The command lines of the session's processes but those that are looking."""
    look = "for one in /proc/[0-9]*; do [ $one = /proc/$$ ] || { tr '\\0' ' ' <$one/cmdline; echo; }; done"
    lines = bench.engine.run(session, ["sh", "-c", look]).output.splitlines()
    return sorted(line for line in lines if line and not line.startswith(b"tr "))


def left(bench: Bench, session: Session, before: list[bytes]) -> list[bytes]:
    """What runs besides, once it had its time to end."""
    # A port that goes on after the end of its input is given ten seconds by some tools.
    for _ in range(150):
        after = processes(bench, session)
        if after == before:
            return []
        time.sleep(0.1)
    return [line for line in after if line not in before]


def test_bytes_go_there_and_back_as_they_are(bench: Bench) -> None:
    connection = bench.engine.dial(echoing(bench), ECHO.port)
    sent = bytes(range(256)) * 4096
    threading.Thread(target=connection.write, args=(sent,), daemon=True).start()
    assert read(connection, len(sent)) == sent
    connection.close()
    connection.close()


def test_where_nothing_listens_it_is_said(bench: Bench) -> None:
    session = echoing(bench)
    with pytest.raises(EngineError, match="nothing listens on port 8011"):
        bench.engine.dial(session, 8011)


def test_two_at_once_do_not_mix(bench: Bench) -> None:
    session = echoing(bench)
    one, other = (bench.engine.dial(session, ECHO.port) for _ in range(2))
    one.write(b"first")
    other.write(b"second")
    assert (read(other, 6), read(one, 5)) == (b"second", b"first")
    one.close()
    other.write(b"still there")
    assert read(other, 11) == b"still there"
    other.close()


def test_the_end_of_what_is_sent_arrives_and_the_answer_to_it_comes(bench: Bench) -> None:
    connection = bench.engine.dial(echoing(bench), ECHO.port)
    connection.write(b"last words")
    connection.end_input()
    assert read(connection, 100) == b"last words" + (b"[all read]" if bench.real else b"")
    connection.close()


def test_closed_here_it_ends_its_reader(bench: Bench) -> None:
    connection = bench.engine.dial(echoing(bench), ECHO.port)
    reader = threading.Thread(target=connection.read, daemon=True)
    reader.start()
    connection.close()
    reader.join(10)
    assert not reader.is_alive()


# --- inside a real session -----------------------------------------------------------------------------


def test_closed_there_it_ends_here_and_nothing_stays(docker_bench: Bench) -> None:
    session = echoing(docker_bench)
    before = processes(docker_bench, session)
    connection = docker_bench.engine.dial(session, ECHO.port)
    connection.write(b"leave")
    assert connection.read() == b""
    assert left(docker_bench, session, before) == []
    connection.close()


def test_closed_here_nothing_stays_though_the_port_never_ends(docker_bench: Bench) -> None:
    session = echoing(docker_bench)
    before = processes(docker_bench, session)
    connections = [docker_bench.engine.dial(session, ECHO.port) for _ in range(3)]
    for connection in connections:
        connection.write(b"flood")
        assert connection.read()
    assert len(processes(docker_bench, session)) > len(before)
    for connection in connections:
        connection.close()
    assert left(docker_bench, session, before) == []


def test_a_session_that_stops_ends_its_connections(docker_bench: Bench) -> None:
    session = echoing(docker_bench)
    connection = docker_bench.engine.dial(session, ECHO.port)
    docker_bench.engine.stop(session)
    assert connection.read() == b""
    connection.close()
    with pytest.raises(EngineError):
        docker_bench.engine.dial(session, ECHO.port)


TOOLS = {
    "python3": "",
    "perl": "",
    "bash": "",
    "socat": "socat",
    "nc": "busybox-static",
    "nc.openbsd": "netcat-openbsd",
}
"""Programs a port is reached by, with the package that is fetched for a session that lacks it."""
PASSES_THE_END = ("python3", "perl", "socat", "nc", "nc.openbsd")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with programs that the image lacks."""
    packages, folder = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("tools")
    for tool, package in TOOLS.items():
        if package:
            program = "busybox" if package == "busybox-static" else tool
            shutil.copy(unpacked(package, program, packages), folder / tool)
    for library in ("libbsd0", "libmd0", "libwrap0"):
        for file in unpacked_libraries(library, packages):
            shutil.copy(file, folder / file.name)
    folder.chmod(0o755)
    return folder


def unpacked_libraries(package: str, directory: Path) -> list[Path]:
    """The shared libraries of a package, by the names that programs ask for."""
    with pytest.raises(ValueError, match="not enough values"):
        unpacked(package, "no-program", directory)
    return [one for one in (directory / package).rglob("*.so.*") if one.is_file()]


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tool_carries_both_ways_and_leaves_nothing(docker_bench: Bench, tools: Path, tool: str) -> None:
    engine = docker_bench.engine
    session = echoing(docker_bench, mounts=(Mount.of(Folder("tools", str(tools)), read_only=True),))
    # Nothing else is on the way that programs are looked for.
    only = f"""
        mkdir -p only && cd only && ln -sf $(command -v cat) $(command -v sleep) . &&
        ln -sf $(command -v ../tools/{tool} || command -v {tool}) {tool.removesuffix(".openbsd")}
    """
    assert engine.run(session, ["sh", "-c", only]).exit_code == 0
    before = processes(docker_bench, session)

    def dial() -> Pipe:
        relay = "/opt/sessiontui/session/relay.sh"
        paths = ["PATH=/home/work/only", "LD_LIBRARY_PATH=/home/work/tools"]
        command = ["/usr/bin/env", *paths, "/bin/sh", relay, str(ECHO.port)]
        return dialled(engine.pipe(session, command), session.name, ECHO.port)

    connection = dial()
    sent = bytes(range(256)) * 1024
    threading.Thread(target=connection.write, args=(sent,), daemon=True).start()
    assert read(connection, len(sent)) == sent
    if tool in PASSES_THE_END:
        connection.end_input()
        assert read(connection, 100) == b"[all read]"
    else:
        connection.write(b"leave")
        assert connection.read() == b""
    assert left(docker_bench, session, before) == []
    connection.close()
    connection = dial()
    connection.write(b"hello")
    assert read(connection, 5) == b"hello"
    connection.close()
    assert left(docker_bench, session, before) == []


def test_an_image_without_any_tool_says_so(docker_bench: Bench) -> None:
    session = echoing(docker_bench)
    command = ["/usr/bin/env", "PATH=/nowhere", "/bin/sh", "/opt/sessiontui/session/relay.sh", "8010"]
    with pytest.raises(EngineError, match="neither python3, perl, socat, nc nor bash"):
        dialled(docker_bench.engine.pipe(session, command), session.name, 8010)
