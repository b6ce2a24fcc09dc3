"""What lands on this machine, whoever sends; and what is read here to be sent."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessiontui.domain.errors import AlreadyThere, StorageError
from sessiontui.domain.files import stays_inside
from sessiontui.domain.session import Owner
from sessiontui.storage import local_files
from sessiontui.storage.packing import content, packed
from tests.unit.storage.archives import archive, directory, link, member, reader

ME = Owner("me", os.geteuid(), os.getegid())


def ignore(count: int) -> None:
    """Nobody counts."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that gets copies; beside it lies what nobody may touch."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def receive(place: Path, data: bytes, *, over: bool = False, mode: int = 0o755) -> tuple[str, ...]:
    with local_files.arrival(str(place), "copy", ME, over=over, advanced=ignore) as arrival:
        skipped = arrival.directory(reader(data))
        arrival.settle(mode)
    return skipped


def receive_file(path: Path, data: bytes, size: int | None = None, *, over: bool = False) -> None:
    with local_files.arrival(str(path), "copy", ME, over=over, advanced=ignore) as arrival:
        arrival.file(reader(data), len(data) if size is None else size, 0o640, 1_600_000_000)
        arrival.settle(None)


def names(directory: Path) -> list[str]:
    return sorted(one.name for one in directory.iterdir())


def untouched(place: Path) -> bool:
    """Whether nothing is new anywhere."""
    return (
        not names(place)
        and names(place.parent) == ["place", "precious"]
        and (place.parent / "precious").read_text() == "precious"
    )


LONG = "n" * 10_000

HOSTILE = {
    "up": archive(member("../escaped", b"x")),
    "up in the middle": archive(directory("a"), member("a/../../escaped", b"x")),
    "absolute": archive(member("/tmp/escaped-from-a-session", b"x")),
    "through a link": archive(
        link("out", "/tmp"), member("out/escaped-from-a-session", b"x"), member("out", b"x")
    ),
    "a link in place of a directory": archive(directory("d"), link("d", "."), member("d/x", b"x")),
    "a file twice": archive(member("f", b"1"), member("f", b"2")),
    "a file in place of a directory": archive(directory("d"), member("d", b"1")),
    "a directory in place of a file": archive(member("d", b"1"), member("d/x", b"1")),
    "a name of 10 kB": archive(member(LONG, b"x")),
    "a path of 10 kB names": archive(member("/".join([LONG] * 3), b"x")),
    "a second name of what is outside": archive(link("h", "../../precious", tarfile.LNKTYPE)),
    "a second name of what was not sent": archive(link("h", "etc/passwd", tarfile.LNKTYPE)),
    "a second name through a link": archive(link("l", "."), link("h", "l/f", tarfile.LNKTYPE)),
    "cut off": archive(member("a", b"1"), member("f", b"x" * 30_000))[:9000],
    "no end": member("f", b"")[0].tobuf(tarfile.GNU_FORMAT),
}  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_archive_leaves_nothing_anywhere(place: Path, how: str) -> None:
    with pytest.raises(StorageError):
        receive(place, HOSTILE[how])
    assert untouched(place)
    assert not Path("/tmp/escaped-from-a-session").exists()


def test_a_size_without_end_is_refused_before_the_disk_is_full(place: Path) -> None:
    info = tarfile.TarInfo("endless")
    info.size = 2**55
    with pytest.raises(StorageError, match="No space"):
        receive(place, info.tobuf(tarfile.GNU_FORMAT) + b"x" * 5000)
    assert untouched(place)
    with pytest.raises(StorageError, match="no room"):
        receive_file(place, b"x", 2**55)
    assert untouched(place)


parts = st.sampled_from(["..", ".", "", "a", "b", "precious", "\n", "etc"])
routes = st.lists(parts, max_size=4).map("/".join)
anything = st.one_of(
    st.builds(member, routes, st.binary(max_size=20)),
    st.builds(directory, routes),
    st.builds(link, routes, routes),
    st.builds(link, routes, routes, st.just(tarfile.LNKTYPE)),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(anything, max_size=6))
