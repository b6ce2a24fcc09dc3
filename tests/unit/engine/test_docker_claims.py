"""What a look at an engine's list makes of claims, of labels that strangers write, and of odd engines."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sessiontui.dockerd.reading import EventStream, Json, Parameters
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import DevicesTaken
from sessiontui.domain.gpu import Gpu, GpuWish
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner
from sessiontui.engine import launcher_mark
from sessiontui.engine.docker_claims import CLAIM_LABEL, CONTAINER_LABEL, Claims
from sessiontui.engine.inspected import Inspected
from sessiontui.engine.labels import LAUNCHER_LABEL, PREFIX, labels_of
from sessiontui.engine.payload import home_volume
from tests.unit.engine.open_link import OpenLink

DEVICE = Gpu("GPU-0", 0, "H100")
MINE, OTHER, THIRD = "a" * 64, "b" * 64, "c" * 64
ORDER = Order(
    "mine", "nifty-bohr", Owner("alice", 1, 1), "", "", "busybox", Ask(1, 1 << 30, 1), (DEVICE,), GpuWish(1)
)
DEAD = launcher_mark.mark().rpartition(":")[0] + ":0"


class Engine:
    """A reader of an engine with these containers; what it is asked for is noted."""

    def __init__(self, *items: Mapping[str, Any]) -> None:
        self.items = list(items)
        self.asked: list[str] = []

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        self.asked.append(path)
        if path == "/info":
            return {"ServerVersion": "27.0"}
        if path == "/containers/json":
            filters: Any = (parameters or {})["filters"]
            states = filters.get("status")
            return [item for item in self.items if not states or item["State"] in states]
        (item,) = (one for one in self.items if path == f"/containers/{one['Id']}/json")
        return {
            "Id": item["Id"],
            "Name": item["Names"][0],
            "Created": datetime.now(UTC).isoformat(),
            "Config": {"Labels": item["Labels"]},
            "Mounts": item["Mounts"],
            "HostConfig": {},
            "State": {"Status": item["State"]},
        }

    def events(self, filters: object) -> EventStream:
        raise NotImplementedError

    def close(self) -> None: ...


def container(number: str, labels: Mapping[str, str], name: str, state: str = "created") -> dict[str, Any]:
    home = {"Name": home_volume(labels.get(PREFIX + "id", ""))}
    made = int(time.time())
    return {
        "Id": number,
        "Names": [f"/{name}"],
        "Labels": dict(labels),
        "State": state,
        "Mounts": [home],
        "Created": made,
    }


def session(number: str, state: str = "created", launcher: str = "", **changes: Any) -> dict[str, Any]:
    order = replace(ORDER, **changes)
    labels = labels_of(order, created_at=datetime.now(UTC), launcher=launcher)
    return container(number, labels, f"sessiontui-1-{order.name}", state)


def claim(number: str, **labels: str) -> dict[str, Any]:
    """Of one of this machine that is at it, but for these labels."""
    told = {
        CLAIM_LABEL: "other",
        CONTAINER_LABEL: THIRD,
        PREFIX + "name": "quick-turing",
        PREFIX + "owner": "bob",
        PREFIX + "uid": "2",
        PREFIX + "order": '{"devices": ["GPU-0"]}',
        LAUNCHER_LABEL: DEAD,
        **labels,
    }
    return {**container(number, told, f"sessiontui-claim-{number[:12]}"), "Created": 1}


class Sweeping(Claims):
    """Claims that note what is removed instead of removing it."""

    def __init__(self, engine: Engine, lives: bool = False) -> None:
        link = OpenLink(engine)
        super().__init__(link, Inspected(link), lambda labels: lives)
        self.removed: list[str] = []

    def _remove(self, container: str) -> None:
        self.removed.append(container)


def settle(engine: Engine, lives: bool = False) -> None:
    Sweeping(engine, lives).settle(ORDER.name, ORDER.id, MINE, ORDER.gpus, lambda _: None, Cancellation())


STRANGE = ["", "../../events?", f"{THIRD}/logs?follow=1&stdout=1&", "a b", "a\r\nb", THIRD.upper()]


@pytest.mark.parametrize("strange", STRANGE)
def test_an_engine_is_asked_for_no_container_that_a_strangers_label_makes_up(strange: str) -> None:
    engine = Engine(session(MINE), claim(OTHER, **{CONTAINER_LABEL: strange}))
    settle(engine)
    claims = Sweeping(engine)
    claims.sweep()
    assert claims.removed == [OTHER]
    assert set(engine.asked) <= {"/info", "/containers/json"}


def test_a_session_of_an_image_that_bears_the_label_of_a_claim_has_its_devices_and_is_not_swept() -> None:
    other = session(OTHER, "running", id="other", name="quick-turing")
    other["Labels"][CLAIM_LABEL] = "x"
    engine = Engine(session(MINE), {**other, "Created": 1})
    with pytest.raises(DevicesTaken, match="held by quick-turing"):
        settle(engine)
    claims = Sweeping(engine)
    claims.sweep()
    assert not claims.removed


def test_a_claim_of_a_dead_process_elsewhere_is_in_the_way_for_a_while_only() -> None:
    old = claim(OTHER, **{LAUNCHER_LABEL: "another-boot:7:7"})
    settle(Engine(session(MINE), session(THIRD, "exited", id="other"), old))
    with pytest.raises(DevicesTaken, match="held by quick-turing of bob"):
        settle(Engine(session(MINE), {**old, "Created": int(time.time()) - 1}))


@pytest.mark.parametrize("name", ["all", "0", "GPU-"])
def test_a_label_names_devices_by_their_uuids_alone(name: str) -> None:
    other = session(OTHER, "running", id="other", gpus=(replace(DEVICE, uuid=name),))
    settle(Engine(session(MINE), other))
