"""The engine port filled by one host's Docker (or Podman's Docker API).

Labels on containers and home volumes are the only memory: see :mod:`sessiontui.engine.labels`.
"""

from __future__ import annotations

import io
import secrets
import shlex
import shutil
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from docker.types import CancellableStream

from sessiontui.dockerd import translated
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App
from sessiontui.domain.errors import (
    AppFailed,
    EngineError,
    EngineUnreachable,
    HostError,
    ImageUnavailable,
    NameTaken,
    SessionGone,
    StartFailed,
)
from sessiontui.domain.folder import HOME
from sessiontui.domain.launch import Order, Progress, Step
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.resources import Capacity, Gpu
from sessiontui.domain.session import Losses, Phase, Session
from sessiontui.engine import launcher_mark
from sessiontui.engine.docker_images import DockerImages
from sessiontui.engine.inspection import cpu_limit, orphan_of, session_of
from sessiontui.engine.labels import SCHEMA_LABEL, Labels, labels_of
from sessiontui.engine.link import Link
from sessiontui.engine.losses import parse_losses
from sessiontui.engine.payload import (
    SESSION_DIRECTORY,
    container_name,
    create_payload,
    home_volume,
    published_ports,
)
from sessiontui.engine.port import Outcome, Report
from sessiontui.engine.ports import pick_ports
from sessiontui.engine.upload import session_archive

READY_SECONDS = 90
"""How long a started session may take to prepare itself."""

STOP_SECONDS = 10
"""How long a session may take to stop before the engine kills it."""

PORT_TRIES = 5
DETACH_KEYS = "ctrl-^,q"
"""Leaves a shell running in the session. Not docker's own chord: that one swallows Ctrl+P."""

_EVENTS = ["create", "start", "die", "destroy", "rename", "update", "pause", "unpause", "oom"]


