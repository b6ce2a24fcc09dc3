"""Environments that images on the engine describe."""

from __future__ import annotations

import pytest

from sessiontui.catalogue.files import FileCatalogue
from sessiontui.catalogue.found import found_environments
from sessiontui.domain.environment import App, Environment, FoundImage, Version
from sessiontui.domain.resources import Ask, Ceiling
from sessiontui.domain.units import MIB
from tests.labelled import recipes

LAB = App(
    "jupyterlab",
    "JupyterLab",
    "http",
    8888,
    "/lab",
    "run lab",
    secret=True,
    needs="has lab",
    carries="has proxy",
)
NOTEBOOK = App(
    "notebook", "Notebook", "http", 8888, "/tree", "run lab", secret=True, needs="has lab", runs="jupyterlab"
)
BOARD = App("tensorboard", "TensorBoard", "http", 6006, "/proxy/6006/", "run board", via="jupyterlab")
SSH = App("ssh", "SSH", "tcp", 2200, "", "run sshd", secret=True, needs="has sshd")
APPS = {app.name: app for app in (LAB, NOTEBOOK, BOARD, SSH)}
PYTHON = Environment("python", "Python", (Version("3.12", "sessiontui/python:3.12", "python:3.12"),), "3.12")

KERNEL = {"ai.backend.kernelspec": "1"}


def found(images: dict[str, dict[str, str]], known: tuple[Environment, ...] = ()) -> tuple[Environment, ...]:
    """What images on the engine, by name with their labels, come to."""
    listed = [FoundImage(reference, labels) for reference, labels in images.items()]
    return found_environments(listed, known, APPS)


def apps(services: str, **labels: str) -> dict[str, App]:
    """The apps of an image that names these services."""
    more = {f"ai.backend.{name}".replace("_", "-"): text for name, text in labels.items()}
    image = {**KERNEL, "ai.backend.service-ports": services, **more}
    (environment,) = found({"x/y:1": image})
    return {app.name: app for app in environment.apps_of(environment.versions[0])}


def test_versions_of_one_image_are_one_environment_the_newest_first() -> None:
    tags = ["2.9-py38-cuda11.3", "2.15.1-py39", "2.15.1-py310-cuda12.4-ubuntu22.04"]
    (environment,) = found({f"registry.example/stable/python-tensorflow:{tag}": KERNEL for tag in tags})
    assert (environment.name, environment.label, environment.group) == (
        "python-tensorflow", "TensorFlow", "ML/DL",
    )  # fmt: skip
    assert [one.name for one in environment.versions] == [tags[2], tags[1], tags[0]]
    newest = environment.versions[0]
    assert (newest.label, newest.tags) == ("2.15.1", ("Python 3.10", "GPU:CUDA12.4", "Ubuntu 22.04"))
    assert newest.image == f"registry.example/stable/python-tensorflow:{tags[2]}"
    assert (environment.default, environment.source) == (tags[2], "image")


def test_names_are_as_short_as_tells_them_apart() -> None:
    images = ["a.io/x/python:1", "b.io/x/python:1", "b.io/x/lua:1", "python:1", "other:1"]
    environments = found(dict.fromkeys(images, KERNEL), (PYTHON,))
    assert {one.name: one.versions[0].image for one in environments} == {
        "a.io/x/python": "a.io/x/python:1",
        "b.io/x/python": "b.io/x/python:1",
        "lua": "b.io/x/lua:1",
        "library/python": "python:1",
        "library/other": "other:1",
    }


def test_what_the_catalogue_uses_already_is_not_found_again() -> None:
    stack = Environment("s", "S", (Version("1", "quay.io/jupyter/scipy-notebook:1"),), "1")
    used = {"quay.io/jupyter/scipy-notebook:1": KERNEL, "docker.io/library/python:3.12": KERNEL}
    assert found(used, (stack, PYTHON)) == ()


def test_bounds_and_variables_are_the_versions_own() -> None:
    labels = {one.file: one.labels for one in recipes()}
    (environment,) = found(
        {
            "x/filebrowser:24": labels["backendai/Dockerfile.sftp-ubuntu24.04"],
            "x/filebrowser:21": labels["filebrowser/Dockerfile.21.01-ubuntu20.04"],
        }
    )
    new, old = environment.versions
    assert (new.minimum, new.ceiling, new.shared_memory) == (
        Ask(1, 128 * MIB), Ceiling(memory=256 * MIB, gpu=0), 64 * MIB,
    )  # fmt: skip
    assert (new.hidden, old.hidden) == (True, False)
    assert environment.default == "21", "of what everybody may choose"
    assert old.core_variables == ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NPROC")


