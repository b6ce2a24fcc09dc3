"""Copies both ways on the engine in memory, which runs the session's own script."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.actions import copy
from sessiontui.actions.copy import Place, place_of
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import AlreadyThere, Cancelled, EngineError, NotYours, StorageError
from sessiontui.domain.files import Copying, Entry, Kind
from sessiontui.domain.session import Owner, Phase, Session
from tests.dialogs import World


class Copies:
    """A session and this machine, in a test's words."""

    def __init__(self, root: Path) -> None:
        world = World(root / "world")
        self.engine = world.engine
        self.ports: Ports = replace(world.ports, owner=Owner("alice", os.geteuid() or 1000, 1000))
        self.session: Session = world.session(owner=self.ports.owner)
        self.home = world.engine.files(self.session.id).home
        self.here = root / "here"
        self.here.mkdir()
        self.reports: list[Copying] = []

    def up(self, name: str, to: str = ".", *, over: bool = False) -> tuple[str, ...]:
        return copy.upload(
            self.ports,
            self.session,
            str(self.here / name),
            to,
            self.reports.append,
            Cancellation(),
            over=over,
        )

    def down(self, path: str, to: str = "", *, over: bool = False) -> tuple[str, ...]:
        target = f"{self.here}/{to}"
        return copy.download(
            self.ports, self.session, path, target, self.reports.append, Cancellation(), over=over
        )


@pytest.fixture
def copies(tmp_path: Path) -> Iterator[Copies]:
    copies = Copies(tmp_path)
    yield copies
    assert not list(copies.home.rglob(".sessiontui-*"))
    assert not list(copies.here.rglob(".sessiontui-*"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("bohr:", Place(".", "bohr")),
        ("bohr:/home/work/x", Place("/home/work/x", "bohr")),
        ("bohr:~/a b", Place("a b", "bohr")),
        ("alice/bohr:a:b\nc", Place("a:b\nc", "alice/bohr")),
        ("./bohr:x", Place("./bohr:x")),
        ("/bohr:x", Place("/bohr:x")),
        ("../bohr:x", Place("../bohr:x")),
        ("a/b/bohr:x", Place("a/b/bohr:x")),
        ("plain", Place("plain")),
        ("C:x", Place("C:x")),
    ],
)
def test_what_a_place_is(text: str, place: Place) -> None:
    assert place_of(text) == place


def test_a_file_goes_over_and_comes_back_with_mode_and_time(copies: Copies) -> None:
    file = copies.here / "-a 日本\n"
    file.write_bytes(bytes(range(256)) * 5000)
    file.chmod(0o640)
    os.utime(file, (1_600_000_000, 1_600_000_000))
    copies.up(file.name)
    inside = copies.home / file.name
    assert inside.read_bytes() == file.read_bytes()
    assert (inside.stat().st_mode & 0o777, inside.stat().st_mtime) == (0o640, 1_600_000_000)
    copies.down(file.name, "back")
    back = copies.here / "back"
    assert back.read_bytes() == file.read_bytes()
    assert (back.stat().st_mode & 0o777, back.stat().st_mtime) == (0o640, 1_600_000_000)
    assert copies.reports[-1] == Copying(file.name, 1_280_000, 1_280_000)


def test_names_that_are_no_text_survive(copies: Copies) -> None:
    name = os.fsdecode(b"\xff\\0\\n\t x")
    (copies.here / name).write_text("1")
    copies.up(name)
    (entry,) = copy.session_listing(copies.ports, copies.session, ".").entries
    assert (entry.name, entry.kind, entry.size) == (name, Kind.FILE, 1)
    (copies.here / "back").mkdir()
    copies.down(name, "back/")
    assert [one.name for one in (copies.here / "back").iterdir()] == [name]


