"""Who uses a folder, and what is refused meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sessiontui.actions import folders
from sessiontui.domain.errors import EngineUnreachable, Refused, Unknown
from sessiontui.domain.folder import Folder, Mount
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from tests.unit.actions.test_mounting import Box

ME = Owner("me", os.getuid(), os.getgid())
BOB = Owner("bob", ME.uid + 1, ME.gid + 1)
LAUNCHED = datetime(2026, 11, 1, 12, tzinfo=UTC)
PLAIN = Session("a1", "plain-one", ME, Phase.RUNNING, "python", "3.12", "x", Ask(1, 1), LAUNCHED)
DATA = Folder("data", "/srv/folders/data")


def mounting(source: str, name: str, **changes: object) -> Session:
    """A session with a folder at a path."""
    mount = Mount("any", source, "/home/work/any")
    return replace(PLAIN, id=name.replace("-", ""), name=name, mounts=(mount,), **changes)  # type: ignore[arg-type]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "folders", tmp_path, owner=ME)


def test_who_uses_a_folder_is_told_by_its_place_whatever_it_is_called_there() -> None:
    exactly = mounting("/srv/folders/data", "exactly", owner=BOB, phase=Phase.FINISHED)
    within = mounting("/srv/folders/data/sub", "within")
    around = mounting("/srv/folders", "around")
    beside = mounting("/srv/folders/data2", "beside")
    assert folders.users_of(DATA, [PLAIN, exactly, within, around, beside]) == (exactly, within, around)


def test_folder_was_last_used_when_a_session_with_it_last_started() -> None:
    later = mounting(DATA.path, "later-one", started_at=LAUNCHED + timedelta(hours=2))
    never = mounting(DATA.path, "never-began")
    assert folders.last_used(DATA, [later, never]) == LAUNCHED + timedelta(hours=2)
    assert folders.last_used(DATA, [never]) == LAUNCHED
    assert folders.last_used(DATA, [PLAIN]) is None


@pytest.mark.parametrize(
    "act",
    [lambda box: folders.rename(box.ports, "data", "sets"), lambda box: folders.discard(box.ports, "data")],
)
def test_folder_in_use_keeps_place_and_name_also_by_a_stopped_session_of_a_colleague(
    box: Box, act: Callable[[Box], object]
) -> None:
    path = str(box.root / "data")
    box.engine.put(mounting(path, "mine-it-is"))
    box.engine.put(mounting(path, "theirs-it-is", owner=BOB, phase=Phase.STOPPED))
    with pytest.raises(Refused) as caught:
        act(box)
    (problem,) = caught.value.problems
    assert "mounted by mine-it-is, bob/theirs-it-is" in problem.message
    box.engine.down = True
    with pytest.raises(EngineUnreachable):
        act(box)
    assert (box.root / "data").is_dir()
    box.engine.down = False
    for session in box.engine.sessions():
        box.engine.remove(session.id)
    act(box)
    assert not (box.root / "data").exists()


def test_unknown_folder_is_told_as_such(box: Box) -> None:
    with pytest.raises(Unknown, match="did you mean data"):
        folders.discard(box.ports, "dat")


@pytest.mark.parametrize(
    "act",
    [
        lambda box: folders.rename(box.ports, "data", "sets"),
        lambda box: folders.discard(box.ports, "data"),
    ],
)
def test_session_that_came_meanwhile_keeps_its_folder(box: Box, act: Callable[[Box], object]) -> None:
    class Busy:
        """The engine, on which somebody launches between the first look and the next."""

        def __getattr__(self, name: str) -> object:
            return getattr(box.engine, name)

        def glance(self) -> tuple[Session, ...]:
            found = box.engine.glance()
            box.engine.put(mounting(str(box.root / "data"), "quick-one"))
            return found

    box.ports = replace(box.ports, engine=Busy())  # type: ignore[arg-type]
    before = (box.root / "data").stat().st_ino
    with pytest.raises(Refused, match="mounted by quick-one"):
        act(box)
    assert (box.root / "data").stat().st_ino == before
    assert [folder.name for folder in box.ports.storage.folders()] == [".cache", "data"]
    assert box.ports.storage.trash() == ()
