"""Reading archives that nobody vouches for."""

from __future__ import annotations

import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.errors import StorageError
from sessiontui.storage.tar_members import Member, MemberKind, Source, members, padding
from tests.unit.storage.archives import archive, directory, link, member, reader

names = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=150)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


def read(data: bytes, step: int = 1000) -> list[tuple[Member, bytes]]:
    source, found = Source(reader(data, step)), []
    for one in members(source):
        content = source.exactly(one.size)
        source.exactly(padding(one.size))
        found.append((one, content))
    source.drain()
    return found


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@given(given_=st.lists(st.tuples(paths, st.binary(max_size=1500)), max_size=5), step=st.integers(1, 2000))
def test_what_was_written_is_read(form: int, given_: list[tuple[str, bytes]], step: int) -> None:
    found = read(archive(*(member(name, content) for name, content in given_), form=form), step)
    assert [(one.path.decode(), content) for one, content in found] == given_
    assert all(one.changed_at == 1_700_000_000 and one.mode == 0o644 for one, _ in found)


def test_every_kind_is_told() -> None:
    found = read(
        archive(
            directory("d"),
            link("l", "d"),
            link("h", "f", tarfile.LNKTYPE),
            member("f", b"1"),
            member("p", type=tarfile.FIFOTYPE),
            member("c", type=tarfile.CHRTYPE),
        )
    )
    assert [one.kind for one, _ in found] == [
        MemberKind.DIRECTORY,
        MemberKind.LINK,
        MemberKind.SECOND_NAME,
        MemberKind.FILE,
        MemberKind.OTHER,
        MemberKind.OTHER,
    ]
    assert found[1][0].target == b"d"


def test_permissions_are_all_that_is_taken_of_a_mode() -> None:
    ((one, _),) = read(archive(member("f", mode=0o106755)))
    assert one.mode == 0o755


def test_a_size_that_needs_more_than_octal_digits_is_read() -> None:
    header = tarfile.TarInfo("huge")
    header.size = 2**40
    source = Source(reader(header.tobuf(tarfile.GNU_FORMAT)))
    assert next(members(source)).size == 2**40


@pytest.mark.parametrize("size", [2**63 - 1, 2**70])
def test_a_size_beyond_all_files_is_refused(size: int) -> None:
    header = tarfile.TarInfo("endless")
    header.size = size
    with pytest.raises(StorageError, match="not sound"):
        read(header.tobuf(tarfile.GNU_FORMAT))


@pytest.mark.parametrize("kind", [b"x", b"L", b"K", b"g"])
def test_a_name_without_end_is_refused_before_it_is_held(kind: bytes) -> None:
    header = tarfile.TarInfo("name")
    header.type, header.size = kind, 2**40
    read_bytes = 0

    def endless() -> bytes:
        nonlocal read_bytes
        read_bytes += 65536
        return header.tobuf(tarfile.GNU_FORMAT) if read_bytes == 65536 else b"x" * 65536

    with pytest.raises(StorageError, match="longer than"):
        list(members(Source(endless)))
    assert read_bytes <= 65536


def test_what_follows_the_end_is_not_read_for_ever() -> None:
    data = archive(member("f"))
    chunks = iter([data])
    source = Source(lambda: next(chunks, b"x" * 65536))
    for _ in members(source):
        pass
    with pytest.raises(StorageError):
        source.drain()


def test_a_stream_that_is_cut_off_is_told() -> None:
    data = archive(member("f", b"x" * 5000))
    with pytest.raises(StorageError, match="cut off"):
        read(data[:3000])
    with pytest.raises(StorageError, match="cut off"):
        read(data[:6000])


@given(st.binary(min_size=512, max_size=2048))
def test_garbage_is_refused(data: bytes) -> None:
    if data[:512].strip(b"\0"):
        with pytest.raises(StorageError):
            read(data)


def test_sparse_files_are_refused_rather_than_garbled() -> None:
    info, content = member("f", b"x")
    info.pax_headers = {"GNU.sparse.major": "1"}
    with pytest.raises(StorageError, match="holes"):
        read(archive((info, content), form=tarfile.PAX_FORMAT))


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_size_below_nothing_is_refused(kind: bytes) -> None:
    info = tarfile.TarInfo("f")
    info.type = kind
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    # Base 256, where the first bit says so and the rest is a number of two's complement (GNU tar).
    header[124:136] = (-512).to_bytes(12, "big", signed=True)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(StorageError, match="not sound"):
        read(bytes(header) + bytes(1024))
