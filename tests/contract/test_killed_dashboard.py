"""Dashboards that are killed at each step, and two that do the same at the same moment."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import NameTaken, SessionGone, SessiontuiError
from sessiontui.domain.launch import Order
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.payload import home_volume
from tests.contract.conftest import Bench
from tests.contract.crash import Death, killed
from tests.private_engine import IMAGE, PrivateEngine, private_engine

pytestmark = pytest.mark.beside


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    with private_engine(tmp_path_factory.mktemp("packages")) as private:
        yield private


@pytest.fixture
def bench(private: PrivateEngine, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(private.client(), IMAGE, tmp_path, real=True)
    yield bench
    for session in bench.engine.sessions():
        bench.engine.delete(session)
    assert everything(private) == (set(), set())
    bench.engine.close()


def everything(private: PrivateEngine) -> tuple[set[str], set[str]]:
    """The containers and the volumes there are."""
    client = private.client()._link.client
    volumes = client.volumes()["Volumes"] or ()
    return {one["Id"] for one in client.containers(all=True)}, {one["Name"] for one in volumes}


def settled(bench: Bench) -> tuple[Session, ...]:
    """The sessions once nothing is in the middle of something: the engine finishes what it was asked."""
    for _ in range(100):
        found = bench.engine.sessions()
        if not [one for one in found if one.phase in (Phase.PREPARING, Phase.STOPPING)]:
            return found
        time.sleep(0.05)
    pytest.fail(f"still: {[(one.name, one.phase) for one in found]}")


def wait_for_work(bench: Bench, session: Session) -> None:
    """Wait until the session's user can work in it: it may have been started this moment."""
    for _ in range(100):
        outcome = bench.engine.run(session, ["sh", "-c", "echo >kept && cat kept"])
        if outcome.exit_code == 0:
            return
        time.sleep(0.05)
    pytest.fail(str(outcome))


def test_a_launch_killed_at_any_request_leaves_nothing_or_what_can_be_finished_and_deleted(
    private: PrivateEngine, bench: Bench, tmp_path: Path
) -> None:
    died, kinds = 0, set()
    while killed(private.environ, "launch", bench.order(), Death(died), tmp_path):
        died += 1
        for session in settled(bench):
            kinds.add("running" if session.phase is Phase.RUNNING else "interrupted")
            assert session.interrupted or session.phase is Phase.RUNNING, session
            running = bench.engine.start(session) if session.interrupted else session
            wait_for_work(bench, running)
            bench.engine.delete(running)
        assert everything(private) == (set(), set())
    assert died > 5
    assert kinds == {"running", "interrupted"}


def test_a_deletion_killed_at_any_request_is_done_or_can_be_done_again(
    private: PrivateEngine, bench: Bench, tmp_path: Path
) -> None:
    died = 0
    kinds = set()
    while True:
        order = bench.order()
        session = bench.launch(order)
        if not killed(private.environ, "delete", session, Death(died), tmp_path):
            break
        died += 1
        left = settled(bench)
        kinds.add(tuple(one.container_id is not None for one in left))
        for one in left:
            assert one.name == order.name
            assert one.container_id is None or one.phase in (Phase.RUNNING, Phase.STOPPED)
            bench.engine.delete(one)
        assert everything(private) == (set(), set())
    assert died >= 2
    assert kinds == {(True,), (False,), ()}, "it is as it was, or its home is shown, or it is gone"


def _at_once(environ: Mapping[str, str], barrier: Barrier, verb: str, subject: Any, told: Any) -> None:
    engine = DockerEngine(environ)
    engine.facts()
    barrier.wait(30)
    try:
        if verb == "launch":
            engine.launch(subject, lambda _: None, Cancellation())
        else:
            getattr(engine, verb)(subject)
        told.put("done")
    except SessiontuiError as error:
        told.put(type(error).__name__)


def at_once(private: PrivateEngine, verb: str, subjects: list[Order] | list[Session]) -> list[str]:
    """What became of it in dashboards that do it at the same moment, each in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    barrier, told = context.Barrier(len(subjects)), context.SimpleQueue()
    processes = [
        context.Process(target=_at_once, args=(private.environ, barrier, verb, one, told)) for one in subjects
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    return sorted(told.get() for _ in subjects)


def test_of_dashboards_that_launch_the_same_name_at_the_same_moment_one_does(
    private: PrivateEngine, bench: Bench
) -> None:
    orders = [bench.order("the-same", apps=()) for _ in range(3)]
    assert at_once(private, "launch", orders) == [NameTaken.__name__] * 2 + ["done"]
    (session,) = bench.engine.sessions()
    assert session.phase is Phase.RUNNING
    _, volumes = everything(private)
    assert {one for one in volumes if one.endswith("-home")} == {home_volume(session.id)}


def test_dashboards_that_launch_different_names_at_the_same_moment_get_different_ports(
    private: PrivateEngine, bench: Bench
) -> None:
    assert at_once(private, "launch", [bench.order() for _ in range(3)]) == ["done"] * 3
    found = bench.engine.sessions()
    assert len(found) == 3
    assert {one.phase for one in found} == {Phase.RUNNING}


@pytest.mark.parametrize("verb", ["delete", "stop", "start"])
def test_dashboards_that_end_or_start_the_same_session_at_the_same_moment_agree(
    private: PrivateEngine, bench: Bench, verb: str
) -> None:
    session = bench.launch(bench.order(apps=()))
    if verb == "start":
        session = bench.engine.stop(session)
    outcomes = at_once(private, verb, [session] * 3)
    assert "done" in outcomes
    if verb == "delete":
        assert set(outcomes) <= {"done", SessionGone.__name__}
        assert everything(private) == (set(), set())
        return
    assert outcomes == ["done"] * 3
    (left,) = settled(bench)
    assert left.phase is (Phase.RUNNING if verb == "start" else Phase.STOPPED)
    assert left.id == session.id
