"""What the Docker adapter makes of lists that tell less than Docker's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessiontui.dockerd.reading import EventStream, Json, Parameters
from sessiontui.domain.errors import EngineUnreachable
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.labels import labels_of
from sessiontui.engine.payload import home_volume
from sessiontui.engine.port import Change
from tests.unit.engine.open_link import OpenLink

OWNER = Owner("alice", 1000, 1000)
ORDER = Order("abc", "nifty-bohr", OWNER, "python", "3.12", "python:3.12", Ask(2, 1 << 30))
LABELS = labels_of(ORDER, created_at=datetime.now(UTC) - timedelta(hours=1), launcher="")
HOME = {"Name": home_volume(ORDER.id), "Labels": LABELS}


class OldPodman:
    """A reader whose list of containers tells neither mounts nor ports."""

    def __init__(self) -> None:
        self.mounts = [HOME]

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        if path == "/volumes":
            return {"Volumes": [HOME]}
        if path.startswith("/volumes/"):
            return HOME
        if path == "/containers/json":
            return [{"Id": "c1", "Names": ["/x"], "Labels": LABELS, "State": "running", "Mounts": None}]
        return {
            "Id": "c1",
            "Name": "/x",
            "Config": {"Labels": LABELS},
            "Mounts": self.mounts,
            "HostConfig": {},
            "State": {"Status": "running", "Pid": 7},
        }

    def events(self, filters: object) -> EventStream:
        raise NotImplementedError

    def close(self) -> None: ...


def test_a_list_without_mounts_makes_no_orphans() -> None:
    (session,) = DockerEngine({}, OpenLink(OldPodman())).glance()
    assert (session.phase, session.pid, session.brief) == (Phase.RUNNING, 7, False)


def test_a_container_that_bears_the_labels_alone_hides_no_home() -> None:
    reader = OldPodman()
    reader.mounts = []
    engine = DockerEngine({}, OpenLink(reader))
    (orphan,) = engine.glance()
    assert orphan.container_id is None
    assert engine.look(Change("c1", ORDER.id), orphan) == orphan


class Silent:
    """A reader of an engine on which some containers, by name, are never told of."""

    def __init__(self, names: Sequence[str], silent: Sequence[str]) -> None:
        self.silent = silent
        self.items = {}
        for name in names:
            order = replace(ORDER, id=name * 12, name=name)
            labels = labels_of(order, created_at=datetime.now(UTC) - timedelta(hours=1), launcher="")
            self.items[name] = {
                "Id": name,
                "Names": [f"/{name}"],
                "Labels": labels,
                "State": "exited",
                "Mounts": [{"Name": home_volume(order.id)}],
            }

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        if path == "/info":
            return {"NCPU": 64, "MemTotal": 1 << 40}
        if path == "/volumes":
            return {"Volumes": []}
        if path == "/containers/json":
            return list(self.items.values())
        name = path.split("/")[2]
        if name in self.silent:
            raise TimeoutError
        item = self.items[name]
        return {
            **item,
            "Name": f"/{name}",
            "Config": {"Labels": item["Labels"]},
            "HostConfig": {"NanoCpus": 4e9, "Memory": 1 << 32},
            "State": {"Status": item["State"], "ExitCode": 143},
        }

    def events(self, filters: object) -> EventStream:
        raise NotImplementedError

    def close(self) -> None: ...


def test_one_container_that_is_not_told_of_hides_no_other() -> None:
    engine = DockerEngine({}, OpenLink(Silent("abc", "b")))
    assert {one.name: one.brief for one in engine.sessions()} == {"a": False, "b": True, "c": False}


def test_what_is_not_told_of_counts_as_it_was_ordered() -> None:
    engine = DockerEngine({}, OpenLink(Silent("abc", "b")))
    room = engine.capacity()
    assert (room.cpu_promised, room.memory_promised) == (4 + 2 + 4, 2 * (1 << 32) + (1 << 30))


def test_ports_are_found_beside_a_container_that_is_not_told_of() -> None:
    assert DockerEngine({}, OpenLink(Silent("ab", "a")))._ports_taken() == set()


def test_two_in_a_row_that_are_not_told_of_are_an_engine_that_does_not_answer() -> None:
    engine = DockerEngine({}, OpenLink(Silent("abc", "bc")))
    with pytest.raises(EngineUnreachable):
        engine.sessions()
    with pytest.raises(EngineUnreachable):
        engine.capacity()


def test_of_two_apart_that_are_not_told_of_the_rest_is_told() -> None:
    engine = DockerEngine({}, OpenLink(Silent("abc", "ac")))
    assert [one.name for one in engine.sessions() if one.brief] == ["a", "c"]


class Crowd:
    """A reader of an engine with containers of all kinds on two devices; counts what it is asked for."""

    def __init__(self, runtimes: Json) -> None:
        self.runtimes = runtimes
        self.questions: list[str] = []
        young, old = datetime.now(UTC).isoformat(), "2026-01-02T00:00:00Z"
        self.containers: dict[str, dict[str, Any]] = {
            "trains": {"DeviceRequests": [{"Driver": "nvidia", "DeviceIDs": ["1"]}]},
            "my-cadvisor-1": {"Privileged": True},
            "monitor": {"Privileged": True},
            "image": {"Runtime": "gpus"},
            "plain": {},
            "starts": {"DeviceRequests": [{"Count": 1}], "Created": young, "Status": "created"},
            "forgotten": {"DeviceRequests": [{"Count": 1}], "Created": old, "Status": "created"},
        }

    def get(self, path: str, parameters: Parameters | None = None) -> Json:
        self.questions.append(path)
        if path == "/info":
            return {"NCPU": 64, "MemTotal": 1 << 40, "Runtimes": self.runtimes}
        if path == "/containers/json":
            return [
                {"Id": name, "Names": [f"/{name}"], "State": one.get("Status", "running")}
                for name, one in self.containers.items()
            ]
        name = path.split("/")[2]
        one = self.containers[name]
        return {
            "Id": name,
            "Name": f"/{name}",
            "Created": one.get("Created", ""),
            "Config": {"Env": ["NVIDIA_VISIBLE_DEVICES=0"]},
            "HostConfig": one,
            "State": {"Status": one.get("Status", "running")},
        }

    def events(self, filters: object) -> EventStream:
        raise NotImplementedError

    def close(self) -> None: ...


GPUS = (Gpu("GPU-a", 0, "H100"), Gpu("GPU-b", 1, "H100"))


def held(engine: DockerEngine) -> list[set[str]]:
    return [{one.name for one in gpu.holders} for gpu in engine.capacity(GPUS, glance=True).gpus]


def test_containers_of_strangers_hold_what_they_are_given_but_monitors() -> None:
    crowd = Crowd({"gpus": {"path": "/usr/bin/nvidia-container-runtime"}})
    assert held(DockerEngine({}, OpenLink(crowd))) == [{"monitor", "image", "starts"}, {"trains", "monitor"}]
    chosen = DockerEngine({}, OpenLink(crowd), gpu_watchers=["moni*"])
    assert held(chosen) == [{"my-cadvisor-1", "image", "starts"}, {"trains", "my-cadvisor-1"}]


def test_strangers_are_asked_for_once_while_the_events_are_followed() -> None:
    crowd = Crowd({})
    engine = DockerEngine({}, OpenLink(crowd))
    with engine._inspected.followed():
        before = held(engine)
        crowd.questions.clear()
        assert held(engine) == before
    assert crowd.questions == ["/containers/json"]
