from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sessiontui.actions import rescue
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineError, NotYours, SessionGone, StorageError
from sessiontui.domain.rescue import Census, Tally
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.engine.memory import MemoryEngine
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from tests.pilot.stage import Stage

ME = Owner("alice", os.getuid(), os.getgid())


@pytest.fixture
def engine() -> MemoryEngine:
    return Stage().engine


@pytest.fixture
def ports(engine: MemoryEngine, tmp_path: Path) -> Ports:
    unused: Any = None
    storage = Directories(tmp_path / "folders", ME)
    storage.create("keep")
    return Ports(engine, unused, unused, storage, unused, unused, ME, MemoryRecords())


@pytest.fixture
def session(engine: MemoryEngine) -> Session:
    session = Stage(engine=engine).put("nifty-bohr", owner=ME)
    engine.write_file(session.id, "/home/work/thesis", b"words")
    return session


def save(ports: Ports, session: Session) -> str:
    return rescue.save_and_delete(ports, session, "keep", lambda copying: None, Cancellation()).path


def test_a_session_that_cannot_be_deleted_is_saved_all_the_same_and_says_where(
    engine: MemoryEngine, ports: Ports, session: Session, tmp_path: Path
) -> None:
    engine.failing["delete"] = EngineError("its disk is busy", "wait")
    with pytest.raises(
        EngineError, match=r"saved in .*keep/nifty-bohr, and was not deleted: its disk is busy"
    ):
        save(ports, session)
    assert (tmp_path / "folders" / "keep" / "nifty-bohr" / "thesis").read_bytes() == b"words"
    assert [one.id for one in engine.sessions()] == [session.id]


def test_who_finds_it_deleted_by_somebody_else_has_saved_it(
    engine: MemoryEngine, ports: Ports, session: Session
) -> None:
    engine.failing["delete"] = SessionGone("gone")
    assert Path(save(ports, session), "thesis").read_bytes() == b"words"


def test_of_two_who_save_it_at_once_the_first_leaves_it_to_the_other_to_delete(
    engine: MemoryEngine, ports: Ports, session: Session
) -> None:
    stopped = engine.stop(session)
    with engine.remains(stopped), pytest.raises(EngineError, match=r"and was not deleted: .* being saved"):
        save(ports, stopped)
    assert Path(save(ports, stopped)).name == "nifty-bohr-2"
    assert engine.sessions() == ()


def test_a_session_of_another_user_is_neither_stopped_nor_saved(
    engine: MemoryEngine, ports: Ports, tmp_path: Path
) -> None:
    theirs = Stage(engine=engine).put("bold-euler", owner=Owner("bob", 4321, 4321))
    mine = replace(ports, owner=Owner("eve", 77, 77))
    with pytest.raises(NotYours):
        save(mine, theirs)
    assert engine.sessions()[0].phase is Phase.RUNNING


def test_what_the_engine_leaves_out_of_its_archive_is_found_by_the_census(
    engine: MemoryEngine, ports: Ports, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = engine.stop(session)
    with engine.remains(stopped) as remains:
        kind = type(remains)
    monkeypatch.setattr(kind, "census", lambda self: Census(Tally(2, 99)))
    with pytest.raises(StorageError, match="holds 2 files, 99B, and 1 file, 5B were copied"):
        save(ports, stopped)
    assert list((tmp_path / "folders" / "keep").iterdir()) == []


def test_without_a_census_the_archive_is_counted_a_second_time(
    engine: MemoryEngine, ports: Ports, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = engine.stop(session)
    with engine.remains(stopped) as remains:
        kind = type(remains)
    asked = []
    home = kind.home

    def counted(self: Any) -> Any:
        asked.append(self)
        return home(self)

    monkeypatch.setattr(kind, "census", lambda self: None)
    monkeypatch.setattr(kind, "home", counted)
    assert Path(save(ports, stopped), "thesis").exists()
    assert len(asked) == 2


def test_a_home_with_a_directory_outside_keeps_both(
    engine: MemoryEngine, ports: Ports, session: Session
) -> None:
    engine.write_file(session.id, "/home/work/outside/mine", b"1")
    engine.write_file(session.id, "/srv/theirs", b"2")
    there = Path(save(ports, session))
    assert (there / "outside" / "mine").read_bytes() == b"1"
    assert (there / "outside-of-home" / "srv" / "theirs").read_bytes() == b"2"


def test_a_sweep_takes_what_a_killed_copy_left_in_every_folder(ports: Ports, tmp_path: Path) -> None:
    left = tmp_path / "folders" / "keep" / ".sessiontui-0123456789ab.part" / "nifty-bohr"
    left.mkdir(parents=True)
    rescue.sweep(ports)
    assert list((tmp_path / "folders" / "keep").iterdir()) == []
