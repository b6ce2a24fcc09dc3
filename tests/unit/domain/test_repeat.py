"""A launch once more is the launch that was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.batch import Batch
from sessiontui.domain.folder import HOME, Folder, Mount, MountChoice
from sessiontui.domain.own_ports import own_apps
from sessiontui.domain.record import record_of
from sessiontui.domain.repeat import draft_of, repeated_name
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Session, session_name_problem
from tests.sessions import NOW, session, sessions


@given(sessions)
def test_choices_lead_to_the_same_places_again(one: Session) -> None:
    draft = draft_of(one)
    assert draft == draft_of(record_of(one, NOW, "bob"))
    again = tuple(
        Mount.of(
            Folder(choice.folder, f"/folders/{choice.folder}"),
            read_only=choice.read_only,
            target=choice.target,
        )
        for choice in draft.mounts
    )
    assert again == one.mounts
    assert (draft.cpu, draft.memory, draft.gpu) == (one.ask.cpu, one.ask.memory, one.ask.gpu)
    assert (draft.gpu_memory, draft.gpu_shared) == (one.gpu_memory if one.ask.gpu else None, one.gpu_shared)
    assert draft.devices == (), "others may have them by now"
    assert draft.env == one.env
    assert draft.ports == tuple(app.port for app in one.apps)
    assert draft.batch == one.batch
    assert [name for name, _ in draft.secrets] == list(one.secret_names)


def test_an_environment_by_its_name_and_else_the_image() -> None:
    draft = draft_of(session())
    assert (draft.environment, draft.version, draft.image) == ("python", "3.12", "")
    other = draft_of(session(environment="other", version="", image="ghost/registry:5000/x"))
    assert (other.environment, other.version, other.image) == ("", "", "ghost/registry:5000/x")


def test_what_is_in_values_stays_as_it_is() -> None:
    env = (("URL", "http://x/?a=b=c"), ("EMPTY", ""))
    one = session(
        env=env,
        secret_names=("TOKEN",),
        ask=Ask(1, 1, 3),
        apps=own_apps((5000, 8000), ()),
        batch=Batch("make; exit 3", 60, delete=True),
    )
    draft = draft_of(one)
    assert (draft.env, draft.secrets, draft.gpu, draft.ports) == (env, (("TOKEN", ""),), 3, (5000, 8000))
    assert draft.batch == one.batch
    assert draft_of(one, mine=False).env == ()


def test_a_limit_that_is_none_is_left_open() -> None:
    draft = draft_of(session(ask=Ask(0, 0)))
    assert (draft.cpu, draft.memory) == (None, None)
    assert draft_of(session(ask=Ask(float("nan"), 1))).cpu is None


def test_what_is_mounted_by_itself_is_not_chosen_again() -> None:
    usual = Mount(".cache", "/f/.cache", f"{HOME}/.cache")
    read_only = Mount(".conf", "/f/.conf", f"{HOME}/.conf", read_only=True)
    outside = Mount("data", "/f/data", "/data")
    draft = draft_of(session(mounts=(usual, read_only, outside)))
    assert draft.mounts == (MountChoice(".conf", True), MountChoice("data", target="/data"))


def test_a_name_once_more() -> None:
    assert repeated_name("train", ()) == "train"
    assert repeated_name("train", ("train",)) == "train-2"
    assert repeated_name("train-2", ("train-2", "train-3")) == "train-4"
    assert repeated_name("run-1", ("run-1",)) == "run-1-2"


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{2,62}[A-Za-z0-9]", fullmatch=True),
    st.integers(0, 20),
)
def test_a_repeated_name_is_free_and_a_name(name: str, times: int) -> None:
    taken: set[str] = set()
    for _ in range(times):
        found = repeated_name(name, taken)
        assert found not in taken
        assert session_name_problem(found) is None
        taken.add(found)
