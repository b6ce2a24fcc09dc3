"""Folders on the command line, on an engine in memory and a real directory."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiontui import cli, wiring
from sessiontui.cli.parser import parser
from sessiontui.domain.folder import Mount, MountChoice
from sessiontui.domain.record import record_of
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from tests.unit.actions.test_mounting import Box

ME = Owner("me", os.getuid(), os.getgid())
Run = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    box = Box(tmp_path / "folders", tmp_path / "elsewhere", owner=ME)
    box.secret.mkdir()
    monkeypatch.setattr(wiring, "ports", lambda *_, **__: box.ports)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return box


@pytest.fixture
def run(box: Box, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a verb of ``folders``, with what a person types; exit code, output, errors."""

    def run_verb(*words: str, typed: str | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO() if typed is None else Terminal(typed))
        code = cli.run(["folders", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_verb


def mounting(box: Box, name: str, folder: str, owner: Owner | None = None) -> Session:
    """A session that mounts a folder."""
    session = Session(
        id=name.replace("-", ""),
        name=name,
        owner=owner or ME,
        phase=Phase.STOPPED,
        environment="python",
        version="3.12",
        image="x",
        ask=Ask(1, 1),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        mounts=(Mount(folder, str(box.root / folder), f"/home/work/{folder}"),),
    )
    return box.engine.put(session)


def test_folders_are_told_with_what_is_in_them_and_who_mounts_them(box: Box, run: Run) -> None:
    (box.root / "data/file").write_bytes(b"abc")
    mounting(box, "nifty-bohr", "data")
    code, out, _ = run("ls", "--json")
    assert code == 0
    told = {one["name"]: one for one in json.loads(out)}
    assert {key: told["data"][key] for key in ("size", "files", "mounted_by", "imported", "last_used")} == {
        "size": 3,
        "files": 1,
        "mounted_by": ["nifty-bohr"],
        "imported": False,
        "last_used": "2026-01-02T00:00:00+00:00",
    }
    assert (told[".cache"]["mounted_by"], told[".cache"]["last_used"]) == ([], None)
    code, out, _ = run("ls")
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", ".cache", "data"]


def test_deleted_sessions_tell_when_a_folder_was_last_used(box: Box, run: Run) -> None:
    gone = mounting(box, "nifty-bohr", "data")
    box.engine.remove(gone.id)
    box.ports.records.add(record_of(gone, datetime(2026, 1, 3, tzinfo=UTC), "me"))
    told = {one["name"]: one for one in json.loads(run("ls", "--json")[1])}
    assert (told["data"]["mounted_by"], told["data"]["last_used"]) == ([], "2026-01-02T00:00:00+00:00")


def test_imported_directory_is_told_renamed_and_let_go_of(box: Box, run: Run) -> None:
    assert run("import", str(box.secret)) == (0, "elsewhere\n", "")
    assert "(imported)" in run("ls")[1]
    assert run("rename", "elsewhere", "sets") == (0, "sets\n", "")
    code, out, _ = run("rm", "sets", typed="y\n")
    assert code == 0
    assert f"its files stay in {box.secret}" in out
    assert box.secret.is_dir()
    assert run("ls", "--trash", "--json")[1] == "[]\n"
    assert run("import", "/etc")[::2] == (
        1,
        "sessiontui: path: /etc is the system's: import a directory of yours\n",
    )
    assert run("import", str(box.secret), ".ssh")[0] == 1


def test_import_that_is_lost_says_why(box: Box, run: Run) -> None:
    run("import", str(box.secret), "sets")
    box.secret.rmdir()
    code, out, err = run("ls")
    assert code == 0
    assert "sets" in out
    assert "sets cannot be mounted" in err
    assert "is not there any more" in err


def test_removed_folder_comes_back_by_its_name_and_the_newest_first(box: Box, run: Run) -> None:
    for content in ("older", "newer"):
        (box.root / "data").mkdir(exist_ok=True)
        (box.root / "data/file").write_text(content)
        assert run("rm", "--yes", "data") == (0, "data\n", "")
    listed = json.loads(run("ls", "--trash", "--json")[1])
    assert [one["name"] for one in listed] == ["data", "data"]
    assert run("ls", "--trash")[1].splitlines()[1].split()[0] == "data"
    assert run("restore", "data") == (0, f"{box.root}/data\n", "")
    assert (box.root / "data/file").read_text() == "newer"
    code, _, err = run("restore", listed[1]["id"])
    assert (code, "there is a data" in err) == (1, True)
    assert run("rename", "data", "first")[0] == 0
    assert run("restore", listed[1]["id"])[0] == 0
    assert (box.root / "data/file").read_text() == "older"
    assert run("restore", "data")[0] == 1


def test_removing_asks_and_nothing_happens_without_a_yes(box: Box, run: Run) -> None:
    code, out, _ = run("rm", "data", typed="\n")
    assert (code, out.splitlines()[-1].endswith("Nothing was removed.")) == (1, True)
    code, _, err = run("rm", "data")
    assert (code, "add --yes" in err) == (1, True)
    assert (box.root / "data").is_dir()
    run("rm", "--yes", "data")
    assert run("empty", typed="n\n")[0] == 1
    assert run("empty")[0] == 1
    assert len(box.ports.storage.trash()) == 1
    code, out, _ = run("empty", typed="yes\n")
    assert (code, out.endswith("data\n")) == (0, True)
    assert box.ports.storage.trash() == ()
    assert run("empty", "--yes") == (0, "", "")


def test_what_a_session_mounts_keeps_place_and_name_and_the_sessions_are_named(box: Box, run: Run) -> None:
    mounting(box, "nifty-bohr", "data")
    mounting(box, "calm-curie", "data", Owner("bob", 1001, 1001))
    for words in (("rm", "--yes", "data"), ("rename", "data", "sets")):
        code, _, err = run(*words)
        assert code == 1
        assert "bob/calm-curie" in err
        assert " nifty-bohr" in err
    assert (box.root / "data").is_dir()


def test_without_an_engine_to_ask_who_mounts_it_no_folder_is_removed(box: Box, run: Run) -> None:
    box.engine.down = True
    code, out, err = run("rm", "--yes", "data", ".cache")
    assert (code, out) == (2, "")
    assert err.count("engine") == 1
    assert (box.root / "data").is_dir()


def test_one_that_cannot_be_removed_does_not_keep_the_others(box: Box, run: Run) -> None:
    code, out, err = run("rm", "--yes", "gone", "data", ".cache")
    assert (code, out) == (1, "data\n.cache\n")
    assert "no folder 'gone'" in err


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("data", MountChoice("data")),
        ("data:ro", MountChoice("data", True)),
        ("data:rw", MountChoice("data")),
        ("data:/sets", MountChoice("data", False, "/sets")),
        ("data:in/sets:ro", MountChoice("data", True, "in/sets")),
        ("data:ro:ro", MountChoice("data", True, "ro")),
    ],
)
def test_mount_is_a_folder_with_a_place_and_a_mode(text: str, choice: MountChoice) -> None:
    assert parser().parse_args(["launch", "python", "--mount", text]).mount == [choice]


@pytest.mark.parametrize("text", ["", ":ro", "data:", "data::ro", "data:a:b", "data:a:b:ro"])
def test_mount_that_says_something_else_is_bad_usage(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["launch", "python", "--mount", text])
    assert caught.value.code == 2
    assert "FOLDER:PLACE:ro" in capsys.readouterr().err


def test_an_engine_that_cannot_be_asked_is_exit_2_and_removes_nothing(box: Box, run: Run) -> None:
    box.engine.down = True
    code, _, err = run("rm", "data", "--yes")
    assert code == 2
    assert err
    assert (box.root / "data").is_dir()
