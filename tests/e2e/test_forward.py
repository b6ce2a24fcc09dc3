"""Ways to ports that are on no port of the host: who gets through, with what image, and how they end."""

from __future__ import annotations

import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.engine.docker import DockerEngine
from tests.contract.conftest import ignore
from tests.contract.packages import unpacked
from tests.private_engine import root_file_system

pytestmark = pytest.mark.beside

SessionTui = Callable[..., subprocess.CompletedProcess[str]]

SERVE = "mkdir -p www && cd www && echo for the owner >index.html && "
PYTHON_SERVER = SERVE + "exec python3 -m http.server -b 127.0.0.1 5000"
BUSYBOX_SERVER = SERVE + "exec httpd -f -p 127.0.0.1:5000"


@pytest.fixture
def engine(engine: DockerEngine) -> Iterator[DockerEngine]:
    """The real engine; what these tests launch is deleted at the end."""
    yield engine
    for session in engine.sessions():
        if session.name.startswith("forward-e2e-"):
            engine.delete(session)


@pytest.fixture
def busybox(engine: DockerEngine, tmp_path: Path) -> Iterator[str]:
    """An image of busybox alone: neither Python nor Perl, neither Jupyter nor sshd."""
    image = f"sessiontui-test/forward-{secrets.token_hex(4)}:1"
    program = unpacked("busybox-static", "busybox", tmp_path)
    engine.import_image(io.BytesIO(root_file_system(program)), image, ignore, Cancellation())
    yield image
    for session in engine.sessions():
        if session.image == image:
            engine.delete(session)
    client = docker.APIClient(version="auto")
    client.remove_image(image, force=True)
    client.close()


@contextmanager
def held(environ: dict[str, str], *arguments: str) -> Iterator[tuple[list[str], subprocess.Popen[str]]]:
    """``sessiontui forward`` while it runs, with the two lines it prints."""
    command = ["sessiontui", "forward", *arguments]
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as forward:  # fmt: skip
        assert forward.stdout is not None
        try:
            yield [forward.stdout.readline().strip() for _ in range(2)], forward
        finally:
            if forward.poll() is None:
                forward.send_signal(signal.SIGINT)
            forward.wait(20)


def page(port: int, path: str = "/") -> str:
    """What the port answers; waits until something serves it."""
    for _ in range(50):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"nothing answers on port {port}")


TRY = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
client = socket.socket()
client.settimeout(10)
try:
    client.connect((sys.argv[2], int(sys.argv[3])))
    client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    got = b""
    while chunk := client.recv(65536):
        got += chunk
    print("answered" if got else "hung up on")
except ConnectionRefusedError:
    print("refused")
except ConnectionError:
    print("hung up on")
