"""What dies with a session, told and saved, on every engine."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sessiontui.actions import rescue
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, EngineError, SessionGone, StorageError, Unknown
from sessiontui.domain.files import Copying
from sessiontui.domain.rescue import Saved
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.engine.labels import ID_LABEL
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.payload import home_volume, session_volume
from sessiontui.engine.stand_in import STAND_IN_LABEL
from sessiontui.storage.directories import Directories
from sessiontui.storage.keeping import Keeping
from sessiontui.storage.memory_records import MemoryRecords
from tests.contract.conftest import Bench
from tests.real import linked

pytestmark = pytest.mark.beside

HOME = r"""
umask 022
mkdir -p empty runs/1
printf weights >runs/1/model
chmod 640 runs/1/model
ln runs/1/model again
ln -s /nowhere away
ln -s ../.. up
printf odd >"$(printf 'odd\n\377 name')"
mkfifo pipe
truncate -s 3M holes
touch -d @1000000000 runs/1/model runs
"""
FILES, BYTES = 4, 7 + 7 + 3 + 3 * 1024 * 1024


def fill(bench: Bench, session: Session) -> None:
    """Put all that a home can hold into it, and something outside."""
    if isinstance(bench.engine, MemoryEngine):
        subprocess.run(["sh", "-c", HOME], cwd=bench.engine.files(session.id).home, check=True)
        bench.engine.write_file(session.id, "/srv/own/notes", b"outside")
        bench.engine.write_file(session.id, "/tmp/scratch", b"passing")
        return
    assert bench.engine.run(session, ["sh", "-c", HOME]).exit_code == 0
    as_root(session, "mkdir /srv/own; printf outside >/srv/own/notes; echo >/tmp/scratch; echo >>/etc/passwd")


def as_root(session: Session, script: str) -> None:
    with linked() as link:
        client = link.client
        run = client.exec_create(session.container_id, ["sh", "-c", script], user="0")
        client.exec_start(run["Id"])
        assert client.exec_inspect(run["Id"])["ExitCode"] == 0


def ports_of(bench: Bench, owner: Owner | None = None) -> Ports:
    """The ports that saving needs, with one folder ``keep``."""
    owner = owner or Owner("tester", os.getuid() or 1000, os.getgid() or 1000)
    storage = Directories(bench.tmp_path / "folders", owner)
    if not storage.folders():
        storage.create("keep")
    unused: Any = None
    return Ports(bench.engine, unused, unused, storage, unused, unused, owner, MemoryRecords())


def save(bench: Bench, session: Session, report: Callable[[Copying], None] = lambda copying: None) -> Saved:
    return rescue.save_and_delete(ports_of(bench), session, "keep", report, Cancellation())


def current(bench: Bench, session: Session) -> Session | None:
    return next((one for one in bench.engine.sessions() if one.id == session.id), None)


def in_folder(bench: Bench) -> list[str]:
    return sorted(one.name for one in (bench.tmp_path / "folders" / "keep").iterdir())


def stand_ins(session: Session) -> list[Any]:
    with linked() as link:
        return list(link.client.containers(all=True, filters={"label": f"{STAND_IN_LABEL}={session.id}"}))


def test_losses_of_a_stopped_session_are_those_of_the_running_one(bench: Bench) -> None:
    session = bench.launch(bench.order())
    fill(bench, session)
    running = bench.engine.losses(session)
    assert (running.files, running.bytes, running.complete) == (FILES, BYTES, True)
    stopped = bench.engine.stop(session)
    told = bench.engine.losses(stopped)
    assert (told.files, told.bytes, told.complete) == (FILES, BYTES, True)
    assert {one.path for one in told.newest} == {one.path for one in running.newest}
    assert told.newest[-1].changed_at == datetime.fromtimestamp(1_000_000_000, UTC)
    outside = bench.engine.losses_outside(stopped)
    assert [(one.path, one.bytes) for one in outside.newest] == [("/srv/own/notes", 7)]
    assert (outside.files, outside.bytes, outside.complete) == (1, 7, True)
    if bench.real:
        assert not stand_ins(session)


def test_what_is_being_saved_neither_runs_nor_is_deleted(bench: Bench) -> None:
    session = bench.launch(bench.order())
    with pytest.raises(EngineError, match="runs"), bench.engine.remains(session):
        pass
    stopped = bench.engine.stop(session)
    with bench.engine.remains(stopped):
        for stand_in in stand_ins(session) if bench.real else ():
            # It is no session, and promises nothing.
            assert stand_in["Id"] not in [one.container_id for one in bench.engine.sessions()]
            with linked() as link:
                limits = link.reader.get(f"/containers/{stand_in['Id']}/json")["HostConfig"]
            assert (limits["Memory"], limits["NanoCpus"]) == (0, 0)
        with pytest.raises(EngineError, match="saved to a folder"):
            bench.engine.delete(stopped)
        assert current(bench, stopped) == stopped
    bench.engine.delete(stopped)


def test_one_that_somebody_starts_meanwhile_is_not_deleted_after_it_was_saved(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.engine.stop(bench.launch(bench.order()))
    settle = Keeping.settle

    def started(keep: Keeping) -> str:
        path = settle(keep)
        bench.engine.start(session)
        return path

    monkeypatch.setattr(Keeping, "settle", started)
    with pytest.raises(EngineError, match=r"saved in .*, and was not deleted: .* was started meanwhile"):
        save(bench, session)
    again = current(bench, session)
    assert again is not None
    assert again.phase is Phase.RUNNING
    bench.engine.delete(again)


def test_all_of_a_session_is_in_the_folder_before_it_is_deleted(bench: Bench) -> None:
    mounted = bench.mount("data")
    (Path(mounted.source) / "huge").write_bytes(b"stays where it is")
    session = bench.launch(bench.order("saved-whole", mounts=(mounted,)))
    fill(bench, session)
    seen: list[Copying] = []
    saved = save(bench, session, seen.append)
    there = bench.tmp_path / "folders" / "keep" / "saved-whole"
    assert saved.path == str(there)
    assert in_folder(bench) == ["saved-whole"]
    assert current(bench, session) is None
    model = there / "runs" / "1" / "model"
    status = model.stat()
    assert (model.read_bytes(), stat.S_IMODE(status.st_mode), status.st_mtime) == (b"weights", 0o640, 1e9)
    assert status.st_ino == (there / "again").stat().st_ino
    assert (there / "runs").stat().st_mtime == 1e9
    assert ((there / "away").readlink(), (there / "up").readlink()) == (Path("/nowhere"), Path("../.."))
    assert (there / "empty").is_dir()
    assert b"odd\n\xff name" in [os.fsencode(one.name) for one in there.iterdir()]
    assert (there / "holes").stat().st_size == 3 * 1024 * 1024
    assert (there / "outside" / "srv" / "own" / "notes").read_bytes() == b"outside"
    assert saved.left_out == ("pipe: a named pipe, socket or device, which no copy holds",)
    # Neither mounts nor what we put there.
    assert sorted(one.name for one in there.iterdir() if one.name.isidentifier()) == [
        "again", "away", "empty", "holes", "outside", "runs", "up",
    ]  # fmt: skip
    assert saved.tally.files == FILES + 1
    assert seen[-1].done >= BYTES
    if bench.real:
        owner = session.owner
        assert os.geteuid() != 0 or (status.st_uid, status.st_gid) == (owner.uid, owner.gid)
        assert not stand_ins(session)


def test_a_copy_that_was_cancelled_leaves_the_session_as_it_was(bench: Bench) -> None:
    session = bench.launch(bench.order())
    fill(bench, session)
    cancellation = Cancellation()
    with pytest.raises(Cancelled):
        rescue.save_and_delete(
            ports_of(bench), session, "keep", lambda copying: cancellation.request(), cancellation
        )
    assert in_folder(bench) == []
    again = current(bench, session)
    assert again is not None
    assert again.phase is Phase.RUNNING
    assert bench.engine.losses(again).files == FILES


def test_a_home_that_changed_meanwhile_is_not_taken_for_copied(bench: Bench) -> None:
    session = bench.launch(bench.order())
    fill(bench, session)
    session = bench.engine.stop(session)
    changed: list[Copying] = []

    def change(copying: Copying) -> None:
        if copying.done and not changed:
            changed.append(copying)
            put_into_home(bench, session)

    with pytest.raises(StorageError, match="were copied: the copy was thrown away"):
        save(bench, session, change)
    assert in_folder(bench) == []
    assert current(bench, session) is not None


def put_into_home(bench: Bench, session: Session) -> None:
    if isinstance(bench.engine, MemoryEngine):
        bench.engine.write_file(session.id, "/home/work/late", b"just in time")
        return
    import io
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("late"))
    with linked() as link:
        link.client.put_archive(str(session.container_id), "/home/work", buffer.getvalue())


def test_a_folder_that_is_unknown_or_cannot_be_written_is_refused_before_anything(bench: Bench) -> None:
    session = bench.launch(bench.order())
    ports = ports_of(bench)
    with pytest.raises(Unknown, match="keeep"):
        rescue.save_and_delete(ports, session, "keeep", lambda copying: None, Cancellation())
    now = current(bench, session)
    assert now is not None
    assert now.phase is Phase.RUNNING


@pytest.fixture
def small_disk(bench: Bench) -> Iterator[Path]:
    """The folder ``keep`` on a file system with next to no room."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts")
    ports_of(bench)
    place = bench.tmp_path / "folders" / "keep"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_keeps_the_session_and_leaves_no_half_copy(bench: Bench, small_disk: Path) -> None:
    session = bench.launch(bench.order())
    if isinstance(bench.engine, MemoryEngine):
        bench.engine.write_file(session.id, "/home/work/big", b"x" * 200_000)
    else:
        bench.engine.run(session, ["sh", "-c", "yes | head -c 200000 >big"])
    with pytest.raises(StorageError, match="No space left"):
        save(bench, session)
    assert in_folder(bench) == []
    now = current(bench, session)
    assert now is not None
    assert bench.engine.losses(now).bytes == 200_000


