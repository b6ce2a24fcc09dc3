"""The catalogue in files: what ships is sound, and what a person writes wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.errors import ConfigError
from sessiontui.domain.units import GIB

MINE = """
name = "mine"
label = "My own"
default = "2"
apps = ["jupyterlab", "tensorboard", "ssh"]
[minimums]
cpu = 2
memory = "4 GiB"
[[versions]]
name = "1"
image = "me/mine:1"
[[versions]]
name = "2"
image = "me/mine:2"
accelerators = ["cuda"]
"""


def written(tmp_path: Path, text: str, name: str = "mine.toml") -> FileCatalogue:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    return FileCatalogue(tmp_path)


def test_the_default_environment_is_a_python_with_every_app() -> None:
    environment = FileCatalogue().environments()[0]
    assert environment.name == "python"
    assert [app.name for app in environment.apps] == [
        "jupyterlab", "jupyter", "terminal", "ssh", "sftp", "filebrowser", "code-server", "marimo",
        "streamlit", "rstudio", "tensorboard", "mlflow-ui", "vnc", "novnc",
    ]  # fmt: skip
    assert all(app.group for app in environment.apps)
    assert len(environment.versions) > 1
    assert environment.version(environment.default) is not None


def test_every_shipped_environment_can_be_had() -> None:
    catalogue = FileCatalogue()
    for environment in catalogue.environments():
        for version in environment.versions:
            if environment.recipe:
                assert version.base
                assert version.image == f"sessiontui/{environment.name}:{version.name}"
            else:
                assert version.image
        if environment.recipe:
            assert b"ARG BASE" in catalogue.recipe(environment)["Dockerfile"]
            assert len(catalogue.fingerprint(environment)) == 16


def test_every_page_is_behind_a_secret_or_behind_another_app() -> None:
    for app in FileCatalogue().other_apps():
        if app.protocol == "http":
            assert app.secret or app.via, app.name


def test_two_pages_of_one_server_share_its_port_and_command() -> None:
    apps = {app.name: app for app in FileCatalogue().other_apps()}
    assert apps["jupyter"].port == apps["jupyterlab"].port
    assert apps["jupyter"].command == apps["jupyterlab"].command
    assert apps["jupyter"].path == "/tree"
    assert apps["jupyter"].server == apps["terminal"].server == apps["jupyterlab"].server
    assert apps["sftp"].server == "ssh"


def test_every_environment_offers_every_app_unless_it_names_some(tmp_path: Path) -> None:
    plain = MINE.replace('apps = ["jupyterlab", "tensorboard", "ssh"]', "")
    catalogue = written(tmp_path, plain)
    for environment in catalogue.environments():
        assert environment.apps == catalogue.other_apps(), environment.name


def test_a_page_that_is_carried_says_where_it_is_seen() -> None:
    apps = {app.name: app for app in FileCatalogue().other_apps()}
    assert (apps["marimo"].base, apps["marimo"].page) == ("/proxy/absolute/2718", "/")
    assert (apps["tensorboard"].base, apps["tensorboard"].page) == ("/proxy/6006", "/")
    assert (apps["jupyterlab"].base, apps["jupyterlab"].page) == ("", "/lab")
    for app in apps.values():
        if app.via:
            assert f"/{app.port}/" in f"{app.base}/", app.name


def test_a_persons_own_file_adds_an_environment(tmp_path: Path) -> None:
    mine = written(tmp_path, MINE).environments()[-1]
    assert (mine.name, mine.label, mine.default) == ("mine", "My own", "2")
    assert (mine.minimum.cpu, mine.minimum.memory) == (2, 4 * GIB)
    assert [version.image for version in mine.versions] == ["me/mine:1", "me/mine:2"]
    assert mine.source == str(tmp_path / "mine.toml")


def test_a_persons_own_file_replaces_the_built_in_of_its_name(tmp_path: Path) -> None:
    catalogue = written(tmp_path, MINE.replace('name = "mine"', 'name = "python"'))
    (python,) = [one for one in catalogue.environments() if one.name == "python"]
    assert python.label == "My own"


def test_a_person_can_bring_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "Dockerfile.mine").write_text("ARG BASE\nFROM ${BASE}\n")
    text = 'name = "own"\nrecipe = "Dockerfile.mine"\n[[versions]]\nname = "1"\nbase = "debian:12"\n'
    catalogue = written(tmp_path, text, "own/environment.toml")
    own = catalogue.environments()[-1]
    assert catalogue.recipe(own) == {"Dockerfile": b"ARG BASE\nFROM ${BASE}\n"}
    before = catalogue.fingerprint(own)
    (tmp_path / "own" / "Dockerfile.mine").write_text("ARG BASE\nFROM ${BASE}\nRUN true\n")
    assert catalogue.fingerprint(own) != before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("label =", "lable ="), "did you mean label?"),
        (('image = "me/mine:1"', ""), "versions.image is missing"),
        (('default = "2"', 'default = "9"'), "none of its versions"),
        (('"tensorboard"', '"tensorbord"'), "no app 'tensorbord'"),
        (('"jupyterlab", "tensorboard"', '"tensorboard"'), "reached via jupyterlab"),
        (('memory = "4 GiB"', 'memory = "much"'), "minimums.memory"),
        (("cpu = 2", "cpu = true"), "minimums.cpu"),
        (('name = "mine"', "name = ["), "is not TOML"),
        (
            ('apps = ["jupyterlab", "tensorboard", "ssh"]',
             'apps = [{name = "open", port = 9000, command = "serve"}]'),
            "lets everybody in",
        ),
        (
            ('apps = ["jupyterlab", "tensorboard", "ssh"]',
             'apps = [{name = "a", port = 9000, command = "b", secret = "token", question = "x\\ny"}]'),
            "must be one line",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_file(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, MINE.replace(*change)).environments()
    assert "mine.toml" in caught.value.message
    assert words in f"{caught.value.message} {caught.value.hint}"