def test_a_tree_goes_over_and_comes_back(copies: Copies) -> None:
    tree = copies.here / "tree"
    (tree / "a b" / "日本").mkdir(parents=True)
    (tree / "a b" / "日本" / "n\nl").write_text("x" * 100_000)
    (tree / "empty dir").mkdir()
    (tree / "empty").touch()
    (tree / "link").symlink_to("a b/日本/n\nl")
    (tree / "out").symlink_to("/etc/passwd")
    (tree / "closed").mkdir(mode=0o555)
    os.link(tree / "empty", tree / "second")
    tree.chmod(0o750)
    assert [one.partition(":")[0] for one in copies.up("tree")] == ["out"]
    assert copies.down("tree", "back") == ()
    back = copies.here / "back"
    names = {one.relative_to(tree) for one in tree.rglob("*")}
    assert {one.relative_to(back) for one in back.rglob("*")} == names - {Path("out")}
    assert (back / "link").readlink() == Path("a b/日本/n\nl")
    assert (back / "link").read_text() == "x" * 100_000
    for one in ("", "closed", "a b"):
        assert (back / one).stat().st_mode == (tree / one).stat().st_mode
        assert int((back / one).stat().st_mtime) == int((tree / one).stat().st_mtime)


def test_what_a_session_links_outside_stays_there(copies: Copies) -> None:
    (copies.home / "t").mkdir()
    (copies.home / "t" / "evil").symlink_to("/etc/passwd")
    (copies.home / "t" / "f").write_text("1")
    assert copies.down("t") == ("evil: a link that leads outside: /etc/passwd",)
    assert [one.name for one in (copies.here / "t").iterdir()] == ["f"]
    (copies.home / "way").symlink_to("/etc")
    for path in ("way/passwd", "/etc/passwd", "way", "../../etc", "t/../../x"):
        with pytest.raises(EngineError):
            copies.down(path)
    (copies.here / "f").write_text("1")
    for path in ("way", "way/f", "/tmp", ".."):
        with pytest.raises(EngineError):
            copies.up("f", path)


def test_what_is_there_stays_unless_it_is_to_be_replaced(copies: Copies) -> None:
    for place in (copies.here, copies.home):
        (place / "t").mkdir()
        (place / "t" / place.name).write_text("1")
        (place / "f").write_text(place.name)
    for name in ("t", "f"):
        with pytest.raises(AlreadyThere):
            copies.up(name)
        with pytest.raises(AlreadyThere):
            copies.down(name)
    assert (copies.home / "f").read_text() == "home"
    copies.up("t", over=True)
    copies.up("f", over=True)
    assert [one.name for one in (copies.home / "t").iterdir()] == ["here"]
    assert (copies.home / "f").read_text() == "here"
    (copies.home / "t" / "here").rename(copies.home / "t" / "new")
    copies.down("t", over=True)
    assert [one.name for one in (copies.here / "t").iterdir()] == ["new"]
    for over in (False, True):
        with pytest.raises((EngineError, StorageError)):
            copies.up("t", "f", over=over)
        with pytest.raises((EngineError, StorageError)):
            copies.down("t", "f", over=over)
    copies.up("f", "t")
    assert sorted(one.name for one in (copies.home / "t").iterdir()) == ["f", "new"]


def test_a_trailing_slash_demands_a_directory(copies: Copies) -> None:
    (copies.here / "f").write_text("1")
    with pytest.raises(EngineError, match="no directory"):
        copies.up("f", "nowhere/")
    (copies.home / "g").write_text("1")
    with pytest.raises(StorageError, match="no directory"):
        copies.down("g", "nowhere/")


@pytest.mark.parametrize("size", [3_000_000, 0])
def test_a_copy_that_is_cancelled_leaves_nothing(copies: Copies, size: int) -> None:
    (copies.here / "t").mkdir()
    (copies.here / "t" / "f").write_bytes(b"x" * size)
    (copies.home / "t").mkdir()
    (copies.home / "t" / "f").write_bytes(b"x" * size)
    cancellation = Cancellation()

    def report(copying: Copying) -> None:
        cancellation.request()

    for way, name in ((copy.upload, f"{copies.here}/t"), (copy.upload, f"{copies.here}/t/f")):
        with pytest.raises(Cancelled):
            way(copies.ports, copies.session, name, "up", report, cancellation)
        cancellation.requested = False
        with pytest.raises(Cancelled):
            copy.download(copies.ports, copies.session, "t", f"{copies.here}/down", report, cancellation)
        cancellation.requested = False
    assert [one.name for one in copies.home.iterdir()] == ["t"]
    assert [one.name for one in copies.here.iterdir()] == ["t"]


