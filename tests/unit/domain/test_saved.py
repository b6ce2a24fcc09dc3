"""Names and labels of environments that are saved from sessions."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.environment import App
from sessiontui.domain.resources import Ask
from sessiontui.domain.saved import (
    Saved,
    label_of,
    read_label,
    saved_name_problem,
    saved_repository,
    saved_uid,
    version_of,
)

_EVERY = Saved(
    "My_Torch",
    "alice",
    1000,
    made_of="PyTorch 2.8",
    base="sessiontui/pytorch:2.8",
    created_at="2026-11-24T23:01:02+00:00",
    apps=(App("jupyterlab", "JupyterLab", "http", 8888, "/lab", secret=True),),
    minimum=Ask(1, 1024),
    shared_memory=4096,
    core_variables=("JULIA_NUM_THREADS",),
)


@pytest.mark.parametrize("name", ["torch", "My_Torch-2", "a--b", "x" * 32])
def test_names_of_four_to_thirty_two_letters_digits_dash_and_underscore_will_do(name: str) -> None:
    assert saved_name_problem(name) is None
    assert saved_uid(saved_repository(1000, name)) == 1000


@pytest.mark.parametrize(
    "name", ["", "abc", "x" * 33, "a b c d", "-abc", "abc_", "ab/cd", "ab.cd", "torch\n"]
)
def test_others_do_not(name: str) -> None:
    assert saved_name_problem(name) is not None


def test_a_repository_has_neither_capitals_nor_rows_of_separators() -> None:
    assert saved_repository(1000, "My__Torch-_2") == "sessiontui-saved/1000/my-torch-2"
    assert saved_uid("sessiontui-saved/1000/my-torch/deeper") is None
    assert saved_uid("docker.io/sessiontui-saved/1000/my-torch") is None


def test_a_version_is_called_by_when_it_was_saved() -> None:
    assert version_of(datetime(2026, 11, 24, 23, 1, 2, tzinfo=UTC)) == "20261124-230102"


def test_a_label_comes_back_as_it_was() -> None:
    assert read_label(label_of(_EVERY)) == _EVERY


@pytest.mark.parametrize(
    "label",
    ["", "[", "[]", "7", '{"name": "torch"}', '{"name": "x", "uid": 1}', '{"name": "torch", "uid": true}'],
)
def test_a_label_without_name_and_uid_says_nothing(label: str) -> None:
    assert read_label(label) is None


def test_what_is_garbled_in_a_label_counts_as_not_said() -> None:
    said = {
        "name": "torch",
        "uid": 1000,
        "owner": "\x1b[31mroot/../x",
        "made_of": "a\u202eb\nc" + "x" * 1000,
        "base": 7,
        "apps": [{"name": "evil"}, 7, {"name": "a", "label": "A", "protocol": "http", "port": "80"}],
        "minimum": {"cpu": -1, "memory": 5},
        "shared_memory": True,
        "core_variables": ["A=B", 7, "OK"],
    }
    saved = read_label(json.dumps(said))
    assert saved == Saved("torch", "1000", 1000, made_of="abc" + "x" * 195, core_variables=("OK",))


@given(
    st.text() | st.dictionaries(st.text(max_size=9), st.integers() | st.text() | st.none()).map(json.dumps)
)
def test_no_label_breaks_the_reading(label: str) -> None:
    read_label(label)
