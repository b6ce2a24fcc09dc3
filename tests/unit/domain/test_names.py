"""Names a session or folder can have."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.folder import Folder, Mount, folder_name_problem
from sessiontui.domain.launch import suggest_name
from sessiontui.domain.session import session_name_problem


@pytest.mark.parametrize("name", ["abcd", "train-7", "A.b_c-d", "0000", "a" * 64])
def test_session_names(name: str) -> None:
    assert session_name_problem(name) is None


@pytest.mark.parametrize(
    "name", ["", "abc", "-abc", "abc-", ".abc", "a b c", "a/b/c", "a" * 65, "größe", "abc d", "ab\x1b[1mcd"]
)
def test_other_session_names_are_refused_with_the_rule(name: str) -> None:
    assert "4 to 64" in (session_name_problem(name) or "")


@pytest.mark.parametrize("name", ["data", "d", ".cache", "models.v2", "x" * 64, "A_b-c"])
def test_folder_names(name: str) -> None:
    assert folder_name_problem(name) is None


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65, "..", ".", "größe"])
def test_other_folder_names_are_refused(name: str) -> None:
    assert folder_name_problem(name)


@pytest.mark.parametrize(
    "name",
    [".ssh", ".bashrc", ".zshrc", ".profile", ".bash_profile", ".tmux.conf", ".jupyter", "id_container"],
)
def test_folders_over_a_sessions_own_settings_are_refused(name: str) -> None:
    assert "reserved" in (folder_name_problem(name) or "")


@given(st.text(max_size=70))
def test_no_accepted_folder_name_leaves_its_directory(name: str) -> None:
    if folder_name_problem(name) is None:
        assert "/" not in name
        assert name not in (".", "..")
        assert name.isprintable()


def test_name_does_not_end_in_a_newline() -> None:
    assert session_name_problem("abcd\n")
    assert folder_name_problem("data\n")


def test_suggested_names_are_free_and_good_even_when_all_are_taken() -> None:
    choose = random.Random(7).choice
    taken: set[str] = set()
    for _ in range(300):
        name = suggest_name(taken, choose)
        assert name not in taken
        assert session_name_problem(name) is None
        taken.add(name)
    assert suggest_name({"amber-abel"}, lambda names: names[0]) == "amber-abel-2"
    assert suggest_name({"amber-abel", "amber-abel-2"}, lambda names: names[0]) == "amber-abel-3"


def test_a_folder_its_user_may_only_read_is_mounted_so() -> None:
    shared = Folder("models", "/srv/models", writable=False)
    assert Mount.of(shared) == Mount("models", "/srv/models", "/home/work/models", read_only=True)
    assert str(Mount.of(Folder("data", "/srv/data"))) == "data rw"
