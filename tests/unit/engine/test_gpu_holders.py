"""Who holds which GPU, from what engines tell of containers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessiontui.domain.gpu import Gpu, Vendor
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner
from sessiontui.domain.units import GIB
from sessiontui.engine.gpu_holders import held_by, holder_in, holds, named, nvidia_runtimes, watches
from sessiontui.engine.labels import labels_of
from sessiontui.engine.payload import home_volume

FIRST, SECOND, DIVIDED = (f"GPU-{sign * 8}-1111-2222-3333-444444444444" for sign in "abc")
PARTS = tuple(f"MIG-{sign * 8}-1111-2222-3333-444444444444" for sign in "de")
GPUS = (
    Gpu(FIRST, 0, "H100", 80 * GIB),
    Gpu(SECOND, 1, "H100", 80 * GIB),
    Gpu(DIVIDED, 2, "H100", 80 * GIB, divided=True),
    *(Gpu(uuid, 2, "H100 3g.40gb", 40 * GIB, parent=DIVIDED, part=part) for part, uuid in enumerate(PARTS)),
)
EVERYTHING = {gpu.uuid for gpu in GPUS}
RADEONS = tuple(
    Gpu(
        f"0x{number}",
        number,
        "MI300X",
        vendor=Vendor.AMD,
        nodes=("/dev/kfd", f"/dev/dri/renderD{128 + number}"),
    )
    for number in range(2)
)
NOW = datetime(2026, 11, 25, 2, 27, 30, tzinfo=UTC)
ORDER = Order("0123456789ab", "nifty-bohr", Owner("alice", 1000, 100), "python", "3.12", "i:1", Ask(2, GIB))

HOME = ({"Type": "volume", "Name": home_volume(ORDER.id), "Destination": "/home/work"},)


def container(
    *,
    env: tuple[str, ...] = (),
    labels: dict[str, str] | None = None,
    status: str = "running",
    mounts: tuple[dict[str, Any], ...] = (),
    **host: Any,
) -> dict[str, Any]:
    """What Docker 20.10 tells of a container, as far as it bears on devices."""
    return {
        "Id": "c" * 64,
        "Created": "2026-11-25T02:27:14.112273428Z",
        "Name": "/training",
        "State": {"Status": status},
        "Mounts": list(mounts),
        "Config": {
            "Env": [*env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Labels": labels,
        },
        "HostConfig": {
            "DeviceRequests": None,
            "Devices": None,
            "Privileged": False,
            "Runtime": "runc",
            **host,
        },
    }


def request(
    *ids: str, count: int = 0, driver: str = "nvidia", capabilities: tuple[str, ...] = ("gpu",)
) -> dict[str, Any]:
    return {
        "Driver": driver,
        "Count": count,
        "DeviceIDs": list(ids),
        "Capabilities": [list(capabilities)] if capabilities else [],
        "Options": {},
    }


def cuda(visible: str = "all", *more: str) -> tuple[str, ...]:
    """Variables of NVIDIA's images."""
    return (
        f"NVIDIA_VISIBLE_DEVICES={visible}",
        "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
        "NVIDIA_REQUIRE_CUDA=cuda>=12.4",
        "CUDA_VERSION=12.4.1",
        *more,
    )


@pytest.mark.parametrize(
    ("name", "devices"),
    [
        (FIRST, {FIRST}),
        (FIRST.lower(), {FIRST}),
        ("0", {FIRST}),
        ("01", {SECOND}),
        ("2", {DIVIDED}),
        ("2:1", {PARTS[1]}),
        (PARTS[0], {PARTS[0]}),
        ("GPU-aaaa", {FIRST}),
        ("GPU-", set()),
        ("7", set()),
        ("all", EVERYTHING),
        ("00000000:65:00.0", EVERYTHING),
        ("nvidia.com/gpu=0", {FIRST}),
        ("nvidia.com/gpu=gpu1", {SECOND}),
        (f"nvidia.com/gpu={SECOND}", {SECOND}),
        ("nvidia.com/gpu=2:0", {PARTS[0]}),
        ("nvidia.com/mig=mig2:0", {PARTS[0]}),
        (f"nvidia.com/gpu={PARTS[1]}", {PARTS[1]}),
        ("nvidia.com/gpu=all", EVERYTHING),
        ("management.nvidia.com/gpu=all", EVERYTHING),
        ("amd.com/gpu=1", {"0x1"}),
        ("amd.com/gpu=all", {"0x0", "0x1"}),
        ("vendor.example/fpga=0", set()),
        ("\u00b2", set()),
        ("9" * 5000, set()),
    ],
)
def test_devices_are_known_by_every_name_an_engine_takes(name: str, devices: set[str]) -> None:
    assert named(name, (*RADEONS, *GPUS)) == devices


