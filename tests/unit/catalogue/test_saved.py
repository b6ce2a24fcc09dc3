"""Environments of images that say they were saved from sessions."""

from __future__ import annotations

from pathlib import Path

from sessiontui.catalogue.files import FileCatalogue
from sessiontui.catalogue.saved import saved_environments
from sessiontui.domain.environment import App, FoundImage
from sessiontui.domain.saved import SAVED_LABEL, Saved, label_of

JUPYTER = App("jupyterlab", "JupyterLab", "http", 8888, "/lab", secret=True)


def image(reference: str, name: str, owner: str, uid: int) -> FoundImage:
    label = label_of(Saved(name, owner, uid, made_of="Python 3.12", apps=(JUPYTER,)))
    return FoundImage(reference, {SAVED_LABEL: label}, 700)


def test_a_repository_is_an_environment_of_its_owner_with_the_newest_version_first() -> None:
    (found,) = saved_environments(
        (
            image("sessiontui-saved/1000/my-torch:20261101-000000", "my-torch", "alice", 1000),
            image("sessiontui-saved/1000/my-torch:20261102-000000", "My_Torch", "alice", 1000),
        )
    )
    assert (found.name, found.label, found.owner, found.uid) == ("alice/My_Torch", "My_Torch", "alice", 1000)
    assert [one.name for one in found.versions] == ["20261102-000000", "20261101-000000"]
    assert found.default == "20261102-000000"
    assert found.versions[0].apps == (JUPYTER,)
    assert found.versions[0].size == 700


def test_names_of_two_users_do_not_hide_each_other() -> None:
    found = saved_environments(
        (
            image("sessiontui-saved/1000/torch:1", "torch", "alice", 1000),
            image("sessiontui-saved/1001/torch:1", "torch", "alice", 1001),
        )
    )
    assert {one.name for one in found} == {"alice/torch", "1001/torch"}


def test_an_image_whose_name_and_label_disagree_is_nobodys() -> None:
    theirs = image("sessiontui-saved/1001/torch:1", "torch", "alice", 1000)
    unlabelled = FoundImage("sessiontui-saved/1000/torch:1")
    assert saved_environments((theirs, unlabelled)) == ()


def test_nothing_else_describes_a_saved_image() -> None:
    labels = {"org.opencontainers.image.title": "Torch", "ai.backend.kernelspec": "1"}
    forged = FoundImage("sessiontui-saved/1000/torch:1", labels)
    assert FileCatalogue(Path("/nonexistent")).found([forged]) == ()
