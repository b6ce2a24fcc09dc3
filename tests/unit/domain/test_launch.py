"""From a draft to an order, or to every problem at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.environment import IMAGE, OTHER, App, Environment, Version
from sessiontui.domain.errors import Refused
from sessiontui.domain.folder import Folder, MountChoice
from sessiontui.domain.gpu import NO_GPU, ComputeMode, Gpu, GpuProcess, GpuWish, Holder
from sessiontui.domain.launch import Draft, Order, cautions, check
from sessiontui.domain.resources import Ask, Capacity, Ceiling
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB, MIB

ALICE, BOB = Owner("alice", 1000, 1000), Owner("bob", 1001, 1001)
LAB = App("jupyterlab", "JupyterLab", "http", 8888, secret=True)
ANY = App("http", "Web", "http", 8000, secret=True)
PYTHON = Environment(
    "python",
    "Python",
    (Version("3.12", "sessiontui/python:3.12"), Version("3.11", "sessiontui/python:3.11")),
    "3.12",
    (LAB,),
    Ask(1, 512 * MIB),
)
TORCH = Environment("pytorch", "PyTorch", (Version("2.6", "torch:2.6"),), "2.6", (), Ask(2, 4 * GIB, 1))
GPUS = (
    Gpu("GPU-0", 0, "H100", holders=(Holder("train-7", "alice", 1000, "7"),)),
    Gpu("GPU-1", 1, "H100"),
    Gpu("GPU-2", 2, "H100"),
)
CAPACITY = Capacity(8, 32 * GIB, GPUS)
FOLDERS = (
    Folder("data", "/home/alice/sessiontui/data"),
    Folder("models", "/home/alice/sessiontui/models", writable=False),
    Folder(".config-all", "/home/alice/sessiontui/.config-all"),
)
GOOD = Draft(environment="python", name="nifty-bohr")


def session(name: str, owner: Owner) -> Session:
    """A session that has a name."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Session("1", name, owner, Phase.RUNNING, "python", "3.12", "image", Ask(1, GIB), now)


def order(
    draft: Draft,
    *,
    capacity: Capacity = CAPACITY,
    sessions: Sequence[Session] = (),
    preparing: Sequence[str] = (),
    folders: Sequence[Folder] = FOLDERS,
    environments: Sequence[Environment] = (PYTHON, TORCH),
) -> Order:
    """What a draft of alice's becomes."""
    return check(
        draft,
        session_id="abc",
        owner=ALICE,
        environments=environments,
        other_apps=(ANY,),
        folders=folders,
        capacity=capacity,
        sessions=sessions,
        names_in_preparation=preparing,
    )


def problems(draft: Draft, **others: object) -> list[tuple[str, str]]:
    """What is wrong with a draft: fields and messages."""
    with pytest.raises(Refused) as caught:
        order(draft, **others)  # type: ignore[arg-type]
    return [(problem.field, problem.message) for problem in caught.value.problems]


def test_good_draft_becomes_an_order_with_the_defaults_filled_in() -> None:
    made = order(GOOD)
    assert (made.id, made.name, made.owner) == ("abc", "nifty-bohr", ALICE)
    assert (made.environment, made.version, made.image) == ("python", "3.12", "sessiontui/python:3.12")
    assert made.ask == Ask(1, 2 * GIB)
    assert made.apps == (LAB,)
    assert made.devices == ()
    assert [mount.folder for mount in made.mounts] == [".config-all"], "dot folders mount by themselves"


def test_defaults_rise_to_the_minimum_of_the_environment() -> None:
    assert order(Draft(environment="pytorch", name="train", gpu=1)).ask == Ask(2, 4 * GIB, 1)


def test_default_cpu_is_no_more_than_the_machine_has() -> None:
    small = replace(PYTHON, minimum=Ask(0.1, MIB))
    made = check(
        GOOD,
        session_id="1",
        owner=ALICE,
        environments=(small,),
        other_apps=(),
        folders=(),
        capacity=Capacity(1, 32 * GIB),
        sessions=(),
    )
    assert made.ask.cpu == 1