@pytest.mark.parametrize(
    ("asked", "devices"),
    [
        (request("0", SECOND), {FIRST, SECOND}),
        (request("2:0"), {PARTS[0]}),
        (request(DIVIDED), {DIVIDED, *PARTS}),
        (request(count=-1, driver=""), EVERYTHING),
        (request(count=2, driver=""), {FIRST, SECOND}),
        (request(count=3, driver=""), EVERYTHING),
        (request(driver=""), set()),
        (request("nvidia.com/gpu=1", driver="cdi", capabilities=()), {SECOND}),
        (request("0", driver="tpu"), set()),
        (request(count=-1, capabilities=("gpu", "utility")), set()),
        (request(count=-1, capabilities=("utility",)), set()),
        (request("1", capabilities=("gpu", "utility", "compute")), {SECOND}),
    ],
)
def test_a_request_holds_what_the_engine_gives_for_it(asked: dict[str, Any], devices: set[str]) -> None:
    assert held_by(container(DeviceRequests=[asked]), GPUS) == devices


def test_a_request_without_capabilities_of_the_driver_has_those_the_image_names() -> None:
    watcher = ("NVIDIA_DRIVER_CAPABILITIES=utility",)
    assert held_by(container(env=watcher, DeviceRequests=[request("0")]), GPUS) == set()
    chosen = request("0", capabilities=("gpu", "compute"))
    assert held_by(container(env=watcher, DeviceRequests=[chosen]), GPUS) == {FIRST}


@pytest.mark.parametrize(
    ("env", "devices"),
    [
        (cuda("all"), EVERYTHING),
        (cuda("none"), set()),
        (cuda("void"), set()),
        (cuda(""), set()),
        (cuda("all,void"), set()),
        (cuda(f" 0 ,{SECOND}"), {FIRST, SECOND}),
        (cuda(f"{PARTS[0]}"), {PARTS[0]}),
        (cuda("all", "NVIDIA_VISIBLE_DEVICES=1"), {SECOND}),
        (cuda("all", "DOCKER_RESOURCE_GPU=GPU-bbbb"), {SECOND}),
        (cuda("nvidia.com/gpu=0"), {FIRST}),
        (("CUDA_VERSION=8.0.61",), EVERYTHING),
        (("NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=utility"), set()),
        ((), set()),
    ],
)
def test_the_variable_counts_under_nvidias_runtime_and_under_no_other(
    env: tuple[str, ...], devices: set[str]
) -> None:
    assert held_by(container(env=env, Runtime="nvidia"), GPUS) == devices
    assert held_by(container(env=env, Runtime="runc"), GPUS) == set()


@pytest.mark.parametrize(
    ("visible", "held"), [("all", {"0x0", "0x1"}), ("1", {"0x1"}), ("void", set()), ("", set())]
)
def test_amds_runtime_has_a_variable_of_its_own(visible: str, held: set[str]) -> None:
    env = (f"AMD_VISIBLE_DEVICES={visible}",)
    assert held_by(container(env=env, Runtime="amd"), (*GPUS, *RADEONS)) == held
    assert held_by(container(env=env), (*GPUS, *RADEONS)) == set()


def test_what_is_requested_outweighs_the_variable_of_the_image() -> None:
    asked = container(env=cuda("all"), Runtime="nvidia", DeviceRequests=[request("1")])
    assert held_by(asked, GPUS) == {SECOND}
    # NVIDIA's runtime gives what the variable says beside what CDI gives.
    both = container(
        env=cuda("0"), Runtime="nvidia", DeviceRequests=[request("nvidia.com/gpu=1", driver="cdi")]
    )
    assert held_by(both, GPUS) == {FIRST, SECOND}


def test_mounts_that_name_devices_to_nvidias_runtime_hold_them() -> None:
    mounts = tuple(
        {"Source": "/dev/null", "Destination": f"/var/run/nvidia-container-devices/{name}"}
        for name in (FIRST, "cdi/nvidia.com/gpu/1")
    )
    assert held_by(container(mounts=mounts, Runtime="nvidia"), GPUS) == {FIRST, SECOND}
    assert held_by(container(mounts=mounts), GPUS) == set()


@pytest.mark.parametrize(
    ("path", "devices"),
    [
        ("/dev/nvidia1", {SECOND}),
        ("/dev/nvidia10", set()),
        ("/dev/nvidiactl", set()),
        ("/dev/", {FIRST, SECOND, DIVIDED, *PARTS, "0x0", "0x1"}),
        ("/dev/kfd", set()),
        ("/dev/dri/renderD129", {"0x1"}),
        ("/dev/dri", {"0x0", "0x1"}),
        # As Podman tells devices with CDI names.
        ("nvidia.com/gpu=0", {FIRST}),
        ("", set()),
    ],
)
def test_files_in_dev_hold_their_device(path: str, devices: set[str]) -> None:
    device = {"PathOnHost": path, "PathInContainer": "/dev/x", "CgroupPermissions": "rwm"}
    assert held_by(container(Devices=[device]), (*GPUS, *RADEONS)) == devices


