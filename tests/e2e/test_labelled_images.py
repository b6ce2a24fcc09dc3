"""Images of others on a real engine: by the labels of Backend.AI, and with no label at all."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest

from sessiontui.engine.docker import DockerEngine
from tests.contract.packages import unpacked
from tests.labelled import Recipe, recipes
from tests.private_engine import root_file_system
from tests.real import prepared_environment

SessionTui = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.beside

PROJECT = "label-test/stable"
FULL = "label-test/stable/python-full:3.11-ubuntu24.04"
BARE = "label-test/bare:1"


@pytest.fixture(scope="module")
def client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


@pytest.fixture(scope="module")
def labelled(client: docker.APIClient) -> Iterator[dict[str, Recipe]]:
    """An image of nothing for each label set, by its reference."""
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w"):
        pass
    known = {one.reference(PROJECT): one for one in recipes()}

    def make(reference: str) -> None:
        name, _, tag = reference.partition(":")
        labels = known[reference].labels.items()
        changes = [f"LABEL {json.dumps(key)}={json.dumps(text)}" for key, text in labels]
        client.import_image_from_data(empty.getvalue(), repository=name, tag=tag, changes=changes)

    def remove(reference: str) -> None:
        client.remove_image(reference, force=True)

    with ThreadPoolExecutor(4) as workers:
        try:
            list(workers.map(make, known))
            yield known
        finally:
            there = {tag for one in client.images() for tag in one["RepoTags"] or ()}
            list(workers.map(remove, there & known.keys()))


def test_an_image_of_every_label_set_is_listed_unless_it_is_private(
    sessiontui: SessionTui, labelled: dict[str, Recipe]
) -> None:
    def listed(*more: str) -> dict[str, dict[str, object]]:
        done = sessiontui("environments", "--json", *more)
        assert done.returncode == 0, done.stderr
        found = {one["image"]: one for one in json.loads(done.stdout)}
        return {image: one for image, one in found.items() if image.startswith(f"{PROJECT}/")}

    assert len(labelled) == 264
    assert listed("--all").keys() == labelled.keys()
    offered = listed()
    assert offered.keys() == {image for image, one in labelled.items() if not one.private}
    assert len(offered) == 260
    shown = {
        image.removeprefix(f"{PROJECT}/"): (one["label"], one["version_label"], one["tags"])
        for image, one in offered.items()
    }
    assert shown["ngc-pytorch:26.06-pytorch2.13-py312-cuda13.3"] == (
        "PyTorch (NGC)", "26.06", ["PyTorch 2.13", "Python 3.12", "GPU:CUDA13.3"],
    )  # fmt: skip
    assert shown["python:3.13-ubuntu24.04"] == ("Python", "3.13", ["Ubuntu 24.04"])
    full = offered[f"{PROJECT}/python-tensorflow:2.21-py311-cuda12.3"]
    assert full["minimums"] == {"cpu": 1, "memory": 2**30, "gpu": 0}
    assert full["accelerators"] == ["cuda"]
    names = {"jupyterlab", "tensorboard", "mlflow-ui", "nniboard", "ssh"}
    assert names <= set(full["apps"])  # type: ignore[call-overload]
    assert "ipython" not in full["apps"]  # type: ignore[operator]


@pytest.fixture
def full(client: docker.APIClient, engine: DockerEngine) -> Iterator[str]:
    """An image as Backend.AI's are, with Python and Jupyter inside."""
    labels = {
        "kernelspec": "1",
        "features": "batch query uid-match user-input",
        "base-distro": "ubuntu16.04",
        "runtime-type": "python",
        "runtime-path": "/usr/bin/python3",
        "resource.min.cpu": "1",
        "resource.min.mem": "384m",
        "envs.corecount": "OPENBLAS_NUM_THREADS, JULIA_CPU_CORES,SPARK_CORES",
        "service-ports": "ipython:pty:3000, jupyter:http:8091,jupyterlab:http:8090,tensorboard:http:6006,"
        "mlflow-ui:preopen:5000",
    }
    lines = [f'LABEL "ai.backend.{name}"={json.dumps(text)}' for name, text in labels.items()]
    recipe = "\n".join([f"FROM {prepared_environment(engine)[1].image}", *lines])
    for _ in client.build(fileobj=io.BytesIO(recipe.encode()), tag=FULL, rm=True):
        pass
    yield FULL
    for session in engine.sessions():
        if session.image == FULL:
            engine.delete(session)
    client.remove_image(FULL, force=True)