def test_devices_are_free_ones_by_uuid() -> None:
    assert order(Draft(environment="pytorch", name="train", gpu=2)).devices == ("GPU-1", "GPU-2")


def gpu_order(capacity: Capacity = CAPACITY, **changes: object) -> Order:
    """What a draft of alice's that is good but for its GPUs becomes."""
    return order(replace(GOOD, **changes), capacity=capacity)  # type: ignore[arg-type]


def test_devices_named_by_hand_are_what_is_asked_for() -> None:
    made = gpu_order(devices=("2", "GPU-1"))
    assert (made.devices, made.ask.gpu) == (("GPU-2", "GPU-1"), 2)
    assert made.wish == GpuWish(2, ("2", "GPU-1"))
    assert gpu_order(devices=("2",), gpu=1).devices == ("GPU-2",)
    assert problems(replace(GOOD, devices=("2",), gpu=2)) == [
        ("gpu", "1 named by hand, and 2 asked for"),
    ]


def test_memory_alone_asks_for_one_device_that_has_it() -> None:
    gpus = (Gpu("GPU-0", 0, "H100", 80 * GIB), Gpu("GPU-1", 1, "A10", 24 * GIB))
    made = gpu_order(Capacity(8, 32 * GIB, gpus), gpu_memory=24 * GIB)
    assert (made.devices, made.ask.gpu, made.wish) == (("GPU-1",), 1, GpuWish(1, memory=24 * GIB))
    assert order(
        replace(GOOD, environment="pytorch", gpu_memory=8 * GIB), capacity=Capacity(8, 32 * GIB, gpus)
    )


def test_devices_named_by_hand_are_remembered_by_their_memory() -> None:
    gpus = (Gpu("GPU-0", 0, "H100", 80 * GIB), Gpu("GPU-1", 1, "A10", 24 * GIB), Gpu("GPU-2", 2, "odd"))
    capacity = Capacity(8, 32 * GIB, gpus)
    assert gpu_order(capacity, devices=("0", "1", "2")).gpu_memory == 24 * GIB
    assert gpu_order(capacity, devices=("2",)).gpu_memory is None
    assert gpu_order(capacity, devices=("0",), gpu_memory=GIB).gpu_memory == GIB
    assert gpu_order(capacity, gpu=2).gpu_memory is None


def test_to_share_is_a_wish_about_devices() -> None:
    made = gpu_order(gpu=3, gpu_shared=True)
    assert (made.devices, made.wish) == (("GPU-0", "GPU-1", "GPU-2"), GpuWish(3, shared=True))
    assert gpu_order(gpu_shared=True).wish == NO_GPU
    assert [one.message for one in cautions(made, CAPACITY)][:1] == ["GPU 0 is shared with train-7 of alice"]


def test_who_is_on_a_device_already_is_a_caution() -> None:
    stranger = GpuProcess(4211, command="python", user="bob")
    gpus = (Gpu("GPU-0", 0, "H100", strangers=(stranger,), compute_mode=ComputeMode.EXCLUSIVE),)
    capacity = Capacity(8, 32 * GIB, gpus)
    made = gpu_order(capacity, devices=("0",))
    assert [one.message for one in cautions(made, capacity) if one.field == "gpu"] == [
        "GPU 0 is busy with python (4211) of bob, in no session",
        "GPU 0 lets one process compute at a time: others fail (mode exclusive process)",
    ]


def test_borders_of_the_environment_hold_for_devices_however_they_are_chosen() -> None:
    least = replace(GOOD, environment="pytorch", devices=("9",))
    torch = replace(TORCH, minimum=Ask(2, 4 * GIB, 2))
    assert problems(least, environments=(torch,)) == [
        ("gpu", "this environment needs at least 2 GPU"),
        ("gpu", "there is no GPU '9': known are 0-2"),
    ]
    none = replace(PYTHON, versions=(replace(PYTHON.versions[0], ceiling=Ceiling(gpu=0)),))
    for draft in (replace(GOOD, devices=("1",)), replace(GOOD, gpu_memory=1)):
        assert problems(draft, environments=(none,)) == [("gpu", "this environment uses no GPU")]


