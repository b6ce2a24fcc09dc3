"""Stop and start, new limits, the end by force, and why a session ended: promised by every engine."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from sessiontui.domain.batch import Batch
from sessiontui.domain.errors import EngineError, Refused, SessionGone, StartFailed
from sessiontui.domain.folder import Folder, Mount
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.engine import containers
from sessiontui.engine.memory import MemoryEngine
from tests.contract.conftest import Bench
from tests.real import linked

pytestmark = pytest.mark.beside


def find(bench: Bench, session: Session) -> Session:
    return next(one for one in bench.engine.sessions() if one.id == session.id)


def use_memory(bench: Bench, session: Session, mebibytes: int) -> None:
    """A program of the session holds that much."""
    if isinstance(bench.engine, MemoryEngine):
        bench.engine.in_use[session.id] = mebibytes * MIB
        return
    held = f"import time; x = bytearray(b'x') * ({mebibytes} << 20); open('/tmp/held', 'w'); time.sleep(600)"
    script = f'python3 -c "{held}" >/dev/null 2>&1 & while [ ! -e /tmp/held ]; do sleep 0.05; done'
    assert bench.engine.run(session, ["sh", "-c", script]).exit_code == 0


def test_a_session_that_was_started_since_it_was_looked_at_is_not_deleted(bench: Bench) -> None:
    stopped = bench.engine.stop(bench.launch(bench.order()))
    running = bench.engine.start(stopped)
    with pytest.raises(EngineError, match="was started meanwhile"):
        bench.engine.delete(stopped)
    again = bench.engine.stop(running)
    with pytest.raises(EngineError, match="was started meanwhile"):
        bench.engine.delete(stopped)
    assert find(bench, again) == again
    bench.engine.delete(running)
    assert again.id not in {one.id for one in bench.engine.sessions()}


def test_what_was_stopped_comes_back_as_it_was_also_with_new_limits(bench: Bench) -> None:
    session = bench.launch(bench.order(mounts=(bench.mount("data"),)))
    secret = bench.engine.secret(session) if bench.real else ""
    if bench.real:
        bench.engine.run(session, ["sh", "-c", "echo kept >/home/work/notes"])
    wanted = Ask(1.5, 384 * MIB)
    resized = bench.engine.resize(session, wanted)
    assert resized.ask == wanted
    stopped = bench.engine.stop(resized)
    assert (stopped.phase, stopped.reason, stopped.ask) == (Phase.STOPPED, "", wanted)
    assert stopped.ended_at is not None
    assert stopped.lasted is not None
    again = bench.engine.start(stopped)
    assert (again.phase, again.ended_at, again.lasted) == (Phase.RUNNING, None, None)
    for name in ("id", "container_id", "ask", "ports", "mounts", "apps", "env"):
        assert getattr(again, name) == getattr(resized, name), name
    if bench.real:
        assert bench.engine.secret(again) == secret
        assert bench.engine.read_file(again, "/home/work/notes") == b"kept\n"


def test_the_limits_of_a_running_session_change_at_once_both_ways(bench: Bench) -> None:
    session = bench.launch(bench.order())
    before = bench.engine.capacity()
    for ask in (Ask(1.5, 512 * MIB), Ask(0.25, 64 * MIB), Ask(0.25, 300 * MIB)):
        session = bench.engine.resize(session, ask)
        assert (session.ask, session.phase) == (ask, Phase.RUNNING)
        assert find(bench, session) == session
    if not bench.real:
        # Others use a real engine meanwhile.
        after = bench.engine.capacity()
        assert after.memory_promised - before.memory_promised == 44 * MIB
        assert after.cpu_promised - before.cpu_promised == pytest.approx(-0.25)


def test_a_stopped_session_takes_new_limits_for_its_next_start(bench: Bench) -> None:
    session = bench.engine.stop(bench.launch(bench.order()))
    assert bench.engine.memory_in_use(session) is None
    resized = bench.engine.resize(session, Ask(1, 128 * MIB))
    assert (resized.phase, resized.ask) == (Phase.STOPPED, Ask(1, 128 * MIB))
    assert bench.engine.start(resized).ask == Ask(1, 128 * MIB)


def test_memory_below_what_is_in_use_is_refused_and_nothing_changes(bench: Bench) -> None:
    session = bench.launch(bench.order())
    use_memory(bench, session, 100)
    used = bench.engine.memory_in_use(session)
    assert used is not None
    assert 100 * MIB <= used < 200 * MIB
    if bench.real and Path("/sys/fs/cgroup/cgroup.controllers").exists():
        pytest.skip("version 2 of cgroups ends programs instead: the action asks before")
    with pytest.raises(Refused) as caught:
        bench.engine.resize(session, Ask(0.5, 50 * MIB))
    assert caught.value.problems[0].field == "memory"
    assert "in use now" in caught.value.problems[0].message
    assert find(bench, session).ask == session.ask


def test_more_cores_than_there_are_are_refused(bench: Bench) -> None:
    session = bench.launch(bench.order())
    with pytest.raises(Refused) as caught:
        bench.engine.resize(session, Ask(100_000, 256 * MIB))
    assert caught.value.problems[0].field == "cpu"
    assert find(bench, session).ask == session.ask


def test_of_two_who_resize_at_once_one_wins_as_a_whole(bench: Bench) -> None:
    session = bench.launch(bench.order())
    asks = [Ask(1, 300 * MIB), Ask(1.5, 400 * MIB)]
    threads = [threading.Thread(target=bench.engine.resize, args=(session, ask)) for ask in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert find(bench, session).ask in asks


def test_a_killed_session_keeps_its_home_and_starts_again(bench: Bench) -> None:
    session = bench.launch(bench.order())
    if bench.real:
        bench.engine.run(session, ["sh", "-c", "echo kept >/home/work/notes"])
    killed = bench.engine.kill(session)
    assert (killed.phase, killed.exit_code) == (Phase.STOPPED, 137)
    assert killed.reason.startswith("killed")
    assert bench.engine.kill(killed) == killed
    again = bench.engine.start(killed)
    assert (again.phase, again.reason) == (Phase.RUNNING, "")
    if bench.real:
        assert bench.engine.read_file(again, "/home/work/notes") == b"kept\n"


def test_a_session_deleted_meanwhile_is_neither_killed_nor_resized(bench: Bench) -> None:
    session = bench.launch(bench.order())
    bench.engine.delete(session)
    for call in (
        lambda: bench.engine.kill(session),
        lambda: bench.engine.memory_in_use(session),
        lambda: bench.engine.resize(session, Ask(1, 300 * MIB)),
    ):
        with pytest.raises(SessionGone):
            call()


# --- on the real engine alone ------------------------------------------------------------------------


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    with linked() as link:
        yield link.client


def test_the_kernel_has_the_new_limits_and_no_swap_comes_with_them(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    docker_bench.engine.resize(session, Ask(1.5, 400 * MIB))
    host = client.inspect_container(session.container_id or "")["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (1_500_000_000, 400 * MIB, 400 * MIB)
    files = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max"
    told = docker_bench.engine.run(session, ["sh", "-c", files]).output
    assert int(told) == 400 * MIB


def test_what_others_stop_as_an_engine_does_when_it_goes_says_so(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    client.stop(session.container_id or "")
    stopped = find(docker_bench, session)
    assert stopped.phase is Phase.STOPPED
    assert "stopped by the engine" in stopped.reason
    assert next(one for one in docker_bench.engine.glance() if one.id == session.id).reason == stopped.reason
    assert docker_bench.engine.start(stopped).reason == ""


@pytest.mark.parametrize("by_us", [True, False])
def test_programs_in_a_session_that_is_stopped_may_save_what_they_have(
    docker_bench: Bench, client: docker.APIClient, by_us: bool
) -> None:
    session = docker_bench.launch(docker_bench.order())
    saving = "trap 'sleep 0.3; echo saved >~/done; exit' TERM; echo on >~/on; while :; do sleep 0.1; done"
    deaf = "trap '' TERM; while :; do sleep 5; done"
    for program in (saving, deaf):
        start = f"nohup sh -c {shlex.quote(program)} >/dev/null 2>&1 &"
        assert docker_bench.engine.run(session, ["sh", "-c", start]).exit_code == 0
    assert (
        docker_bench.engine.run(session, ["sh", "-c", "until [ -e ~/on ]; do sleep 0.05; done"]).exit_code
        == 0
    )
    if by_us:
        stopped = docker_bench.engine.stop(session)
    else:
        client.stop(session.container_id or "", timeout=10)
        stopped = find(docker_bench, session)
    assert (stopped.phase, stopped.exit_code) == (Phase.STOPPED, 143 if by_us else 158)
    assert docker_bench.engine.read_file(stopped, "/home/work/done") == b"saved\n"


def test_a_paused_session_is_stopped_by_us_all_the_same(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    client.pause(session.container_id or "")
    stopped = docker_bench.engine.stop(session)
    assert (stopped.phase, stopped.exit_code, stopped.reason) == (Phase.STOPPED, 143, "")


def test_a_mount_that_vanished_is_named_and_its_return_mends_it(docker_bench: Bench) -> None:
    mount = docker_bench.mount("data")
    stopped = docker_bench.engine.stop(docker_bench.launch(docker_bench.order(mounts=(mount,))))
    Path(mount.source).rmdir()
    with pytest.raises(StartFailed, match="vanished") as caught:
        docker_bench.engine.start(stopped)
    assert mount.source in caught.value.message
    assert "make it again" in caught.value.hint
    Path(mount.source).mkdir()
    assert docker_bench.engine.start(stopped).phase is Phase.RUNNING


def test_a_session_out_of_memory_says_the_limit(docker_bench: Bench, client: docker.APIClient) -> None:
    batch = Batch("exec python3 -c 'bytearray(400 << 20)[::4096] = bytes(400 << 8)'", None, False)
    session = docker_bench.launch(docker_bench.order(ask=Ask(0.5, 128 * MIB), batch=batch))
    client.wait(session.container_id or "", timeout=30)
    failed = find(docker_bench, session)
    assert failed.phase is Phase.FAILED
    assert "out of memory (limit 128M" in failed.reason


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A directory on a small disk of its own."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "fsfreeze", "mount"))):
        pytest.skip("a disk of our own needs root, mkfs.ext4 and fsfreeze")
    image, directory = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(8 * MIB)
    directory.mkdir()
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, directory], capture_output=True).returncode != 0:
        pytest.skip("this machine mounts no images")
    directory.chmod(0o777)
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)


@contextmanager
def frozen(disk: Path) -> Iterator[None]:
    """Inside, the disk does not answer who writes to it."""
    subprocess.run(["fsfreeze", "--freeze", disk], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", disk], check=True)


@pytest.mark.parametrize("act", ["kill", "delete"])
def test_what_cannot_be_ended_says_which_process_holds_it_and_ends_with_it(
    docker_bench: Bench, disk: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    monkeypatch.setattr(containers, "KILL_SECONDS", 2)
    engine = docker_bench.engine
    mount = Mount.of(Folder("disk", str(disk)))
    session = docker_bench.launch(docker_bench.order(mounts=(mount,)))
    with frozen(disk):
        engine.run(session, ["sh", "-c", f"dd if=/dev/zero of={mount.target}/file count=1 >/dev/null 2>&1 &"])
        with pytest.raises(EngineError, match=r"does not end: dd .* cannot be interrupted") as caught:
            getattr(engine, act)(session)
        assert "a disk" in caught.value.hint
        assert find(docker_bench, session).id == session.id
    if act == "kill":
        assert engine.kill(session).phase is Phase.STOPPED
    engine.delete(session)
    assert session.id not in {one.id for one in engine.sessions()}


def test_the_container_that_holds_a_home_is_named(docker_bench: Bench, client: docker.APIClient) -> None:
    session = docker_bench.launch(docker_bench.order())
    volume = f"sessiontui-{session.id}-home"
    config = client.create_host_config(binds=[f"{volume}:/theirs"])
    name = f"holder-{session.id}"
    foreign = client.create_container(docker_bench.image, ["true"], name=name, host_config=config)["Id"]
    try:
        with pytest.raises(EngineError, match=f"uses its home, which is kept .{name}"):
            docker_bench.engine.delete(session)
    finally:
        client.remove_container(foreign)
    docker_bench.engine.delete(replace(session, container_id=None))