def test_the_file_that_the_driver_names_outweighs_the_number() -> None:
    swapped = (Gpu(FIRST, 0, "T4", nodes=("/dev/nvidia1",)), Gpu(SECOND, 1, "T4", nodes=("/dev/nvidia0",)))
    assert held_by(container(Devices=[{"PathOnHost": "/dev/nvidia0"}]), swapped) == {SECOND}


def test_a_privileged_container_holds_all_and_says_why() -> None:
    privileged = container(Privileged=True)
    assert held_by(privileged, GPUS) == EVERYTHING
    assert str(holder_in(privileged, GPUS)) == "container training (privileged)"


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ({"DeviceRequests": [request(count=-1)]}, "all GPUs"),
        ({"DeviceRequests": [request("nvidia.com/gpu=all", driver="cdi")]}, "all GPUs"),
        ({"DeviceRequests": [request(count=2)]}, "asked for 2: the engine gives the first"),
        ({"DeviceRequests": [request("0000:65:00.0")]}, "by PCI address"),
        ({"DeviceRequests": [request("0")]}, ""),
        ({"Privileged": True}, "privileged"),
    ],
)
def test_a_holder_says_how_it_comes_to_hold_what_it_did_not_name(host: dict[str, Any], why: str) -> None:
    holder = holder_in(container(**host), GPUS)
    assert (holder.name, holder.owner, holder.session_id, holder.why) == ("training", "", "", why)


def test_a_session_holds_as_its_owners_whatever_its_container_is_called() -> None:
    labels = labels_of(ORDER, created_at=NOW, launcher="")
    session = container(labels=labels, mounts=HOME, DeviceRequests=[request(FIRST)])
    holder = holder_in(session, GPUS)
    assert str(holder) == "nifty-bohr of alice"
    assert (holder.uid, holder.session_id, holder.container_id) == (1000, ORDER.id, "c" * 64)
    # It holds them also where its own variables let it do no more than look.
    variables = ("NVIDIA_DRIVER_CAPABILITIES=utility",)
    looks = container(labels=labels, mounts=HOME, env=variables, DeviceRequests=[request(FIRST)])
    assert held_by(looks, GPUS) == {FIRST}
    # Where only its labels are known, there is neither a driver nor a runtime.
    session["HostConfig"] = {"DeviceRequests": [{"DeviceIDs": [FIRST]}]}
    del session["Mounts"]
    assert held_by(session, GPUS) == {FIRST}


def test_podman_tells_no_requests_so_a_session_holds_what_it_ordered() -> None:
    ordered = replace(ORDER, gpus=GPUS[:1])
    labels = labels_of(ordered, created_at=NOW, launcher="")
    session = container(labels=labels, mounts=HOME, Runtime="oci", Devices=[])
    assert held_by(session, GPUS) == {FIRST}
    assert held_by(session, GPUS[1:]) == set()


def test_what_bears_a_sessions_labels_without_its_home_is_a_stranger() -> None:
    # As made by `docker run` of an image that `docker commit` made of a session.
    labels = labels_of(replace(ORDER, gpus=GPUS[:1]), created_at=NOW, launcher="")
    assert held_by(container(labels=labels), GPUS) == set()
    privileged = container(labels=labels, Privileged=True)
    assert holder_in(privileged, GPUS).name == "training"
    assert watches(privileged, ("train*",))


def test_only_what_runs_or_is_about_to_keeps_devices_from_others() -> None:
    def lives(_: object) -> bool:
        return True

    assert all(holds(container(status=one), lives, NOW) for one in ("running", "paused", "restarting"))
    assert not any(holds(container(status=one), lives, NOW) for one in ("exited", "dead", "removing"))
    assert holds(container(status="created"), lives, NOW)
    assert not holds(container(status="created"), lives, NOW + timedelta(minutes=2))
    ours = container(status="created", labels=labels_of(ORDER, created_at=NOW, launcher=""), mounts=HOME)
    assert holds(ours, lives, NOW + timedelta(minutes=2))
    assert not holds(ours, lambda _: False, NOW)


def test_containers_that_only_look_are_known_by_their_names_but_sessions_are_none() -> None:
    assert watches(container(), ("dcgm-exporter", "train*"))
    assert not watches(container(), ("dcgm-exporter", "rain*", "Training"))
    ours = container(labels=labels_of(ORDER, created_at=NOW, launcher=""), mounts=HOME)
    assert not watches(ours, ("*",))


def test_nvidias_runtime_is_known_under_other_names() -> None:
    info = {
        "Runtimes": {
            "runc": {"path": "runc"},
            "io.containerd.runc.v2": None,
            "gpus": {"path": "/usr/bin/nvidia-container-runtime"},
        }
    }
    assert nvidia_runtimes(info) == {"nvidia", "gpus"}
    assert held_by(container(env=cuda("0"), Runtime="gpus"), GPUS, nvidia_runtimes(info)) == {FIRST}