def test_a_file_that_becomes_shorter_meanwhile_is_not_copied(copies: Copies) -> None:
    (copies.here / "t").mkdir()
    file = copies.here / "t" / "f"
    for name in ("t", "t/f"):
        file.write_bytes(b"x" * 3_000_000)

        def report(copying: Copying) -> None:
            if copying.done:
                os.truncate(file, 10)

        with pytest.raises(StorageError, match="shorter"):
            copy.upload(copies.ports, copies.session, f"{copies.here}/{name}", ".", report, Cancellation())
    assert list(copies.home.iterdir()) == []


def test_an_old_half_is_swept_and_what_it_put_aside_comes_back(copies: Copies) -> None:
    left = copies.home / ".sessiontui-played-999999-1.part"
    (left / "old" / "data").mkdir(parents=True)
    (left / "new").mkdir()
    (copies.here / "f").write_text("1")
    copies.up("f")
    assert sorted(one.name for one in copies.home.iterdir()) == ["data", "f"]


def test_a_listing_tells_kinds_and_targets(copies: Copies) -> None:
    (copies.home / "d").mkdir()
    (copies.home / "to d").symlink_to("d")
    (copies.home / "broken").symlink_to("no\nthing")
    os.mkfifo(copies.home / "pipe")
    listing = copy.session_listing(copies.ports, copies.session, ".")
    assert listing.path == "/home/work"
    told = {one.name: (one.kind, one.target, one.enters) for one in listing.entries}
    assert told == {
        "d": (Kind.DIRECTORY, "", True),
        "to d": (Kind.LINK, "d", True),
        "broken": (Kind.LINK, "no\nthing", False),
        "pipe": (Kind.OTHER, "", False),
    }
    assert copy.session_listing(copies.ports, copies.session, "to d").path == "/home/work/d"
    here: dict[str, Entry] = {one.name: one for one in copy.local_listing(str(copies.home)).entries}
    assert {name: (one.kind, one.target, one.enters) for name, one in here.items()} == told


def test_directories_are_made_where_nothing_is(copies: Copies) -> None:
    copy.make_in_session(copies.ports, copies.session, "new one")
    assert (copies.home / "new one").is_dir()
    with pytest.raises(AlreadyThere):
        copy.make_in_session(copies.ports, copies.session, "new one")
    with pytest.raises(EngineError):
        copy.make_in_session(copies.ports, copies.session, "/tmp/elsewhere")
    copy.make_here(copies.ports, str(copies.here / "new"))
    with pytest.raises(AlreadyThere):
        copy.make_here(copies.ports, str(copies.here / "new"))


def test_a_session_that_is_stopped_or_somebody_elses_is_not_touched(copies: Copies) -> None:
    (copies.here / "f").write_text("1")
    copies.session = replace(copies.session, phase=Phase.STOPPED)
    with pytest.raises(EngineError) as caught:
        copies.up("f")
    assert caught.value.hint == "start it first"
    copies.session = replace(copies.session, owner=Owner("bob", 4711, 4711))
    copies.ports = replace(copies.ports, owner=Owner("alice", 1000, 1000))
    with pytest.raises(NotYours):
        copies.up("f")


def test_what_a_session_calls_a_file_does_not_decide_where_it_goes(copies: Copies) -> None:
    (copies.home / "data.csv").write_bytes(b"1,2")
    (copies.here / ".bashrc").write_bytes(b"mine")
    script = copies.home.parent / "files.sh"
    text = script.read_text()
    assert '"$(facts "./$name")" "$name"' in text
    script.write_text(text.replace('"$(facts "./$name")" "$name"', '"$(facts "./$name")" .bashrc'))
    copies.down("data.csv", over=True)
    assert (copies.here / ".bashrc").read_bytes() == b"mine"
    assert (copies.here / "data.csv").read_bytes() == b"1,2"
