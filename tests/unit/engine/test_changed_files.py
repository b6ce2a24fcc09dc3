from __future__ import annotations

import pytest

from sessiontui.engine.changed_files import Changed, counts, leaves, tops

MODIFIED, ADDED, DELETED = 0, 1, 2


def told(**kinds: int) -> list[dict[str, object]]:
    return [{"Path": path, "Kind": kind} for path, kind in kinds.items()]


CHANGES = told(
    **{
        "/etc": MODIFIED,
        "/etc/passwd": MODIFIED,
        "/etc/motd": MODIFIED,
        "/home": ADDED,
        "/home/work": ADDED,
        "/home/notes": ADDED,
        "/opt": MODIFIED,
        "/opt/sessiontui": ADDED,
        "/opt/sessiontui/session": ADDED,
        "/opt/tool": ADDED,
        "/opt/tool/bin": ADDED,
        "/opt/tool/bin/x": ADDED,
        "/opt/tool/__pycache__": ADDED,
        "/opt/tool/__pycache__/x.pyc": ADDED,
        "/opt/tool.conf": ADDED,
        "/srv": MODIFIED,
        "/srv/old": DELETED,
        "/tmp": MODIFIED,
        "/tmp/scratch": ADDED,
        "/mnt": MODIFIED,
        "/mnt/made": ADDED,
        "/mnt/made/data": ADDED,
        "/mnt/made/own": ADDED,
    }
)
MOUNTS = ("/mnt/made/data",)


def test_leaves_are_what_a_person_made_or_changed() -> None:
    assert [one.path for one in leaves(CHANGES, MOUNTS)] == [
        "/etc/motd",
        "/home/notes",
        "/mnt/made/own",
        "/opt/tool/bin/x",
        "/opt/tool.conf",
    ]


def test_tops_are_whole_directories_only_where_no_mount_and_nothing_of_ours_is_below() -> None:
    assert tops(CHANGES, MOUNTS) == (
        Changed("/etc/motd", added=False),
        Changed("/home/notes", added=True),
        Changed("/mnt/made/own", added=True),
        Changed("/opt/tool", added=True),
        Changed("/opt/tool.conf", added=True),
    )


def test_what_the_engine_says_garbled_is_passed_over() -> None:
    assert leaves([{}, {"Path": None}, {"Path": "relative", "Kind": ADDED}], ()) == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/passwd", False),
        ("/etc/passwd.mine", True),
        ("/etc/profile.d/sessiontui.sh", False),
        ("/etc/profile.d/mine.sh", True),
        ("/opt/sessiontui", False),
        ("/opt/sessiontui-of-mine", True),
        ("/var/cache/apt/x", False),
        ("/tmpfiles", True),
        ("/usr/lib/python3/x.pyc", False),
        ("/usr/lib/python3/x.py", True),
        ("/root/thesis.tex", True),
        ("/root/.cache/pip/x", False),
        ("/data/run/model.bin", True),
        ("/workspace/tmp/results.csv", True),
        ("/srv/var/cache/x", True),
        ("/data/etc/ld.so.cache", True),
    ],
)
def test_ours_caches_and_temporary_files_do_not_count(path: str, expected: bool) -> None:
    assert counts(path) is expected
