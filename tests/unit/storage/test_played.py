"""The folders of a demo: some are there, sessions mount them, and none of them is the person's."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from sessiontui import wiring
from sessiontui.actions import end, folders
from sessiontui.actions.ports import Ports
from sessiontui.config import Settings
from sessiontui.domain.errors import Refused
from sessiontui.domain.session import Owner, Phase
from sessiontui.storage.played import played_folders


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    (tmp_path / "folders" / "thesis").mkdir(parents=True)
    return wiring.ports(Settings(tmp_path / "folders"), {"HOME": str(tmp_path)}, demo=True)


def test_session_of_the_demo_is_stopped_and_started_again(ports: Ports) -> None:
    session = next(one for one in ports.engine.sessions() if one.mounts and one.owner == ports.owner)
    assert end.start(ports, end.stop(ports, session)).phase is Phase.RUNNING


def test_what_sessions_of_the_demo_mount_is_there_and_is_not_the_person_s(
    ports: Ports, tmp_path: Path
) -> None:
    found = {one.name: one for one in ports.storage.folders()}
    assert sorted(found) == ["data", "models"]
    sources = {mount.source for one in ports.engine.sessions() for mount in one.mounts}
    assert sources == {one.path for one in found.values()}
    assert all((Path(one.path).stat().st_uid, any(Path(one.path).iterdir())) for one in found.values())
    with pytest.raises(Refused, match="mounted by"):
        folders.discard(ports, "data")
    ports.storage.create("mine")
    assert [one.name for one in (tmp_path / "folders").iterdir()] == ["thesis"]


def test_the_folders_of_the_demo_go_with_it() -> None:
    storage, root = played_folders(Owner("alice", os.geteuid(), os.getegid()))
    assert root.exists()
    del storage
    gc.collect()
    assert not root.parent.exists()
