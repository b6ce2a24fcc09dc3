from __future__ import annotations

import errno
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sessiontui.domain.errors import StorageError
from sessiontui.domain.rescue import Tally
from sessiontui.domain.session import Owner
from sessiontui.storage.keeping import Keeping, keeping, sweep_folder
from sessiontui.storage.tally import tally_of

ME = Owner("me", os.getuid(), os.getgid())
OLD = 1_000_000_000


def keep_all(path: bytes) -> bool:
    return False


def names(place: Path) -> list[str]:
    return sorted(one.name for one in place.iterdir())


def packed(tree: Path) -> Callable[[], bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(tree, ".")
    buffer.seek(0)
    return lambda: buffer.read(1000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A home with all that a file system can hold."""
    tree = tmp_path / "tree"
    (tree / "empty").mkdir(parents=True)
    (tree / "runs" / "1").mkdir(parents=True)
    (tree / "runs" / "1" / "model").write_bytes(b"weights")
    (tree / "runs" / "1" / "model").chmod(0o640)
    os.link(tree / "runs" / "1" / "model", tree / "again")
    (tree / "away").symlink_to("/nowhere/at/all")
    (tree / "up").symlink_to("../../..")
    Path(os.fsdecode(os.fsencode(tree) + b"/odd\n\xff name")).write_bytes(b"odd")
    with (tree / "holes").open("wb") as holes:
        holes.seek(10_000_000)
        holes.write(b"end")
    (tree / "closed").mkdir()
    (tree / "closed" / "inside").write_bytes(b"1")
    (tree / "closed").chmod(0o500)
    os.mkfifo(tree / "pipe")
    for one in (tree / "runs" / "1" / "model", tree / "runs"):
        os.utime(one, (OLD, OLD))
    return tree


def kept(
    folder: Path, *archives: tuple[bytes, Callable[[], bytes]], name: str = "work"
) -> tuple[str, Keeping, Tally]:
    with keeping(str(folder), name, ME, root_is=None, advanced=lambda count: None) as keep:
        for place, read in archives:
            keep.take(place, read, keep_all)
        tally = keep.finish()
        return keep.settle(), keep, tally


def test_everything_is_kept_as_it_was(folder: Path, tree: Path) -> None:
    path, keep, tally = kept(folder, (b"", packed(tree)))
    there = Path(path)
    assert there == folder / "work"
    assert tally == tally_of(packed(tree)) == Tally(5, 7 + 7 + 3 + 10_000_003 + 1, 4, 2)
    assert keep.left_out == ["pipe"]
    model = there / "runs" / "1" / "model"
    assert (model.read_bytes(), stat.S_IMODE(model.stat().st_mode), model.stat().st_mtime) == (
        b"weights",
        0o640,
        OLD,
    )
    assert model.stat().st_ino == (there / "again").stat().st_ino
    assert (there / "runs").stat().st_mtime == OLD
    assert (there / "empty").is_dir()
    assert (there / "away").readlink() == Path("/nowhere/at/all")
    assert (there / "up").readlink() == Path("../../..")
    assert b"odd\n\xff name" in [os.fsencode(one.name) for one in there.iterdir()]
    assert (there / "holes").stat().st_size == 10_000_003
    assert (there / "holes").stat().st_blocks * 512 < 1_000_000
    assert stat.S_IMODE((there / "closed").stat().st_mode) == 0o500
    assert names(folder) == ["work"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owners_are_kept_and_a_sessions_root_is_who_it_is_outside(folder: Path, tree: Path) -> None:
    os.chown(tree / "empty", 4321, 4322)
    there = Path(kept(folder, (b"", packed(tree)))[0])
    status = (there / "empty").stat()
    assert (status.st_uid, status.st_gid) == (4321, 4322)
    with keeping(
        str(folder), "other", ME, root_is=Owner("alice", 1000, 1001), advanced=lambda count: None
    ) as keep:
        keep.take(b"", packed(tree), keep_all)
        keep.finish()
        there = Path(keep.settle())
    owners = [
        (one.lstat().st_uid, one.lstat().st_gid) for one in (there / "away", there / "holes", there / "empty")
    ]
    assert owners == [(1000, 1001), (1000, 1001), (4321, 4322)]


def test_no_mode_lends_its_owners_powers(folder: Path, tmp_path: Path) -> None:
    tree = tmp_path / "powers"
    tree.mkdir()
    (tree / "program").write_bytes(b"#!")
    (tree / "program").chmod(0o6755)
    there = Path(kept(folder, (b"", packed(tree)))[0])
    assert stat.S_IMODE((there / "program").stat().st_mode) == 0o755


def test_a_taken_name_gets_a_number_also_when_it_is_taken_meanwhile(folder: Path, tree: Path) -> None:
    (folder / "work").mkdir()
    (folder / "work" / "mine").write_text("stays")
    with keeping(str(folder), "work", ME, root_is=None, advanced=lambda count: None) as keep:
        keep.take(b"", packed(tree), keep_all)
        keep.finish()
        (folder / "work-2").mkdir()
        (folder / "work-2" / "theirs").write_text("stays too")
        assert keep.settle() == str(folder / "work-3")
    assert (folder / "work" / "mine").read_text() == "stays"
    assert (folder / "work-2" / "theirs").exists()
    assert (folder / "work-3" / "again").exists()


def test_what_is_not_the_persons_goes_and_its_other_name_stays(folder: Path, tree: Path) -> None:
    os.link(tree / "holes", tree / "second")
    with keeping(str(folder), "work", ME, root_is=None, advanced=lambda count: None) as keep:
        keep.take(b"", packed(tree), lambda path: path in (b"holes", b"pipe", b"empty/", b"runs/"))
        tally = keep.finish()
        there = Path(keep.settle())
    assert not (there / "holes").exists()
    assert not (there / "empty").exists()
    assert (there / "runs" / "1" / "model").exists()
    assert (there / "second").stat().st_size == 10_000_003
    assert (tally.files, tally.directories) == (5, 3)


def test_a_part_from_elsewhere_comes_below_its_place(folder: Path, tree: Path) -> None:
    there = Path(kept(folder, (b"", packed(tree)), (b"outside/srv", packed(tree)))[0])
    assert (there / "outside" / "srv" / "again").stat().st_ino == (
        there / "outside/srv/runs/1/model"
    ).stat().st_ino
    assert stat.S_IMODE((there / "outside").stat().st_mode) == 0o755


def test_one_that_is_cut_off_leaves_nothing(folder: Path, tree: Path) -> None:
    whole = packed(tree)
    left = [5]

    def cut() -> bytes:
        left[0] -= 1
        return whole() if left[0] > 0 else b""

    with (
        pytest.raises(StorageError, match="cut off"),
        keeping(str(folder), "work", ME, root_is=None, advanced=lambda count: None) as keep,
    ):
        keep.take(b"", cut, keep_all)
    assert names(folder) == []


def test_nothing_is_settled_in_a_folder_that_was_moved_away_meanwhile(folder: Path, tree: Path) -> None:
    with keeping(str(folder), "work", ME, root_is=None, advanced=lambda _: None) as keep:
        keep.take(b"", packed(tree), keep_all)
        keep.finish()
        trash = folder.rename(folder.with_name("trash"))
        folder.mkdir()
        with pytest.raises(StorageError, match="renamed or moved away meanwhile"):
            keep.settle()
    assert names(trash) == names(folder) == []


def test_a_copy_that_is_not_whole_on_the_disk_is_not_settled(folder: Path, tree: Path) -> None:
    with (  # noqa: PT012 # the landing place is gone with the error
        pytest.raises(StorageError, match="not what was sent"),
        keeping(str(folder), "work", ME, root_is=None, advanced=lambda count: None) as keep,
    ):
        keep.take(b"", packed(tree), keep_all)
        next(folder.glob("*/work/again")).unlink()
        keep.finish()
    assert names(folder) == []


def test_a_member_that_leads_out_of_the_folder_is_refused(folder: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../escaped"))
    buffer.seek(0)
    with (
        pytest.raises(StorageError, match="leads elsewhere"),
        keeping(str(folder), "work", ME, root_is=None, advanced=lambda count: None) as keep,
    ):
        keep.take(b"", lambda: buffer.read(512), keep_all)
    assert names(folder.parent) == ["folder"]


def test_nothing_is_written_through_a_link_that_was_sent(folder: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("trap")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("trap/escaped"))
    buffer.seek(0)
    with (  # noqa: PT012 # the landing place is gone with the error
        pytest.raises(StorageError),
        keeping(str(folder), "work", ME, root_is=None, advanced=lambda count: None) as keep,
    ):
        keep.take(b"", lambda: buffer.read(512), keep_all)
        keep.finish()
    assert not (tmp_path / "escaped").exists()
    assert names(folder) == []


def test_a_folder_is_swept_of_what_a_killed_copy_left(folder: Path) -> None:
    left = folder / ".sessiontui-0123456789ab.part"
    (left / "work" / "closed").mkdir(parents=True)
    (left / "work" / "closed" / "file").write_text("half")
    (left / "work" / "closed").chmod(0o500)
    (folder / "mine").mkdir()
    sweep_folder(str(folder))
    assert names(folder) == ["mine"]


def test_a_folder_that_is_reached_by_a_link_gets_nothing_and_is_not_swept(folder: Path, tree: Path) -> None:
    left = folder / ".sessiontui-0123456789ab.part"
    left.mkdir()
    (folder.parent / "way").symlink_to(folder.parent)
    with pytest.raises(StorageError, match="write to"):
        kept(folder.parent / "way" / "folder", (b"", packed(tree)))
    sweep_folder(str(folder.parent / "way" / "folder"))
    assert names(folder) == [left.name]


def test_a_folder_that_is_moved_away_meanwhile_does_not_hold_the_copy(folder: Path, tree: Path) -> None:
    with keeping(str(folder), "work", ME, root_is=None, advanced=lambda count: None) as keep:
        keep.take(b"", packed(tree), keep_all)
        keep.finish()
        folder.rename(folder.parent / "trash")
        folder.mkdir()
        with pytest.raises(StorageError, match="moved away"):
            keep.settle()
    assert names(folder) == []
    assert names(folder.parent / "trash") == []


def test_a_disk_that_fails_when_the_name_is_written_is_told(
    folder: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with keeping(str(folder), "work", ME, root_is=None, advanced=lambda count: None) as keep:
        keep.take(b"", packed(tree), keep_all)
        keep.finish()
        monkeypatch.setattr("sessiontui.storage.keeping._flush", broken)
        with pytest.raises(StorageError, match="Input/output error"):
            keep.settle()