def test_an_engine_that_can_give_no_gpu_says_why_and_what_would_mend_it() -> None:
    broken = replace(CAPACITY, gpu_trouble="the container toolkit is missing", gpu_remedy="install it")
    for draft in (replace(GOOD, gpu=1), replace(GOOD, devices=("1",)), replace(GOOD, gpu_memory=1)):
        assert problems(draft, capacity=broken) == [("gpu", "the container toolkit is missing: install it")]
    assert order(GOOD, capacity=broken).gpus == ()


def test_variables_that_would_bring_other_devices_are_refused() -> None:
    all_of_them, mine = ("NVIDIA_VISIBLE_DEVICES", "all"), ("CUDA_VISIBLE_DEVICES", "0")
    said = "NVIDIA_VISIBLE_DEVICES decides which devices it gets: ask for GPUs instead"
    assert problems(replace(GOOD, env=(all_of_them, mine))) == [("env", said)]
    assert problems(replace(GOOD, secrets=(all_of_them, mine))) == [("secrets", said)]


def test_image_named_outright_has_no_environment_and_every_app_we_know() -> None:
    made = order(Draft(image="ghcr.io/acme/tool:1.2", name="tool"))
    assert (made.environment, made.version, made.image) == (OTHER, "", "ghcr.io/acme/tool:1.2")
    assert made.apps == (ANY,)


@pytest.mark.parametrize(
    ("draft", "field", "message"),
    [
        (Draft(name="good-name"), "environment", "choose an environment"),
        (replace(GOOD, environment="pyhton"), "environment", "did you mean python?"),
        (replace(GOOD, environment="zzz"), "environment", "known: python, pytorch"),
        (replace(GOOD, version="3.1"), "version", "did you mean 3.1"),
        (replace(GOOD, image="python:3"), "image", "not both"),
        (Draft(image="no such image", name="good-name"), "image", "is not an image name"),
        (Draft(image="python:3.12 --privileged", name="good-name"), "image", "is not an image name"),
        pytest.param(
            Draft(image="-v/etc", name="good-name"),
            "image",
            "is not an image name",
        ),
        (replace(GOOD, name=""), "name", "4 to 64"),
        (replace(GOOD, name="no spaces"), "name", "4 to 64"),
        (replace(GOOD, cpu=0.5), "cpu", "at least 1 core"),
        (replace(GOOD, cpu=9), "cpu", "the machine has 8 cores"),
        (replace(GOOD, memory=16 * MIB), "memory", "at least 512M"),
        (replace(GOOD, memory=33 * GIB), "memory", "the machine has 32G"),
        (replace(GOOD, environment="pytorch"), "gpu", "at least 1 GPU"),
        (replace(GOOD, gpu=3), "gpu", "2 of 3 GPUs are free; 0: train-7 of alice"),
        (replace(GOOD, mounts=(MountChoice("dta", False),)), "mounts", "did you mean data?"),
        (
            replace(GOOD, mounts=(MountChoice("data", False), MountChoice("data", True))),
            "mounts",
            "named twice",
        ),
        (replace(GOOD, env=(("2X", ""),)), "env", "not a variable name"),
        (replace(GOOD, env=(("A B", ""),)), "env", "not a variable name"),
        (replace(GOOD, env=(("SESSIONTUI_ID", "x"),)), "env", "are ours"),
        (replace(GOOD, env=(("A", "1"), ("A", "2"))), "env", "set twice"),
        (replace(GOOD, env=(("A", "x\0y"),)), "env", "NUL"),
        (replace(GOOD, env=(("A", "x" * 131_070),)), "env", "less than 128K"),
    ],
)
def test_each_wrong_input_is_told_under_its_field(draft: Draft, field: str, message: str) -> None:
    (found,) = problems(draft)
    assert found[0] == field
    assert message in found[1]


def test_engine_without_gpus_says_so() -> None:
    (found,) = problems(replace(GOOD, gpu=1), capacity=Capacity(8, 32 * GIB))
    assert found == ("gpu", "this engine has no GPU")


