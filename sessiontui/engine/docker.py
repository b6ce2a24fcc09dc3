"""The engine port filled by one host's Docker (or Podman's Docker API).

Labels on containers and home volumes are the only memory: see :mod:`sessiontui.engine.labels`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.detach_keys import DETACH_KEYS
from sessiontui.domain.errors import (
    EngineError,
    SessionGone,
    StartFailed,
)
from sessiontui.domain.gpu import GPU_WATCHERS, Gpu, Vendor
from sessiontui.domain.launch import Order, Progress, Step
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Session
from sessiontui.engine import launcher_mark
from sessiontui.engine.containers import PortInUseError
from sessiontui.engine.docker_claims import Claims
from sessiontui.engine.docker_images import DockerImages
from sessiontui.engine.docker_life import DockerLife
from sessiontui.engine.docker_mounts import DockerMounts
from sessiontui.engine.docker_remains import DockerRemains
from sessiontui.engine.docker_saving import DockerSaving
from sessiontui.engine.gpu_holders import holds, nvidia_runtimes, with_holders
from sessiontui.engine.gpu_payload import Giving
from sessiontui.engine.gpu_way import giving, groups_of, is_podman
from sessiontui.engine.inspected import Inspected, Round
from sessiontui.engine.inspection import cpu_limit, ended, listed, orphan_of, session_of
from sessiontui.engine.labels import ID_LABEL, SCHEMA_LABEL, Labels, labels_of
from sessiontui.engine.link import Link
from sessiontui.engine.losses import ensure_not_started_since
from sessiontui.engine.payload import (
    create_payload,
    home_volume,
    published_ports,
)
from sessiontui.engine.phases import LIVE, RUNS
from sessiontui.engine.port import STOP_SECONDS, Change, Report
from sessiontui.engine.ports import pick_ports
from sessiontui.engine.streams import EVENT_FILTERS, DockerEvents

if TYPE_CHECKING:
    from sessiontui.dockerd.reading import Json

IN_CREATION = timedelta(minutes=1)
"""How long a home without a container may be one whose container is about to come."""

PORT_TRIES = 5


class DockerEngine(DockerLife, DockerRemains, DockerMounts, DockerImages, DockerSaving):
    """Fills :class:`sessiontui.engine.port.Engine`. Connects on first use, and anew after a loss.

    ``keys`` is the chord that leaves a shell running; see :mod:`sessiontui.domain.detach_keys`.
    ``gpu_watchers`` are patterns of names of containers that only look at GPUs.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        link: Link | None = None,
        keys: str = DETACH_KEYS,
        gpu_watchers: Sequence[str] = GPU_WATCHERS,
    ) -> None:
        link = link or Link(environ)
        DockerRemains.__init__(self, link, environ, keys)
        DockerImages.__init__(self, link)
        DockerSaving.__init__(self, link)
        self._lock = threading.Lock()
        self._inspected = Inspected(self._link)
        self._gpu_watchers = tuple(gpu_watchers)
        self._gpus_given: tuple[Mapping[str, Any], Giving] | None = None
        self._launching: set[str] = set()
        self._claims = Claims(self._link, self._inspected, self._launcher_lives, self._gpu_watchers)

    # What engine this is

    def facts(self) -> EngineFacts:
        """See the port."""
        info = self._link.info
        product = "Podman" if is_podman(info) else "Docker"
        version = ".".join(str(info.get("ServerVersion", "")).split("+")[0].split(".")[:2])
        return EngineFacts(
            name=f"{product} {version}",
            host=str(info.get("Name", "")),
            local=self._link.here,
            rootless=self._link.rootless,
            address=self._link.address.url,
            warnings=tuple(info.get("Warnings") or ()),
            gpu_way=self._giving().way,
        )

    def capacity(self, devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
        """See the port."""
        info = self._link.info
        cpu, memory = 0.0, 0
        holding: list[Mapping[str, Any]] = []
        asking = Round(self._inspected)
        for item in self._list("containers", {"status": LIVE}):
            # What the engine cannot tell of counts as it was ordered, and a stranger's not at all.
            brief = listed(item) if Labels(item.get("Labels")).ours else None
            known = self._inspected.known(item) or (brief if glance else None)
            attributes = known or asking.of(item, brief)
            if attributes is None:
                continue
            limits = attributes["HostConfig"]
            cpu += cpu_limit(limits)
            memory += limits.get("Memory") or 0
            if devices and holds(attributes, self._launcher_lives, datetime.now(UTC)):
                holding.append(attributes)
        # The other vendors' devices are files, which every engine can give.
        given = self._giving() if any(gpu.vendor is Vendor.NVIDIA for gpu in devices) else None
        return Capacity(
            cpu=int(info.get("NCPU") or 1),
            memory=int(info.get("MemTotal") or 0),
            gpus=with_holders(devices, holding, nvidia_runtimes(info), self._gpu_watchers),
            cpu_promised=cpu,
            memory_promised=memory,
            gpu_trouble=given.trouble if given else "",
            gpu_remedy=given.remedy if given else "",
        )

    # Sessions

    def sessions(self) -> tuple[Session, ...]:
        """See the port."""
        return self._sessions(glance=False)

    def glance(self) -> tuple[Session, ...]:
        """See the port."""
        return self._sessions(glance=True)

    def look(self, change: Change, before: Session | None = None) -> Session | None:
        """See the port."""
        if change.exit_code is not None and before is not None:
            return ended(before, change.exit_code)
        there = change.container_id and not change.gone
        attributes = self._inspected.asked(change.container_id) if there else None
        session = session_of(attributes, self._launcher_lives) if attributes is not None else None
        if session is not None or not change.session_id:
            return session
        try:
            with translated("its home", gone=True):
                volume = self._link.reader.get(f"/volumes/{home_volume(change.session_id)}")
        except SessionGone:
            return None
        return self._orphan(volume)

    def events(self) -> DockerEvents:
        """See the port."""
        with translated("listening to the engine"):
            stream = self._link.reader.events(EVENT_FILTERS)
        return DockerEvents(stream, self._link, self._inspected)

    # The life of a session

    def launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        """See the port."""
        with self._lock:
            self._launching.add(order.id)
        try:
            for _ in range(PORT_TRIES):
                try:
                    return self._try_launch(order, report, cancellation)
                except PortInUseError:
                    self._discard(order)
                except BaseException:
                    self._discard(order)
                    raise
            raise StartFailed(f"{order.name}: no free port was found on the host", "try again")
        finally:
            with self._lock:
                self._launching.discard(order.id)

    def start(self, session: Session, gpus: Sequence[Gpu] = ()) -> Session:
        """See the port."""
        container_id = self._container_of(session)
        with translated(session.name, gone=True):
            attributes = self._link.reader.get(f"/containers/{container_id}/json")
        found = self._session_in(attributes, session.name)
        with self._claims.for_start(found, attributes, gpus, lambda: self._images_for(session)):
            self._start(session.name, container_id, attributes["State"]["Status"])
        self._containers.wait_ready(session.name, container_id, Cancellation())
        return self._get(container_id, session.name)

    def stop(self, session: Session) -> Session:
        """See the port."""
        container_id = self._container_of(session)
        # First the signal that says that it is us; one that does not run takes none.
        with suppress(EngineError), translated(session.name, gone=True):
            self._link.client.kill(container_id, signal="SIGTERM")
        with translated(session.name, gone=True):
            self._link.patiently(lambda client: client.stop(container_id, timeout=STOP_SECONDS))
        return self._get(container_id, session.name)

    def delete(self, session: Session, *, running: bool = True) -> None:
        """See the port."""
        self._stand_ins.release(session.id, session.name)
        if session.container_id is None:
            if not self._containers.remove_home(session.id):
                raise SessionGone(f"{session.name} is gone", "it was deleted meanwhile")
            return
        container_id = session.container_id
        # Only a container that has this home mounted is the session: a label alone deletes nothing.
        found = self._get(container_id, session.name)
        ensure_not_started_since(session, found)
        self._containers.remove(session.name, container_id, running=running)
        self._containers.remove_home(found.id)

    def sweep(self) -> None:
        """See the port."""
        self._remove_left()
        self._claims.sweep()
        super().sweep()

    def close(self) -> None:
        """See the port."""
        self._link.drop()

    # Reading containers

    def _list(self, what: str, filters: Mapping[str, Sequence[str]], **parameters: object) -> Json:
        with translated(f"listing {what}"):
            path = "/volumes" if what == "volumes" else "/containers/json"
            return self._link.reader.get(path, {"filters": filters, **parameters})

    def _sessions(self, *, glance: bool) -> tuple[Session, ...]:
        ours = {"label": [SCHEMA_LABEL]}
        # Volumes first: a home whose container is created in between is then no orphan.
        volumes = self._list("volumes", ours).get("Volumes") or []
        sessions: dict[str, Session] = {}
        asking = Round(self._inspected)
        # Newest first: of two that claim to be one session, the older one is it.
        for item in self._list("sessions", ours, all=True):
            known = self._inspected.known(item)
            # A list that tells no mounts (Podman's before 5.2) does not tell what is a session.
            told = listed(item) if known is None and item.get("Mounts") else None
            if told is None or not glance:
                attributes: Mapping[str, Any] | None = (
                    asking.of(item, told) if told else self._inspected.of(item)
                )
            else:
                attributes = told
            if attributes is None:
                continue
            brief = attributes is told
            if (session := session_of(attributes, self._launcher_lives, brief=brief)) is not None:
                sessions[session.id] = session
        for volume in volumes:
            if (volume.get("Labels") or {}).get(ID_LABEL) in sessions:
                continue
            if (orphan := self._orphan(volume)) is not None:
                sessions[orphan.id] = orphan
        return tuple(sorted(sessions.values(), key=lambda one: (one.created_at, one.id)))

    def _orphan(self, volume: Mapping[str, Any]) -> Session | None:
        """The session of a home that has no container; None when it is no home, or its container comes."""
        labels = Labels(volume.get("Labels"))
        if not labels.ours or volume["Name"] != home_volume(labels.id):
            return None
        orphan = orphan_of(labels, volume)
        # The engine makes the home a moment before the container.
        # One made later than now is from before the clock was set back.
        young = abs(datetime.now(UTC) - orphan.created_at) < IN_CREATION
        return None if young and self._launcher_lives(labels) else orphan

    def _ports_taken(self) -> set[int]:
        """The ports outside that sessions have, also while they do not run."""
        taken: set[int] = set()
        asking = Round(self._inspected)
        for item in self._list("sessions", {"label": [SCHEMA_LABEL]}, all=True):
            # The list tells the ports of what runs, and none of what does not.
            running = item.get("State") == "running"
            attributes = listed(item) if running and item.get("Mounts") else asking.of(item)
            if attributes and (session := session_of(attributes, self._launcher_lives)) is not None:
                taken |= {outside for _, outside in session.ports}
        return taken

    def _get(self, container_id: str, name: str) -> Session:
        with translated(name, gone=True):
            attributes = self._link.reader.get(f"/containers/{container_id}/json")
        return self._session_in(attributes, name)

    def _session_in(self, attributes: Mapping[str, Any], name: str) -> Session:
        session = session_of(attributes, self._launcher_lives)
        if session is None:
            raise SessionGone(f"{name} is gone", "its container is no session any more")
        return session

    def _launcher_lives(self, labels: Labels) -> bool:
        if labels.launcher == launcher_mark.mark():
            with self._lock:
                return labels.id in self._launching
        return launcher_mark.may_live(labels.launcher)

    # Steps of a launch and of a start

    def _start(self, name: str, container_id: str, status: str) -> None:
        """Start a container that is in that state. Raises StartFailed.

        One that runs is not started: it has no claim to its GPUs, should it end at this moment.
        """
        if status == "paused":
            with translated(name, gone=True):
                self._link.client.unpause(container_id)
        if status in RUNS:
            return
        if status == "created":
            self._containers.upload(name, container_id)
        try:
            self._containers.start(name, container_id)
        except PortInUseError as error:
            raise StartFailed(
                f"{name}: {error}, which it keeps, is used by another program",
                "end that program, or delete the session and launch a new one",
            ) from error

    def _try_launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        cancellation.check()
        report(Progress(Step.CREATING, order.image))
        container_id = self._create(order)
        if order.gpus:
            self._claims.settle(order.name, order.id, container_id, order.gpus, report, cancellation)
        self._containers.upload(order.name, container_id, order.secrets)
        cancellation.check()
        report(Progress(Step.STARTING))
        self._containers.start(order.name, container_id)
        self._containers.wait_ready(order.name, container_id, cancellation)
        return self._get(container_id, order.name)

    def _create(self, order: Order) -> str:
        info = self._link.info
        inside = published_ports(order)
        outside = pick_ports(len(inside), self._ports_taken(), here=self._link.here) if inside else ()
        labels = labels_of(order, created_at=datetime.now(UTC), launcher=launcher_mark.mark())
        payload = create_payload(
            order,
            labels=labels,
            ports=dict(zip(inside, outside, strict=True)),
            user_in_container=(0, 0) if self._link.rootless else (order.owner.uid, order.owner.gid),
            giving=self._giving(),
            gpu_groups=groups_of(order.gpus) if self._link.here and not self._link.rootless else (),
            log_limit=info.get("LoggingDriver") == "json-file",
        )
        return self._containers.create(order, payload)

    def _giving(self) -> Giving:
        """How the engine gives GPUs. That it does not may change at any time, without a word of it."""
        info = self._link.info
        known = self._gpus_given
        if known is None or known[0] is not info or known[1].trouble:
            link = self._link
            told = giving(info, here=link.here, rootless=link.rootless, environ=self._environ)
            self._gpus_given = known = (info, told)
        return known[1]

    def _discard(self, order: Order) -> None:
        """Take back a launch, also one whose create was cut off and whose volume alone was made.

        Looks before it removes: an engine that does not answer is asked for nothing that it would do
        by halves later. What it keeps shows as an interrupted launch.
        """
        mine = {"label": [f"{ID_LABEL}={order.id}"]}
        with suppress(EngineError):
            for item in self._list("sessions", mine, all=True):
                with suppress(SessionGone):
                    self._containers.remove(order.name, item["Id"])
            self._containers.remove_home(order.id)
