"""Every meter behind the port on a session under a steady load, and against the engine's own figures."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.domain.usage import Reading, Usage, usage_between
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.link import Link
from sessiontui.metering.cgroup import CgroupMeter
from sessiontui.metering.docker_stats import StatsMeter
from sessiontui.metering.port import Meter
from sessiontui.metering.scripted import ScriptedMeter
from tests.contract.conftest import Bench
from tests.real import prepared_environment, real_engine

pytestmark = pytest.mark.beside

PATIENCE = 60.0
"""Seconds until a test gives up; the machine may be busy with other things."""
ASK = Ask(0.5, 256 * MIB)
HELD = 64 * MIB
# Sends datagrams to this machine's end of the session's network, and holds memory.
TRAFFIC = f"""
import socket, struct, time
held = bytearray(b"x") * {HELD}
routes = [line.split() for line in open("/proc/net/route")]
gateway = next(int(fields[2], 16) for fields in routes if fields[1] == "00000000")
address = socket.inet_ntoa(struct.pack("<L", gateway)), 9
connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    connection.sendto(bytes(1000), address)
    time.sleep(0.01)
"""
DISK = (
    "while :; do dd if=/dev/zero of=/home/work/written bs=64k count=4 oflag=direct conv=fsync; sleep 1; done"
)
STEADY = Usage(
    cpu=0.5,
    memory=70 * MIB,
    memory_peak=80 * MIB,
    throttled=0.5,
    pids=6,
    sent=50_000.0,
    cpu_limit=0.5,
    memory_limit=256 * MIB,
)
"""The same load, for the meter that reads a script. It knows neither disk nor kills."""

T = TypeVar("T")


@dataclass
class Sessions:
    """Real ones: one under load, one at rest."""

    bench: Bench
    busy: Session
    idle: Session
    link: Link


@dataclass
class Scene:
    """A meter, a session under load that it knows, and what it holds of this process."""

    meter: Meter
    session: Session
    held: Callable[[], int]
    unknown: frozenset[str]
    """Figures that its source does not tell."""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    engine: DockerEngine = real_engine()
    bench = Bench(engine, prepared_environment(engine)[1].image, tmp_path_factory.mktemp("meters"), real=True)
    link = Link(os.environ)
    try:
        busy, idle = (bench.launch(bench.order(ask=ASK, apps=())) for _ in range(2))
        for load in (["python3", "-c", TRAFFIC], ["yes"], ["sh", "-c", DISK]):
            engine.run(busy, ["sh", "-c", '"$@" >/dev/null 2>&1 &', "load", *load])
        yield Sessions(bench, busy, idle, link)
    finally:
        for session in engine.sessions():
            if session.id in bench.ids:
                engine.delete(session)
        link.drop()
        engine.close()


def files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def askers() -> int:
    return sum(thread.name == "docker-stats" for thread in threading.enumerate())


@pytest.fixture(params=["scripted", "cgroup", "cgroup of a listed session", "stats"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """One meter after the other."""
    meter: Meter
    if request.param == "scripted":
        meter = ScriptedMeter(time.monotonic, lambda session, at: STEADY)
        session = Session(
            "s1",
            "nifty-bohr",
            Owner("tester", 1000, 1000),
            Phase.RUNNING,
            "python",
            "1",
            "an/image:1",
            ASK,
            datetime(2026, 1, 1, tzinfo=UTC),
            container_id="4fd1c2b7" * 8,
        )
        yield Scene(meter, session, lambda: 0, frozenset({"read", "written", "received", "oom_kills"}))
        return
    sessions: Sessions = request.getfixturevalue("real")
    if request.param == "stats":
        meter = StatsMeter(sessions.link.stats)
        yield Scene(meter, sessions.busy, askers, frozenset({"cpu_limit", "oom_kills"}))
    else:
        pid = None if "listed" in request.param else sessions.busy.pid
        meter = CgroupMeter()
        yield Scene(meter, replace(sessions.busy, pid=pid), files, frozenset())
    meter.close()


def until(found: Callable[[], T | None]) -> T:
    """What comes in the end."""
    deadline = time.monotonic() + PATIENCE
    while (value := found()) is None:
        assert time.monotonic() < deadline, f"not in {PATIENCE:.0f} s"
        time.sleep(0.1)
    return value


def reading(meter: Meter, session: Session) -> Reading:
    """The meter's next reading of a session."""
    return until(lambda: meter.readings([session]).get(session.id))


