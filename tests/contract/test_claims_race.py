"""Many processes want a few GPUs at once: no device goes to two, and nothing is left over."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from subprocess import PIPE

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, EngineUnreachable
from sessiontui.domain.gpu import GpuWish
from sessiontui.domain.launch import Draft, Order, Progress
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.engine import docker_claims
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.port import Engine
from tests.contract.conftest import Bench
from tests.contract.racers import BEFORE_LOOK, BEFORE_START, BLIND, OWNER, StoppingClaims, Told, Track, track
from tests.gpu_engine import GpuEngine, gpu_engine, gpus
from tests.nvml import devices as nvml
from tests.nvml.stub import NvmlStub
from tests.private_engine import IMAGE

pytestmark = pytest.mark.beside

ROUNDS = 10


@pytest.fixture(scope="module")
def gpu_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuEngine]:
    with gpu_engine(tmp_path_factory.mktemp("packages"), runtime=True, megabytes=128) as engine:
        yield engine


@pytest.fixture(scope="module")
def racing(gpu_box: GpuEngine) -> Iterator[Track]:
    with track(gpu_box.environ) as racing:
        yield racing


@pytest.fixture
def bench(gpu_box: GpuEngine, tmp_path: Path) -> Iterator[Bench]:
    engine = DockerEngine(gpu_box.environ)
    yield Bench(engine, IMAGE, tmp_path, real=True)
    clear(engine)
    engine.close()


def clear(engine: Engine) -> None:
    """Delete all sessions, after which the engine is empty."""
    for session in engine.sessions():
        engine.delete(session)
    assert isinstance(engine, DockerEngine)
    assert not engine._link.client.containers(all=True)
    assert not engine._link.client.volumes()["Volumes"]


def draft() -> Draft:
    return Draft(image=IMAGE, name=f"race-{secrets.token_hex(6)}", cpu=0.1, memory=64 * MIB, gpu=1)


def order(bench: Bench, *numbers: int, shared: bool = False) -> Order:
    """For the devices of these numbers."""
    wanted = tuple(gpus()[number] for number in numbers)
    wish = GpuWish(len(wanted), shared=shared)
    return bench.order(owner=OWNER, apps=(), gpus=wanted, wish=wish, ask=Ask(0.1, 64 * MIB, len(wanted)))


def running(bench: Bench) -> list[Session]:
    return [session for session in bench.engine.sessions() if session.phase is Phase.RUNNING]


def devices_of(sessions: Sequence[Session]) -> list[str]:
    return sorted(uuid for session in sessions for uuid in session.devices)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_twenty_launches_on_four_devices_four_run_and_sixteen_are_told_who_has_them(
    round_: int, bench: Bench, racing: Track
) -> None:
    told = racing.race([draft() for _ in range(20)])
    live = running(bench)
    assert Counter(bool(one.session) for one in told) == {True: 4, False: 16}, told
    assert devices_of(live) == sorted(gpu.uuid for gpu in gpus())
    assert {one.session.id for one in told if one.session} == {session.id for session in live}
    assert len(bench.engine.sessions()) == 4
    assert all("race-" in one.message for one in told if not one.session), told


def test_the_command_line_launches_on_each_device_once_and_tells_the_others_who_has_it(
    gpu_box: GpuEngine, bench: Bench, nvml_library: Path, tmp_path: Path
) -> None:
    driver = NvmlStub(nvml_library, tmp_path)
    driver.write(nvml.machine(nvml.device(0), nvml.device(1)))
    environ = {**os.environ, **gpu_box.environ, **driver.environ, "HOME": str(tmp_path)}
    command = [
        sys.executable, "-m", "sessiontui", "launch", "--image", IMAGE, "--cpu", "0.1", "--memory", "64m",
        "--gpu", "1", "--json", "--name",
    ]  # fmt: skip
    programs = [
        subprocess.Popen([*command, f"line-{number}"], stdout=PIPE, stderr=PIPE, text=True, env=environ)
        for number in range(8)
    ]
    said = [(program.communicate(timeout=60), program.returncode) for program in programs]
    live = running(bench)
    assert devices_of(live) == [nvml.uuid(0), nvml.uuid(1)]
    launched = sorted(json.loads(out)["name"] for (out, _), code in said if code == 0)
    assert launched == sorted(session.name for session in live)
    errors = [error for (_, error), code in said if code]
    assert len(errors) == 6
    assert all("line-" in error and "Traceback" not in error for error in errors), errors
    assert len(bench.engine.sessions()) == 2


def told_of(told: Told, session: Session | Order) -> bool:
    """Whether somebody was told that this one has the device."""
    return told.error == "DevicesTaken" and f"held by {session.name} of {OWNER.name}" in told.message


def test_of_stopped_sessions_with_one_device_one_starts_and_the_others_are_kept(
    bench: Bench, racing: Track
) -> None:
    stopped = [bench.engine.kill(bench.launch(order(bench, 0))) for _ in range(8)]
    # Each is started by two at once. One may yield to a third that yields to the other.
    told = racing.race([*stopped, *stopped])
    (live,) = running(bench)
    assert {one.session.id for one in told if one.session} == {live.id}
    assert all(one.error == "DevicesTaken" for one in told if not one.session), told
    kept = {session.id: session for session in bench.engine.sessions()}
    assert {one.id for one in stopped} == set(kept)
    assert all(kept[one.id] == one for one in stopped if one.id != live.id)
    assert len(bench.engine._link.client.containers(all=True)) == len(stopped)  # type: ignore[attr-defined]


def test_launches_and_starts_at_once_keep_each_other_from_a_device(bench: Bench, racing: Track) -> None:
    stopped = [bench.engine.stop(bench.launch(order(bench, number))) for number in (0, 0, 1)]
    told = racing.race([*stopped, order(bench, 0), order(bench, 1), order(bench, 1, 0)])
    live = running(bench)
    assert len(set(devices_of(live))) == len(devices_of(live))
    assert {one.session.id for one in told if one.session} == {one.id for one in live}
    assert live


def test_of_launches_whose_devices_overlap_no_two_have_one(bench: Bench, racing: Track) -> None:
    for _ in range(3):
        told = racing.race([order(bench, *pair) for pair in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2))])
        live = running(bench)
        assert len(set(devices_of(live))) == len(devices_of(live))
        assert {one.session.id for one in told if one.session} == {one.id for one in live}
        assert live
        clear(bench.engine)


def test_all_who_share_get_the_device(bench: Bench, racing: Track) -> None:
    told = racing.race([order(bench, 0, shared=True) for _ in range(5)])
    assert [one.error for one in told] == [""] * 5
    stranger = replace(order(bench, 0), owner=replace(OWNER, name="other", uid=OWNER.uid + 1))
    refused = racing.enter(stranger).told()
    assert refused.error == "DevicesTaken"
    assert len(refused.holders[gpus()[0].uuid]) == 5


def test_a_younger_launch_yields_to_an_older_one_that_does_not_run_yet(bench: Bench, racing: Track) -> None:
    first = order(bench, 0)
    older = racing.enter(first, BEFORE_LOOK)
    assert told_of(racing.enter(order(bench, 0)).told(), first)
    older.go_on()
    assert older.told().session is not None


def test_an_older_launch_waits_for_a_younger_one_and_goes_on_once_that_yields(
    bench: Bench, racing: Track
) -> None:
    first = order(bench, 0)
    older, younger = racing.enter(first, BEFORE_LOOK), racing.enter(order(bench, 0), BEFORE_LOOK)
    older.go_on()
    assert not older.line.poll(0.5)
    assert not running(bench)
    younger.go_on()
    assert told_of(younger.told(), first)
    assert older.told().session is not None


def test_an_older_launch_yields_to_a_younger_one_that_could_not_see_it(bench: Bench, racing: Track) -> None:
    second = order(bench, 0)
    older, younger = racing.enter(order(bench, 0), BEFORE_LOOK), racing.enter(second, BLIND)
    older.go_on()
    assert not older.line.poll(0.5)
    younger.go_on()
    assert younger.told().session is not None
    assert told_of(older.told(), second)


def test_a_start_that_was_told_to_go_keeps_the_device_until_it_runs(bench: Bench, racing: Track) -> None:
    stopped = bench.engine.stop(bench.launch(order(bench, 0)))
    starting = racing.enter(stopped, BEFORE_START)
    assert told_of(racing.enter(order(bench, 0)).told(), stopped)
    assert [session.phase for session in bench.engine.sessions()] == [Phase.STOPPED]
    starting.go_on()
    assert starting.told().session is not None


@pytest.mark.parametrize("stop", [BEFORE_LOOK, BEFORE_START])
def test_a_launch_that_is_killed_claims_nothing_and_shows_as_interrupted(
    stop: str, bench: Bench, racing: Track
) -> None:
    dead = order(bench, 0)
    racing.enter(dead, stop).kill()
    session = bench.launch(order(bench, 0))
    interrupted = next(one for one in bench.engine.sessions() if one.id == dead.id)
    assert interrupted.interrupted
    assert told_of(racing.enter(interrupted).told(), session)
    bench.engine.delete(session)
    assert racing.enter(interrupted).told().session is not None


@pytest.mark.parametrize("stop", [BEFORE_LOOK, BEFORE_START])
def test_a_start_that_is_killed_claims_nothing_and_is_swept(
    stop: str, bench: Bench, racing: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = bench.engine.stop(bench.launch(order(bench, 0)))
    racing.enter(stopped, stop).kill()
    assert [one.id for one in bench.engine.sessions()] == [stopped.id]
    bench.engine.delete(bench.launch(order(bench, 0)))
    monkeypatch.setattr(docker_claims, "YOUNG_SECONDS", 0)
    assert bench.engine.start(stopped).phase is Phase.RUNNING


def test_claims_of_the_dead_are_swept_by_several_at_once(
    bench: Bench, racing: Track, gpu_box: GpuEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_claims, "YOUNG_SECONDS", 0)
    stopped = [bench.engine.kill(bench.launch(order(bench, number))) for number in range(4)]
    racers = [racing.enter(one, BEFORE_START) for one in stopped]
    for racer in racers:
        racer.kill()
    engines = [DockerEngine(gpu_box.environ) for _ in range(6)]
    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(lambda engine: engine.sweep(), engines))
    for engine in engines:
        engine.close()


def test_the_claim_of_a_start_that_the_engine_may_still_do_stays_until_it_is_swept(
    bench: Bench, racing: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = bench.engine
    assert isinstance(engine, DockerEngine)
    stopped = engine.stop(bench.launch(order(bench, 0)))
    details = engine._link.reader.get(f"/containers/{stopped.container_id}/json")
    silent = EngineUnreachable("it does not answer")
    with (
        pytest.raises(EngineUnreachable),
        engine._claims.for_start(stopped, details, gpus(), lambda: [IMAGE]),
    ):
        raise silent
    assert told_of(racing.enter(order(bench, 0)).told(), stopped)
    monkeypatch.setattr(docker_claims, "YOUNG_SECONDS", 0)
    engine.sweep()
    assert racing.enter(order(bench, 0)).told().session is not None


@pytest.mark.parametrize("way", ["launch", "start"])
def test_what_the_engine_starts_for_one_that_was_killed_has_its_device(
    way: str, gpu_box: GpuEngine, bench: Bench, racing: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: Order | Session = order(bench, 0)
    if way == "start":
        wanted = bench.engine.stop(bench.launch(order(bench, 0)))
    before = len(gpu_box.calls())
    with gpu_box.slow():
        killed = racing.enter(wanted)
        wait_until(lambda: len(gpu_box.calls()) > before)
        killed.kill()
        other = racing.enter(order(bench, 0))
        assert not other.line.poll(0.5)
    assert told_of(other.told(), wanted)
    assert [one.id for one in running(bench)] == [wanted.id]
    monkeypatch.setattr(docker_claims, "YOUNG_SECONDS", 0)
    bench.engine.sweep()


def test_a_launch_that_waits_can_be_cancelled(bench: Bench, racing: Track, gpu_box: GpuEngine) -> None:
    engine, cancellation, waits = DockerEngine(gpu_box.environ), Cancellation(), threading.Event()
    ours, theirs = Pipe()
    engine._claims = StoppingClaims.at(BEFORE_LOOK, theirs, engine)

    def report(progress: Progress) -> None:
        if "wants the same GPU" in progress.text:
            waits.set()

    with ThreadPoolExecutor(1) as pool:
        older = pool.submit(engine.launch, order(bench, 0), report, cancellation)
        assert ours.recv() == "stopped"
        younger = racing.enter(order(bench, 0), BEFORE_LOOK)
        ours.send("go on")
        assert waits.wait(30)
        cancellation.request()
        with pytest.raises(Cancelled):
            older.result(30)
    engine.close()
    younger.go_on()
    assert younger.told().session is not None
    assert len(bench.engine.sessions()) == 1


def wait_until(done: Callable[[], bool]) -> None:
    """Look until it is so."""
    for _ in range(600):
        if done():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to that")
