"""Folders on a real file system."""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessiontui.domain.errors import Refused, StorageError, Unknown
from sessiontui.domain.folder import Folder
from sessiontui.domain.session import Owner
from sessiontui.storage.directories import Directories

ME = Owner("me", os.getuid(), os.getgid())
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "home" / "sessiontui"


def test_nothing_is_there_before_the_first_folder_and_looking_makes_nothing(root: Path) -> None:
    assert Directories(root, ME).folders() == ()
    assert not root.exists()


def test_made_folder_is_listed_and_its_root_is_private(root: Path) -> None:
    folders = Directories(root, ME)
    made = folders.create("data")
    assert made == Folder("data", str(root / "data"), writable=True, owner=getpass.getuser())
    folders.create(".cache")
    assert [one.name for one in folders.folders()] == [".cache", "data"]
    assert root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["", "..", "a/b", ".ssh", "x" * 65, "a b"])
def test_bad_name_is_refused_and_nothing_is_made(root: Path, name: str) -> None:
    with pytest.raises(Refused) as caught:
        Directories(root, ME).create(name)
    assert [problem.field for problem in caught.value.problems] == ["name"]
    assert not root.exists()


def test_taken_name_is_refused_whatever_has_it(root: Path) -> None:
    folders = Directories(root, ME)
    folders.create("data")
    (root / "notes").write_text("mine")
    for name in ("data", "notes"):
        with pytest.raises(Refused):
            folders.create(name)
    assert (root / "notes").read_text() == "mine"


def test_files_links_and_other_names_are_not_folders(root: Path, tmp_path: Path) -> None:
    folders = Directories(root, ME)
    folders.create("data")
    (root / "file").write_text("")
    (root / "link").symlink_to(tmp_path)
    (root / "with blank").mkdir()
    (root / ".ssh").mkdir()
    assert [one.name for one in folders.folders()] == ["data"]
    for name in ("link", "file", "with blank", "../data"):
        with pytest.raises(Unknown):
            folders.discard(name)


def test_root_may_be_a_link_to_a_larger_disk(root: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    root.parent.mkdir()
    root.symlink_to(disk)
    made = Directories(root, ME).create("data")
    assert made.path == str(disk / "data"), "an engine mounts the real place"
    assert Directories(root, ME).folders() == (made,)


def test_discarded_folder_is_in_the_trash_until_it_is_restored(root: Path) -> None:
    folders = Directories(root, ME, now=lambda: 1700000000.25)
    made = folders.create("data")
    (Path(made.path) / "file").write_text("precious")
    gone = folders.discard("data")
    assert gone is not None
    assert (gone.name, gone.discarded_at) == ("data", 1700000000.25)
    assert (Path(gone.path) / "file").read_text() == "precious"
    assert folders.folders() == ()
    assert folders.trash() == (gone,)
    assert folders.restore(gone.id) == made
    assert (Path(made.path) / "file").read_text() == "precious"
    assert folders.trash() == ()


def test_unknown_folder_is_told_with_the_nearest(root: Path) -> None:
    folders = Directories(root, ME)
    folders.create("data")
    with pytest.raises(Unknown, match="did you mean data"):
        folders.discard("dta")


def test_root_that_is_a_file_is_explained(root: Path) -> None:
    root.parent.mkdir()
    root.write_text("")
    with pytest.raises(StorageError):
        Directories(root, ME).folders()
    with pytest.raises(StorageError):
        Directories(root, ME).create("data")


@needs_root
def test_what_root_makes_for_another_user_is_that_users(root: Path) -> None:
    folder = Directories(root, Owner("alice", 4242, 4343)).create("data")
    for path in (root.parent, root, Path(folder.path)):
        assert (path.stat().st_uid, path.stat().st_gid) == (4242, 4343)


@pytest.fixture
def read_only(root: Path) -> Iterator[Path]:
    """A folder in which nothing can be made, not even by root."""
    path = Path(Directories(root, ME).create("models").path)
    path.chmod(0o555)
    if os.geteuid() != 0:
        yield path
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


def test_folder_its_user_may_only_read_is_told_so(root: Path, read_only: Path) -> None:
    Directories(root, ME).create("data")
    told = [(folder.name, folder.permission) for folder in Directories(root, ME).folders()]
    assert told == [("data", "rw"), (read_only.name, "ro")]
