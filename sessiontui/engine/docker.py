"""The engine port filled by one host's Docker (or Podman's Docker API).

Labels on containers and home volumes are the only memory: see :mod:`sessiontui.engine.labels`.
"""

from __future__ import annotations

import io
import shlex
import shutil
import tarfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App
from sessiontui.domain.errors import (
    AppFailed,
    EngineError,
    HostError,
    SessionGone,
    StartFailed,
)
from sessiontui.domain.folder import HOME
from sessiontui.domain.launch import Order, Progress, Step
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.resources import Capacity, Gpu
from sessiontui.domain.session import Losses, Phase, Session
from sessiontui.engine import launcher_mark
from sessiontui.engine.containers import Containers, PortInUseError, last_words, reason_in
from sessiontui.engine.docker_images import DockerImages
from sessiontui.engine.inspected import Inspected
from sessiontui.engine.inspection import cpu_limit, ended, listed, orphan_of, session_of
from sessiontui.engine.labels import ID_LABEL, SCHEMA_LABEL, Labels, labels_of
from sessiontui.engine.link import Link
from sessiontui.engine.losses import parse_losses
from sessiontui.engine.payload import (
    SESSION_DIRECTORY,
    create_payload,
    home_volume,
    published_ports,
)
from sessiontui.engine.port import DETACH_KEYS, Change, Outcome, Report
from sessiontui.engine.ports import pick_ports
from sessiontui.engine.streams import EVENT_FILTERS, DockerEvents, DockerLog

if TYPE_CHECKING:
    from sessiontui.dockerd.reading import Json

IN_CREATION = timedelta(minutes=1)
"""How long a home without a container may be one whose container is about to come."""

STOP_SECONDS = 10
"""How long a session may take to stop before the engine kills it."""

SMALL_FILE = 1024 * 1024
"""The most bytes read of a file of a session: what is in it is a stranger's."""

PORT_TRIES = 5

_HOLDING = ["created", "running", "paused", "restarting"]
"""States of a container whose limits are promised."""