def test_whatever_is_sent_stays_in_its_place(place: Path, sent: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with contextlib.suppress(StorageError):
        receive(place, archive(*sent), over=True)
    for found in place.rglob("*"):
        if not found.exists():
            # A link to nothing, or to itself, leads nowhere.
            continue
        assert os.path.realpath(found).startswith(str(place.resolve())), found
    assert names(place.parent) == ["place", "precious"]
    assert (place.parent / "precious").read_text() == "precious"
    assert set(names(place)) <= {"copy"}


def test_links_are_made_where_they_stay_inside_and_named_where_not(place: Path) -> None:
    skipped = receive(
        place,
        archive(
            directory("d"), member("d/f", b"1"), link("d/up", "../top"), member("top", b"2"),
            link("abs", "/etc/passwd"), link("out", "../precious"), link("d/sly", "../d/../../precious"),
            member("pipe", type=tarfile.FIFOTYPE), member("disk", type=tarfile.BLKTYPE),
        ),
    )  # fmt: skip
    assert (place / "copy/d/up").read_text() == "2"
    assert {one.partition(":")[0] for one in skipped} == {"abs", "out", "d/sly", "pipe", "disk"}
    assert names(place / "copy") == ["d", "top"]


def test_no_more_than_permissions_come_over(place: Path) -> None:
    receive(
        place,
        archive(
            directory("closed", 0o555), member("closed/f", b"1", mode=0o4755), member("g", mode=0o600),
            link("h", "g", tarfile.LNKTYPE),
        ),
        mode=0o750,
    )  # fmt: skip
    modes = {
        name: stat.S_IMODE((place / "copy" / name).stat().st_mode) for name in ("", "closed", "closed/f", "g")
    }
    assert modes == {"": 0o750, "closed": 0o555, "closed/f": 0o755, "g": 0o600}
    assert (place / "copy/g").stat().st_mtime == 1_700_000_000
    assert (place / "copy/g").stat().st_nlink == 2


def test_what_is_there_is_kept_unless_it_is_to_be_replaced(place: Path) -> None:
    (place / "copy").mkdir()
    (place / "copy/mine").write_text("mine")
    with pytest.raises(AlreadyThere):
        receive(place, archive(member("f", b"1")))
    with pytest.raises(StorageError, match="cannot take its place"):
        receive_over_directory(place)
    assert names(place / "copy") == ["mine"]
    receive(place, archive(member("f", b"1")), over=True)
    assert names(place / "copy") == ["f"]
    with pytest.raises(StorageError):
        receive(place, archive(member("../x", b"1")), over=True)
    assert names(place / "copy") == ["f"]


def receive_over_directory(place: Path) -> None:
    with local_files.arrival(str(place), "copy", ME, over=True, advanced=ignore) as arrival:
        arrival.file(reader(b"x"), 1, 0o644, None)


def test_a_link_at_the_place_is_not_followed(place: Path) -> None:
    (place / "copy").symlink_to("../precious")
    with pytest.raises(AlreadyThere):
        receive_file(place, b"x")
    receive_file(place, b"x", over=True)
    assert not (place / "copy").is_symlink()
    assert (place.parent / "precious").read_text() == "precious"


def test_a_file_becomes_the_name_or_goes_into_the_directory(place: Path) -> None:
    receive_file(place, b"into")
    receive_file(place / "named", b"named")
    assert (place / "copy").read_bytes() == b"into"
    assert (place / "named").read_bytes() == b"named"
    assert ((place / "named").stat().st_mtime, stat.S_IMODE((place / "named").stat().st_mode)) == (
        1.6e9,
        0o640,
    )
    with pytest.raises(StorageError, match="no directory"):
        slash(place)
    with pytest.raises(StorageError):
        receive_file(place / "nowhere" / "x", b"x")


def slash(place: Path) -> None:
    with local_files.arrival(f"{place}/nowhere/", "copy", ME, over=False, advanced=ignore):
        pass


def test_what_a_killed_copy_left_is_swept_and_what_it_put_aside_comes_back(place: Path) -> None:
    left = place / ".sessiontui-0123.part"
    (left / "\nold" / "data").mkdir(parents=True)
    (left / "half").write_text("half")
    (place / ".sessiontui-file.part").write_text("no directory: not ours")
    receive_file(place, b"x")
    assert names(place) == [".sessiontui-file.part", "copy", "data"]


def test_a_copy_under_way_is_not_swept(place: Path) -> None:
    with local_files.arrival(str(place), "one", ME, over=False, advanced=ignore) as first:
        first.file(reader(b"1"), 1, 0o644, None)
        receive_file(place / "two", b"2")
        first.settle(None)
    assert names(place) == ["one", "two"]


def test_a_copy_whose_hidden_directory_is_swept_as_it_is_made_gets_another(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    sweepers: list[int] = []
    make = os.mkdir

    def raced(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        make(name, mode, dir_fd=dir_fd)
        made.append(place / name)
        if len(made) == 1:
            # Whoever sweeps has it open and locked, and is about to remove it.
            sweepers.append(os.open(made[0], os.O_RDONLY))
            fcntl.flock(sweepers[0], fcntl.LOCK_EX)
        elif len(made) == 2:
            made[1].rmdir()

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", raced)
        arriving = local_files.arrival(str(place), "one", ME, over=False, advanced=ignore)
        first = arriving.__enter__()
    made[0].rmdir()
    os.close(sweepers[0])
    first.file(reader(b"1"), 1, 0o644, None)
    first.settle(None)
    arriving.__exit__(None, None, None)
    assert names(place) == ["one"]


def test_of_two_copies_to_one_name_the_second_is_told(place: Path) -> None:
    with local_files.arrival(str(place / "x"), "x", ME, over=False, advanced=ignore) as first:
        first.file(reader(b"1"), 1, 0o644, None)
        receive_file(place / "x", b"2")
        with pytest.raises(AlreadyThere):
            first.settle(None)
    assert (place / "x").read_bytes() == b"2"
    assert names(place) == ["x"]


# What is read here to be sent


def unpacked(
    path: Path, advanced: Callable[[int], None] = ignore
) -> tuple[dict[str, tarfile.TarInfo], tuple[str, ...]]:
    source = packed(str(path))
    try:
        data = b"".join(content(source, advanced))
    finally:
        source.close()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {one.name: one for one in tar}, source.skipped


def test_a_tree_is_sent_without_following_links(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "空 の").mkdir(parents=True)
    (top / "空 の" / "a\nb").write_text("12345")
    (top / "in").symlink_to("空 の/a\nb")
    (top / "out").symlink_to(tmp_path)
    (top / "sly").symlink_to("in/../../top")
    os.mkfifo(top / "pipe")
    counted: list[int] = []
    found, skipped = unpacked(top, counted.append)
    assert set(found) == {"tree", "tree/空 の", "tree/空 の/a\nb", "tree/in", "complete"}
    assert [one.partition(":")[0] for one in skipped] == ["out", "pipe", "sly"]
    assert sum(counted) == packed_size(top) == 5


def packed_size(path: Path) -> int:
    source = packed(str(path))
    source.close()
    return source.size


def test_a_link_or_a_device_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    for path in (tmp_path / "link", Path("/dev/null"), tmp_path / "nothing"):
        with pytest.raises(StorageError):
            packed(str(path))


def test_a_file_that_becomes_shorter_ends_the_archive_without_its_mark(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    shrinking = tmp_path / "t" / "f"
    shrinking.write_bytes(b"x" * 3_000_000)
    source, sent = packed(str(tmp_path / "t")), bytearray()
    chunks = content(source, lambda count: os.truncate(shrinking, 100))
    with pytest.raises(StorageError, match="shorter"):
        collect(chunks, sent)
    source.close()
    assert len(sent) > 1_000_000
    assert b"complete" not in sent


def collect(chunks: Iterator[bytes], into: bytearray) -> None:
    for chunk in chunks:
        into += chunk


def test_what_is_added_meanwhile_is_not_sent(tmp_path: Path) -> None:
    growing = tmp_path / "f"
    growing.write_bytes(b"x" * 10)
    source = packed(str(growing))
    with growing.open("ab") as file:
        file.write(b"more")
    assert b"".join(content(source, ignore)) == b"x" * 10
    source.close()


@pytest.mark.parametrize(
    ("target", "depth", "inside"),
    [
        (b"f", 0, True), (b"./a//b", 0, True), (b"..", 1, True), (b"../f", 1, True), (b"..", 0, False),
        (b"../../f", 1, False), (b"/f", 3, False), (b"", 0, False), (b"a/../b", 0, False),
        (b"a/..", 5, False),
    ],
)  # fmt: skip
def test_where_a_link_leads(target: bytes, depth: int, inside: bool) -> None:
    assert stays_inside(target, depth) is inside
