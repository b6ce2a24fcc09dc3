"""Labels written by hand, and what is made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.catalogue.backendai import Described, Service, described, services
from sessiontui.domain.resources import Ask, Ceiling
from sessiontui.domain.units import GIB, MIB
from tests.labelled import recipes

RECIPES = {one.file: one.labels for one in recipes()}


def read(**labels: str) -> Described:
    """What labels say; ``__`` stands for a dot."""
    found = described({f"ai.backend.{name.replace('__', '.')}": text for name, text in labels.items()})
    assert found is not None
    return found


def test_every_label_set_there_is_can_be_read() -> None:
    assert len(RECIPES) == 264
    found = {file: described(labels) for file, labels in RECIPES.items()}
    read_all = [one for one in found.values() if one is not None]
    assert len(read_all) == 264
    assert sum(one.kernelspec for one in read_all) == 250
    assert sum(one.hidden for one in read_all) == 4
    assert sum(bool(one.services) for one in read_all) == 242, "ten of 252 labels are empty"
    assert sum("cuda" in one.accelerators for one in read_all) == 191
    assert sum(one.ceiling.gpu == 0 for one in read_all) == 250 - 191


def test_a_whole_set_of_labels() -> None:
    found = described(RECIPES["python-tensorflow/Dockerfile.2.21-py311-cuda12.3"])
    assert found == Described(
        kernelspec=True,
        features=frozenset({"batch", "query", "uid-match", "user-input"}),
        base_distro="ubuntu22.04",
        runtime_type="python",
        runtime_path="/usr/bin/python3",
        minimum=Ask(1, GIB),
        accelerators=("cuda",),
        core_variables=("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NPROC"),
        services=(
            Service("jupyter", "http", (8081,)),
            Service("jupyterlab", "http", (8090,)),
            Service("vscode", "http", (8180,)),
            Service("tensorboard", "http", (6006,)),
            Service("mlflow-ui", "preopen", (5000,)),
            Service("nniboard", "preopen", (8080,)),
        ),
    )


def test_an_image_of_the_system_with_a_bare_number_and_a_ceiling() -> None:
    found = described(RECIPES["backendai/Dockerfile.sftp-ubuntu24.04"])
    assert found is not None
    assert (found.role, found.hidden) == ("SYSTEM", True)
    assert found.minimum == Ask(1, 128 * MIB)
    assert found.ceiling == Ceiling(memory=256 * MIB, gpu=0)
    assert found.shared_memory == 64 * MIB, "no session gets on with 64 bytes"
    assert found.runtime_path == "", "/bin/false runs nothing"


def test_no_label_of_theirs_is_no_description() -> None:
    assert described({}) is None
    assert described({"org.opencontainers.image.title": "x", "ai.backendx": "1"}) is None


def test_what_is_missing_is_what_the_system_takes_then() -> None:
    found = read(kernelspec="1")
    assert (found.minimum, found.role, found.runtime_type) == (Ask(1, GIB), "COMPUTE", "app")
    assert found.ceiling == Ceiling(gpu=0), "no accelerator is named: a GPU would be of no use"
    assert read(version="2").ceiling == Ceiling(), "of a plain image nothing is known"


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        ({"accelerators": "cuda, rocm"}, ("cuda", "rocm")),
        ({"resource__min__cuda__device": "0", "resource__min__cuda__shares": "0.1"}, ("cuda",)),
        ({"resource__max__atom__device": "2", "accelerators": "cuda"}, ("cuda", "atom")),
        ({"resource__min__cpu": "1", "resource__min__mem": "1g", "accelerators": ""}, ()),
        ({"resource__preferred__tpu__device": "1"}, ()),
    ],
)
def test_accelerators_are_those_named_and_those_bounded(
    labels: dict[str, str], kinds: tuple[str, ...]
) -> None:
    assert read(**labels).accelerators == kinds


@pytest.mark.parametrize("text", ["", "much", "-1", "nan", "1e9", "٣", "0x10", "1,5", "9" * 400])
def test_an_amount_that_cannot_be_read_is_the_usual_one(text: str) -> None:
    found = read(
        resource__min__cpu=text,
        resource__min__mem=text,
        resource__min__cuda__device=text,
        resource__max__cpu=text,
        resource__max__mem=text,
        resource__preferred__shmem=text,
    )
    assert found.minimum == Ask(1, GIB)
    assert found.ceiling == Ceiling()
    assert found.shared_memory is None


def test_shares_of_a_gpu_are_no_whole_ones() -> None:
    assert read(resource__min__cuda__shares="2").minimum.gpu == 0


def test_a_ceiling_below_the_floor_is_none() -> None:
    found = read(resource__min__cpu="4", resource__max__cpu="2", resource__max__mem="256m")
    assert found.ceiling == Ceiling()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ipython:pty:3000, jupyter:http:8080,jupyterlab:http:8090", "jupyter jupyterlab"),
        ("", ""),
        (" , ,", ""),
        ("triton:preopen:[8000,8001, 8002],x:tcp:9000", "triton x"),
        ("a:http:80,b:gopher:8080,c:http:8081", "a c"),
        ("h2o:http:88888,h2o-1:http:12345", "h2o-1"),
        ("a:http,b:http:,c:http:x,d:http:8080", "d"),
        ("a:http:1,a:http:2", "a"),
        ("a:http:[],b:http:[8080", "b"),
        ("-x:http:8080,../y:http:8080,z:HTTP:8080", "z"),
        ("a:http:" + "9" * 5000 + ",b:http:8080", ""),
    ],
)
def test_services_that_can_be_read_stay(text: str, expected: str) -> None:
    assert [one.name for one in services(text)] == expected.split()


def test_several_ports_of_a_service() -> None:
    assert services("t:preopen:[8000,8001,99999, 8002,8000]") == (
        Service("t", "preopen", (8000, 8001, 8002)),
    )


def test_a_number_of_cores_goes_into_no_variable_that_a_session_lives_by() -> None:
    names = "OMP_NUM_THREADS, PATH,HOME,LD_PRELOAD,PYTHONHOME,SESSIONTUI_UID,a b,1X,,JULIA_CPU_CORES"
    found = read(envs__corecount=names).core_variables
    assert found == ("OMP_NUM_THREADS", "a", "b", "JULIA_CPU_CORES")


@pytest.mark.parametrize("path", ["/bin/true", "python3", "/usr/bin/py;rm", "/a b", "/$(x)", "/" + "a" * 300])
def test_a_runtime_that_runs_nothing_is_none(path: str) -> None:
    assert read(runtime_path=path).runtime_path == ""


_NAMES = sorted({name for labels in RECIPES.values() for name in labels})


@given(st.dictionaries(st.sampled_from(_NAMES) | st.text().map("ai.backend.".__add__), st.text()))
def test_nothing_that_a_label_says_breaks_the_reading(labels: dict[str, str]) -> None:
    found = described(labels)
    assert (found is None) == (not labels)


@given(st.text(alphabet="abz09:,[] -\n", max_size=60))
def test_nothing_that_looks_like_services_breaks_the_reading(text: str) -> None:
    for service in services(text):
        assert service.ports
        assert all(0 < port < 65536 for port in service.ports)
