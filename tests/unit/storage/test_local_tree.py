"""Nothing leads out of a folder: neither a link nor a way, and nothing that is in it is replaced unasked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sessiontui.actions.copy_here import copy_here
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import AlreadyThere, Cancelled, StorageError
from sessiontui.domain.files import Copying
from sessiontui.domain.session import Owner
from sessiontui.storage.local_tree import LocalTree

OWNER = Owner("alice", os.geteuid(), os.getegid())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "a.txt").write_text("a")
    (root / "b.txt").write_text("b")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("key")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to("../secret")
    (root / "in").symlink_to("sub")
    return root


@pytest.fixture
def tree(root: Path) -> LocalTree:
    return LocalTree(str(root))


def test_a_link_that_leads_outside_is_told_and_not_entered(root: Path, tree: LocalTree) -> None:
    found = {one.name: one for one in tree.listing(str(root)).entries}
    assert (found["in"].enters, found["in"].outside) == (True, False)
    assert (found["out"].enters, found["out"].outside) == (False, True)
    assert (found["up"].enters, found["up"].outside, found["up"].target) == (False, True, "../secret")
    assert found["sub"].enters
    assert [one.name for one in tree.listing(str(root / "in")).entries] == ["a.txt"]
    assert tree.listing(str(root / "in")).path == str(root / "sub")


@pytest.mark.parametrize("way", ["out", "up", "..", "../secret", "sub/../..", "/etc"])
def test_no_way_leads_out(root: Path, tree: LocalTree, way: str) -> None:
    path = os.path.join(root, way)  # noqa: PTH118 - pathlib would take the dots away
    for attempt in (
        lambda: tree.listing(path),
        lambda: tree.make(f"{path}/new", OWNER),
        lambda: tree.rename(f"{path}/key", "mine"),
        lambda: tree.remove(f"{path}/key", Cancellation()),
        lambda: tree.head(f"{path}/key", 10),
        lambda: tree.packed(f"{path}/key"),
    ):
        with pytest.raises(StorageError, match="leads out of"):
            attempt()
    assert [one.name for one in (root.parent / "secret").iterdir()] == ["key"]


@pytest.mark.parametrize("end", ["", "/", "/.", "/..", "/sub/.."])
def test_the_folder_itself_is_not_one_of_its_files(root: Path, tree: LocalTree, end: str) -> None:
    path = f"{root}{end}"
    for attempt in (
        lambda: tree.rename(path, "mine"),
        lambda: tree.remove(path, Cancellation()),
        lambda: tree.packed(path.removesuffix("/") if end == "/" else path),
    ):
        with pytest.raises(StorageError, match=r"leads out of|is no name"):
            attempt()
    assert (root / "sub" / "a.txt").exists()


def test_a_directory_that_is_swapped_for_a_link_after_the_look_ends_the_way(
    root: Path, tree: LocalTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = tree._inside

    def swapped(path: str) -> str:
        place = looked(path)
        (root / "sub" / "a.txt").unlink(missing_ok=True)
        if not (root / "sub").is_symlink():
            (root / "sub").rmdir()
            (root / "sub").symlink_to(root.parent / "secret")
        return place

    monkeypatch.setattr(tree, "_inside", swapped)
    with pytest.raises(StorageError, match="cannot open"):
        tree.remove(str(root / "sub" / "key"), Cancellation())
    assert (root.parent / "secret" / "key").exists()


def test_a_new_name_takes_the_place_of_nothing(root: Path, tree: LocalTree) -> None:
    tree.rename(str(root / "b.txt"), "c.txt")
    assert (root / "c.txt").read_text() == "b"
    assert not (root / "b.txt").exists()
    tree.rename(str(root / "sub"), "below")
    assert (root / "below" / "a.txt").exists()
    tree.rename(str(root / "out"), "away")
    assert (root / "away").is_symlink()
    assert (root.parent / "secret" / "key").exists()
    (root / "taken").write_text("mine")
    for name in ("c.txt", "below", "away"):
        with pytest.raises(StorageError, match="is there already"):
            tree.rename(str(root / name), "taken")
    assert (root / "taken").read_text() == "mine"
    for wrong in ("", "..", "a/b"):
        with pytest.raises(StorageError, match="cannot call it"):
            tree.rename(str(root / "c.txt"), wrong)
    with pytest.raises(StorageError, match="No such file"):
        tree.rename(str(root / "gone"), "x")


def test_what_is_removed_ends_at_links(root: Path, tree: LocalTree) -> None:
    (root / "sub" / "deep").mkdir()
    (root / "sub" / "deep" / "away").symlink_to(root.parent / "secret")
    tree.remove(str(root / "sub"), Cancellation())
    tree.remove(str(root / "out"), Cancellation())
    assert sorted(one.name for one in root.iterdir()) == ["b.txt", "in", "up"]
    assert (root.parent / "secret" / "key").read_text() == "key"


def test_a_removal_that_is_cancelled_stops_there(root: Path, tree: LocalTree) -> None:
    cancellation = Cancellation()
    cancellation.request()
    with pytest.raises(Cancelled):
        tree.remove(str(root / "sub"), cancellation)
    assert (root / "sub" / "a.txt").exists()


def test_a_file_is_read_as_far_as_asked(root: Path, tree: LocalTree) -> None:
    (root / "long").write_bytes(b"x" * 1000)
    head = tree.head(str(root / "long"), 10)
    assert (head.data, head.size, head.whole) == (b"x" * 10, 1000, False)
    assert tree.head(str(root / "in" / "a.txt"), 10).whole
    os.mkfifo(root / "pipe")
    for name in ("pipe", "sub"):
        with pytest.raises(StorageError, match="is not a file"):
            tree.head(str(root / name), 10)


class TestCopies:
    def copy(self, tree: LocalTree, path: Path, to: Path, **more: bool) -> tuple[str, ...]:
        machine = LocalTree("/")
        source, target = (tree, machine) if path.is_relative_to(tree.top) else (machine, tree)
        reports: list[Copying] = []
        skipped = copy_here(source, str(path), target, str(to), OWNER, reports.append, Cancellation(), **more)
        assert reports[-1].done == reports[-1].total
        return skipped

    def test_into_a_folder_and_out_of_it(self, root: Path, tree: LocalTree, tmp_path: Path) -> None:
        top = tmp_path / "work"
        (top / "x [b]" / "empty").mkdir(parents=True)
        (top / "x [b]" / "big").write_bytes(os.urandom(3_000_000))
        (top / "x [b]" / "run.sh").write_text("echo")
        (top / "x [b]" / "run.sh").chmod(0o750)
        (top / "x [b]" / "here").symlink_to("big")
        (top / "x [b]" / "there").symlink_to("/etc/passwd")
        os.utime(top / "x [b]" / "run.sh", (1_000_000_000, 1_000_000_000))
        skipped = self.copy(tree, top / "x [b]", root / "sub")
        copied = root / "sub" / "x [b]"
        assert skipped == ("there: a link that leads outside: /etc/passwd",)
        assert (copied / "big").read_bytes() == (top / "x [b]" / "big").read_bytes()
        assert (copied / "run.sh").stat().st_mode & 0o777 == 0o750
        assert (copied / "run.sh").stat().st_mtime == 1_000_000_000
        assert (copied / "empty").is_dir()
        assert (copied / "here").readlink() == Path("big")
        self.copy(tree, copied, tmp_path)
        assert (tmp_path / "x [b]" / "here").read_bytes() == (copied / "big").read_bytes()
        self.copy(tree, copied / "run.sh", tmp_path)
        assert (tmp_path / "run.sh").read_text() == "echo"

    def test_nothing_is_replaced_unasked(self, root: Path, tree: LocalTree, tmp_path: Path) -> None:
        (tmp_path / "b.txt").write_text("new")
        with pytest.raises(AlreadyThere):
            self.copy(tree, tmp_path / "b.txt", root)
        assert (root / "b.txt").read_text() == "b"
        self.copy(tree, tmp_path / "b.txt", root, over=True)
        assert (root / "b.txt").read_text() == "new"
        assert sorted(one.name for one in root.iterdir()) == ["b.txt", "in", "out", "sub", "up"]

    @pytest.mark.parametrize("to", ["data", "data/sub", "data/in"])
    def test_nothing_is_copied_into_itself(
        self, root: Path, tree: LocalTree, tmp_path: Path, to: str
    ) -> None:
        with pytest.raises(StorageError, match="into itself"):
            self.copy(tree, tmp_path, tmp_path / to)
        assert not list(tmp_path.glob("**/.sessiontui-*"))

    def test_not_through_a_link(self, root: Path, tree: LocalTree, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="leads out of"):
            self.copy(tree, tmp_path / "secret" / "key", root / "out")
        with pytest.raises(StorageError, match="it is a link"):
            self.copy(tree, root / "out", tmp_path)


def test_what_is_cancelled_leaves_nothing(root: Path, tree: LocalTree, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 3_000_000)
    cancellation = Cancellation()

    def report(copying: Copying) -> None:
        if copying.done:
            cancellation.request()

    with pytest.raises(Cancelled):
        copy_here(LocalTree("/"), str(tmp_path / "big"), tree, str(root), OWNER, report, cancellation)
    assert not (root / "big").exists()
    assert not [one for one in root.iterdir() if one.name.startswith(".")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_disk_that_is_mounted_at_what_is_removed_is_not_emptied(root: Path, tree: LocalTree) -> None:
    place = root / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True)
    try:
        (place / "mine").write_text("mine")
        with pytest.raises(StorageError, match="another file system is mounted there"):
            tree.remove(str(place), Cancellation())
        assert (place / "mine").exists()
    finally:
        subprocess.run(["umount", place], check=True)
