"""Folders that are exchanged, vanish or become links between the check and the mount."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sessiontui.actions import end, mounting
from sessiontui.actions.launch import Launcher
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineError, Refused, StartFailed
from sessiontui.domain.folder import Identity, MountChoice
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.launch import Draft, Order, Progress
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.port import Report
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from tests.unit.actions.test_launch import PaperHost

OWNER = Owner("alice", 1000, 1000)
IMAGE = "an/image:1"


class Interfered(MemoryEngine):
    """An engine before which somebody is quicker."""

    def __init__(self) -> None:
        super().__init__(images=(IMAGE,))
        self.before: Callable[[], object] = lambda: None
        self.unmountable = ""
        """A directory that is there for everybody but the engine."""
        self.ends_at_once = False

    def launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        self.before()
        if self.unmountable and any(mount.source == self.unmountable for mount in order.mounts):
            raise StartFailed(f"error mounting {self.unmountable!r}: permission denied")
        session = super().launch(order, report, cancellation)
        if self.ends_at_once:
            self.put(replace(session, phase=Phase.FINISHED, exit_code=0))
        return session

    def start(self, session: Session, gpus: Sequence[Gpu] = ()) -> Session:
        self.before()
        return super().start(session, gpus)


@dataclass
class Box:
    """A machine with the folders data and .cache, and a directory that is none of the person's."""

    root: Path
    secret: Path
    engine: Interfered = field(default_factory=Interfered)
    owner: Owner = OWNER

    def __post_init__(self) -> None:
        meter = ScriptedMeter(lambda: 0.0)
        storage = Directories(self.root, self.owner)
        self.ports = Ports(
            self.engine, meter, meter, storage, FileCatalogue(), PaperHost(), self.owner, MemoryRecords()
        )
        self.launcher = Launcher(self.ports)
        for name in ("data", ".cache"):
            storage.create(name)

    def order(self, *mounts: MountChoice) -> Order:
        return self.launcher.order(Draft(image=IMAGE, name="nifty-bohr", mounts=mounts))

    def launch(self, order: Order) -> Session:
        return self.launcher.launch(order, ignore, Cancellation())

    def swap(self, name: str) -> None:
        """Put a link to what is not the person's in the place of a folder."""
        (self.root / name).rename(self.root / f"old-{name}")
        (self.root / name).symlink_to(self.secret)

    def exchange(self, name: str) -> None:
        """Put another directory in the place of a folder."""
        (self.root / name).rename(self.root / f"old-{name}")
        (self.root / name).mkdir()


