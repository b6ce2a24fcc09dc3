"""What is kept of the details of containers."""

from __future__ import annotations

from collections.abc import Callable

from sessiontui.dockerd.reading import EventStream, Json, Parameters
from sessiontui.engine.inspected import Inspected
from tests.unit.engine.open_link import OpenLink


class Answers:
    """A reader whose answers tell of running containers; something may happen while one is on its way."""

    def __init__(self) -> None:
        self.asked = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        self.asked += 1
        self.meanwhile()
        return {"State": {"Status": "running"}}

    def events(self, filters: object) -> EventStream:
        raise NotImplementedError

    def close(self) -> None: ...


ITEM = {"Id": "c1", "State": "running"}


def test_details_are_asked_for_once_while_somebody_follows() -> None:
    reader = Answers()
    inspected = Inspected(OpenLink(reader))
    inspected.of(ITEM)
    assert inspected.known(ITEM) is None
    with inspected.followed():
        inspected.of(ITEM)
        inspected.of(ITEM)
        assert reader.asked == 2
    assert inspected.known(ITEM) is None


def test_an_answer_that_an_event_overtook_is_not_kept() -> None:
    reader = Answers()
    inspected = Inspected(OpenLink(reader))
    reader.meanwhile = lambda: inspected.changed("c1")
    with inspected.followed():
        inspected.asked("c1")
        assert inspected.known(ITEM) is None


def test_an_answer_that_is_older_than_the_first_event_is_not_kept() -> None:
    reader = Answers()
    inspected = Inspected(OpenLink(reader))
    followed = inspected.followed()
    reader.meanwhile = followed.__enter__
    inspected.asked("c1")
    assert inspected.known(ITEM) is None
    followed.__exit__(None, None, None)