def test_the_home_of_a_session_without_container_is_told_and_saved(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.launch(bench.order("saved-orphan"))
    fill(bench, session)
    with linked() as link:
        link.client.remove_container(str(session.container_id), v=True, force=True)
    orphan = current(bench, session)
    assert orphan is not None
    told = bench.engine.losses(orphan)
    assert told.bytes is not None
    assert told.bytes >= BYTES
    assert bench.engine.losses_outside(orphan).files == 0
    there = Path(save(bench, orphan).path)
    assert (there / "runs" / "1" / "model").read_bytes() == b"weights"
    assert not (there / "outside").exists()
    assert current(bench, session) is None


def test_a_file_outside_that_the_engine_cannot_name_is_neither_lost_nor_taken_for_a_lost_session(
    docker_bench: Bench,
) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    as_root(session, r"printf mine >/opt/$(printf 'odd\377')")
    assert not bench.engine.losses_outside(session).complete
    with pytest.raises(EngineError, match=r"/opt/odd.* does not hand it out") as raised:
        save(bench, session)
    assert not isinstance(raised.value, SessionGone)
    assert in_folder(bench) == []
    again = current(bench, session)
    assert again is not None
    assert again.phase is Phase.RUNNING


def test_a_count_that_was_left_keeps_no_session_from_being_deleted(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.engine.stop(bench.launch(bench.order()))
    code = (
        "import sys\n"
        "from tests.real import real_engine\n"
        "engine = real_engine()\n"
        "one = next(one for one in engine.sessions() if one.id == sys.argv[1])\n"
        "engine._stand_ins._remove = lambda name: None\n"
        "engine.losses(one)\n"
    )
    subprocess.run([sys.executable, "-c", code, session.id], check=True)
    assert stand_ins(session)
    bench.engine.delete(session)
    assert not stand_ins(session)
    assert current(bench, session) is None


def test_our_files_of_a_session_whose_home_is_gone_are_swept_and_no_others(
    docker_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessiontui.engine.docker_remains.IN_CREATION_SECONDS", 0)
    kept = docker_bench.launch(docker_bench.order())
    left = {
        home_volume("whole123"): "whole123",
        session_volume("whole123"): "whole123",
        "lost123-notes": "lost123",
    }
    with linked() as link:
        for name, session_id in {**left, session_volume("lost123"): "lost123"}.items():
            link.client.create_volume(name, labels={ID_LABEL: session_id})
        try:
            docker_bench.engine.sweep()
            names = {one["Name"] for one in link.client.volumes()["Volumes"]}
            assert {*left, home_volume(kept.id), session_volume(kept.id)} <= names
            assert session_volume("lost123") not in names
        finally:
            for name in left:
                link.client.remove_volume(name)