def ignore(progress: Progress) -> None:
    """A report nobody reads."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    monkeypatch.setattr(mounting, "PAUSES", (0.0,) * len(mounting.PAUSES))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    secret = tmp_path / "secret"
    secret.mkdir()
    return Box(tmp_path / "folders", secret)


def test_session_with_the_folders_that_were_chosen_is_launched(box: Box) -> None:
    session = box.launch(box.order(MountChoice("data", target="/sets")))
    assert [mount.target for mount in session.mounts] == ["/home/work/.cache", "/sets"]
    assert set(box.engine.mounted(session)) == {"/home/work/.cache", "/sets"}


def test_folder_that_became_a_link_after_the_check_launches_nothing(box: Box) -> None:
    order = box.order(MountChoice("data"))
    box.swap("data")
    with pytest.raises(Refused, match=r"folder data: .*/data is a link by now"):
        box.launch(order)
    assert box.engine.sessions() == ()


def test_folder_exchanged_after_the_check_launches_nothing(box: Box) -> None:
    order = box.order(MountChoice("data"))
    box.exchange("data")
    with pytest.raises(Refused, match=r"folder data: .* was exchanged for another directory"):
        box.launch(order)
    assert box.engine.sessions() == ()


@pytest.mark.parametrize("how", [Box.swap, Box.exchange])
def test_folder_exchanged_in_the_very_moment_of_mounting_leaves_no_session(
    box: Box, how: Callable[[Box, str], None]
) -> None:
    order = box.order(MountChoice("data"))
    box.engine.before = lambda: how(box, "data")
    with pytest.raises(StartFailed, match="another directory than the folder data came to /home/work/data"):
        box.launch(order)
    assert box.engine.sessions() == ()


def test_folder_that_vanishes_in_the_very_moment_of_mounting_leaves_no_session(box: Box) -> None:
    order = box.order(MountChoice("data"))
    box.engine.before = (box.root / "data").rmdir
    with pytest.raises(StartFailed, match="is not the folder data"):
        box.launch(order)
    assert box.engine.sessions() == ()


def test_session_that_cannot_be_looked_into_is_not_left_running(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = box.order(MountChoice("data"))

    def fail(session: Session) -> None:
        raise EngineError("the command was cut off")

    monkeypatch.setattr(box.engine, "mounted", fail)
    with pytest.raises(EngineError, match="cut off"):
        box.launch(order)
    assert box.engine.sessions() == ()


def test_session_that_ended_before_it_could_be_looked_into_is_kept(box: Box) -> None:
    box.engine.ends_at_once = True
    session = box.launch(box.order(MountChoice("data")))
    assert [(one.id, one.phase) for one in box.engine.sessions()] == [(session.id, Phase.FINISHED)]


def test_session_that_ends_while_it_is_looked_into_is_kept(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(session: Session) -> Mapping[str, Identity]:
        box.engine.put(replace(session, phase=Phase.FINISHED, exit_code=0))
        return {}

    monkeypatch.setattr(box.engine, "mounted", look)
    box.launch(box.order(MountChoice("data")))
    assert [one.phase for one in box.engine.sessions()] == [Phase.FINISHED]


def test_session_that_the_engine_says_to_run_some_moments_after_its_end_is_kept(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look(session: Session) -> Mapping[str, Identity]:
        looks.append(session)
        if len(looks) == 3:
            box.engine.put(replace(session, phase=Phase.FAILED, exit_code=3))
            raise EngineError("the session does not run")
        return {}

    monkeypatch.setattr(box.engine, "mounted", look)
    box.launch(box.order(MountChoice("data")))
    assert [one.phase for one in box.engine.sessions()] == [Phase.FAILED]


def test_automatic_folder_that_is_dead_breaks_no_launch(box: Box) -> None:
    (box.root / ".cache").rmdir()
    assert box.launch(box.order()).mounts == ()


def test_automatic_folder_that_dies_after_the_check_breaks_no_launch(box: Box) -> None:
    order = box.order(MountChoice("data"))
    assert [mount.folder for mount in order.mounts] == [".cache", "data"]
    box.swap(".cache")
    assert [mount.folder for mount in box.launch(order).mounts] == ["data"]


def test_automatic_folder_that_the_engine_cannot_enter_breaks_no_launch(box: Box) -> None:
    order = box.order(MountChoice("data"))
    box.engine.unmountable = str(box.root / ".cache")
    assert [mount.folder for mount in box.launch(order).mounts] == ["data"]


def test_chosen_folder_that_the_engine_cannot_enter_is_explained(box: Box) -> None:
    order = box.order(MountChoice("data"))
    box.engine.unmountable = str(box.root / "data")
    with pytest.raises(StartFailed, match="cannot mount folder data, though") as caught:
        box.launch(order)
    assert "root_squash" in caught.value.hint


def test_engine_elsewhere_is_not_asked_about_directories_of_this_machine(tmp_path: Path) -> None:
    box = Box(tmp_path / "folders", tmp_path)
    box.engine._facts = MemoryEngine(local=False).facts()
    order = box.order(MountChoice("data"))
    box.swap("data")
    assert [mount.folder for mount in box.launch(order).mounts] == [".cache", "data"]


def test_stopped_session_starts_with_its_folders(box: Box) -> None:
    stopped = end.stop(box.ports, box.launch(box.order(MountChoice("data"))))
    assert end.start(box.ports, stopped).phase is Phase.RUNNING


def test_stopped_session_whose_folder_vanished_or_is_a_link_is_not_started(box: Box) -> None:
    stopped = end.stop(box.ports, box.launch(box.order(MountChoice("data"))))
    box.swap("data")
    with pytest.raises(Refused, match=r"folder data: .* is a link by now"):
        end.start(box.ports, stopped)
    (box.root / "data").unlink()
    with pytest.raises(Refused, match=r"folder data: .* is not there any more"):
        end.start(box.ports, stopped)
    assert [session.phase for session in box.engine.sessions()] == [Phase.STOPPED]


def test_folder_swapped_in_the_very_moment_of_a_start_stops_the_session_again(box: Box) -> None:
    stopped = end.stop(box.ports, box.launch(box.order(MountChoice("data"))))
    box.engine.before = lambda: box.swap("data")
    with pytest.raises(StartFailed, match="it was stopped again"):
        end.start(box.ports, stopped)
    assert [session.phase for session in box.engine.sessions()] == [Phase.STOPPED]
