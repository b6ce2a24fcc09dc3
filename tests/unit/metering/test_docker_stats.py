"""The engine's statistics, asked of a real server on a unix socket that answers as an engine does."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import docker
import pytest

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import EngineUnreachable
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import Reading
from sessiontui.metering.docker_stats import IN_FLIGHT, KEPT, StatsMeter, reading_from_stats, sampled_at
from tests.unit.metering.sessions import CONTAINER, OTHER_CONTAINER, RUNNING, running

# As Docker 20.10 answers on version 1 of cgroups; what no figure comes from is left out.
STATS: dict[str, Any] = {
    "read": "2026-11-24T17:02:16.342424736Z",
    "preread": "0001-01-01T00:00:00Z",
    "pids_stats": {"current": 2, "limit": 4096},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"major": 254, "minor": 0, "op": "Read", "value": 4096},
            {"major": 254, "minor": 0, "op": "Write", "value": 8192},
            {"major": 254, "minor": 0, "op": "Sync", "value": 12288},
            {"major": 254, "minor": 0, "op": "Total", "value": 12288},
            {"major": 8, "minor": 0, "op": "Read", "value": 100},
        ]
    },
    "cpu_stats": {
        "cpu_usage": {"total_usage": 1234567890, "usage_in_kernelmode": 50000000},
        "online_cpus": 2,
        "throttling_data": {"periods": 102, "throttled_periods": 5, "throttled_time": 582484280},
    },
    "memory_stats": {
        "usage": 28114944,
        "max_usage": 29114944,
        "stats": {
            "inactive_file": 1000,
            "total_inactive_file": 26984448,
            "cache": 27033600,
            "hierarchical_memory_limit": 536870912,
        },
        "limit": 536870912,
    },
    "networks": {"eth0": {"rx_bytes": 936, "tx_bytes": 420}, "eth1": {"rx_bytes": 64, "tx_bytes": 0}},
}
READING = Reading(
    at=7.0,
    cpu_ns=1234567890,
    memory=28114944 - 26984448,
    memory_peak=29114944,
    periods=102,
    throttled_periods=5,
    pids=2,
    read_bytes=4196,
    written_bytes=8192,
    received_bytes=1000,
    sent_bytes=420,
    memory_limit=536870912,
)
# As Docker 26 answers on version 2, of a container without limits that has not touched a disk.
STATS_2: dict[str, Any] = {
    "read": "2026-11-24T17:09:00.317215615Z",
    "pids_stats": {"current": 1, "limit": 7088},
    "blkio_stats": {"io_service_bytes_recursive": None},
    "cpu_stats": {
        "cpu_usage": {"total_usage": 731582000},
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    },
    "memory_stats": {"usage": 331776, "stats": {"anon": 49152, "inactive_file": 1776}, "limit": 6220595200},
    "networks": {"eth0": {"rx_bytes": 1938, "tx_bytes": 0}},
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
        self.read = ""


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
        if isinstance(answer, dict):
            answer = {**answer, "read": server.read} if server.read else answer
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


def asking(client: docker.APIClient) -> Callable[[str], object]:
    """What asks that engine about a container."""

    def ask(container_id: str) -> object:
        with translated("statistics"):
            return client.stats(container_id, stream=False, one_shot=True)

    return ask


@pytest.fixture
def meter(client: docker.APIClient) -> Iterator[StatsMeter]:
    meter = StatsMeter(asking(client))
    yield meter
    meter.close()


def until(
    meter: StatsMeter,
    sessions: Sequence[Session],
    enough: Callable[[Mapping[str, Reading]], bool] = bool,
) -> Mapping[str, Reading]:
    """Ask as a dashboard does, until the answers are enough."""
    for _ in range(1000):
        found = meter.readings(sessions)
        if enough(found):
            return found
        time.sleep(0.01)
    raise AssertionError(f"not in 10 s: {found}")


def asked_of(server: StatsServer) -> list[str]:
    """The containers asked about, in turn."""
    with server.changed:
        return [path.split("/")[3] for path in server.asked]


def test_figures_are_read_as_the_engine_counts_them() -> None:
    assert reading_from_stats(STATS, 7.0) == READING


def known(stats: dict[str, Any]) -> Reading:
    reading = reading_from_stats(stats, 7.0)
    assert reading is not None
    return reading


def test_figures_on_version_2_and_what_is_not_told_there() -> None:
    assert reading_from_stats(STATS_2, 7.0) == Reading(
        at=7.0,
        cpu_ns=731582000,
        memory=330000,
        periods=0,
        throttled_periods=0,
        pids=1,
        received_bytes=1938,
        sent_bytes=0,
    )


def test_disk_on_version_2_is_in_small_letters() -> None:
    entries = [{"op": "read", "value": 1}, {"op": "write", "value": 2}]
    reading = known({**STATS_2, "blkio_stats": {"io_service_bytes_recursive": entries}})
    assert (reading.read_bytes, reading.written_bytes) == (1, 2)


def test_disk_without_any_device_is_unknown() -> None:
    reading = known({**STATS, "blkio_stats": {"io_service_bytes_recursive": []}})
    assert (reading.read_bytes, reading.written_bytes) == (None, None)


def test_memory_limit_that_is_none_is_none() -> None:
    memory = {**STATS["memory_stats"], "stats": {"hierarchical_memory_limit": 9223372036854771712}}
    assert known({**STATS, "memory_stats": memory}).memory_limit is None


@pytest.mark.parametrize(
    "stats",
    [
        {},
        {"cpu_stats": None, "memory_stats": None},
        {"cpu_stats": "surprise", "networks": [1]},
        {**STATS, "cpu_stats": {"cpu_usage": {"total_usage": 0}}},
    ],
)
def test_container_that_does_not_run_has_no_reading(stats: dict[str, Any]) -> None:
    assert reading_from_stats(stats, 7.0) is None


def test_part_that_is_nonsense_leaves_the_rest_known() -> None:
    stats = {
        **STATS,
        "networks": {"eth0": 1},
        "pids_stats": [],
        "blkio_stats": {"io_service_bytes_recursive": 1},
    }
    reading = known(stats)
    assert (reading.received_bytes, reading.pids, reading.read_bytes) == (None, None, None)
    assert reading.cpu_ns == READING.cpu_ns


def test_moment_of_a_sample_is_the_engines() -> None:
    assert sampled_at({"read": "1970-01-01T00:00:02.500000000Z"}) == 2.5
    assert sampled_at({"read": "1970-01-01T02:00:02.5+02:00"}) == 2.5
    for nonsense in ({}, {"read": 5}, {"read": "soon"}, {"read": "0001-01-01T00:00:00Z"}):
        assert sampled_at(nonsense) is None


def test_nothing_of_the_engines_is_loaded_before_it_is_asked() -> None:
    code = "import sys, sessiontui.metering.docker_stats as d; d.StatsMeter(print); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"docker", "requests"} & set(done.stdout.split())


def test_each_running_session_costs_one_question_and_no_stream(
    server: StatsServer, meter: StatsMeter
) -> None:
    server.answers[CONTAINER] = STATS
    stopped = replace(RUNNING, id="s2", phase=Phase.STOPPED)
    homeless = replace(RUNNING, id="s3", container_id=None)
    assert meter.readings([RUNNING, stopped, homeless]) == {}, "it does not wait"
    found = until(meter, [RUNNING, stopped, homeless])
    assert {one: replace(reading, at=7.0) for one, reading in found.items()} == {"s1": READING}
    assert set(asked_of(server)) == {CONTAINER}
    assert all("stream=False" in path and "one-shot=True" in path for path in server.asked)


def test_only_what_is_shown_is_asked_for(server: StatsServer, meter: StatsMeter) -> None:
    sessions = [running(number) for number in range(20)]
    for session in sessions:
        server.answers[str(session.container_id)] = STATS
    while meter.readings(sessions, {"s3", "s5"}).keys() != {"s3", "s5"}:
        time.sleep(0.01)
    assert set(asked_of(server)) == {sessions[3].container_id, sessions[5].container_id}


def test_what_is_shown_no_more_is_not_asked_for_though_it_waited_its_turn(
    server: StatsServer, meter: StatsMeter
) -> None:
    sessions = [running(number) for number in range(20)]
    server.open_gate.clear()
    meter.readings(sessions)
    with server.changed:
        assert server.changed.wait_for(lambda: server.waiting == IN_FLIGHT, 10)
    before = len(asked_of(server))
    server.answers[CONTAINER] = STATS
    meter.readings([RUNNING], {"s1"})
    server.open_gate.set()
    until(meter, [RUNNING])
    assert set(asked_of(server)[before:]) == {CONTAINER}


def test_container_that_is_gone_is_absent_and_no_error(server: StatsServer, meter: StatsMeter) -> None:
    server.answers[CONTAINER] = STATS
    until(meter, [RUNNING])
    server.answers.clear()
    until(meter, [RUNNING], lambda found: not found)


def test_session_that_runs_no_more_has_no_reading(server: StatsServer, meter: StatsMeter) -> None:
    server.answers[CONTAINER] = STATS
    until(meter, [RUNNING])
    assert meter.readings([replace(RUNNING, phase=Phase.STOPPED)]) == {}
    server.open_gate.clear()
    assert meter.readings([RUNNING]) == {}, "nor when it runs again, before it was asked about anew"


def test_engine_that_cannot_be_reached_gives_nothing() -> None:
    tried = threading.Event()

    def ask(container_id: str) -> object:
        tried.set()
        raise EngineUnreachable("nothing answers")

    meter = StatsMeter(ask)
    assert meter.readings([RUNNING]) == {}
    assert tried.wait(10)
    assert meter.readings([RUNNING]) == {}
    meter.close()


def test_answer_that_is_none_gives_nothing_and_the_next_is_read(
    server: StatsServer, meter: StatsMeter
) -> None:
    server.answers[CONTAINER] = ["surprise"]
    assert meter.readings([RUNNING]) == {}
    with server.changed:
        assert server.changed.wait_for(lambda: len(server.asked) > 0, 10)
    server.answers[CONTAINER] = STATS
    assert until(meter, [RUNNING])["s1"].cpu_ns == READING.cpu_ns


def test_engine_that_hangs_is_not_waited_for_and_asked_once(server: StatsServer, meter: StatsMeter) -> None:
    server.answers[CONTAINER] = STATS
    server.open_gate.clear()
    began = time.monotonic()
    for _ in range(50):
        assert meter.readings([RUNNING]) == {}
    assert time.monotonic() - began < 5
    with server.changed:
        assert server.changed.wait_for(lambda: server.waiting == 1, 10)
    assert meter.readings([RUNNING]) == {}
    assert len(asked_of(server)) == 1
    server.open_gate.set()
    assert until(meter, [RUNNING])["s1"].cpu_ns == READING.cpu_ns


def test_last_known_reading_stands_while_the_next_is_late_and_not_for_long(
    server: StatsServer, client: docker.APIClient
) -> None:
    now = [100.0]
    meter = StatsMeter(asking(client), clock=lambda: now[0])
    server.answers[CONTAINER] = STATS
    last = until(meter, [RUNNING])
    server.open_gate.clear()
    now[0] += KEPT
    assert meter.readings([RUNNING]).keys() == last.keys()
    now[0] += 0.1
    assert meter.readings([RUNNING]) == {}
    server.open_gate.set()
    meter.close()


def test_sample_given_twice_is_one_reading_and_a_late_answer_changes_no_rate(
    server: StatsServer, client: docker.APIClient
) -> None:
    now = [100.0]
    meter = StatsMeter(asking(client), clock=lambda: now[0])
    server.answers[CONTAINER] = STATS
    server.read = "2026-11-24T17:00:00Z"
    assert until(meter, [RUNNING])["s1"].at == 100.0
    now[0] = 101.0
    before = len(asked_of(server))
    until(meter, [RUNNING], lambda found: len(asked_of(server)) > before + 2)
    assert meter.readings([RUNNING])["s1"].at == 100.0
    server.read, now[0] = "2026-11-24T17:00:02Z", 102.9
    assert until(meter, [RUNNING], lambda found: found["s1"].at > 100.0)["s1"].at == 102.0
    meter.close()


def test_engines_clock_that_is_set_anew_is_followed(server: StatsServer, client: docker.APIClient) -> None:
    now = [100.0]
    meter = StatsMeter(asking(client), clock=lambda: now[0])
    server.answers[CONTAINER] = STATS
    server.read = "2026-11-24T17:00:00Z"
    until(meter, [RUNNING])
    server.read, now[0] = "2026-11-24T12:00:00Z", 102.0
    assert until(meter, [RUNNING], lambda found: found["s1"].at > 100.0)["s1"].at == 102.0
    meter.close()


def test_many_sessions_are_asked_a_few_at_a_time_and_none_is_forgotten(
    server: StatsServer, meter: StatsMeter
) -> None:
    sessions = [running(number) for number in range(20)]
    for session in sessions:
        server.answers[str(session.container_id)] = STATS
    server.open_gate.clear()
    meter.readings(sessions)
    with server.changed:
        assert server.changed.wait_for(lambda: server.waiting == IN_FLIGHT, 10)
    meter.readings(sessions)
    server.open_gate.set()
    until(meter, sessions, lambda found: len(found) == 20)
    assert server.most == IN_FLIGHT


def test_closed_meter_asks_no_more(server: StatsServer, meter: StatsMeter) -> None:
    server.answers[CONTAINER] = STATS
    until(meter, [RUNNING])
    meter.close()
    before = len(asked_of(server))
    assert meter.readings([replace(RUNNING, container_id=OTHER_CONTAINER)]) == {}
    assert OTHER_CONTAINER not in asked_of(server)[before:]
