"""Directories that become folders where they are, on a real file system."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Refused, StorageError, Unknown
from sessiontui.domain.folder import Identity
from sessiontui.domain.session import Owner
from sessiontui.storage.directories import Directories

ME = Owner("me", os.getuid(), os.getgid())
HIDDEN = f".sessiontui-{ME.uid}"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root acts for others")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "home/folders"


@pytest.fixture
def folders(root: Path) -> Directories:
    return Directories(root, ME)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A directory elsewhere, with a file in it."""
    path = tmp_path / "disk/sets"
    path.mkdir(parents=True)
    (path / "file").write_text("mine")
    return path


def problems(act: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        act()
    return [(problem.field, problem.message) for problem in caught.value.problems]


def test_imported_directory_is_a_folder_and_stays_where_it_is(folders: Directories, sets: Path) -> None:
    before = sets.stat()
    folder = folders.adopt(str(sets), "data")
    assert (folder.name, folder.path, folder.imported, folder.writable) == ("data", str(sets), True, True)
    assert folder.trouble == ""
    assert folders.folders() == (folder,)
    assert (sets.stat().st_ino, sets.stat().st_mtime) == (before.st_ino, before.st_mtime)
    assert folders.identify(folder.path) == Identity(before.st_dev, before.st_ino)


def test_import_can_be_renamed_and_let_go_of_and_its_files_stay(folders: Directories, sets: Path) -> None:
    folders.adopt(str(sets), "data")
    assert folders.rename("data", "more").path == str(sets)
    assert folders.discard("more") is None
    assert folders.folders() == ()
    assert folders.trash() == ()
    assert (sets / "file").read_text() == "mine"


def test_links_on_the_way_are_followed_when_it_is_imported_and_never_again(
    folders: Directories, sets: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(sets.parent)
    folder = folders.adopt(f"{link}/../disk/sets/.", "data")
    assert folder.path == str(sets)
    # What is there now is another directory's, behind a link.
    secret = tmp_path / "secret/sets"
    secret.mkdir(parents=True)
    sets.parent.rename(tmp_path / "old")
    sets.parent.symlink_to(secret.parent)
    (lost,) = folders.folders()
    assert (
        lost.trouble
        == f"{sets.parent}, on the way to {sets}, is a link by now: no link is followed to a folder"
    )
    assert not lost.writable
    with pytest.raises(StorageError, match="is a link by now"):
        folders.identify(str(sets))
    with pytest.raises(StorageError, match="is a link by now"):
        folders.measure("data", Cancellation(), lambda extent: None)
    sets.parent.unlink()
    (lost,) = folders.folders()
    assert "is not there any more" in lost.trouble
    assert folders.discard("data") is None


def test_link_in_the_root_is_no_import(folders: Directories, root: Path, sets: Path) -> None:
    folders.create("data")
    (root / "planted").symlink_to(sets)
    assert [folder.name for folder in folders.folders()] == ["data"]


def test_what_may_not_be_a_folder_is_refused_with_the_reason(
    folders: Directories, root: Path, sets: Path, tmp_path: Path
) -> None:
    made = Path(folders.create("data").path)
    (made / "sub").mkdir()
    (tmp_path / "to-etc").symlink_to("/etc")
    (tmp_path / "loop").symlink_to("loop")
    undecodable = tmp_path / "\udcff"
    undecodable.mkdir()
    folders.adopt(str(sets), "sets")
    for path, told in (
        ("/", "is the system's"),
        ("/etc", "/etc is the system's"),
        (str(tmp_path / "to-etc"), "/etc is the system's"),
        ("/proc/self/root/etc", "/etc is the system's"),
        (str(root), "holds the place for folders"),
        (str(root.parent), "holds the place for folders"),
        (str(tmp_path), "holds the place for folders"),
        (str(made), "is in the place for folders already"),
        (str(made / "sub"), "is in the place for folders already"),
        (str(root / HIDDEN), "is in the place for folders already"),
        (str(sets), "is the folder sets already"),
        (str(sets / "file"), "Not a directory"),
        (str(tmp_path / "gone"), "No such file"),
        (str(tmp_path / "loop"), "Too many levels of symbolic links"),
        (str(undecodable), "not UTF-8"),
        ("a\0b", "null byte"),
    ):
        ((field, message),) = problems(lambda path=path: folders.adopt(path, "new"))  # type: ignore[misc]
        assert field == "path"
        assert told in message, path
    assert [folder.name for folder in folders.folders()] == ["data", "sets"]


@pytest.mark.parametrize("name", ["data", "file", "sets", ".ssh", "a/b", "", "..", "x" * 65])
def test_name_that_is_bad_or_taken_is_refused(
    folders: Directories, root: Path, sets: Path, name: str
) -> None:
    folders.create("data")
    (root / "file").write_text("")
    folders.adopt(str(sets), "sets")
    other = sets.parent / "other"
    other.mkdir()
    assert [field for field, _ in problems(lambda: folders.adopt(str(other), name))] == ["name"]
    if name == "sets":
        assert [field for field, _ in problems(lambda: folders.create(name))] == ["name"]


def test_links_that_the_owner_wrote_by_hand_are_held_to_the_same_rules(
    folders: Directories, root: Path, sets: Path
) -> None:
    folders.adopt(str(sets), "sets")
    imported = root / f"{HIDDEN}/imported"
    for name, target in (
        ("etc", "/etc"),
        ("relative", "../../data"),
        ("dots", f"{sets}/../sets"),
        (".ssh", sets),
    ):
        (imported / name).symlink_to(target)
    (imported / "file").write_text("")
    found = {folder.name: folder.trouble for folder in folders.folders()}
    assert set(found) == {"sets", "etc", "relative", "dots"}
    assert found["sets"] == ""
    assert "the system's" in found["etc"]
    assert all("not the full path" in found[name] for name in ("relative", "dots"))


def test_directory_in_the_root_goes_before_an_import_of_its_name(
    folders: Directories, root: Path, sets: Path
) -> None:
    folders.adopt(str(sets), "data")
    (root / "data").mkdir()
    (folder,) = folders.folders()
    assert (folder.path, folder.imported) == (str(root / "data"), False)


def test_import_is_the_same_where_the_root_is_a_link_to_a_larger_disk(
    root: Path, sets: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "large"
    disk.mkdir()
    root.parent.mkdir()
    root.symlink_to(disk)
    folders = Directories(root, ME)
    assert folders.adopt(str(sets), "data").path == str(sets)
    assert problems(lambda: folders.adopt(str(disk), "x"))[0][1].startswith(f"{disk} holds the place")
    made = folders.create("plain")
    assert made.path == str(disk / "plain")
    assert folders.identify(made.path) is not None
    with pytest.raises(StorageError, match="link by now"):
        folders.identify(str(root / "plain"))


@needs_root
def test_root_imports_for_a_user_only_what_that_user_may_read(root: Path, public: Path) -> None:
    sets = public / "disk/sets"
    sets.mkdir(parents=True)
    folders = Directories(root, Owner("alice", 4242, 4343))
    sets.chmod(0o700)
    assert problems(lambda: folders.adopt(str(sets), "data"))[0][1] == f"alice may not read {sets}"
    sets.chmod(0o755)
    folder = folders.adopt(str(sets), "data")
    assert (folder.writable, folder.permission, folder.trouble) == (False, "ro", "")
    link = (root / ".sessiontui-4242/imported/data").lstat()
    assert (link.st_uid, link.st_gid) == (4242, 4343)
    os.chown(sets, 4242, 4343)
    assert folders.folders()[0].owner == "4242"
    sets.parent.chmod(0o700)
    assert folders.folders()[0].trouble == f"alice may not read {sets}"


@needs_root
def test_what_the_owner_may_not_read_has_a_trouble(root: Path) -> None:
    folders = Directories(root, Owner("alice", 4242, 4343))
    data = Path(folders.create("data").path)
    assert folders.folders()[0].trouble == ""
    os.chown(data, 0, 0)
    data.chmod(0o700)
    (folder,) = folders.folders()
    assert (folder.permission, folder.owner) == ("ro", "root")
    assert folder.trouble == f"alice may not read {data}"


def test_unknown_import_is_told(folders: Directories) -> None:
    with pytest.raises(Unknown):
        folders.discard("sets")