def usage(meter: Meter, session: Session, seconds: float = 3.0) -> Usage:
    """What a session uses over some seconds."""
    early = reading(meter, session)

    def late() -> Usage | None:
        now = meter.readings([session]).get(session.id)
        return usage_between(early, now) if now is not None and now.at - early.at >= seconds else None

    return until(late)


def test_steady_load_is_told_as_it_is(scene: Scene) -> None:
    found = usage(scene.meter, scene.session)
    assert found.cpu is not None
    assert 0.1 < found.cpu < 0.6, "half a core, less where others take it"
    assert found.memory is not None
    assert HELD < found.memory < ASK.memory
    assert found.throttled is not None
    assert 0 < found.throttled <= 1
    assert found.pids is not None
    assert 4 <= found.pids <= 20
    assert found.sent is not None
    assert 500 < found.sent < 200_000
    assert found.memory_peak is None or found.memory <= found.memory_peak <= ASK.memory
    assert found.memory_limit in (None, ASK.memory)
    assert found.cpu_limit in (None, ASK.cpu)


def test_what_the_source_does_not_tell_is_unknown_and_not_none(scene: Scene) -> None:
    found = usage(scene.meter, scene.session, 0.5)
    assert {getattr(found, name) for name in scene.unknown} <= {None}


def test_first_reading_tells_no_rate(scene: Scene) -> None:
    first = usage_between(None, reading(scene.meter, scene.session))
    assert first.memory is not None
    assert (first.cpu, first.sent, first.received, first.read, first.written, first.throttled) == (None,) * 6


def test_what_is_not_shown_is_not_asked_in_detail(scene: Scene) -> None:
    reading(scene.meter, scene.session)

    def unseen() -> Reading | None:
        return scene.meter.readings([scene.session], {"another"}).get(scene.session.id)

    found = unseen()
    if found is not None and found.pids is not None:
        # What was known may stand for a while, with an answer that is on its way: nothing is asked anew.
        time.sleep(1.5)
        found = unseen()
        time.sleep(1.5)
        later = unseen()
        assert found is None or later is None or later.at == found.at
    else:
        assert found is None or (found.memory_peak, found.memory_limit) == (None, None)


def test_session_that_does_not_run_is_absent(scene: Scene) -> None:
    reading(scene.meter, scene.session)
    for phase in (Phase.STOPPED, Phase.FINISHED, Phase.PREPARING):
        assert scene.meter.readings([replace(scene.session, phase=phase)]) == {}
    assert scene.meter.readings([]) == {}


def test_closed_meter_lets_go_of_what_it_held(scene: Scene) -> None:
    before = scene.held()
    reading(scene.meter, scene.session)
    scene.meter.close()
    until(lambda: True if scene.held() == before else None)


def test_all_is_well_and_nothing_to_note(scene: Scene) -> None:
    reading(scene.meter, scene.session)
    assert scene.meter.notes() == ()


@pytest.mark.parametrize("make", [CgroupMeter, None], ids=["cgroup", "stats"])
def test_session_that_ended_unnoticed_is_absent_and_comes_back_anew(
    real: Sessions, make: Callable[[], Meter] | None
) -> None:
    """The list may be a moment old: it still has the session as running."""
    bench = real.bench
    meter = make() if make else StatsMeter(real.link.stats)
    session = bench.launch(bench.order(ask=ASK, apps=()))
    early = reading(meter, session)
    bench.engine.stop(session)
    until(lambda: True if meter.readings([session]) == {} else None)
    again = bench.engine.start(session)
    late = reading(meter, again)
    cpu = usage_between(early, late).cpu
    assert cpu is None or 0 <= cpu < 2
    meter.close()


# Against the engine's own figures, of the very endpoint that `docker stats` asks


def raw(real: Sessions, session: Session) -> dict[str, Any]:
    stats: Any = real.link.client.stats(session.container_id or "", stream=False, one_shot=True)
    assert isinstance(stats, dict)
    return stats


def cores(before: dict[str, Any], after: dict[str, Any]) -> float:
    """As `docker stats` reckons: the session's share of the machine's time, times its processors."""
    one, two = before["cpu_stats"], after["cpu_stats"]
    spent = two["cpu_usage"]["total_usage"] - one["cpu_usage"]["total_usage"]
    passed = two["system_cpu_usage"] - one["system_cpu_usage"]
    return float(spent / passed * two["online_cpus"])


