"""Changes from the engine's events, whose attributes hold the labels of strangers."""

from __future__ import annotations

import pytest

from sessiontui.engine.labels import ID_LABEL, SCHEMA_LABEL
from sessiontui.engine.port import ANYTHING, Change
from sessiontui.engine.streams import EVENT_FILTERS, change_of


def event(action: str, kind: str = "container", subject: str = "c1", **said: str) -> dict[str, object]:
    return {"Type": kind, "Action": action, "Actor": {"ID": subject, "Attributes": said}}


OURS = {SCHEMA_LABEL: "1", ID_LABEL: "abc"}


def test_a_session_is_named_by_its_labels() -> None:
    assert change_of(event("start", **OURS)) == Change("c1", "abc")
    assert change_of(event("die", **OURS, exitCode="137")) == Change("c1", "abc", 137)
    assert change_of(event("destroy", **OURS)) == Change("c1", "abc", gone=True)


@pytest.mark.parametrize(
    "said",
    [{}, {ID_LABEL: "abc"}, *({**OURS, ID_LABEL: one} for one in ("é", "x y", "a/../b", "a?b", "x\n"))],
)
def test_what_bears_no_label_that_we_write_is_a_stranger(said: dict[str, str]) -> None:
    assert change_of(event("destroy", **said)) == Change("c1", "", gone=True)


@pytest.mark.parametrize("code", ["9" * 5000, "²", "-1", "one", ""], ids=range(5))
def test_a_label_in_place_of_the_exit_code_is_no_code(code: str) -> None:
    assert change_of(event("die", **OURS, exitCode=code)) == Change("c1", "abc")


def test_podman_has_its_own_word_for_what_is_gone() -> None:
    assert "remove" in EVENT_FILTERS["event"]
    assert change_of(event("remove", **OURS)) == Change("c1", "abc", gone=True)
    assert change_of(event("remove", "volume", "sessiontui-abc-home")) == Change("", "abc", gone=True)


def test_homes_count_when_they_go() -> None:
    assert change_of(event("destroy", "volume", "sessiontui-abc-home")) == Change("", "abc", gone=True)
    assert change_of(event("create", "volume", "sessiontui-abc-home")) == ANYTHING
    assert change_of(event("destroy", "volume", "other")) == ANYTHING
