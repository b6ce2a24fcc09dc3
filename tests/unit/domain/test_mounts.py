"""Places of folders in a session."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.folder import HOME, Mount, import_problem
from sessiontui.domain.mounts import clashes, place_of, target_problem


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("sets", f"{HOME}/sets"),
        ("sets/2026/", f"{HOME}/sets/2026"),
        ("sets//2026", f"{HOME}/sets/2026"),
        (".cache/pip", f"{HOME}/.cache/pip"),
        ("/home/work/sets", f"{HOME}/sets"),
        ("/data", "/data"),
        ("//data/", "/data"),
        ("/mnt/big-disk_1.old", "/mnt/big-disk_1.old"),
        ("/opt/conda", "/opt/conda"),
        ("/opt/sessiontuition", "/opt/sessiontuition"),
        ("/variants", "/variants"),
        ("a" * 255, f"{HOME}/{'a' * 255}"),
    ],
)
def test_relative_is_below_the_home_and_absolute_is_itself(target: str, place: str) -> None:
    assert target_problem(target) is None
    assert place_of(target) == place


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("../escape", "without . and .."),
        ("sets/../../etc", "without . and .."),
        ("/data/..", "without . and .."),
        ("./sets", "without . and .."),
        ("", "letters, digits"),
        ("a b", "letters, digits"),
        ("a:b", "letters, digits"),
        ("a\n", "letters, digits"),
        ("für", "letters, digits"),
        ("a" * 256, "too long"),
        ("a/" * 600, "too long"),
        ("/", "around the session's home"),
        ("/home", "around the session's home"),
        (HOME, "is the session's home"),
        (f"{HOME}/", "is the session's home"),
        ("/opt", "the system's"),
        ("/opt/sessiontui/session", "the system's"),
        ("/etc", "the system's"),
        ("/etc/cron.d", "the system's"),
        ("//etc//cron.d", "the system's"),
        ("/usr/share/sets", "the system's"),
        ("/var/lib/sets", "the system's"),
        ("/tmp/sets", "the system's"),
        ("/proc/1", "the system's"),
        (".ssh", "reserved"),
        (".ssh/more", "reserved"),
        ("/home/work/.bashrc", "reserved"),
        ("id_container", "reserved"),
        (".sessiontui/x", "reserved"),
        (".sessiontui-a.part", "reserved"),
    ],
)
def test_place_that_is_not_to_be_taken_is_told_with_the_reason(target: str, told: str) -> None:
    problem = target_problem(target)
    assert problem is not None
    assert told in problem


PARTS = st.sampled_from(
    ["a", "b", "ab", ".c", "..", ".", "", "home", "work", "etc", "usr", "opt", "sessiontui", "ssh"]
)
TARGETS = st.builds(
    lambda parts, start: start + "/".join(parts), st.lists(PARTS, min_size=1), st.sampled_from(["", "/"])
)


@given(TARGETS | st.text(max_size=20))
def test_place_that_passes_is_neither_the_systems_nor_around_the_home(target: str) -> None:
    if target_problem(target) is not None:
        return
    place = place_of(target)
    assert place.startswith("/")
    assert "//" not in place
    assert not set(place.split("/")) & {".", ".."}
    assert ":" not in place, "a session's paths are told with colons between"
    assert not f"{HOME}/".startswith(f"{place}/")
    assert place.split("/")[1] not in {
        "bin",
        "etc",
        "usr",
        "proc",
        "sys",
        "dev",
        "run",
        "tmp",
        "var",
        "root",
        "",
    }
    assert not place.startswith("/opt/sessiontui/")


@given(st.lists(TARGETS.filter(lambda target: target_problem(target) is None), max_size=5))
def test_places_that_pass_together_hide_nothing_of_each_other(targets: list[str]) -> None:
    mounts = [Mount(f"f{n}", f"/srv/f{n}", place_of(target)) for n, target in enumerate(targets)]
    within = [
        (one, other)
        for one, other in itertools.combinations(mounts, 2)
        if f"{one.target}/".startswith(f"{other.target}/") or f"{other.target}/".startswith(f"{one.target}/")
    ]
    assert len(clashes(mounts)) == len(within)


def test_clash_names_both_folders_and_the_place() -> None:
    a, b, c = (
        Mount(name, f"/srv/{name}", place) for name, place in (("a", "/d"), ("b", "/d"), ("c", "/d/e"))
    )
    assert [problem.message for problem in clashes([a, b])] == [
        "a and b both go to /d: give one another place"
    ]
    for pair in ([a, c], [c, a]):
        assert [problem.message for problem in clashes(pair)] == [
            "c would go to /d/e, which is in a at /d: give one another place"
        ]
    assert clashes([a, Mount("d", "/srv/d", "/data")]) == []


@pytest.mark.parametrize(
    "path", ["/srv/sets", "/home/alice/sets", "/mnt/disk", "/tmp/x", "/variants", "/root/sets"]
)
def test_directory_of_a_person_may_be_imported(path: str) -> None:
    assert import_problem(path) is None


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/",
            "/etc",
            "/etc/ssl",
            "/usr/share",
            "/var",
            "/var/lib/docker",
            "/home",
            "/root",
            "/tmp",
            "/proc/1",
        ),
        *("sets", "/srv/../etc", "//etc", "/srv/", "", "/srv/\udcff"),
    ],
)
def test_what_is_the_systems_or_no_full_path_may_not_be_imported(path: str) -> None:
    assert import_problem(path) is not None