class DockerEngine(DockerImages):
    """Fills :class:`sessiontui.engine.port.Engine`. Connects on first use, and anew after a loss."""

    def __init__(self, environ: Mapping[str, str], link: Link | None = None) -> None:
        super().__init__(link or Link(environ))
        self._environ = environ
        self._lock = threading.Lock()
        self._inspected = Inspected(self._link)
        self._containers = Containers(self._link)
        self._launching: set[str] = set()

    # What engine this is

    def facts(self) -> EngineFacts:
        """See the port."""
        info = self._link.info
        product = "Podman" if "podman" in str(info.get("ServerVersion", "")).lower() else "Docker"
        version = ".".join(str(info.get("ServerVersion", "")).split("+")[0].split(".")[:2])
        return EngineFacts(
            name=f"{product} {version}",
            host=str(info.get("Name", "")),
            local=self._link.here,
            rootless=self._link.rootless,
            address=self._link.address.url,
            warnings=tuple(info.get("Warnings") or ()),
        )

    def capacity(self, devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
        """See the port."""
        info = self._link.info
        cpu, memory = 0.0, 0
        holders: dict[str, str] = {}
        for item in self._list("containers", {"status": _HOLDING}):
            known = self._inspected.known(item)
            if known is None and glance and Labels(item.get("Labels")).ours:
                known = listed(item)
            attributes = known or self._inspected.asked(item["Id"])
            if attributes is None:
                continue
            limits = attributes["HostConfig"]
            cpu += cpu_limit(limits)
            memory += limits.get("Memory") or 0
            name = str(attributes.get("Name", "")).lstrip("/")
            labels = Labels(attributes["Config"].get("Labels"))
            holder = labels.name if labels.ours else name
            for request in limits.get("DeviceRequests") or []:
                wanted = request.get("DeviceIDs") or []
                everything = request.get("Count") == -1
                for gpu in devices:
                    if everything or gpu.uuid in wanted or str(gpu.index) in wanted:
                        holders[gpu.uuid] = holder
        return Capacity(
            cpu=int(info.get("NCPU") or 1),
            memory=int(info.get("MemTotal") or 0),
            gpus=tuple(replace(gpu, holder=holders.get(gpu.uuid)) for gpu in devices),
            cpu_promised=cpu,
            memory_promised=memory,
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

    def start(self, session: Session) -> Session:
        """See the port."""
        container_id = self._container_of(session)
        with translated(session.name, gone=True):
            attributes = self._link.reader.get(f"/containers/{container_id}/json")
        if attributes["State"]["Status"] == "created":
            self._containers.upload(session.name, container_id)
        try:
            if attributes["State"]["Status"] == "paused":
                with translated(session.name, gone=True):
                    self._link.client.unpause(container_id)
            self._containers.start(session.name, container_id)
        except PortInUseError as error:
            raise StartFailed(
                f"{session.name}: {error}, which it keeps, is used by another program",
                "end that program, or delete the session and launch a new one",
            ) from error
        self._containers.wait_ready(session.name, container_id, Cancellation())
        return self._get(container_id, session.name)

    def stop(self, session: Session) -> Session:
        """See the port."""
        container_id = self._container_of(session)
        with translated(session.name, gone=True):
            self._link.patiently(lambda client: client.stop(container_id, timeout=STOP_SECONDS))
        return self._get(container_id, session.name)

    def delete(self, session: Session) -> None:
        """See the port."""
        if session.container_id is None:
            if not self._containers.remove_home(session.id):
                raise SessionGone(f"{session.name} is gone", "it was deleted meanwhile")
            return
        container_id = session.container_id
        # Only a container that has this home mounted is the session: a label alone deletes nothing.
        found = self._get(container_id, session.name)
        self._containers.remove(session.name, container_id)
        self._containers.remove_home(found.id)

    def losses(self, session: Session) -> Losses:
        """See the port."""
        if session.phase is not Phase.RUNNING:
            return Losses(complete=False)
        command = ["/bin/sh", f"{SESSION_DIRECTORY}/losses.sh"]
        outcome = self._containers.execute(session.name, self._container_of(session), command, user="0")
        return parse_losses(outcome.output) if outcome.exit_code == 0 else Losses(complete=False)

    # Inside a session

    def offers(self, session: Session) -> tuple[App, ...]:
        """See the port."""
        asked = [app for app in session.apps if app.needs]
        lines = [
            f"if (eval {shlex.quote(app.needs)}) </dev/null >/dev/null 2>&1; then echo {number}; fi"
            for number, app in enumerate(asked)
        ]
        found: set[str] = set()
        if lines:
            outcome = self.run(session, ["/bin/sh", "-c", "\n".join(lines)])
            numbers = outcome.output.split()
            found = {app.name for number, app in enumerate(asked) if str(number).encode() in numbers}
        return tuple(app for app in session.apps if not app.needs or app.name in found)

    def serve(self, session: Session, app: App) -> None:
        """See the port."""
        seconds = str(max(1, int(app.timeout)))
        command = ["/bin/sh", f"{SESSION_DIRECTORY}/app.sh", app.name, str(app.port), seconds]
        line = app.command or "echo 'this app has no command' >&2; exit 1"
        container_id = self._container_of(session)
        outcome = self._containers.execute(
            session.name, container_id, command, env={"SESSIONTUI_COMMAND": line}
        )
        if outcome.exit_code == 0:
            return
        output = last_words(outcome.errors)
        killed = outcome.exit_code > 128 and not output
        reason = "it was killed, perhaps with its session" if killed else reason_in(output)
        raise AppFailed(f"{app.label} did not come up: {reason}", "its last output says more", output=output)

    def run(
        self, session: Session, command: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> Outcome:
        """See the port."""
        entered = ["/bin/sh", f"{SESSION_DIRECTORY}/shell.sh", *command]
        return self._containers.execute(session.name, self._container_of(session), entered, env=env)

    def shell(
        self, session: Session, command: Sequence[str] = (), *, terminal: str | None = "xterm"
    ) -> list[str]:
        """See the port."""
        program = shutil.which("docker") or shutil.which("podman")
        if program is None:
            raise HostError(
                "the shell needs the docker command, which this machine lacks",
                "an administrator runs: apt-get install docker-cli (or docker.io)",
            )
        words = [program, *self._link.address.cli_options(), "exec", "-i"]
        if terminal is not None:
            words += ["-t", "--detach-keys", DETACH_KEYS, "-e", f"TERM={terminal}"]
            if self._environ.get("COLORTERM"):
                words += ["-e", f"COLORTERM={self._environ['COLORTERM']}"]
        words += ["-u", "work", "-w", HOME, self._container_of(session)]
        return [*words, "/bin/sh", f"{SESSION_DIRECTORY}/shell.sh", *command]

    def read_file(self, session: Session, path: str) -> bytes:
        """See the port."""
        subject = f"{path} in {session.name}"
        try:
            with translated(subject):
                chunks, _ = self._link.client.get_archive(self._container_of(session), path)
                content = io.BytesIO()
                for chunk in chunks:
                    content.write(chunk)
                    if content.tell() > SMALL_FILE:
                        raise EngineError(f"{subject} is too big")
                content.seek(0)
        except EngineError as error:
            if "No such container" in error.message:
                raise SessionGone(f"{session.name} is gone", "it was deleted meanwhile") from error
            raise
        with tarfile.open(fileobj=content) as archive:
            member = archive.next()
            file = archive.extractfile(member) if member is not None and member.isfile() else None
            if file is None:
                raise EngineError(f"{subject} is not a plain file")
            return file.read()

    def secret(self, session: Session) -> str:
        """See the port."""
        return self.read_file(session, f"{SESSION_DIRECTORY}/secret").decode().strip()

    def logs(self, session: Session, *, follow: bool = False, tail: int | None = None) -> DockerLog:
        """See the port."""
        with translated(session.name, gone=True):
            stream = self._link.client.logs(
                self._container_of(session),
                stream=True,
                follow=follow,
                tail="all" if tail is None else tail,
            )
        return DockerLog(stream, self._link)

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
        # Newest first: of two that claim to be one session, the older one is it.
        for item in self._list("sessions", ours, all=True):
            known = self._inspected.known(item)
            # A list that tells no mounts (Podman's before 5.2) does not tell what is a session.
            brief = known is None and glance and bool(item.get("Mounts"))
            attributes = listed(item) if brief else known or self._inspected.asked(item["Id"])
            if attributes is None:
                continue
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
        young = datetime.now(UTC) - orphan.created_at < IN_CREATION
        return None if young and self._launcher_lives(labels) else orphan

    def _ports_taken(self) -> set[int]:
        """The ports outside that sessions have, also while they do not run."""
        taken: set[int] = set()
        for item in self._list("sessions", {"label": [SCHEMA_LABEL]}, all=True):
            # The list tells the ports of what runs, and none of what does not.
            running = item.get("State") == "running"
            attributes = listed(item) if running and item.get("Mounts") else self._inspected.of(item)
            if attributes and (session := session_of(attributes, self._launcher_lives)) is not None:
                taken |= {outside for _, outside in session.ports}
        return taken

    def _get(self, container_id: str, name: str) -> Session:
        with translated(name, gone=True):
            attributes = self._link.reader.get(f"/containers/{container_id}/json")
        session = session_of(attributes, self._launcher_lives)
        if session is None:
            raise SessionGone(f"{name} is gone", "its container is no session any more")
        return session

    def _launcher_lives(self, labels: Labels) -> bool:
        if labels.launcher == launcher_mark.mark():
            with self._lock:
                return labels.id in self._launching
        return launcher_mark.may_live(labels.launcher)

    def _container_of(self, session: Session) -> str:
        if session.container_id is None:
            raise EngineError(
                f"{session.name} has no container any more, only its home",
                "delete it, or save its home first",
            )
        return session.container_id

    # Steps of a launch

    def _try_launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        cancellation.check()
        report(Progress(Step.CREATING, order.image))
        container_id = self._create(order)
        self._containers.upload(order.name, container_id)
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
            log_limit=info.get("LoggingDriver") == "json-file",
        )
        return self._containers.create(order, payload)

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
