"""The file of records outlives kills, garbage, full disks and other writers."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.domain.errors import StorageError
from sessiontui.domain.record import Record, record_of
from sessiontui.storage.memory_records import MemoryRecords
from sessiontui.storage.port import Records
from sessiontui.storage.records import MOST, RecordFile
from tests.sessions import NOW, session


def record(name: str) -> Record:
    return record_of(session(name), NOW, "alice")


def names(records: Records) -> list[str]:
    return [one.session.name for one in records.records()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sessiontui" / "history"


@pytest.fixture(params=["file", "memory"])
def records(request: pytest.FixtureRequest, path: Path) -> Records:
    return RecordFile(path) if request.param == "file" else MemoryRecords()


def test_the_newest_comes_first_and_each_session_once(records: Records) -> None:
    assert records.records() == ()
    for name in ("one", "two", "one"):
        records.add(record(name))
    assert names(records) == ["one", "two"]
    records.forget(["idone", "never"])
    assert names(records) == ["two"]


def test_only_its_owner_reads_it(path: Path) -> None:
    RecordFile(path).add(record("one"))
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_line_that_was_cut_off_costs_no_other(path: Path) -> None:
    records = RecordFile(path)
    records.add(record("one"))
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole + whole.replace(b"one", b"two")[:size])
        records.add(record("three"))
        assert names(records)[0] == "three"
        assert names(records)[-1] == "one"


def test_garbage_is_passed_over(path: Path) -> None:
    records = RecordFile(path)
    records.add(record("one"))
    with path.open("ab") as file:
        file.write(b"\0\xff\n[1]\nnull\n{}\n" + b"[" * 5000 + b"\n" + b"9" * 5000 + b"\n\n")
    records.add(record("two"))
    assert names(records) == ["two", "one"]


def test_the_newest_thousand_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessiontui.storage.records.os.fsync", lambda opened: None)
    records = RecordFile(path)
    records.add(record("first"))
    line = path.read_bytes()
    path.write_bytes(b"".join(line.replace(b"first", b"s%d" % number) for number in range(MOST + 100)))
    records.add(record("last"))
    assert len(names(records)) == MOST
    assert names(records)[0] == "last"
    assert path.read_bytes().count(b"\n") == MOST


_WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from sessiontui.storage.records import RecordFile
from tests.sessions import NOW, session
from sessiontui.domain.record import record_of
records = RecordFile(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}{number}"
    records.add(record_of(session(name), NOW, "alice"))
    print(name, flush=True)
    if number % 5 == 4:
        records.forget([f"id{sys.argv[2]}{number}"])
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_two_that_write_at_once_lose_nothing(path: Path) -> None:
    writers = [writer(path, name, 40) for name in "ab"]
    for one in writers:
        assert one.wait(60) == 0
        assert one.stdout is not None
        one.stdout.close()
    wanted = {f"{name}{number}" for name in "ab" for number in range(40) if number % 5 != 4}
    assert set(names(RecordFile(path))) == wanted


def test_one_that_is_killed_loses_nothing_that_it_had_written(path: Path) -> None:
    one = writer(path, "a", 100_000)
    assert one.stdout is not None
    said = [one.stdout.readline().strip() for _ in range(12)]
    one.kill()
    one.wait()
    one.stdout.close()
    records = RecordFile(path)
    assert {name for name in said[:11] if int(name[1:]) % 5 != 4} <= set(names(records))
    records.add(record("after"))
    assert names(records)[0] == "after"


def test_a_disk_that_is_full_is_told_and_leaves_what_was_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = RecordFile(path)
    records.add(record("one"))
    before = path.read_bytes()
    wrote = os.write
    calls: list[int] = []

    def full(opened: int, data: bytes) -> int:
        """Room for ten bytes, and then none."""
        calls.append(opened)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return wrote(opened, bytes(data)[:10])

    with monkeypatch.context() as short:
        short.setattr("sessiontui.storage.records.os.write", full)
        with pytest.raises(StorageError, match="No space left"):
            records.add(record("two"))
    assert path.read_bytes() == before
    assert names(records) == ["one"]


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    records = RecordFile(tmp_path / "state" / "history")
    with pytest.raises(StorageError):
        records.add(record("one"))


def test_a_link_in_its_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    (tmp_path / "precious").write_text("mine")
    path.symlink_to(tmp_path / "precious")
    with pytest.raises(StorageError, match="link"):
        RecordFile(path).add(record("one"))
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_record_of_another_session_of_that_name_is_another(path: Path) -> None:
    records = RecordFile(path)
    records.add(record("one"))
    records.add(record_of(replace(session("one"), id="another"), NOW, "alice"))
    assert names(records) == ["one", "one"]
