"""Sessions from what the engine's inspect says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sessiontui.domain.gpu import Gpu
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase
from sessiontui.domain.units import GIB
from sessiontui.engine.inspection import cpu_limit, orphan_of, session_of
from sessiontui.engine.labels import Labels, labels_of
from sessiontui.engine.payload import home_volume

ORDER = Order("0123456789ab", "nifty-bohr", Owner("alice", 1000, 100), "python", "3.12", "i:1", Ask(2, GIB))
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def attributes(**state: Any) -> dict[str, Any]:
    return {
        "Id": "c" * 64,
        "Created": "2026-01-02T00:00:00.123456789Z",
        "Config": {"Labels": labels_of(ORDER, created_at=NOW, launcher=""), "Image": "i:1"},
        "HostConfig": {
            "NanoCpus": 1_500_000_000,
            "Memory": 2 * GIB,
            "PortBindings": {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20002"}], "53/udp": None},
            "DeviceRequests": [{"DeviceIDs": ["GPU-1"]}],
        },
        "Mounts": [{"Type": "volume", "Name": home_volume(ORDER.id), "Destination": "/home/work"}],
        "State": {"Status": "running", "Pid": 7, "StartedAt": "2026-01-02T00:00:01.5Z", **state},
    }


def test_the_limits_are_the_containers_own_not_the_orders() -> None:
    session = session_of(attributes(), lambda _: False)
    assert session is not None
    assert session.ask == Ask(1.5, 2 * GIB, 1)
    assert session.devices == ("GPU-1",)
    assert session.ports == ((8888, 20002),)
    assert (session.phase, session.pid) == (Phase.RUNNING, 7)
    assert session.started_at == datetime(2026, 1, 2, 0, 0, 1, 500_000, tzinfo=UTC)


def test_devices_are_told_by_uuid_however_the_container_names_them() -> None:
    gpus = (Gpu("GPU-1", 0, "H100"),)
    ordered = labels_of(replace(ORDER, gpus=gpus), created_at=NOW, launcher="")
    told: dict[str, dict[str, object]] = {
        "cdi": {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=GPU-1"]}]},
        "cdi by number": {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=0"]}]},
        "Podman, which tells nothing": {"DeviceRequests": None, "Devices": []},
        "a file": {"DeviceRequests": None, "Devices": [{"PathOnHost": "/dev/dri/renderD128"}]},
    }
    for host in told.values():
        container = attributes()
        container["HostConfig"] |= host
        container["Config"]["Labels"] = ordered
        session = session_of(container, lambda _: False)
        assert session is not None
        assert (session.devices, session.ask.gpu) == (("GPU-1",), 1)


def test_a_container_that_never_started_has_no_start_and_no_process() -> None:
    session = session_of(
        attributes(Status="created", Pid=0, StartedAt="0001-01-01T00:00:00Z"), lambda _: True
    )
    assert session is not None
    assert (session.phase, session.pid, session.started_at) == (Phase.PREPARING, None, None)


def test_a_container_of_others_is_no_session() -> None:
    foreign = attributes()
    foreign["Config"]["Labels"] = {"app": "db"}
    assert session_of(foreign, lambda _: False) is None


def test_a_container_that_carries_our_labels_without_the_home_is_no_session() -> None:
    # As made by `docker run` of an image that `docker commit` made of a session.
    copy = attributes()
    copy["Mounts"] = []
    assert session_of(copy, lambda _: False) is None


def test_a_home_without_container_is_a_failed_session() -> None:
    volume = {"Labels": labels_of(ORDER, created_at=NOW, launcher=""), "CreatedAt": "2026-01-02T00:00:00Z"}
    session = orphan_of(Labels(volume["Labels"]), volume)  # type: ignore[arg-type]
    assert (session.phase, session.container_id, session.name) == (Phase.FAILED, None, "nifty-bohr")
    # Our own delete leaves it too, where it is killed half-way.
    assert session.reason.startswith("a delete was cut short, or its container was removed by other means")


def test_cpu_limits_are_read_in_both_spellings() -> None:
    assert cpu_limit({"NanoCpus": 500_000_000}) == 0.5
    assert cpu_limit({"CpuQuota": 150_000, "CpuPeriod": 100_000}) == 1.5
    assert cpu_limit({"CpuQuota": 50_000}) == 0.5
    assert cpu_limit({"CpuQuota": -1}) == 0
    assert cpu_limit({}) == 0
