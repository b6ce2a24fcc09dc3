"""What a session says about its files, read as a stranger's word."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.errors import AlreadyThere, DiskFull, EngineError
from sessiontui.domain.files import Entry, Kind
from sessiontui.engine.files import Sent, encoded, parse_heading, parse_listing, trouble
from sessiontui.engine.memory_files import PlayedFiles


def test_a_listing_is_read() -> None:
    listing = parse_listing(
        b"sub dir\0ff 12 1700000000.5000000000 a b\0\0dd 4096 1 d\n\0\0ld 1 2 l\0to\0pp 0 - \xff\0\0"
    )
    assert listing.path == "/home/work/sub dir"
    assert listing.entries == (
        Entry("a b", Kind.FILE, 12, 1700000000.5),
        Entry("d\n", Kind.DIRECTORY, 4096, 1.0, enters=True),
        Entry("l", Kind.LINK, 1, 2.0, "to", enters=True),
        Entry("\udcff", Kind.OTHER, 0, None),
    )


@pytest.mark.parametrize(
    ("said", "path"), [(b".\0", "/home/work"), (b"/data\0", "/data"), (b"a\0", "/home/work/a")]
)
def test_paths_are_below_the_home_or_absolute(said: bytes, path: str) -> None:
    assert parse_listing(said).path == path


@pytest.mark.parametrize("name", [b"", b".", b"..", b"../x", b"a/b"])
def test_names_that_no_directory_has_are_left_out(name: bytes) -> None:
    assert parse_listing(b".\0ff 1 1 " + name + b"\0\0").entries == ()


@given(st.binary(max_size=200))
def test_garbage_is_no_listing_and_no_accident(said: bytes) -> None:
    assert all("/" not in one.name and one.name for one in parse_listing(said).entries)


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (b"file 12 644 1700000000 a b", Sent(False, "a b", 12, 0o644, 1700000000)),
        (b"tree - 2755 -5 x\n", Sent(True, "x\n", None, 0o755, -5)),
        (b"file 0 no - \xff", Sent(False, "\udcff", 0, 0o644, None)),
    ],
)
def test_a_heading_is_read(said: bytes, sent: Sent) -> None:
    assert parse_heading(said) == sent


@pytest.mark.parametrize("said", [b"", b"file", b"file - 644 1 x", b"file -5 644 1 x", b"disk 1 644 1 x"])
def test_what_is_no_heading_is_refused(said: bytes) -> None:
    with pytest.raises(EngineError, match="cannot be understood"):
        parse_heading(said)


@given(st.binary(min_size=1, max_size=60).filter(lambda name: b"\0" not in name))
def test_the_script_gets_each_name_as_it_is(name: bytes) -> None:
    word = encoded(name.decode("utf-8", "surrogateescape"))
    assert word.isascii()
    assert word.isprintable()
    done = subprocess.run(["/bin/sh", "-c", 'printf "%b" "$1"', "sh", word], capture_output=True, check=True)
    assert done.stdout == name


@pytest.mark.parametrize(
    ("code", "said", "kind", "words"),
    [
        (5, "sessiontui: there is a x already", AlreadyThere, "bohr: there is a x already"),
        (1, "cat: No space left on device\nsessiontui: x could not be written", DiskFull, "No space"),
        (1, "tar: f: Wrote only 5 of 10 bytes\nsessiontui: x could not be unpacked", DiskFull, "Wrote only"),
        (2, "sh: 0: cannot open /opt/sessiontui/session/files.sh", EngineError, "cannot copy files"),
        (2, "tar: ./x: Permission denied\ntar: Exiting", EngineError, "./x: Permission denied"),
        (137, "", EngineError, "cut off"),
        (3, "", EngineError, "only the home and mounted folders"),
        (9, "", EngineError, "ended with status 9"),
    ],
)  # fmt: skip
def test_what_goes_wrong_inside_is_said_in_its_words(
    code: int, said: str, kind: type[Exception], words: str
) -> None:
    error = trouble("bohr", code, said)
    assert type(error) is kind
    assert words in error.message


def test_a_find_that_cannot_print_lists_the_same() -> None:
    """As a small image's: what `find -printf` would tell is told by a loop."""
    played = PlayedFiles()
    (played.home / "sub").mkdir()
    (played.home / "sub" / "a\n b").write_text("123")
    (played.home / "sub" / ".dot").mkdir()
    (played.home / "sub" / "l").symlink_to(".dot")
    (played.home / "sub" / "gone").symlink_to("no\nwhere\n")
    full = read(played)
    find = played.home.parent / "find"
    find.write_text('#!/bin/sh\ncase "$*" in *-printf*) exit 1 ;; esac\nexec /usr/bin/find "$@"\n')
    find.chmod(0o755)
    script = played.home.parent / "files.sh"
    script.write_text(f"#!/bin/sh\nPATH={find.parent}:$PATH\n{script.read_text()}")

    def told(entries: tuple[Entry, ...]) -> set[tuple[str, Kind, int, str, bool]]:
        return {(one.name, one.kind, one.size, one.target, one.enters) for one in entries}

    assert told(read(played)) == told(full)
    assert {one.kind for one in full} == {Kind.FILE, Kind.DIRECTORY, Kind.LINK}
    assert len(full) == 4


def read(played: PlayedFiles) -> tuple[Entry, ...]:
    pipe, said = played.pipe(["list", "sub"]), b""
    while chunk := pipe.read():
        said += chunk
    assert pipe.outcome().exit_code == 0
    pipe.close()
    return parse_listing(said).entries
