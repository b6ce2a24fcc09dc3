"""What the Docker adapter makes of lists that tell less than Docker's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sessiontui.dockerd.reading import EventStream, Json, Parameters
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
