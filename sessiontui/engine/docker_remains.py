"""What dies with a session on Docker: counted, and read to be kept."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sessiontui.dockerd.errors import RefusedRequestError, translated
from sessiontui.domain.detach_keys import DETACH_KEYS
from sessiontui.domain.errors import EngineError, EngineUnreachable, SessionGone
from sessiontui.domain.folder import HOME
from sessiontui.domain.rescue import Census
from sessiontui.domain.session import Losses, LostFile, Phase, Session
from sessiontui.engine import changed_files
from sessiontui.engine.changed_files import Changed
from sessiontui.engine.docker_inside import DockerInside
from sessiontui.engine.inspection import moment
from sessiontui.engine.labels import ID_LABEL
from sessiontui.engine.link import Link
from sessiontui.engine.losses import parse_census, parse_losses
from sessiontui.engine.payload import SESSION_DIRECTORY, home_volume, session_volume
from sessiontui.engine.port import OURS, Archive
from sessiontui.engine.stand_in import COPY, COUNT, StandIns
from sessiontui.engine.text import plain
from sessiontui.engine.upload import session_archive

if TYPE_CHECKING:
    import docker
    import requests

COUNT_SECONDS = 4
"""How long files are counted in one place; what is told then are lower bounds."""
MOST_FILES = 2000
"""Changed files outside the home that are looked at one by one."""
LISTED = 10
IN_CREATION_SECONDS = 60
"""How long a volume may be one whose session is being created."""
_SCRIPT_SECONDS = 600
"""How long a script in a stand-in may take to end; nothing is known from one that takes longer."""
_MORE_THAN_A_FILE = 0x8F28_0000
"""Bits of a mode as the engine tells it (Go's ``fs.FileMode``) of what is no plain file."""
_CHUNK = 256 * 1024
_DIRECTORY = 0x8000_0000
_ANONYMOUS = re.compile(r"[0-9a-f]{64}\Z")
"""The names that an engine gives to volumes, which it removes with their container."""
_KEY = f"{SESSION_DIRECTORY}/ssh/id_container"
_COPIES = {
    "id_container": _KEY,
    ".ssh/authorized_keys": f"{_KEY}.pub",
    **{name: f"/etc/skel/{name}" for name in (".bashrc", ".bash_logout", ".profile")},
}
"""What we put into a home, and what it is a copy of."""


class DockerRemains(DockerInside):
    """The part of :class:`sessiontui.engine.port.Engine` about the files that die with a session."""

    def __init__(self, link: Link, environ: Mapping[str, str], keys: str = DETACH_KEYS) -> None:
        super().__init__(link, environ, keys)
        self._stand_ins = StandIns(link)

    def losses(self, session: Session) -> Losses:
        """See the port."""
        if session.phase is Phase.RUNNING:
            command = ["/bin/sh", f"{SESSION_DIRECTORY}/losses.sh"]
            outcome = self._containers.execute(session.name, self._container_of(session), command, user="0")
            return parse_losses(outcome.output) if outcome.exit_code == 0 else Losses(complete=False)
        if session.container_id is not None:
            self._inspect(session)
        output = self._in_stand_in(session, "losses.sh")
        return Losses(complete=False) if output is None else parse_losses(output)

    def losses_outside(self, session: Session) -> Losses:
        """See the port."""
        if session.container_id is None:
            # With its container went what was changed in it.
            return Losses(0, 0)
        points, volumes = _mounted(self._inspect(session), session)
        found = changed_files.leaves(self._changes(session), points)
        end = time.monotonic() + COUNT_SECONDS
        files = []
        looked = 0
        for one in found[:MOST_FILES]:
            if time.monotonic() > end:
                break
            status = self._status(session, one.path)
            looked += status is not None
            if status is not None and not int(status.get("mode") or 0) & _MORE_THAN_A_FILE:
                changed_at = moment(status.get("mtime")) or datetime.fromtimestamp(0, UTC)
                files.append(LostFile(one.path, int(status.get("size") or 0), changed_at))
        files.sort(key=lambda one: one.changed_at, reverse=True)
        # What is in volumes that the image declares is copied, and not counted here.
        complete = looked == len(found) and not volumes
        return Losses(sum(one.bytes for one in files), len(files), tuple(files[:LISTED]), complete)

    @contextmanager
    def remains(self, session: Session) -> Iterator[_Remains]:
        """See the port."""
        started = self._start_of(session)
        self._stand_ins.sweep()
        with self._stand_ins.of(session.id, session.name, self._images_for(session), COPY) as stand_in:
            remains = _Remains(self, session, stand_in, started)
            try:
                yield remains
            finally:
                remains.close()

    def sweep(self) -> None:
        """See the port."""
        self._stand_ins.sweep()
        self._sweep_session_volumes()

    def _sweep_session_volumes(self) -> None:
        """Remove our own files of sessions whose homes are gone; the engine keeps what a container uses."""
        with translated("listing volumes"):
            told = self._link.reader.get("/volumes", {"filters": {"label": [ID_LABEL]}}).get("Volumes") or ()
        names = {str(one.get("Name")) for one in told}
        for one in told:
            session_id = str((one.get("Labels") or {}).get(ID_LABEL))
            age = datetime.now(UTC) - (moment(one.get("CreatedAt")) or datetime.now(UTC))
            # The engine makes the volumes of a container one after the other.
            young = age.total_seconds() < IN_CREATION_SECONDS
            if young or one.get("Name") != session_volume(session_id) or home_volume(session_id) in names:
                continue
            with suppress(EngineError), translated("our files of a session"):
                self._link.client.remove_volume(one["Name"])

    # Asking about the session's own container

    def _inspect(self, session: Session) -> Mapping[str, Any]:
        with translated(session.name, gone=True):
            details: Mapping[str, Any] = self._link.reader.get(
                f"/containers/{self._container_of(session)}/json"
            )
        return details

    def _start_of(self, session: Session) -> object:
        """What tells one start of the session's container from the next. Raises EngineError while it runs."""
        if session.container_id is None:
            return None
        state = self._inspect(session)["State"]
        if state.get("Running") or state.get("Paused"):
            raise EngineError(
                f"{session.name} runs: its files may change while they are copied", "stop it first"
            )
        return state.get("StartedAt"), state.get("FinishedAt")

    def _changes(self, session: Session) -> Sequence[Mapping[str, Any]]:
        container_id = self._container_of(session)
        with translated(session.name, gone=True):
            # Some storage drivers compare the whole image with the container for this.
            told = self._link.patiently(lambda client: client.diff(container_id))
        return told or ()

    def _status(self, session: Session, path: str) -> Mapping[str, Any] | None:
        """What is at a path of the container; None when there is nothing, or it is not told."""
        client = self._link.client
        with translated(session.name):
            answer = client.head(
                f"{client.base_url}/v{client.api_version}/containers/{self._container_of(session)}/archive",
                params={"path": path},
                timeout=client.timeout,
            )
        with suppress(ValueError):
            told = json.loads(base64.b64decode(answer.headers.get("X-Docker-Container-Path-Stat", "")))
            return told if isinstance(told, dict) else None
        return None

    def _archived(self, name: str, container_id: str, path: str) -> Archived:
        """The tar stream of what is at a path of a container, which the engine holds meanwhile."""

        def ask(client: docker.APIClient) -> requests.Response:
            return client.get(
                f"{client.base_url}/v{client.api_version}/containers/{container_id}/archive",
                params={"path": path},
                stream=True,
                timeout=client.timeout,
            )

        with translated(name, gone=True):
            answer = self._link.patiently(ask)
            if not answer.ok:
                raise RefusedRequestError(answer.status_code, answer.text[:1000])
        return Archived(name, answer)

    # A stand-in

    def _images_for(self, session: Session) -> Sequence[str]:
        """Images by which its home can be shown, the session's own first."""
        own = []
        if session.container_id is not None:
            own.append(str(self._inspect(session).get("Image") or ""))
        with translated("listing images"):
            told = self._link.reader.get("/images/json")
        names = [str(tag) for one in told for tag in one.get("RepoTags") or () if tag != "<none>:<none>"]
        others = sorted(names, key=lambda one: not one.startswith(OURS))
        return [one for one in dict.fromkeys((*own, session.image, *others)) if one]

    def _in_stand_in(self, session: Session, script: str) -> bytes | None:
        """What a script of ours says that runs beside the session's home; None where it failed."""
        import requests

        command = ["/bin/sh", f"{SESSION_DIRECTORY}/{script}"]
        try:
            with self._stand_ins.of(
                session.id, session.name, self._images_for(session), COUNT, command
            ) as container_id:
                archive = session_archive("none", public_key=self._public_key(session))
                with translated(session.name, gone=True):
                    client = self._link.client
                    client.put_archive(container_id, "/", archive)
                    client.start(container_id)
                    try:
                        code = client.wait(container_id, timeout=_SCRIPT_SECONDS).get("StatusCode")
                    except requests.exceptions.ReadTimeout:
                        return None
                    output: bytes = client.logs(container_id, stdout=True, stderr=False)
        except (EngineUnreachable, SessionGone):
            raise
        except EngineError:
            return None
        return output if code == 0 else None

    def _public_key(self, session: Session) -> bytes:
        """The key that we put into the home; empty where that is not known."""
        with suppress(EngineError):
            return self.read_file(session, f"{_KEY}.pub")
        return b""


class Archived:
    """A tar stream that the engine makes."""

    def __init__(self, name: str, answer: requests.Response) -> None:
        self._name = name
        self._answer = answer
        self._chunks = answer.iter_content(_CHUNK)

    def read(self) -> bytes:
        """The next chunk, empty at the end. Raises EngineError."""
        with translated(self._name):
            chunk: bytes = next(self._chunks, b"")
        return chunk

    def close(self) -> None:
        """Let go of it: the engine removes no container that it still reads from."""
        self._answer.close()


@dataclass(frozen=True)
class _Remains:
    """Fills :class:`sessiontui.engine.port.Remains`: archives are made by the engine of what does not run."""

    engine: DockerRemains
    session: Session
    stand_in: str
    started: object
    wanted: list[Changed] = field(default_factory=list)
    """What is to be fetched from outside, once that was asked: what does not run does not change."""
    opened: list[Archived] = field(default_factory=list)
    """The stream that is being read."""

    def home(self) -> Archive:
        """See the port."""
        ours = self._ours()
        # The stand-in has none of the mounts of the session, of which a file tree knows nothing.
        return Archive(b"", self._open(self.stand_in, f"{HOME}/.").read, lambda path: path in ours)

    def outside(self) -> Iterator[Archive]:
        """See the port."""
        session, engine = self.session, self.engine
        if session.container_id is None:
            return
        if not self.wanted:
            points, volumes = _mounted(engine._inspect(session), session)
            self.wanted.extend(changed_files.tops(engine._changes(session), points))
            self.wanted.extend(Changed(path, added=True) for path in volumes)
        for one in self.wanted:
            status = engine._status(session, one.path)
            if status is None:
                # Passed over, it would be lost without a word.
                engine._inspect(session)
                raise _unreadable(session, one.path)
            # Only what is directly in it was changed or deleted: the rest is the image's.
            if not one.added and int(status.get("mode") or 0) & _DIRECTORY:
                continue
            place = one.path.rpartition("/")[0]
            below = place.strip("/").encode(errors="surrogateescape")
            yield Archive(below, self._open(session.container_id, one.path).read, _passing(place))

    def census(self) -> Census | None:
        """See the port."""
        output = self.engine._in_stand_in(self.session, "census.sh")
        return None if output is None else parse_census(output)

    def check(self) -> None:
        """See the port."""
        if self.engine._start_of(self.session) != self.started:
            raise EngineError(f"{self.session.name} was started and stopped meanwhile", "try again")

    def close(self) -> None:
        """Let go of the stream that is being read."""
        while self.opened:
            self.opened.pop().close()

    def _open(self, container_id: str, path: str) -> Archived:
        self.close()
        self.opened.append(self.engine._archived(self.session.name, container_id, path))
        return self.opened[-1]

    def _ours(self) -> frozenset[bytes]:
        """Paths below the home of what we put there and nobody changed."""
        ours = {
            target.removeprefix(f"{HOME}/").encode(errors="surrogateescape") + b"/"
            for target in (mount.target for mount in self.session.mounts)
            if target.startswith(f"{HOME}/")
        }
        if self.session.container_id is not None:
            for path, original in _COPIES.items():
                with suppress(EngineError):
                    content = self.engine.read_file(self.session, original)
                    if content and content == self.engine.read_file(self.session, f"{HOME}/{path}"):
                        ours.add(path.encode())
            # Only where it is empty without the key.
            ours.add(b".ssh/")
        return frozenset(ours)


def _unreadable(session: Session, path: str) -> EngineError:
    return EngineError(
        f"{session.name}: the engine tells of {plain(path)} and does not hand it out",
        "a name that is not UTF-8 is one reason: in its shell, rename or remove it, then try again",
    )


def _passing(place: str) -> Callable[[bytes], bool]:
    """Whether a member of an archive of what is at that place is a cache or temporary."""

    def left_out(path: bytes) -> bool:
        return not changed_files.counts(f"{place}/{path.decode(errors='surrogateescape')}".rstrip("/"))

    return left_out


def _mounted(details: Mapping[str, Any], session: Session) -> tuple[list[str], list[str]]:
    """Where something is mounted in the container; and where of it volumes that die with it."""
    home = home_volume(session.id)
    mounts = [one for one in details.get("Mounts") or () if isinstance(one.get("Destination"), str)]
    volumes = [
        str(one["Destination"])
        for one in mounts
        if one.get("Type") == "volume" and one.get("Name") != home and _ANONYMOUS.match(str(one.get("Name")))
    ]
    points = [str(one["Destination"]) for one in mounts] + [mount.target for mount in session.mounts]
    return points, volumes
