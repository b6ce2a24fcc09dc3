"""Folders that change names, go to the trash, come back or go for good, on a real file system."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, Refused, SessiontuiError, StorageError, Unknown
from sessiontui.domain.folder import Discarded
from sessiontui.domain.session import Owner
from sessiontui.storage.descent import DEEPEST
from sessiontui.storage.directories import Directories

ME = Owner("me", os.getuid(), os.getgid())
HIDDEN = f".sessiontui-{ME.uid}"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root acts for others")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "folders"


@pytest.fixture
def folders(root: Path) -> Directories:
    ticks = count(1_700_000_000)
    return Directories(root, ME, now=lambda: float(next(ticks)))


def made(folders: Directories, name: str) -> Path:
    path = Path(folders.create(name).path)
    (path / "file").write_text(name)
    return path


def gone(folders: Directories, name: str) -> Discarded:
    discarded = folders.discard(name)
    assert discarded is not None
    return discarded


def names(folders: Directories) -> list[str]:
    return [folder.name for folder in folders.folders()]


def test_renamed_folder_is_the_same_directory(folders: Directories, root: Path) -> None:
    before = made(folders, "data").stat().st_ino
    renamed = folders.rename("data", "sets")
    assert (renamed.name, renamed.path) == ("sets", str(root / "sets"))
    assert (root / "sets").stat().st_ino == before
    assert names(folders) == ["sets"]
    assert folders.rename("sets", "sets") == renamed


@pytest.mark.parametrize("new", ["notes", "sets", "imp", "a/b", "..", ".ssh", ".sessiontui", ""])
def test_name_that_is_taken_or_bad_is_not_given(
    folders: Directories, root: Path, tmp_path: Path, new: str
) -> None:
    made(folders, "data")
    made(folders, "sets")
    (root / "notes").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    folders.adopt(str(tmp_path / "elsewhere"), "imp")
    with pytest.raises(Refused) as caught:
        folders.rename("data", new)
    assert [problem.field for problem in caught.value.problems] == ["name"]
    assert (root / "data/file").read_text() == "data"
    assert (root / "sets/file").read_text() == "sets"
    assert (root / "notes").read_text() == "mine"


@pytest.mark.parametrize("name", ["gone", "link", ".sessiontui", "..", "data/sub", ""])
def test_what_is_no_folder_is_neither_renamed_nor_discarded(
    folders: Directories, root: Path, tmp_path: Path, name: str
) -> None:
    (made(folders, "data") / "sub").mkdir()
    (root / "link").symlink_to(tmp_path)
    for act in (lambda: folders.rename(name, "new"), lambda: folders.discard(name)):
        with pytest.raises(Unknown):
            act()
    assert names(folders) == ["data"]


def test_before_the_first_folder_there_is_no_trash_and_looking_makes_nothing(root: Path) -> None:
    folders = Directories(root, ME)
    assert folders.trash() == ()
    with pytest.raises(Unknown):
        folders.discard("data")
    with pytest.raises(Unknown):
        folders.restore("1-00000000-data")
    assert not root.exists()


def test_trash_tells_the_newest_first_and_keeps_several_of_one_name(folders: Directories) -> None:
    first = (made(folders, "data"), gone(folders, "data"))[1]
    second = (made(folders, "data"), gone(folders, "data"))[1]
    assert first.id != second.id
    assert folders.trash() == (second, first)
    assert (first.discarded_at, second.discarded_at) == (1_700_000_000, 1_700_000_001)


def test_trash_opens_for_its_owner_alone(folders: Directories, root: Path) -> None:
    made(folders, "data")
    gone(folders, "data")
    for path in (root / HIDDEN, root / f"{HIDDEN}/trash"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_folder_is_not_restored_over_another_of_its_name(folders: Directories) -> None:
    made(folders, "data")
    discarded = gone(folders, "data")
    (Path(folders.create("data").path) / "newer").write_text("")
    with pytest.raises(Refused, match="there is a data"):
        folders.restore(discarded.id)
    assert folders.trash() == (discarded,)
    folders.rename("data", "newer")
    assert folders.restore(discarded.id).name == "data"


@pytest.mark.parametrize(
    "id_", ["", "..", "data", "1-0-data", "../data", "1-00000000-../data", "1-00000000-.ssh"]
)
def test_nothing_else_than_what_is_in_the_trash_is_restored_or_destroyed(
    folders: Directories, id_: str
) -> None:
    made(folders, "data")
    (made(folders, "old"), gone(folders, "old"))
    for act in (lambda: folders.restore(id_), lambda: folders.destroy(id_, Cancellation())):
        with pytest.raises(Unknown):
            act()
    assert names(folders) == ["data"]


def test_strange_things_in_the_trash_are_no_folders(folders: Directories, root: Path, tmp_path: Path) -> None:
    discarded = (made(folders, "data"), gone(folders, "data"))[1]
    trash = root / f"{HIDDEN}/trash"
    (trash / "notes").mkdir()
    (trash / "5-00000000-link").symlink_to(tmp_path)
    (trash / "5-00000000-file").write_text("")
    assert folders.trash() == (discarded,)
    with pytest.raises(Unknown):
        folders.destroy("5-00000000-link", Cancellation())


def test_destroyed_folder_is_gone_and_what_its_links_lead_to_is_not(
    folders: Directories, tmp_path: Path
) -> None:
    data = made(folders, "data")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    (data / "link").symlink_to(precious)
    (data / "hard").hardlink_to(precious / "file")
    (data / "a/b/c").mkdir(parents=True)
    (data / "a/b/c/\x1b[31m\n\udcff").write_text("")
    (data / "a/b").chmod(0o500)
    (data / "a").chmod(0)
    os.mkfifo(data / "pipe")
    folders.destroy(gone(folders, "data").id, Cancellation())
    assert folders.trash() == ()
    assert (precious / "file").read_text() == "kept"


def test_tree_deeper_than_descriptors_are_held_is_destroyed(folders: Directories) -> None:
    data = made(folders, "data")
    here = os.open(data, os.O_RDONLY)
    for _ in range(2 * DEEPEST + 20):
        os.mkdir("d" * 50, dir_fd=here)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    folders.destroy(gone(folders, "data").id, Cancellation())
    assert folders.trash() == ()


def test_cancelled_removal_leaves_the_rest_in_the_trash_to_be_restored(folders: Directories) -> None:
    data = made(folders, "data")
    for number in range(50):
        (data / str(number)).write_text("")
    discarded = gone(folders, "data")
    cancellation = Cancelling(after=10)
    with pytest.raises(Cancelled):
        folders.destroy(discarded.id, cancellation)
    assert folders.trash() == (discarded,)
    restored = folders.restore(discarded.id)
    assert 0 < len(list(Path(restored.path).iterdir())) < 51


class Cancelling(Cancellation):
    """Is requested once it has been asked a number of times."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after

    def check(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.request()
        super().check()


class Meeting(Cancellation):
    """Calls somebody the first time it is asked."""

    def __init__(self, meet: Callable[[], object]) -> None:
        super().__init__()
        self._meet: Callable[[], object] | None = meet

    def check(self) -> None:
        meet, self._meet = self._meet, None
        if meet:
            meet()


def test_what_is_being_destroyed_is_neither_restored_nor_destroyed_a_second_time(
    folders: Directories,
) -> None:
    made(folders, "data")
    discarded = gone(folders, "data")
    told = []

    def meet() -> None:
        for act in (
            lambda: folders.restore(discarded.id),
            lambda: folders.destroy(discarded.id, Cancellation()),
        ):
            with pytest.raises(StorageError) as caught:
                act()
            told.append(caught.value.message)

    folders.destroy(discarded.id, Meeting(meet))
    assert told == ["data is just being restored or removed elsewhere"] * 2
    assert folders.trash() == ()


def test_directory_swapped_for_a_link_during_the_removal_is_not_followed(
    folders: Directories, tmp_path: Path
) -> None:
    data = made(folders, "data")
    (data / "sub").mkdir()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    discarded = gone(folders, "data")

    def swap() -> None:
        sub = Path(discarded.path, "sub")
        sub.rmdir()
        sub.symlink_to(precious)

    with pytest.raises(StorageError, match="sub"):
        folders.destroy(discarded.id, Meeting(swap))
    assert (precious / "file").read_text() == "kept"


@pytest.fixture
def mounted(folders: Directories) -> Iterator[Path]:
    """A directory of the folder data on which another file system is."""
    path = made(folders, "data") / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", path], check=True)
    (path / "file").write_text("of another disk")
    yield path
    for place in (path, *Path(folders._root).glob(".sessiontui*/trash/*/disk")):
        subprocess.run(["umount", place], check=False, stderr=subprocess.DEVNULL)


@needs_root
def test_another_place_of_the_file_system_that_is_mounted_in_a_folder_is_not_emptied(
    folders: Directories, tmp_path: Path
) -> None:
    place, elsewhere = made(folders, "data") / "sets", tmp_path / "elsewhere"
    for directory in (place, elsewhere):
        directory.mkdir()
    (elsewhere / "mine").write_text("mine")
    subprocess.run(["mount", "--bind", elsewhere, place], check=True)
    discarded = gone(folders, "data")
    try:
        with pytest.raises(StorageError, match="sets: another file system is mounted there"):
            folders.destroy(discarded.id, Cancellation())
    finally:
        subprocess.run(["umount", Path(discarded.path) / "sets"], check=True)
    assert (elsewhere / "mine").read_text() == "mine"


@needs_root
def test_other_file_systems_in_a_folder_are_not_emptied(folders: Directories, mounted: Path) -> None:
    discarded = gone(folders, "data")
    with pytest.raises(StorageError, match="disk: another file system is mounted there"):
        folders.destroy(discarded.id, Cancellation())
    assert (Path(discarded.path) / "disk/file").read_text() == "of another disk"
    assert folders.trash() == (discarded,)


@needs_root
def test_folder_that_is_itself_a_disk_stays_and_that_is_explained(folders: Directories, root: Path) -> None:
    folders.create("disk")
    subprocess.run(["mount", "-t", "tmpfs", "none", root / "disk"], check=True)
    try:
        with pytest.raises(StorageError) as caught:
            folders.discard("disk")
        assert "mounted" in caught.value.hint or "file system" in caught.value.hint
        assert names(folders) == ["disk"]
    finally:
        subprocess.run(["umount", root / "disk"], check=True)


def as_user(uid: int, act: Callable[[], object]) -> str:
    """Do it in a process of another user; what error it ended with."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        told = "no error of ours"
        try:
            os.close(reading)
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            act()
        except SessiontuiError as error:
            told = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, told.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    os.waitpid(child, 0)
    return told


@needs_root
def test_files_of_others_that_may_not_be_removed_stay_in_the_trash_and_the_rest_goes(public: Path) -> None:
    home = public / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 4242, 4242)
    root = home / "folders"
    owner = Owner("alice", 4242, 4242)
    folders = Directories(root, owner)
    data = Path(folders.create("data").path)
    (data / "theirs").mkdir()
    (data / "theirs/file").write_text("kept")
    os.chown(data / "theirs", 4343, 4343)
    (data / "mine").write_text("")
    os.chown(data / "mine", 4242, 4242)
    discarded = gone(folders, "data")
    told = as_user(4242, lambda: Directories(root, owner).destroy(discarded.id, Cancellation()))
    assert (
        "1 of what data held could not be removed and stays in the trash: theirs/file: Permission denied"
        in told
    )
    kept = Path(discarded.path)
    assert sorted(path.name for path in kept.iterdir()) == ["theirs"]
    assert (kept / "theirs/file").read_text() == "kept"
    assert [one.id for one in folders.trash()] == [discarded.id]


@needs_root
def test_what_root_does_for_another_user_is_that_users(root: Path) -> None:
    theirs = ".sessiontui-4242"
    folders = Directories(root, Owner("alice", 4242, 4343))
    made(folders, "data")
    gone(folders, "data")
    for path in (root, root / theirs, *(root / theirs).iterdir()):
        assert (path.stat().st_uid, path.stat().st_gid) == (4242, 4343), path


@needs_root
def test_root_follows_no_link_that_the_user_put_in_the_place_of_ours(root: Path, tmp_path: Path) -> None:
    theirs = ".sessiontui-4242"
    folders = Directories(root, Owner("alice", 4242, 4343))
    made(folders, "data")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run(["rm", "-r", root / theirs], check=True)
    (root / theirs).symlink_to(elsewhere)
    with pytest.raises(StorageError):
        folders.discard("data")
    assert not any(elsewhere.iterdir())
    (root / theirs).unlink()
    (root / theirs).mkdir(mode=0o700)
    os.chown(root / theirs, 4242, 4343)
    (root / theirs / "lock").symlink_to(elsewhere / "made")
    with pytest.raises(StorageError):
        folders.discard("data")
    assert not any(elsewhere.iterdir())


@needs_root
def test_hidden_directory_that_others_may_write_is_not_trusted(root: Path, tmp_path: Path) -> None:
    theirs = ".sessiontui-4242"
    folders = Directories(root, Owner("alice", 4242, 4343))
    made(folders, "data")
    (root / theirs / "imported").mkdir(mode=0o700, exist_ok=True)
    (tmp_path / "sets").mkdir()
    (root / theirs / "imported/sets").symlink_to(tmp_path / "sets")
    (root / theirs).chmod(0o777)
    assert names(folders) == ["data"]
    with pytest.raises(StorageError, match="is not alice's alone"):
        folders.discard("data")


@needs_root
def test_several_have_folders_in_one_root_and_each_a_trash_of_their_own(public: Path) -> None:
    root = public / "shared"
    root.mkdir()
    root.chmod(0o1777)
    alice, bob = (Owner(name, uid, uid) for name, uid in (("alice", 4242), ("bob", 4343)))

    def of(owner: Owner, act: Callable[[Directories], object]) -> str:
        return as_user(owner.uid, lambda: act(Directories(root, owner)))

    for owner in (alice, bob):
        assert of(owner, lambda folders, name=owner.name: made(folders, name)) == "no error of ours"  # type: ignore[misc]
    assert names(Directories(root, alice)) == names(Directories(root, bob)) == ["alice", "bob"]
    assert "Operation not permitted" in of(bob, lambda folders: folders.discard("alice"))
    for owner in (alice, bob):
        assert of(owner, lambda folders, name=owner.name: folders.discard(name)) == "no error of ours"  # type: ignore[misc]
        assert [one.name for one in Directories(root, owner).trash()] == [owner.name]


def test_of_many_at_once_one_gets_the_name_and_no_folder_is_lost(folders: Directories) -> None:
    for number in range(8):
        made(folders, f"f{number}")
    outcomes: list[str] = []

    def rename(number: int) -> None:
        try:
            folders.rename(f"f{number}", "wanted")
        except Refused:
            outcomes.append("refused")
        else:
            outcomes.append("renamed")

    run(rename, 8)
    assert sorted(outcomes) == ["refused"] * 7 + ["renamed"]
    assert len(names(folders)) == 8
    assert sorted(Path(one.path, "file").read_text() for one in folders.folders()) == [
        f"f{n}" for n in range(8)
    ]


def test_of_many_who_discard_and_restore_one_folder_each_does_it_whole_or_not_at_all(
    folders: Directories,
) -> None:
    made(folders, "data")
    errors: list[Exception] = []

    def toss(number: int) -> None:
        try:
            for _ in range(20):
                try:
                    discarded = folders.discard("data")
                    assert discarded is not None
                    folders.restore(discarded.id)
                except (Unknown, StorageError):
                    continue
        except SessiontuiError as error:
            errors.append(error)

    run(toss, 4)
    assert errors == []
    for discarded in folders.trash():
        folders.restore(discarded.id)
    assert names(folders) == ["data"]
    assert Path(folders.folders()[0].path, "file").read_text() == "data"


def run(act: Callable[[int], object], times: int) -> None:
    """Do it in as many threads at once."""
    start = threading.Barrier(times)

    def go(number: int) -> None:
        start.wait()
        act(number)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@needs_root
def test_full_disk_is_told_with_what_to_do_and_the_folder_stays(root: Path) -> None:
    root.mkdir()
    # The root itself, a folder and a file take all there is.
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=3", "none", root], check=True)
    try:
        (root / "data").mkdir()
        (root / "data/file").write_text("precious")
        folders = Directories(root, ME)
        with pytest.raises(StorageError, match="No space left") as caught:
            folders.discard("data")
        assert "df -h" in caught.value.hint
        assert (root / "data/file").read_text() == "precious"
    finally:
        subprocess.run(["umount", root], check=True)