"""


def tried_by(uid: int, host: str, port: int) -> str:
    """How a process of that user fares at an address of this machine."""
    command = [sys.executable, "-I", "-c", TRY, str(uid), host, str(port)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming other users needs root")
def test_an_app_on_no_port_of_the_host_is_out_of_another_users_reach(
    sessiontui: SessionTui, engine: DockerEngine, environ: dict[str, str], home: Path
) -> None:
    owner, other = 54321, 54322
    home.parent.chmod(0o777)
    home.chmod(0o777)
    as_owner = {"SUDO_UID": str(owner), "SUDO_GID": str(owner), "SUDO_USER": "alice"}
    launched = sessiontui("launch", "python", "--name", "forward-e2e-own", "--json", **as_owner)
    assert launched.returncode == 0, launched.stderr
    (session,) = [one for one in engine.sessions() if one.name == "forward-e2e-own"]
    assert session.owner.uid == owner
    pipe = engine.pipe(session, ["sh", "-c", PYTHON_SERVER])
    with held({**environ, **as_owner}, "forward-e2e-own", "5000") as (lines, _):
        local = int(lines[0].removeprefix("127.0.0.1:"))
        page(local)
        client = docker.APIClient(version="auto")
        inspected = client.inspect_container(session.container_id or "")
        client.close()
        addresses = {one["IPAddress"] for one in inspected["NetworkSettings"]["Networks"].values()}
        assert addresses
        assert all(addresses)
        for address in addresses:
            assert tried_by(other, address, 5000) == "refused"
        assert 5000 not in {inside for inside, _ in session.ports}
        assert tried_by(other, "127.0.0.1", local) == "hung up on"
        assert tried_by(owner, "127.0.0.1", local) == "answered"
        for address in socket.gethostbyname_ex(socket.gethostname())[2]:
            if not address.startswith("127."):
                assert tried_by(owner, address, local) == "refused"
    pipe.close()
    assert tried_by(owner, "127.0.0.1", local) == "refused"


def test_an_image_with_nothing_but_busybox_is_reached(
    sessiontui: SessionTui, engine: DockerEngine, environ: dict[str, str], busybox: str
) -> None:
    launched = sessiontui("launch", "--image", busybox, "--name", "forward-e2e-small", "--memory", "64m")
    assert launched.returncode == 0, launched.stderr
    (session,) = [one for one in engine.sessions() if one.name == "forward-e2e-small"]
    pipe = engine.pipe(session, ["sh", "-c", BUSYBOX_SERVER])
    with held(environ, "forward-e2e-small", "5000") as (lines, forward):
        local = int(lines[0].removeprefix("127.0.0.1:"))
        assert page(local) == "for the owner\n"
        assert lines[1].startswith(f"ssh -N -L {local}:127.0.0.1:{local} ")
        forward.send_signal(signal.SIGINT)
        assert forward.wait(20) == 0
    pipe.close()


def test_an_app_is_started_and_its_page_asks_for_the_secret(
    sessiontui: SessionTui, engine: DockerEngine, environ: dict[str, str]
) -> None:
    assert sessiontui("launch", "python", "--name", "forward-e2e-app").returncode == 0
    with held(environ, "forward-e2e-app", "jupyterlab", "--port", "30123") as (lines, _):
        assert lines[0].startswith("http://127.0.0.1:30123/lab?token=")
        assert lines[1].startswith("ssh -N -L 30123:127.0.0.1:30123 ")
        assert "<title>JupyterLab" in page(30123, lines[0].partition("30123")[2])
        assert "JupyterLab" not in page(30123, "/lab")


def test_it_ends_with_its_session_and_outlives_a_stop(
    sessiontui: SessionTui, engine: DockerEngine, environ: dict[str, str]
) -> None:
    assert sessiontui("launch", "python", "--name", "forward-e2e-end").returncode == 0
    (session,) = [one for one in engine.sessions() if one.name == "forward-e2e-end"]
    with held(environ, "forward-e2e-end", "5000") as (lines, forward):
        local = int(lines[0].removeprefix("127.0.0.1:"))
        engine.start(engine.stop(session))
        pipe = engine.pipe(session, ["sh", "-c", PYTHON_SERVER])
        assert page(local) == "for the owner\n"
        pipe.close()
        engine.delete(session)
        assert forward.wait(20) == 1
        assert forward.stderr is not None
        assert "forward-e2e-end is gone" in forward.stderr.read()


def test_what_cannot_be_forwarded_is_said(sessiontui: SessionTui, engine: DockerEngine) -> None:
    assert sessiontui("launch", "python", "--name", "forward-e2e-no").returncode == 0
    unknown = sessiontui("forward", "forward-e2e-no", "jupiterlab")
    assert unknown.returncode == 1
    assert "did you mean jupyterlab" in unknown.stderr
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        refused = sessiontui("forward", "forward-e2e-no", "5000", "--port", taken)
    assert refused.returncode == 1
    assert f"port {taken}" in refused.stderr
    assert sessiontui("forward", "forward-e2e-no", "5000", "--port", "0").returncode == 2
    assert json.loads(sessiontui("ls", "--json").stdout)


def test_ports_chosen_at_launch_are_listed_and_told_to_programs(
    sessiontui: SessionTui, engine: DockerEngine
) -> None:
    wrong = sessiontui("launch", "python", "--name", "forward-e2e-x", "--port", "80", "--port", "8888 5000,x")
    assert wrong.returncode == 1
    assert [line.partition("sessiontui: ")[2] for line in wrong.stderr.splitlines()] == [
        "ports: 8888 is used by JupyterLab",
        "ports: 80: ports go from 1024 to 65535",
        "ports: 'x' is not a port: write 5000, or 8000:8010 for a range",
    ]
    launched = sessiontui(
        "launch", "python", "--name", "forward-e2e-ports", "--port", "5000", "--port", "8000:8001", "--json"
    )
    assert launched.returncode == 0, launched.stderr
    apps = json.loads(launched.stdout)["apps"]
    assert [(app["name"], app["port"]) for app in apps[-3:]] == [
        ("port-5000", 5000),
        ("port-8000", 8000),
        ("port-8001", 8001),
    ]
    said = sessiontui("shell", "forward-e2e-ports", "--", "sh", "-c", "echo $SESSIONTUI_PREOPEN_PORTS")
    assert said.stdout == "5000,8000,8001\n"
    (session,) = [one for one in engine.sessions() if one.name == "forward-e2e-ports"]
    assert {inside for inside, _ in session.ports} == {2200, 8888}
