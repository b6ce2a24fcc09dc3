"""Ways held open to ports of sessions."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.actions.forward import LOCAL, Forwards, forward, usual_ports
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.environment import App
from sessiontui.domain.errors import EngineError, HostError, NotYours, SessionGone, Unknown
from sessiontui.domain.session import Owner, Phase
from sessiontui.engine.memory import MemoryEngine
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from tests.unit.actions.test_launch import PaperHost
from tests.unit.actions.test_open_app import LAPTOP, SESSION

ME = Owner("me", os.geteuid(), os.getegid())
MARIMO = App("marimo", "Marimo", "http", 2718, "/edit", "serve", secret=True, parameter="access_token")
MINE = replace(SESSION, owner=ME, apps=(*(app for app in SESSION.apps if app.name != "marimo"), MARIMO))


@pytest.fixture
def engine() -> MemoryEngine:
    engine = MemoryEngine()
    engine.put(MINE)
    engine.answering[5050] = None
    return engine


@pytest.fixture
def ports(engine: MemoryEngine, tmp_path: Path) -> Ports:
    meter = ScriptedMeter(lambda: 0.0)
    return Ports(
        engine, meter, meter, Directories(tmp_path, ME), FileCatalogue(), PaperHost(), ME, MemoryRecords()
    )


@pytest.fixture
def forwards(ports: Ports) -> Iterator[Forwards]:
    forwards = Forwards(ports)
    yield forwards
    forwards.close()


def said(port: int, words: bytes = b"hello") -> bytes:
    """What comes back for some words; empty where one is hung up on."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        try:
            client.sendall(words)
            return client.recv(100)
        except ConnectionError:
            return b""


def test_a_way_is_held_and_the_same_one_again(forwards: Forwards) -> None:
    port = forwards.hold(MINE, 5050)
    assert port in LOCAL
    assert said(port) == b"hello"
    assert forwards.hold(MINE, 5050) == port
    assert forwards.hold(MINE, 5001) != port


def test_the_port_is_the_same_in_another_run_and_after_a_stop(
    ports: Ports, forwards: Forwards, engine: MemoryEngine
) -> None:
    port = forwards.hold(MINE, 5050)
    stopped = engine.stop(MINE)
    assert forwards.hold(stopped, 5050) == port
    assert said(port) == b""
    engine.start(stopped)
    assert said(port) == b"hello"
    forwards.close()
    again = Forwards(ports)
    assert again.hold(MINE, 5050) == port
    again.close()


def test_one_that_another_program_has_is_passed_over(forwards: Forwards) -> None:
    usual = usual_ports(MINE.id, 5050)
    with socket.create_server(("127.0.0.1", usual[0])):
        assert forwards.hold(MINE, 5050) == usual[1]


def test_a_certain_port_is_had_or_refused(forwards: Forwards) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(HostError, match=f"port {taken}"):
            forwards.hold(MINE, 5050, taken)
    usual = forwards.hold(MINE, 5050)
    assert forwards.hold(MINE, 5050, taken) == taken
    assert said(taken) == b"hello"
    with pytest.raises(OSError, match="refused"):
        said(usual)


def test_several_at_once_get_one_way(forwards: Forwards) -> None:
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(forwards.hold(MINE, 5050))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len(set(got)) == 1


def test_a_colleagues_session_is_left_alone(ports: Ports, forwards: Forwards) -> None:
    theirs = replace(MINE, owner=Owner("bob", ME.uid + 1, ME.gid))
    someone = replace(ports, owner=Owner("eve", ME.uid + 2, ME.gid))
    with pytest.raises(NotYours, match="belongs to bob"):
        Forwards(someone).hold(theirs, 5050)
    with pytest.raises(NotYours, match="belongs to bob"):
        forward(someone, forwards, theirs, "5050", environ={})


def test_the_end_of_the_program_ends_all(forwards: Forwards) -> None:
    port = forwards.hold(MINE, 5050)
    forwards.close()
    with pytest.raises(OSError, match="refused"):
        said(port)
    with pytest.raises(HostError):
        forwards.hold(MINE, 5050)


def test_the_end_of_the_session_ends_its_ways(forwards: Forwards, engine: MemoryEngine) -> None:
    other = engine.put(replace(MINE, id="ba9876543210", name="calm-curie"))
    gone, kept = forwards.hold(MINE, 5050), forwards.hold(other, 5050)
    engine.remove(MINE.id)
    assert said(gone) == b""
    for _ in range(100):
        if _refused(gone):
            break
        time.sleep(0.05)
    assert _refused(gone)
    assert isinstance(forwards.last_error, SessionGone)
    assert said(kept) == b"hello"
    forwards.keep_only(())
    assert _refused(kept)
    assert forwards.wait(0)


def _refused(port: int) -> bool:
    try:
        said(port)
    except ConnectionRefusedError:
        return True
    return False


def test_why_a_connection_failed_is_known_until_one_succeeds(
    forwards: Forwards, engine: MemoryEngine
) -> None:
    port = forwards.hold(MINE, 5001)
    assert said(port) == b""
    assert forwards.last_error is not None
    assert "nothing listens on port 5001" in forwards.last_error.message
    engine.answering[5001] = None
    assert said(port) == b"hello"
    assert forwards.last_error is None


@pytest.mark.parametrize(
    ("what", "page"),
    [
        ("marimo", f"/edit?access_token=secret-of-{MINE.id}"),
        ("jupyterlab", f"/lab?token=secret-of-{MINE.id}"),
        ("tensorboard", "/"),
    ],
)
def test_an_app_is_started_and_reached_at_its_own_port(
    ports: Ports, forwards: Forwards, engine: MemoryEngine, what: str, page: str
) -> None:
    endpoint = forward(ports, forwards, MINE, what, environ=LAPTOP)
    assert list(engine._served[MINE.id]) == [what]
    assert endpoint.url == f"http://127.0.0.1:{endpoint.port}{page}"
    assert endpoint.ssh_command == f"ssh -N -L {endpoint.port}:127.0.0.1:{endpoint.port} alice@10.0.0.1"
    assert said(endpoint.port) == b"hello"


def test_for_a_number_nothing_is_started(ports: Ports, forwards: Forwards, engine: MemoryEngine) -> None:
    endpoint = forward(ports, forwards, MINE, "5050", environ={})
    assert (endpoint.app, endpoint.url) == ("5050", "")
    assert not forward(ports, forwards, MINE, "6006", environ={}).url, "TensorBoard's, or not"
    assert not engine._served


@pytest.mark.parametrize("what", ["jupyter-lab", "0", "65536", "٥٠٠٠", "-1", ""])
def test_what_is_neither_app_nor_port_is_unknown(ports: Ports, forwards: Forwards, what: str) -> None:
    with pytest.raises(Unknown):
        forward(ports, forwards, MINE, what, environ={})


def test_a_session_that_does_not_run_is_not_forwarded(ports: Ports, forwards: Forwards) -> None:
    with pytest.raises(EngineError, match="stopped"):
        forward(ports, forwards, replace(MINE, phase=Phase.STOPPED), "5050", environ={})
