"""What holds a session, as the engine and the kernel tell."""

from __future__ import annotations

from pathlib import Path

from sessiontui.dockerd.errors import RefusedRequestError
from sessiontui.dockerd.reading import EventStream, Json, Parameters
from sessiontui.engine.holders import containers_with, named, processes_with, stuck_processes
from tests.unit.engine.open_link import OpenLink


class Told:
    """A reader that says this of everything, or refuses."""

    def __init__(self, answer: Json) -> None:
        self._answer = answer

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        if self._answer is None:
            raise RefusedRequestError(409, "Container is not running")
        return self._answer

    def events(self, filters: object) -> EventStream:
        raise NotImplementedError

    def close(self) -> None: ...


def test_the_processes_that_no_signal_ends_are_named_and_cannot_speak_to_the_terminal() -> None:
    rows = [["1", "Ss", "tail"], ["7", "D", "dd\x1b[31m"], ["8", "D+", "python3"], ["9"], ["10", "S", "D"]]
    words = stuck_processes(OpenLink(Told({"Processes": rows})), "c1")
    assert words == "dd (7), python3 (8) cannot be interrupted (state D)"
    assert stuck_processes(OpenLink(Told({"Processes": None})), "c1") == ""
    assert stuck_processes(OpenLink(Told(None)), "c1") == ""


def test_the_containers_of_a_volume_by_their_names() -> None:
    link = OpenLink(Told([{"Names": ["/theirs"], "Id": "x"}, {"Names": None, "Id": "0123456789abcdef"}]))
    assert containers_with(link, "home") == ("theirs", "0123456789ab")
    assert containers_with(OpenLink(Told(None)), "home") == ()


def test_the_processes_that_see_a_mount(tmp_path: Path) -> None:
    for pid, mounts in (("12", "1 2 /var/lib/docker/overlay2/ab/merged rw"), ("3", "1 2 / rw")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "mountinfo").write_text(mounts)
        (tmp_path / pid / "comm").write_text("backup\n")
    (tmp_path / "4").mkdir()
    assert processes_with("/overlay2/ab/merged", tmp_path) == ("backup (12)",)


def test_many_holders_are_counted() -> None:
    assert named(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