class DockerEngine(DockerImages):
    """Fills :class:`sessiontui.engine.port.Engine`. Connects on first use, and anew after a loss."""

    def __init__(self, environ: Mapping[str, str], link: Link | None = None) -> None:
        super().__init__(link or Link(environ))
        self._environ = environ
        self._lock = threading.Lock()
        self._inspected: dict[str, dict[str, Any]] = {}
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
            address=self._link.connection.address.url,
            warnings=tuple(info.get("Warnings") or ()),
        )

    def capacity(self, devices: Sequence[Gpu] = ()) -> Capacity:
        """See the port."""
        info = self._link.info
        with translated("listing containers"):
            listed = self._link.client.containers(filters={"status": ["created", "running", "paused"]})
        cpu, memory = 0.0, 0
        holders: dict[str, str] = {}
        for item in listed:
            attributes = self._inspect(item)
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
        with translated("listing sessions"):
            # Volumes first: a home whose container is created in between is then no orphan.
            volumes = self._link.client.volumes(filters={"label": [SCHEMA_LABEL]}).get("Volumes") or []
            listed = self._link.client.containers(all=True, filters={"label": [SCHEMA_LABEL]})
        sessions = {}
        for item in listed:
            attributes = self._inspect(item)
            if (
                attributes is not None
                and (session := session_of(attributes, self._launcher_lives)) is not None
            ):
                sessions[session.id] = session
        for volume in volumes:
            labels = Labels(volume.get("Labels"))
            if labels.ours and labels.id not in sessions and volume["Name"] == home_volume(labels.id):
                sessions[labels.id] = orphan_of(labels, volume)
        with self._lock:
            present = {item["Id"] for item in listed}
            ours = {one.container_id for one in sessions.values()}
            for container_id in [one for one in self._inspected if one in ours and one not in present]:
                del self._inspected[container_id]
        return tuple(sorted(sessions.values(), key=lambda one: (one.created_at, one.id)))

    def events(self) -> _DockerEvents:
        """See the port."""
        with self._lock:
            # What changed while nobody listened is not known: everything is inspected anew.
            self._inspected.clear()
        with translated("listening to the engine"):
            stream = self._link.client.events(decode=True, filters={"type": ["container"], "event": _EVENTS})
        return _DockerEvents(stream, self._forget, self._link.drop)

    # The life of a session

    def launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        """See the port."""
        with self._lock:
            self._launching.add(order.id)
        try:
            for attempt in range(PORT_TRIES):
                cancellation.check()
                report(Progress(Step.CREATING, order.image))
                container_id = self._create(order)
                try:
                    self._upload(container_id)
                    cancellation.check()
                    report(Progress(Step.STARTING))
                    self._start(order.name, container_id)
                    self._wait_ready(order.name, container_id, cancellation)
                except _PortInUseError:
                    self._discard(order.id, container_id)
                    if attempt == PORT_TRIES - 1:
                        raise StartFailed(
                            f"{order.name}: no free port was found on the host", "try again"
                        ) from None
                except BaseException:
                    self._discard(order.id, container_id)
                    raise
                else:
                    return self._get(container_id, order.name)
            raise AssertionError("unreachable: the last attempt returns or raises")
        finally:
            with self._lock:
                self._launching.discard(order.id)

    def start(self, session: Session) -> Session:
        """See the port."""
        container_id = self._container_of(session)
        with translated(session.name, gone=True):
            attributes = self._link.client.inspect_container(container_id)
        if attributes["State"]["Status"] == "created":
            self._upload(container_id)
        try:
            self._start(session.name, container_id)
        except _PortInUseError as error:
            raise StartFailed(
                f"{session.name}: a port it keeps is used by another program ({error})",
                "end that program, or delete the session and launch a new one",
            ) from error
        self._wait_ready(session.name, container_id, Cancellation())
        return self._get(container_id, session.name)

    def stop(self, session: Session) -> Session:
        """See the port."""
        container_id = self._container_of(session)
        with translated(session.name, gone=True):
            self._link.client.stop(container_id, timeout=STOP_SECONDS)
        return self._get(container_id, session.name)

    def delete(self, session: Session) -> None:
        """See the port."""
        home = home_volume(session.id)
        if session.container_id is None:
            if not self._remove_home(session.id):
                raise SessionGone(f"{session.name} is gone", "it was deleted meanwhile")
            return
        with translated(session.name, gone=True):
            attributes = self._link.client.inspect_container(session.container_id)
        if Labels(attributes["Config"].get("Labels")).id != session.id:
            raise SessionGone(f"{session.name} is gone", "its container is another one now")
        try:
            with translated(session.name, gone=True):
                self._link.client.remove_container(session.container_id, v=True, force=True)
        except EngineError as error:
            if "already in progress" not in error.message:
                raise
            self._wait_removed(session)
        # Only what was mounted as this session's home: a label alone deletes nothing.
        if any(mount.get("Name") == home for mount in attributes.get("Mounts") or ()):
            self._remove_home(session.id)

    def losses(self, session: Session) -> Losses:
        """See the port."""
        if session.phase is not Phase.RUNNING:
            return Losses(complete=False)
        outcome = self._exec(session, ["/bin/sh", f"{SESSION_DIRECTORY}/losses.sh"], user="0")
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
        outcome = self._exec(session, command, env={"SESSIONTUI_COMMAND": line})
        if outcome.exit_code == 0:
            return
        output = outcome.errors.decode(errors="replace").strip()
        reason = output.splitlines()[-1].removeprefix("sessiontui: ") if output else "it said nothing"
        raise AppFailed(f"{app.label} did not come up: {reason}", "its last output says more", output=output)

    def run(
        self, session: Session, command: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> Outcome:
        """See the port."""
        return self._exec(session, ["/bin/sh", f"{SESSION_DIRECTORY}/shell.sh", *command], env=env)

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
        words = [program, *self._link.connection.address.cli_options(), "exec", "-i"]
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
                content = io.BytesIO(b"".join(chunks))
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

    def logs(self, session: Session, *, follow: bool = False, tail: int | None = None) -> _DockerStream:
        """See the port."""
        with translated(session.name, gone=True):
            stream = self._link.client.logs(
                self._container_of(session),
                stream=True,
                follow=follow,
                tail="all" if tail is None else tail,
            )
        return _DockerStream(stream)

    def close(self) -> None:
        """See the port."""
        self._link.drop()

    # Reading containers

    def _inspect(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """The container's details, asked for once per state; None when it is gone by now."""
        container_id = item["Id"]
        with self._lock:
            known = self._inspected.get(container_id)
        if known is not None and known["State"]["Status"] == item.get("State"):
            return known
        try:
            with translated(container_id, gone=True):
                attributes: dict[str, Any] = self._link.client.inspect_container(container_id)
        except SessionGone:
            return None
        with self._lock:
            self._inspected[container_id] = attributes
        return attributes

    def _forget(self, container_id: str) -> None:
        with self._lock:
            self._inspected.pop(container_id, None)

    def _get(self, container_id: str, name: str) -> Session:
        with translated(name, gone=True):
            attributes = self._link.client.inspect_container(container_id)
        session = session_of(attributes, self._launcher_lives)
        if session is None:
            raise SessionGone(f"{name} is gone", "its container is another one now")
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

    def _create(self, order: Order) -> str:
        info = self._link.info
        taken = {outside for session in self.sessions() for _, outside in session.ports}
        inside = published_ports(order)
        labels = labels_of(order, created_at=datetime.now(UTC), launcher=launcher_mark.mark())
        payload = create_payload(
            order,
            labels=labels,
            ports=dict(zip(inside, pick_ports(len(inside), taken, here=self._link.here), strict=True)),
            user_in_container=(0, 0) if self._link.rootless else (order.owner.uid, order.owner.gid),
            log_limit=info.get("LoggingDriver") == "json-file",
        )
        try:
            with translated(order.name):
                created = self._link.client.create_container_from_config(payload, container_name(order))
        except ImageUnavailable as error:
            raise ImageUnavailable(f"{order.image} is no longer on the engine", "launch again") from error
        except EngineError as error:
            # A create that fails after its volume leaves the volume.
            self._remove_home(order.id)
            if "is already in use by container" in error.message:
                raise NameTaken(
                    f"{order.name} is taken by another session of yours", "choose another name"
                ) from error
            raise _start_error(order.name, error) from error
        return str(created["Id"])

    def _upload(self, container_id: str) -> None:
        with translated("preparing the session", gone=True):
            self._link.client.put_archive(container_id, "/", session_archive(secrets.token_urlsafe(24)))

    def _start(self, name: str, container_id: str) -> None:
        try:
            with translated(name, gone=True):
                self._link.client.start(container_id)
        except (SessionGone, EngineUnreachable):
            raise
        except EngineError as error:
            if "port is already allocated" in error.message or "address already in use" in error.message:
                raise _PortInUseError(error.message) from error
            raise _start_error(name, error) from error

    def _wait_ready(self, name: str, container_id: str, cancellation: Cancellation) -> None:
        """Wait until the start-up script is done; raise StartFailed with its last words."""
        for _ in range(READY_SECONDS):
            cancellation.check()
            try:
                outcome = self._exec_in(
                    name, container_id, ["/bin/sh", f"{SESSION_DIRECTORY}/ready.sh", "1"], user="0"
                )
            except EngineUnreachable:
                raise
            except EngineError:
                break
            if outcome.exit_code == 0:
                return
            with translated(name, gone=True):
                state = self._link.client.inspect_container(container_id)["State"]
            if state["Status"] != "running":
                break
        with translated(name, gone=True):
            output = self._link.client.logs(container_id, tail=15).decode(errors="replace").strip()
        last = output.splitlines()[-1].removeprefix("sessiontui: ") if output else "it printed nothing"
        raise StartFailed(f"{name} did not come up: {last}", "the image may lack what a session needs")

    def _discard(self, session_id: str, container_id: str) -> None:
        """Take back a launch. What an engine that died keeps shows as interrupted at the next start."""
        with suppress(EngineError), translated("cleaning up"):
            self._link.client.remove_container(container_id, v=True, force=True)
        with suppress(EngineError):
            self._remove_home(session_id)

    def _remove_home(self, session_id: str) -> bool:
        """Remove a session's home; False when there is none. Raises EngineError when it is held."""
        try:
            with translated(f"home of {session_id}", gone=True):
                self._link.client.remove_volume(home_volume(session_id))
        except SessionGone:
            return False
        return True

    def _wait_removed(self, session: Session) -> None:
        for _ in range(300):
            try:
                with translated(session.name, gone=True):
                    self._link.client.inspect_container(self._container_of(session))
            except SessionGone:
                return
            time.sleep(0.1)
        raise EngineError(f"{session.name} is being removed and does not go", "see the engine's log")

    # Commands inside

    def _exec(
        self,
        session: Session,
        command: Sequence[str],
        *,
        user: str = "work",
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        return self._exec_in(session.name, self._container_of(session), command, user=user, env=env)

    def _exec_in(
        self,
        name: str,
        container_id: str,
        command: Sequence[str],
        *,
        user: str,
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        with translated(name, gone=True):
            created = self._link.client.exec_create(
                container_id,
                list(command),
                user=user,
                workdir=HOME,
                environment=dict(env) if env else None,
            )
            output, errors = self._link.client.exec_start(created["Id"], demux=True)
            code = self._link.client.exec_inspect(created["Id"])["ExitCode"]
        if code is None:
            raise EngineError(f"{name}: the command was cut off", "the session may have ended")
        return Outcome(int(code), output or b"", errors or b"")


class _PortInUseError(Exception):
    """Somebody else was quicker with a port."""


class _DockerStream:
    """Chunks of a log; closing it from any thread ends the iteration."""

    def __init__(self, stream: CancellableStream[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with translated("reading the log"):
            yield from self._stream

    def close(self) -> None:
        """End the iteration."""
        with suppress(OSError):
            self._stream.close()


class _DockerEvents:
    """Changes of containers. An end that nobody asked for is a lost engine."""

    def __init__(
        self,
        stream: CancellableStream[dict[str, Any]],
        forget: Callable[[str], None],
        lost: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._forget = forget
        self._lost = lost
        self._closed = False

    def __iter__(self) -> Iterator[str]:
        yield "subscribed"
        with translated("listening to the engine"):
            for event in self._stream:
                self._forget(str((event.get("Actor") or {}).get("ID", "")))
                yield str(event.get("Action", ""))
        if not self._closed:
            # Perhaps to come back as another version: the next call connects anew.
            self._lost()
            raise EngineUnreachable("the engine closed the connection", "it may be restarting")

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        with suppress(OSError):
            self._stream.close()


def _start_error(name: str, error: EngineError) -> EngineError:
    """What the engine says of a create or start that it refuses, for a person."""
    if type(error) is not EngineError:
        return error
    if "bind source path does not exist" in error.message:
        path = error.message.rpartition("bind source path does not exist:")[2].strip()
        return StartFailed(f"{name}: the folder {path} vanished", "make it again, or launch without it")
    if "could not select device driver" in error.message:
        return StartFailed(
            f"{name}: the engine cannot give GPUs to containers",
            "an administrator installs the NVIDIA container toolkit",
        )
    return StartFailed(error.message, error.hint)