def memory(stats: dict[str, Any]) -> int:
    """As `docker stats` reckons: without the cache that is not in use."""
    details = stats["memory_stats"]["stats"]
    cached = details.get("total_inactive_file", details.get("inactive_file"))
    return int(stats["memory_stats"]["usage"] - cached)


def transferred(stats: dict[str, Any]) -> tuple[int, int, int, int]:
    """Bytes received, sent, read and written."""
    networks = stats["networks"].values()
    disk = stats["blkio_stats"]["io_service_bytes_recursive"] or []
    read, written = (
        sum(entry["value"] for entry in disk if entry["op"].lower() == operation)
        for operation in ("read", "write")
    )
    received, sent = (sum(entry[name] for entry in networks) for name in ("rx_bytes", "tx_bytes"))
    return received, sent, read, written


def moved(reading: Reading) -> tuple[int | None, ...]:
    """The same of a reading."""
    return reading.received_bytes, reading.sent_bytes, reading.read_bytes, reading.written_bytes


def test_cpu_is_what_the_engine_reckons(real: Sessions) -> None:
    """Looked at one after the other, a busy machine may come in between: one calm look of five is enough."""
    ours, theirs = CgroupMeter(), StatsMeter(real.link.stats)
    seen = []
    for _ in range(5):
        before, one, two = (
            raw(real, real.busy),
            reading(ours, real.busy),
            reading(theirs, real.busy),
        )
        time.sleep(4)
        after, three = raw(real, real.busy), reading(ours, real.busy)

        def newer(than: Reading = two) -> Reading | None:
            now = theirs.readings([real.busy]).get(real.busy.id)
            return now if now is not None and now.at > than.at + 3 else None

        four = until(newer)
        engines = cores(before, after)
        by_files, by_stats = usage_between(one, three).cpu, usage_between(two, four).cpu
        seen.append((engines, by_files, by_stats))
        if by_files == pytest.approx(engines, rel=0.05) and by_stats == pytest.approx(engines, rel=0.05):
            break
    else:
        pytest.fail(f"engine, cgroup, stats: {seen}")
    ours.close()
    theirs.close()


def test_memory_and_processes_are_what_the_engine_reckons(real: Sessions) -> None:
    ours, theirs = CgroupMeter(), StatsMeter(real.link.stats)
    for session in (real.busy, real.idle):
        known = reading(ours, session), reading(theirs, session)
        stats = raw(real, session)
        for one in known:
            assert one.memory == pytest.approx(memory(stats), rel=0.02, abs=MIB)
    idle = reading(ours, real.idle), reading(theirs, real.idle)
    assert {one.pids for one in idle} == {raw(real, real.idle)["pids_stats"]["current"]}
    ours.close()
    theirs.close()


def test_counters_of_a_session_at_rest_are_the_engines_to_the_byte(real: Sessions) -> None:
    ours = CgroupMeter()

    def calm() -> tuple[Reading, dict[str, Any]] | None:
        before, stats, after = reading(ours, real.idle), raw(real, real.idle), reading(ours, real.idle)
        return (after, stats) if moved(before) == moved(after) else None

    found, stats = until(calm)
    received, sent, read, written = transferred(stats)
    assert moved(found) in ((received, sent, read, written), (received, sent, None, None))
    assert found.received_bytes is not None
    assert found.received_bytes > 0, "the bridge greets its guests"
    ours.close()


def test_counters_under_load_enclose_the_engines(real: Sessions) -> None:
    """What the engine says between two looks of ours lies between them."""
    ours = CgroupMeter()
    before, stats, after = reading(ours, real.busy), raw(real, real.busy), reading(ours, real.busy)
    received, sent, read, written = transferred(stats)
    throttling = stats["cpu_stats"]["throttling_data"]
    for name, value in (
        ("cpu_ns", stats["cpu_stats"]["cpu_usage"]["total_usage"]),
        ("periods", throttling["periods"]),
        ("throttled_periods", throttling["throttled_periods"]),
        ("received_bytes", received),
        ("sent_bytes", sent),
        ("read_bytes", read),
        ("written_bytes", written),
    ):
        early, late = getattr(before, name), getattr(after, name)
        if early is None:
            assert value == 0, f"{name}: the engine knows it"
        else:
            assert early <= value <= late, name
    assert after.sent_bytes is not None
    assert after.sent_bytes > 1000
    ours.close()
