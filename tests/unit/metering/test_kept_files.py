"""Files that are read again and again."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from sessiontui.metering.kept_files import Gone, KeptFiles
from tests.unit.metering.machine import open_files


def test_file_is_kept_open_and_read_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    path.write_bytes(b"1\n")
    files = KeptFiles()
    before = open_files()
    file = files.open(str(path))
    assert open_files() == before + 1
    assert file.read() == b"1\n"
    path.write_bytes(b"2\n")
    assert file.read() == b"2\n"
    assert not files.scarce
    file.close()
    file.close()
    assert open_files() == before


def test_long_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "many-interfaces"
    path.write_bytes(b"0123456789abcde\n" * 500)
    file = KeptFiles().open(str(path))
    assert file.read() == path.read_bytes()
    file.close()


def test_real_file_of_the_kernels_is_read_whole() -> None:
    path = Path("/proc/self/mountinfo")
    file = KeptFiles().open(str(path))
    assert file.read() == path.read_bytes()[:16384]
    file.close()


def test_file_that_is_not_there_says_why_and_is_not_tried_again(tmp_path: Path) -> None:
    before = open_files()
    file = KeptFiles().open(str(tmp_path / "none"))
    assert isinstance(file.error, FileNotFoundError)
    (tmp_path / "none").write_bytes(b"1")
    assert file.read() is None
    assert open_files() == before


def test_file_of_a_process_that_ended_is_gone() -> None:
    process = subprocess.Popen(["sleep", "60"])
    file = KeptFiles().open(f"/proc/{process.pid}/stat")
    assert file.read() is not None
    process.kill()
    process.wait()
    with pytest.raises(Gone):
        file.read()
    file.close()


def test_path_that_leads_elsewhere_by_now_is_not_read(tmp_path: Path) -> None:
    """As a process's number is another's once its file is open."""
    path = tmp_path / "dev"
    path.write_bytes(b"somebody else's\n")
    before = open_files()
    file = KeptFiles().open(str(path), proof=lambda: False)
    assert file.error is not None
    assert file.error.errno == errno.ESRCH
    assert file.read() is None
    assert open_files() == before


def test_file_that_is_opened_anew_is_proved_anew(tmp_path: Path) -> None:
    path = tmp_path / "dev"
    path.write_bytes(b"ours\n")
    answers = iter([True, True, False])
    files = KeptFiles(most=0)
    file = files.open(str(path), proof=lambda: next(answers))
    assert files.scarce
    assert file.read() == b"ours\n"
    with pytest.raises(Gone):
        file.read()


def test_file_without_room_that_vanishes_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    path.write_bytes(b"1\n")
    file = KeptFiles(most=0).open(str(path))
    assert file.read() == b"1\n"
    path.unlink()
    with pytest.raises(Gone):
        file.read()


def test_file_that_found_the_process_full_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    path.write_bytes(b"1\n")
    code = """
import os, resource, sys
from sessiontui.metering.kept_files import KeptFiles
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
taken = []
try:
    while True:
        taken.append(os.open(sys.argv[1], os.O_RDONLY))
except OSError:
    file = KeptFiles().open(sys.argv[1])
print(file.error, file.read())
os.close(taken.pop())
print(file.read())
"""
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "None None\nb'1\\n'\n"


def test_room_that_is_free_again_is_used(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"1\n")
    files = KeptFiles(most=1)
    first, second = files.open(str(tmp_path / "a")), files.open(str(tmp_path / "b"))
    assert files.scarce
    before = open_files()
    first.close()
    assert second.read() == b"1\n"
    assert not files.scarce
    assert open_files() == before
    second.close()