def test_all_problems_are_told_at_once() -> None:
    draft = Draft(
        environment="pythn",
        name="!",
        cpu=99,
        memory=1,
        gpu=9,
        mounts=(MountChoice("x", False),),
        env=(("", ""),),
    )
    assert {field for field, _ in problems(draft)} == {
        "environment",
        "name",
        "cpu",
        "memory",
        "gpu",
        "mounts",
        "env",
    }


def test_name_is_unique_per_owner_launches_under_way_included() -> None:
    assert order(GOOD, sessions=[session("nifty-bohr", BOB)]).name == "nifty-bohr"
    assert problems(GOOD, sessions=[session("nifty-bohr", ALICE)])[0][0] == "name"
    assert problems(GOOD, preparing=["nifty-bohr"])[0][0] == "name"


def test_mounts_are_read_only_where_asked_or_where_the_user_may_only_read() -> None:
    made = order(
        replace(
            GOOD,
            mounts=(
                MountChoice("data", True),
                MountChoice("models", False),
                MountChoice(".config-all", True),
            ),
        )
    )
    assert {mount.folder: mount.read_only for mount in made.mounts} == {
        "data": True,
        "models": True,
        ".config-all": True,
    }


def test_each_mount_goes_where_it_is_wanted() -> None:
    made = order(
        replace(GOOD, mounts=(MountChoice("data", target="sets//x/"), MountChoice("models", target="/m")))
    )
    assert {mount.folder: mount.target for mount in made.mounts} == {
        "data": "/home/work/sets/x",
        "models": "/m",
        ".config-all": "/home/work/.config-all",
    }


@pytest.mark.parametrize(
    ("mounts", "message"),
    [
        ((MountChoice("data", target="/etc/x"),), "folder data: /etc/x is the system's"),
        ((MountChoice("data", target="../x"),), "folder data: ../x: write the place without . and .."),
        ((MountChoice("data", target="models"), MountChoice("models")), "data and models both go to"),
        ((MountChoice("data", target="models/x"), MountChoice("models")), "which is in models at"),
        ((MountChoice("data", target=".config-all/x"),), "which is in .config-all at"),
    ],
)
def test_places_of_mounts_are_checked_before_the_launch(
    mounts: tuple[MountChoice, ...], message: str
) -> None:
    (found,) = problems(replace(GOOD, mounts=mounts))
    assert found[0] == "mounts"
    assert message in found[1]


def test_folder_that_cannot_be_mounted_is_refused_or_left_out_where_it_mounts_by_itself() -> None:
    folders = (
        Folder("data", "/srv/data", trouble="it is a link now"),
        Folder(".cache", "/srv/.cache", trouble="gone"),
    )
    assert order(GOOD, folders=folders).mounts == ()
    (found,) = problems(replace(GOOD, mounts=(MountChoice("data"),)), folders=folders)
    assert found == ("mounts", "folder data cannot be mounted: it is a link now")


def test_more_than_is_free_is_allowed_with_a_caution() -> None:
    busy = Capacity(8, 32 * GIB, cpu_promised=7.5, memory_promised=31 * GIB)
    made = order(replace(GOOD, cpu=4, memory=8 * GIB), capacity=busy, folders=())
    assert [one.field for one in cautions(made, busy)] == ["cpu", "memory", "mounts"]
    assert cautions(order(replace(GOOD, mounts=(MountChoice("data", False),))), CAPACITY) == ()


@given(
    st.builds(
        Draft,
        environment=st.sampled_from(["", "python", "pytorch", "nope"]),
        version=st.sampled_from(["", "3.12", "2.6", "9"]),
        image=st.sampled_from(["", "python:3.12", "x y"]),
        name=st.text("ab-_ .", max_size=6),
        cpu=st.none() | st.floats(-1, 20),
        memory=st.none() | st.integers(-1, 2**36),
        gpu=st.integers(-1, 4),
        devices=st.lists(st.sampled_from(["0", "1", "GPU-", "GPU-2"]), max_size=2).map(tuple),
        gpu_memory=st.none() | st.just(GIB),
        gpu_shared=st.booleans(),
        mounts=st.lists(
            st.builds(MountChoice, st.sampled_from(["data", "models", "gone"]), st.booleans())
        ).map(tuple),
        env=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3))).map(tuple),
    )
)
def test_an_order_that_passes_keeps_every_rule(draft: Draft) -> None:
    try:
        made = order(draft)
    except Refused:
        return
    assert made.ask.cpu <= CAPACITY.cpu
    assert made.ask.memory <= CAPACITY.memory
    assert len(made.devices) == made.ask.gpu
    assert len({mount.target for mount in made.mounts}) == len(made.mounts)
    assert made.image