def answer(url: str) -> int:
    """The status of a page, redirections not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        with urllib.request.build_opener(Stay).open(url, timeout=20) as page:
            return int(page.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_an_image_with_labels_is_launched_by_its_name_as_the_labels_say(
    sessiontui: SessionTui, full: str, client: docker.APIClient
) -> None:
    refused = sessiontui("launch", "python-full", "--name", "e2e-labels", "--memory", "256m", "--gpu", "1")
    assert refused.returncode == 1
    assert "needs at least 384M" in refused.stderr
    assert "uses no GPU" in refused.stderr

    done = sessiontui(
        "launch", "python-full", "--name", "e2e-labels", "--cpu", "2", "--memory", "512m",
        "--env", "SPARK_CORES=7", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    session = json.loads(done.stdout)
    assert (session["environment"], session["version"]) == ("python-full", "3.11-ubuntu24.04")
    assert session["image"] == full
    made = client.inspect_container(session["container_id"])
    assert made["HostConfig"]["NanoCpus"] == 2_000_000_000
    assert made["HostConfig"]["Memory"] == 512 * 2**20
    said = sessiontui("shell", "e2e-labels", "--", "env").stdout.splitlines()
    expected = {"OPENBLAS_NUM_THREADS=2", "JULIA_CPU_CORES=2", "SPARK_CORES=7"}
    assert expected <= set(said)

    opened = sessiontui("open", "e2e-labels", "jupyterlab", "--json")
    assert opened.returncode == 0, opened.stderr
    url = json.loads(opened.stdout)["url"]
    parts = urlsplit(url)
    assert len(parts.query) > len("token=") + 16, "never an empty token"
    assert answer(url) == 200
    assert answer(f"http://{parts.netloc}/lab") in (302, 403)
    assert answer(f"http://{parts.netloc}/lab?token=") in (302, 403)
    assert answer(f"http://{parts.netloc}/api/contents") == 403
    published = made["HostConfig"]["PortBindings"]
    assert {one["HostIp"] for bindings in published.values() for one in bindings} == {"127.0.0.1"}
    assert "5000/tcp" not in published


@pytest.fixture
def bare(client: docker.APIClient, engine: DockerEngine, tmp_path: Path) -> Iterator[str]:
    """An image of one static busybox, without a label."""
    archive = root_file_system(unpacked("busybox-static", "busybox", tmp_path))
    client.import_image_from_data(archive, repository="label-test/bare", tag="1")
    yield BARE
    for session in engine.sessions():
        if session.image == BARE:
            engine.delete(session)
    client.remove_image(BARE, force=True)


def test_an_image_that_says_nothing_works_by_its_name_alone(
    sessiontui: SessionTui, bare: str, engine: DockerEngine
) -> None:
    listed = json.loads(sessiontui("environments", "--json", "--all").stdout)
    assert bare not in [one["image"] for one in listed]
    done = sessiontui("launch", "--image", bare, "--name", "e2e-bare", "--memory", "64m")
    assert done.returncode == 0, done.stderr
    said = sessiontui("shell", "e2e-bare", "--", "sh", "-c", "echo hello | busybox tee greeting; exit 3")
    assert (said.returncode, said.stdout) == (3, "hello\n")
    (session,) = [one for one in engine.sessions() if one.name == "e2e-bare"]
    assert engine.read_file(session, "/home/work/greeting") == b"hello\n"