def test_a_service_is_our_app_of_the_kind_with_the_images_python() -> None:
    made = apps(
        "ipython:pty:3000,jupyter:http:8080,jupyterlab:http:8090,tensorboard:http:6006",
        runtime_path="/opt/conda/bin/python3",
    )
    assert list(made) == ["notebook", "jupyterlab", "tensorboard", "ssh"]
    prefix = "export SESSIONTUI_PYTHON=/opt/conda/bin/python3; "
    assert (made["jupyterlab"].command, made["jupyterlab"].port) == (f"{prefix}run lab", 8888)
    assert made["jupyterlab"].needs == f"{prefix}has lab"
    assert made["jupyterlab"].carries == f"{prefix}has proxy"
    assert made["jupyterlab"].secret
    assert made["tensorboard"].via == "jupyterlab"
    assert made["ssh"] == SSH


def test_the_notebook_carries_where_there_is_no_lab() -> None:
    assert apps("jupyter:http:8080,tensorboard:http:6006")["tensorboard"].via == "notebook"
    alone = apps("tensorboard:http:6006")["tensorboard"]
    assert (alone.via, alone.path, alone.published) == ("", "/", False)


def test_what_we_do_not_know_is_left_to_its_user() -> None:
    made = apps("jupyterlab:http:8090,mlflow-ui:preopen:5000,t:preopen:[8000,8001],xrdp:rdp:3389,x:http:80")
    flow = made["mlflow-ui"]
    assert (flow.own, flow.group, flow.port, flow.path, flow.via, flow.command) == (
        True, "Your ports", 5000, "/proxy/5000/", "jupyterlab", "",
    )  # fmt: skip
    assert [made[name].port for name in ("t", "t-8001")] == [8000, 8001]
    assert (made["xrdp"].protocol, made["xrdp"].path, made["xrdp"].own) == ("tcp", "", True)
    assert not any(app.published for app in made.values() if app.own)
    assert "x" not in made, "below 1024 nobody but the system listens"


def test_a_port_of_ours_is_nobody_elses() -> None:
    assert list(apps("jupyterlab:http:8090,a:preopen:8888,b:preopen:7000,c:preopen:7000")) == [
        "jupyterlab", "ssh", "b",
    ]  # fmt: skip


def test_of_a_plain_image_every_app_is_looked_for() -> None:
    (environment,) = found({"x/y:1": {"ai.backend.version": "2"}})
    assert {app.name for app in environment.apps} == set(APPS)


@pytest.mark.parametrize(
    ("reference", "labels", "label", "version", "tags"),
    [
        ("quay.io/jupyter/scipy-notebook:2025-01-01", {}, "Jupyter SciPy", "2025-01-01", ()),
        ("jupyter/my-notebook:latest", {}, "my-notebook", "latest", ()),
        ("lab/tool:9", {"title": "The  Tool\x1b[31m", "version": "9.1"}, "The Tool[31m", "9.1", ("9",)),
        ("lab/tool:9-gpu", {"title": "The Tool"}, "The Tool", "9", ("GPU",)),
        ("pytorch/pytorch:2.4.0-cudnn9", {"version": "22.04"}, "pytorch", "2.4.0", ("Cudnn9",)),
    ],
)
def test_images_of_other_conventions_are_listed_in_their_own_words(
    reference: str, labels: dict[str, str], label: str, version: str, tags: tuple[str, ...]
) -> None:
    (environment,) = found({reference: {f"org.opencontainers.image.{k}": v for k, v in labels.items()}})
    (one,) = environment.versions
    assert (environment.label, one.label, one.tags) == (label, version, tags)
    assert environment.apps == tuple(APPS.values())


def test_an_image_that_says_nothing_is_not_listed() -> None:
    assert found({"busybox:1": {}, "grafana/grafana:1": {"maintainer": "x"}}) == ()


def test_a_customized_image_says_whose_wish_it_was() -> None:
    labels = {**KERNEL, "ai.backend.customized-image.name": "with-torch"}
    (environment,) = found({"x/python:3.8-ubuntu20.04-customized_8f": labels})
    assert environment.versions[0].tags == ("Ubuntu 20.04", "Customized with-torch")


def test_the_catalogue_finds_all_recipes_and_hides_four() -> None:
    images = [FoundImage(one.reference("registry.example/stable"), one.labels) for one in recipes()]
    environments = FileCatalogue().found(images)
    versions = [version for one in environments for version in one.versions]
    assert len(versions) == 264
    assert sum(version.hidden for version in versions) == 4
    assert len({one.name for one in environments}) == len(environments)
    for environment in environments:
        for version in environment.versions:
            for app in environment.apps_of(version):
                assert app.secret or not app.published
