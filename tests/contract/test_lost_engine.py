"""What happens when the engine dies, hangs or runs out of disk: on an engine of our own, in a network
and on a small disk of its own."""

from __future__ import annotations

import io
import os
import signal
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sessiontui import dockerd
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App
from sessiontui.domain.errors import Cancelled, DiskFull, EngineError, EngineUnreachable
from sessiontui.domain.launch import Progress, Step
from sessiontui.domain.session import Phase
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.port import ANYTHING, Build
from tests.contract.conftest import Bench, ignore
from tests.contract.served_image import served_image
from tests.private_engine import IMAGE, PrivateEngine, private_engine

RECIPE = f"""\
FROM {IMAGE} AS tools
ARG STAGE=tools
LABEL sessiontui.stage=${{STAGE}}
RUN echo the password of a package index >/secret
RUN echo stage made; sleep SECONDS
FROM {IMAGE}
COPY --from=tools /bin/busybox /copied
"""


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    with private_engine(tmp_path_factory.mktemp("packages")) as private:
        yield private


@pytest.fixture
def bench(private: PrivateEngine, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(private.client(), IMAGE, tmp_path, real=True)
    yield bench
    # What an engine was asked for while it hung it does later, also start a session seen not to run.
    for _ in range(100):
        for session in bench.engine.sessions():
            with suppress(EngineError):
                bench.engine.delete(session)
        if not bench.engine.sessions():
            break
        time.sleep(0.1)
    client = private.client()._link.client
    assert not client.containers(all=True)
    assert not client.volumes()["Volumes"]
    bench.engine.close()


def recipe(seconds: int) -> dict[str, bytes]:
    return {"Dockerfile": RECIPE.replace("SECONDS", str(seconds)).encode()}


def caught_in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """A thread that does the work, and where its result or error will be."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(work())
        except EngineError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, outcome


def test_whoever_waits_for_an_engine_that_dies_is_told_and_all_is_as_the_engine_has_it_afterwards(
    private: PrivateEngine, bench: Bench
) -> None:
    engine = bench.engine
    session = bench.launch(bench.order(apps=(App("slow", "Slow", "http", 8000, command="sleep 60"),)))
    events = engine.events()
    heard = iter(events)
    assert next(heard) == ANYTHING
    pid = next(one.pid for one in engine.sessions())
    waiting = [
        caught_in_thread(lambda: list(heard)),
        caught_in_thread(lambda: list(engine.logs(session, follow=True))),
        caught_in_thread(lambda: engine.run(session, ["sleep", "60"])),
        caught_in_thread(lambda: engine.serve(session, session.apps[0])),
    ]
    time.sleep(0.5)
    private.signal(signal.SIGKILL)
    for thread, outcome in waiting:
        thread.join(10)
        assert isinstance(outcome[0], EngineUnreachable)
    with pytest.raises(EngineUnreachable):
        engine.sessions()
    private.start()
    assert next(iter(engine.events())) == ANYTHING
    (again,) = engine.sessions()
    assert (again.id, again.phase, again.pid) == (session.id, Phase.STOPPED, None)
    assert engine.start(again).phase is Phase.RUNNING
    assert next(one.pid for one in engine.sessions()) not in (None, pid)


@pytest.mark.parametrize("at", [Step.CREATING, Step.STARTING])
def test_an_engine_that_dies_in_a_launch_leaves_nothing_that_is_not_shown(
    private: PrivateEngine, bench: Bench, at: Step
) -> None:
    def report(progress: Progress) -> None:
        if progress.step is at:
            private.signal(signal.SIGKILL)

    order = bench.order()
    with pytest.raises(EngineUnreachable):
        bench.engine.launch(order, report, Cancellation())
    private.start()
    left = bench.engine.sessions()
    assert len(left) == (0 if at is Step.CREATING else 1)
    for session in left:
        assert session.interrupted
        assert bench.engine.start(session).phase is Phase.RUNNING


def test_an_engine_that_hangs_is_unreachable_in_time(
    private: PrivateEngine, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dockerd, "TIMEOUT", 1)
    session = bench.launch(bench.order())
    order = bench.order()

    def hang(progress: Progress) -> None:
        if progress.step is Step.STARTING:
            private.signal(signal.SIGSTOP)

    running, outcome = caught_in_thread(lambda: bench.engine.run(session, ["sleep", "30"]))
    try:
        with pytest.raises(EngineUnreachable, match="in time"):
            bench.engine.launch(order, hang, Cancellation())
        running.join(10)
        assert isinstance(outcome[0], EngineUnreachable)
    finally:
        private.signal(signal.SIGCONT)


def test_what_takes_long_is_waited_for_as_long_as_the_engine_answers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dockerd, "TIMEOUT", 1)
    session = bench.launch(bench.order())
    assert bench.engine.run(session, ["sleep", "3"]).exit_code == 0


def test_stages_of_builds_that_were_killed_go_with_the_next_build(
    private: PrivateEngine, bench: Bench
) -> None:
    engine = bench.engine
    assert isinstance(engine, DockerEngine)

    def stages() -> list[object]:
        found: list[object] = engine._link.client.images(filters={"label": ["sessiontui.stage"]})
        return found

    def kill(progress: Progress) -> None:
        if progress.text.endswith("stage made") and "sleep" not in progress.text:
            private.signal(signal.SIGKILL)

    with pytest.raises(EngineUnreachable):
        engine.build(Build("sessiontui-test/built:1", recipe(20)), kill, Cancellation())
    private.start()
    assert not engine.has_image("sessiontui-test/built:1")

    cancellation = Cancellation()

    def cancel(progress: Progress) -> None:
        if progress.text.endswith("stage made") and "sleep" not in progress.text:
            cancellation.request()

    with pytest.raises(Cancelled):
        engine.build(Build("sessiontui-test/built:1", recipe(21)), cancel, cancellation)
    engine.build(Build("sessiontui-test/built:1", recipe(0)), ignore, Cancellation())
    assert not stages()
    engine._link.client.remove_image("sessiontui-test/built:1")


def test_a_full_disk_is_said_and_nothing_is_left(private: PrivateEngine, bench: Bench) -> None:
    engine = bench.engine
    assert isinstance(engine, DockerEngine)
    big = f"FROM {IMAGE}\nRUN dd if=/dev/zero of=/big bs=1M count=100\n".encode()
    with pytest.raises(DiskFull):
        engine.build(Build("sessiontui-test/big:1", {"Dockerfile": big}), ignore, Cancellation())
    with pytest.raises(DiskFull):
        engine.build(
            Build("sessiontui-test/big:1", {"Dockerfile": f"FROM {IMAGE}\nCOPY big /\n".encode(),
                                            "big": bytes(60_000_000)}),
            ignore, Cancellation(),
        )  # fmt: skip
    with pytest.raises(DiskFull):
        engine.import_image(
            io.BytesIO(tar_of(bytes(100_000_000))), "sessiontui-test/big:2", ignore, Cancellation()
        )
    filler = private.data / "filler"
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(65536))
        with pytest.raises(DiskFull):
            bench.launch(bench.order())
    finally:
        filler.unlink()
    assert engine.sessions() == ()
    assert engine.images() == {IMAGE}


@pytest.mark.parametrize(
    ("room", "reached"),
    [(0, "asking"), (6_000_000, "layer 0/2"), (14_000_000, "layer 1/2")],
    ids=["begin", "load", "unpack"],
)
def test_a_pull_onto_a_full_disk_says_so_and_works_once_there_is_room(
    private: PrivateEngine, bench: Bench, tmp_path: Path, room: int, reached: str
) -> None:
    engine = bench.engine
    before = free_bytes(private)
    filler = private.data / "filler"
    seen: list[Progress] = []
    # Ten to load, as many again to unpack, and a layer can be in place when the next finds no room.
    with served_image(private, [os.urandom(2_000_000), os.urandom(8_000_000)], tmp_path) as image:
        try:
            with filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, before - room)
            with pytest.raises(DiskFull, match=f"{image}: no space is left") as caught:
                engine.pull(image, seen.append, Cancellation())
        finally:
            filler.unlink()
        assert "make room" in caught.value.hint
        assert any(one.text.startswith(reached) for one in seen)
        assert engine.images() == {IMAGE}
        wait_until_free(private, before)
        engine.pull(image, ignore, Cancellation())
        assert engine.images() == {IMAGE, image}
        engine.remove_image(image)
    wait_until_free(private, before)


def free_bytes(private: PrivateEngine) -> int:
    disk = os.statvfs(private.data)
    return disk.f_bavail * disk.f_frsize


def wait_until_free(private: PrivateEngine, free: int) -> None:
    """Wait until as much is free again but for the engine's own notes: it clears up after its answer."""
    end = time.monotonic() + 10
    while (left := free - free_bytes(private)) > 500_000 and time.monotonic() < end:
        time.sleep(0.05)
    assert left <= 500_000


def tar_of(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("big")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
