"""Counting what is in a folder, on a real file system."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, Unknown
from sessiontui.domain.folder import Extent
from sessiontui.domain.session import Owner
from sessiontui.storage.descent import DEEPEST
from sessiontui.storage.directories import Directories
from sessiontui.storage.extent import extent_of

ME = Owner("me", os.getuid(), os.getgid())
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts and acts for others")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A directory, by path and open."""
    path = tmp_path / "data"
    path.mkdir()
    descriptor = os.open(path, os.O_RDONLY)
    yield path, descriptor
    os.close(descriptor)


def test_nothing_is_no_bytes_no_files_and_no_change(data: tuple[Path, int]) -> None:
    assert extent_of(data[1], Cancellation()) == Extent(0, 0, None, True)


def test_files_count_once_and_links_by_themselves(data: tuple[Path, int], tmp_path: Path) -> None:
    path, descriptor = data
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/big").write_bytes(b"x" * 10_000)
    (path / "a/b").mkdir(parents=True)
    (path / "a/b/file").write_bytes(b"x" * 100)
    (path / "again").hardlink_to(path / "a/b/file")
    (path / "new").write_bytes(b"x" * 7)
    (path / "link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(path / "pipe")
    os.utime(path / "new", (5, 4_000_000_000))
    link = (path / "link").lstat().st_size
    assert extent_of(descriptor, Cancellation()) == Extent(107 + link, 4, 4_000_000_000.0, True)


def test_progress_is_told_and_grows(data: tuple[Path, int]) -> None:
    path, descriptor = data
    for number in range(5):
        (path / str(number)).mkdir()
        (path / str(number) / "file").write_bytes(b"x")
    told: list[Extent] = []
    ticks = count()
    result = extent_of(descriptor, Cancellation(), told.append, clock=lambda: float(next(ticks)))
    assert result.files == 5
    assert result.complete
    assert [extent.files for extent in told] == sorted(extent.files for extent in told)
    assert not any(extent.complete for extent in told)
    assert told[-1].files <= 5


def test_counting_ends_where_it_is_cancelled(data: tuple[Path, int]) -> None:
    path, descriptor = data
    (path / "sub").mkdir()
    cancellation = Cancellation()
    cancellation.request()
    with pytest.raises(Cancelled):
        extent_of(descriptor, cancellation)


def test_what_is_too_deep_is_left_out_and_that_is_said(data: tuple[Path, int]) -> None:
    here = os.dup(data[1])
    for _ in range(DEEPEST + 10):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert extent_of(data[1], Cancellation()) == Extent(0, 0, None, False)


@needs_root
def test_other_file_systems_are_left_out_and_that_is_said(data: tuple[Path, int]) -> None:
    path, descriptor = data
    (path / "disk").mkdir()
    (path / "mine").write_bytes(b"xx")
    subprocess.run(["mount", "-t", "tmpfs", "none", path / "disk"], check=True)
    try:
        (path / "disk/big").write_bytes(b"x" * 1000)
        extent = extent_of(descriptor, Cancellation())
        assert (extent.bytes, extent.files, extent.complete) == (2, 1, False)
    finally:
        subprocess.run(["umount", path / "disk"], check=True)


def test_folder_is_measured_by_its_name(tmp_path: Path) -> None:
    folders = Directories(tmp_path / "folders", ME)
    (Path(folders.create("data").path) / "file").write_bytes(b"abc")
    extent = folders.measure("data", Cancellation(), lambda extent: None)
    assert (extent.bytes, extent.files, extent.complete) == (3, 1, True)
    with pytest.raises(Unknown, match="did you mean data"):
        folders.measure("dat", Cancellation(), lambda extent: None)