IMAGED = Environment(
    "lua",
    "Lua",
    (
        Version("5.3", "x/lua:5.3", minimum=Ask(2, 128 * MIB), ceiling=Ceiling(3, 256 * MIB, 0), apps=(ANY,)),
        Version("5.2", "x/lua:5.2", shared_memory=512 * MIB, core_variables=("NPROC",)),
    ),
    "5.3",
    (LAB,),
    Ask(1, GIB),
    source=IMAGE,
)


def imaged(**changes: object) -> Order:
    draft = replace(Draft(environment="lua", name="nifty-bohr"), **changes)  # type: ignore[arg-type]
    return order(draft, environments=(PYTHON, IMAGED))


def test_a_version_has_bounds_and_apps_of_its_own() -> None:
    made = imaged()
    assert (made.ask, made.apps) == (Ask(2, 256 * MIB), (ANY,)), "the usual 2 GiB are more than it takes"
    assert (made.shared_memory, made.core_variables) == (None, ())
    other = imaged(version="5.2", memory=GIB)
    assert (other.ask, other.apps) == (Ask(1, GIB), (LAB,))
    assert (other.shared_memory, other.core_variables) == (512 * MIB, ("NPROC",))


def test_shared_memory_is_no_less_than_the_rule_and_no_more_than_the_memory() -> None:
    assert imaged(version="5.2", memory=8 * GIB).shared_memory == GIB
    small = replace(IMAGED, minimum=Ask(1, 64 * MIB))
    draft = Draft(environment="lua", version="5.2", name="nifty-bohr", memory=256 * MIB)
    assert order(draft, environments=(small,)).shared_memory == 256 * MIB


def test_beyond_what_a_version_can_use_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        imaged(cpu=4, memory=GIB, gpu=1)
    assert {one.field: one.message for one in caught.value.problems} == {
        "cpu": "this environment takes at most 3 cores",
        "memory": "this environment takes at most 256M",
        "gpu": "this environment uses no GPU",
    }


def test_an_image_named_outright_counts_as_what_it_says_of_itself() -> None:
    made = imaged(environment="", image="x/lua:5.3")
    assert (made.environment, made.version, made.apps) == ("lua", "5.3", (ANY,))
    assert imaged(environment="", image="sessiontui/python:3.12").environment == OTHER, "of the catalogue's"
    assert imaged(environment="", image="x/lua").environment == OTHER


def test_own_ports_are_apps_of_the_order_after_those_of_the_environment() -> None:
    made = order(replace(GOOD, ports=(8000, 5000)))
    assert [(app.name, app.via) for app in made.apps] == [
        ("jupyterlab", ""),
        ("port-5000", "jupyterlab"),
        ("port-8000", "jupyterlab"),
    ]


def test_an_image_named_outright_carries_no_own_ports() -> None:
    made = order(Draft(image="acme/tool:1", name="tool", ports=(5000,)))
    assert [(app.name, app.via) for app in made.apps] == [("http", ""), ("port-5000", "")]


def test_every_problem_of_own_ports_is_told_under_their_field() -> None:
    assert problems(replace(GOOD, ports=(80, 8888, 5000, 5000))) == [
        ("ports", "80: ports go from 1024 to 65535"),
        ("ports", "8888 is used by JupyterLab"),
        ("ports", "5000 is named twice"),
    ]
    assert problems(Draft(image="acme/tool:1", name="tool", ports=(8000,))) == [
        ("ports", "8000 is used by Web")
    ]
