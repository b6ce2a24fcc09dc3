"""The engine's statistics, asked of a real server on a unix socket that answers as an engine does."""

from __future__ import annotations

import json
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import docker
import pytest

from sessiontui.domain.errors import EngineUnreachable
from sessiontui.domain.session import Phase
from sessiontui.domain.usage import Reading
from sessiontui.metering.docker_stats import IN_FLIGHT, StatsMeter, reading_from_stats
from tests.unit.metering.sessions import CONTAINER, RUNNING, running

STATS = {
    "read": "2026-11-22T20:00:00.123456789Z",
    "cpu_stats": {"cpu_usage": {"total_usage": 1234567890, "usage_in_kernelmode": 1}, "online_cpus": 2},
    "memory_stats": {
        "usage": 28114944,
        "stats": {"inactive_file": 1000, "total_inactive_file": 26984448, "cache": 27033600},
        "limit": 536870912,
    },
}


class StatsServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers ``/containers/ID/stats``; holds every answer back while ``open_gate`` is not set."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Answer)
        self.address = f"unix://{path}"
        self.open_gate = threading.Event()
        self.open_gate.set()
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {}
        self.waiting = self.most = 0
        self.changed = threading.Condition()


class _Answer(BaseHTTPRequestHandler):
    server: StatsServer

    def do_GET(self) -> None:
        server = self.server
        container = self.path.split("/")[3]
        with server.changed:
            server.asked.append(self.path)
            server.waiting += 1
            server.most = max(server.most, server.waiting)
            server.changed.notify_all()
        server.open_gate.wait(30)
        with server.changed:
            server.waiting -= 1
        answer = server.answers.get(container)
        body = json.dumps(answer if answer is not None else {"message": "No such container"}).encode()
        self.send_response(200 if answer is not None else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@pytest.fixture
def server() -> Iterator[StatsServer]:
    with tempfile.TemporaryDirectory() as directory, StatsServer(Path(directory) / "d.sock") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.open_gate.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def client(server: StatsServer) -> Iterator[docker.APIClient]:
    client = docker.APIClient(server.address, version="1.41", timeout=10)
    yield client
    client.close()


def test_figures_are_read_without_the_cache() -> None:
    assert reading_from_stats(STATS, 7.0) == Reading(7.0, 1234567890, 28114944 - 26984448)


def test_version_2_names_the_cache_differently() -> None:
    stats = {**STATS, "memory_stats": {"usage": 100, "stats": {"inactive_file": 40, "anon": 60}}}
    assert reading_from_stats(stats, 7.0).memory == 60


@pytest.mark.parametrize(
    "stats",
    [
        {},
        {"cpu_stats": None, "memory_stats": None},
        {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}},
    ],
)
def test_figures_of_a_container_that_does_not_run_are_unknown(stats: dict[str, Any]) -> None:
    assert reading_from_stats(stats, 7.0) == Reading(7.0, None, None)


def test_each_running_session_costs_one_question_and_no_stream(
    server: StatsServer, client: docker.APIClient
) -> None:
    server.answers[CONTAINER] = STATS
    meter = StatsMeter(lambda: client, patience=10, clock=lambda: 7.0)
    stopped = replace(RUNNING, id="s2", phase=Phase.STOPPED)
    homeless = replace(RUNNING, id="s3", container_id=None)
    assert meter.readings([RUNNING, stopped, homeless]) == {"s1": reading_from_stats(STATS, 7.0)}
    meter.close()
    (path,) = server.asked
    assert "stream=False" in path
    assert "one-shot=True" in path


def test_container_that_is_gone_is_absent_and_no_error(server: StatsServer, client: docker.APIClient) -> None:
    meter = StatsMeter(lambda: client, patience=10)
    server.answers[CONTAINER] = STATS
    assert meter.readings([RUNNING])
    server.answers.clear()
    assert meter.readings([RUNNING]) == {}
    meter.close()


def test_engine_that_cannot_be_reached_gives_nothing() -> None:
    def client() -> docker.APIClient:
        raise EngineUnreachable("nothing answers")

    meter = StatsMeter(client, patience=10)
    assert meter.readings([RUNNING]) == {}
    meter.close()


def test_answer_that_is_none_gives_nothing(server: StatsServer, client: docker.APIClient) -> None:
    server.answers[CONTAINER] = ["surprise"]
    meter = StatsMeter(lambda: client, patience=10)
    assert meter.readings([RUNNING]) == {}
    meter.close()


def test_slow_engine_is_not_waited_for_and_its_answer_serves_the_next_call(
    server: StatsServer, client: docker.APIClient
) -> None:
    server.answers[CONTAINER] = STATS
    impatient = StatsMeter(lambda: client, patience=0.01)
    server.open_gate.clear()
    assert impatient.readings([RUNNING]) == {}
    assert impatient.readings([RUNNING]) == {}
    server.open_gate.set()
    while not (found := impatient.readings([RUNNING])):
        pass
    assert found["s1"].cpu_ns == 1234567890
    impatient.close()


def test_last_known_reading_stands_while_the_next_is_late(
    server: StatsServer, client: docker.APIClient
) -> None:
    server.answers[CONTAINER] = STATS
    meter = StatsMeter(lambda: client, patience=0.01)
    while not (known := meter.readings([RUNNING])):
        pass
    server.open_gate.clear()
    assert meter.readings([RUNNING]).keys() == known.keys()
    meter.close()


def test_many_sessions_are_asked_a_few_at_a_time(server: StatsServer, client: docker.APIClient) -> None:
    sessions = [running(number) for number in range(20)]
    for session in sessions:
        server.answers[str(session.container_id)] = STATS
    meter = StatsMeter(lambda: client, patience=0.01)
    server.open_gate.clear()
    meter.readings(sessions)
    with server.changed:
        assert server.changed.wait_for(lambda: server.waiting == IN_FLIGHT, 10)
    server.open_gate.set()
    while len(meter.readings(sessions)) < 20:
        pass
    assert server.most == IN_FLIGHT
    meter.close()


def test_closed_meter_asks_no_more(server: StatsServer, client: docker.APIClient) -> None:
    server.answers[CONTAINER] = STATS
    meter = StatsMeter(lambda: client, patience=10)
    assert meter.readings([RUNNING])
    meter.close()
    assert meter.readings([RUNNING]) == {}
    assert len(server.asked) == 1
