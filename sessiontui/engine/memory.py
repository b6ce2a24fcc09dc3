"""An engine that holds its sessions in memory: for ``--demo`` and as the double in tests.

It keeps the promises of the port (one contract suite runs on it and on a real engine) and can be
told to fail: ``down`` makes every call raise EngineUnreachable, ``failing`` makes one step fail.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App
from sessiontui.domain.errors import (
    AppFailed,
    EngineError,
    EngineUnreachable,
    ImageUnavailable,
    NameTaken,
    SessionGone,
    StartFailed,
)
from sessiontui.domain.launch import Order, Progress, Step
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.resources import Capacity, Gpu
from sessiontui.domain.session import Losses, LostFile, Phase, Session
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine.port import ANYTHING, Build, Change, Outcome, Report

_END = None


class _Chunks:
    """A stream fed from a queue; closing it ends the iteration from any thread."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self.queue.get()) is not _END:
            yield chunk

    def close(self) -> None:
        """End the iteration."""
        self.queue.put(_END)


class _Words:
    """A subscription to changes."""

    def __init__(self, forget: Callable[[_Words], None]) -> None:
        self.queue: queue.SimpleQueue[Change | EngineError | None] = queue.SimpleQueue()
        self._forget = forget

    def __iter__(self) -> Iterator[Change]:
        while (word := self.queue.get()) is not _END:
            if isinstance(word, EngineError):
                raise word
            yield word

    def close(self) -> None:
        """End the iteration."""
        self._forget(self)
        self.queue.put(_END)


class MemoryEngine:
    """Fills the engine port. ``pause`` is called with the seconds that real work would take."""

    def __init__(
        self,
        *,
        cpu: int = 64,
        memory: int = 512 * GIB,
        images: Sequence[str] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], object] = lambda seconds: None,
        host: str = "gpu-box-1",
        local: bool = True,
    ) -> None:
        self._cpu = cpu
        self._memory = memory
        self._images: dict[str, str] = dict.fromkeys(images, "")
        self._now = now
        self._pause = pause
        self._facts = EngineFacts("Docker 28.5", host, local, address="memory://")
        self._sessions: dict[str, Session] = {}
        self._served: dict[str, set[str]] = {}
        self._files: dict[str, dict[str, bytes]] = {}
        self._logs: dict[str, bytes] = {}
        self._followers: dict[str, list[_Chunks]] = {}
        self._subscribers: list[_Words] = []
        self._lock = threading.RLock()
        self._next_port = 32768
        self._down = False
        self.failing: dict[str, EngineError] = {}
        """Errors raised by step (``pull build create start stop delete`` or the name of an app)."""
        self.unavailable: set[str] = set()
        """Images no registry gives."""

    # What tests and the demo do to it from outside

    @property
    def down(self) -> bool:
        """Whether the engine answers nobody."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        if down:
            with self._lock:
                subscribers, self._subscribers = self._subscribers, []
            for subscriber in subscribers:
                subscriber.queue.put(_unreachable())

    def put(self, session: Session) -> Session:
        """A session appears or changes by other hands."""
        with self._lock:
            self._sessions[session.id] = session
            self._logs.setdefault(session.id, b"")
            self._files.setdefault(session.id, {})
        self._tell(session)
        return session

    def remove(self, session_id: str) -> None:
        """A session is removed by other hands."""
        with self._lock:
            session = self._sessions.pop(session_id, None)
            followers = self._followers.pop(session_id, [])
        for follower in followers:
            follower.close()
        if session is not None:
            self._tell(session)

    def write(self, session_id: str, text: bytes) -> None:
        """The session prints."""
        with self._lock:
            self._logs[session_id] = self._logs.get(session_id, b"") + text
            followers = list(self._followers.get(session_id, ()))
        for follower in followers:
            follower.queue.put(text)

    def write_file(self, session_id: str, path: str, content: bytes) -> None:
        """A file appears in the session."""
        with self._lock:
            self._files.setdefault(session_id, {})[path] = content

    # The port

    def facts(self) -> EngineFacts:
        """See the port."""
        self._answer()
        return self._facts

    def capacity(self, devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
        """See the port."""
        self._answer()
        with self._lock:
            live = [one for one in self._sessions.values() if one.phase.live]
        holders = {device: session.name for session in live for device in session.devices}
        return Capacity(
            self._cpu,
            self._memory,
            tuple(replace(gpu, holder=holders.get(gpu.uuid)) for gpu in devices),
            sum(session.ask.cpu for session in live),
            sum(session.ask.memory for session in live),
        )

    def sessions(self) -> tuple[Session, ...]:
        """See the port."""
        self._answer()
        with self._lock:
            return tuple(sorted(self._sessions.values(), key=lambda one: (one.created_at, one.id)))

    def glance(self) -> tuple[Session, ...]:
        """See the port."""
        return self.sessions()

    def look(self, change: Change, before: Session | None = None) -> Session | None:
        """See the port."""
        self._answer()
        with self._lock:
            return self._sessions.get(change.session_id)

    def events(self) -> _Words:
        """See the port."""
        self._answer()
        words = _Words(self._forget)
        words.queue.put(ANYTHING)
        with self._lock:
            self._subscribers.append(words)
        return words

    def has_image(self, image: str, fingerprint: str = "") -> bool:
        """See the port."""
        self._answer()
        return image in self._images and (not fingerprint or self._images[image] == fingerprint)

    def images(self) -> frozenset[str]:
        """See the port."""
        self._answer()
        return frozenset(self._images)

    def pull(self, image: str, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        self._answer()
        self._fail("pull")
        if image in self.unavailable:
            raise ImageUnavailable(f"no registry gives {image}", "check its name", out_of_reach=True)
        total = 4.6
        for part in range(21):
            cancellation.check()
            done = total * part / 20
            report(Progress(Step.PULLING, f"layer 7/12 · {done:.1f}/{total} GB · 38 MB/s", part / 20))
            self._pause(0.25)
        cancellation.check()
        self._images[image] = ""

    def build(self, build: Build, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        self._answer()
        self._fail("build")
        for step in range(1, 9):
            cancellation.check()
            report(Progress(Step.BUILDING, f"step {step}/8 · installing", step / 8))
            self._pause(0.5)
        cancellation.check()
        self._images[build.image] = build.fingerprint

    def import_image(self, archive: BinaryIO, image: str, report: Report, cancellation: Cancellation) -> None:
        """See the port."""
        self._answer()
        while archive.read(MIB):
            cancellation.check()
        self._images[image] = ""

    def launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        """See the port."""
        self._answer()
        self._fail("create")
        report(Progress(Step.CREATING))
        self._pause(0.3)
        if order.image not in self._images:
            raise ImageUnavailable(f"{order.image} is not on the engine")
        with self._lock:
            cancellation.check()
            same = [
                one
                for one in self._sessions.values()
                if one.name == order.name and one.owner.uid == order.owner.uid
            ]
            if same:
                raise NameTaken(f"{order.name} is taken", "choose another name")
            ports = sorted({app.port for app in order.apps if not app.via})
            published = tuple((port, self._next_port + offset) for offset, port in enumerate(ports))
            self._next_port += len(ports)
        report(Progress(Step.STARTING))
        self._pause(0.5)
        self._fail("start")
        cancellation.check()
        now = self._now()
        session = Session(
            id=order.id,
            name=order.name,
            owner=order.owner,
            phase=Phase.RUNNING,
            environment=order.environment,
            version=order.version,
            image=order.image,
            ask=order.ask,
            created_at=now,
            started_at=now,
            container_id=order.id * 5 + "abcd",
            devices=order.devices,
            mounts=order.mounts,
            apps=order.apps,
            ports=published,
            env=order.env,
        )
        self.write_file(session.id, "/home/work/id_container", b"-----BEGIN OPENSSH PRIVATE KEY-----\n")
        self.write_file(session.id, "/opt/sessiontui/session/ssh/host.pub", b"ssh-ed25519 AAAA session\n")
        return self.put(session)

    def start(self, session: Session) -> Session:
        """See the port."""
        current = self._find(session)
        self._fail("start")
        self._pause(0.5)
        return self.put(
            replace(current, phase=Phase.RUNNING, reason="", exit_code=None, started_at=self._now())
        )

    def stop(self, session: Session) -> Session:
        """See the port."""
        current = self._find(session)
        self._fail("stop")
        self._pause(0.5)
        self._served.pop(session.id, None)
        return self.put(replace(current, phase=Phase.STOPPED, exit_code=143, pid=None))

    def delete(self, session: Session) -> None:
        """See the port."""
        self._find(session)
        self._fail("delete")
        self._pause(0.5)
        self.remove(session.id)

    def losses(self, session: Session) -> Losses:
        """See the port."""
        current = self._find(session)
        if current.phase is not Phase.RUNNING:
            return Losses(complete=False)
        with self._lock:
            files = {
                path.removeprefix("/home/work/"): content
                for path, content in self._files[session.id].items()
                if path.startswith("/home/work/") and path != "/home/work/id_container"
            }
        newest = tuple(
            LostFile(path, len(content), self._now() - timedelta(seconds=age))
            for age, (path, content) in enumerate(reversed(files.items()))
        )
        return Losses(sum(file.bytes for file in newest), len(newest), newest[:10])

    def offers(self, session: Session) -> tuple[App, ...]:
        """See the port."""
        return self._find_running(session).apps

    def serve(self, session: Session, app: App) -> None:
        """See the port."""
        current = self._find_running(session)
        with self._lock:
            served = self._served.setdefault(current.id, set())
            if app.name in served:
                return
        self._pause(1.0)
        self._fail(app.name)
        if app.command == "false":
            raise AppFailed(f"{app.label} ended before it opened its port", output="false: exit code 1")
        served.add(app.name)

    def run(
        self, session: Session, command: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> Outcome:
        """See the port. Knows ``true``, ``false``, ``echo`` and ``cat``."""
        current = self._find_running(session)
        match list(command):
            case ["true"]:
                return Outcome(0, b"")
            case ["false"]:
                return Outcome(1, b"")
            case ["echo", *words]:
                return Outcome(0, " ".join(words).encode() + b"\n")
            case ["cat", path] if path in self._files[current.id]:
                return Outcome(0, self._files[current.id][path])
            case _:
                return Outcome(127, b"", b"not found\n")

    def shell(
        self, session: Session, command: Sequence[str] = (), *, terminal: str | None = "xterm"
    ) -> list[str]:
        """See the port. The shell is this machine's own."""
        current = self._find_running(session)
        return ["/bin/sh", "-c", " ".join(command)] if command else ["/bin/sh", "-i", "-s", current.name]

    def read_file(self, session: Session, path: str) -> bytes:
        """See the port."""
        current = self._find(session)
        try:
            return self._files[current.id][path]
        except KeyError:
            raise EngineError(f"{session.name} has no file {path}") from None

    def secret(self, session: Session) -> str:
        """See the port."""
        return f"secret-of-{self._find(session).id}"

    def logs(self, session: Session, *, follow: bool = False, tail: int | None = None) -> _Chunks:
        """See the port."""
        current = self._find(session)
        chunks = _Chunks()
        with self._lock:
            lines = self._logs[current.id].splitlines(keepends=True)
            chunks.queue.put(b"".join(lines if tail is None else lines[-tail:] if tail else []))
            if follow and current.phase is Phase.RUNNING:
                self._followers.setdefault(current.id, []).append(chunks)
            else:
                chunks.close()
        return chunks

    def close(self) -> None:
        """See the port."""
        with self._lock:
            subscribers = list(self._subscribers)
        for subscriber in subscribers:
            subscriber.close()

    def _answer(self) -> None:
        if self._down:
            raise _unreachable()

    def _fail(self, step: str) -> None:
        if step in self.failing:
            error = self.failing[step]
            if step == "start" and not isinstance(error, StartFailed):
                raise StartFailed(error.message, error.hint)
            raise error

    def _find(self, session: Session) -> Session:
        self._answer()
        with self._lock:
            if session.id not in self._sessions:
                raise SessionGone(f"{session.name} is gone", "somebody deleted it meanwhile")
            return self._sessions[session.id]

    def _find_running(self, session: Session) -> Session:
        current = self._find(session)
        if current.phase is not Phase.RUNNING:
            raise EngineError(f"{session.name} is {current.phase}", "start it first")
        return current

    def _forget(self, words: _Words) -> None:
        with self._lock:
            if words in self._subscribers:
                self._subscribers.remove(words)

    def _tell(self, session: Session) -> None:
        change = Change(session.container_id or "", session.id)
        with self._lock:
            subscribers = list(self._subscribers)
        for subscriber in subscribers:
            subscriber.queue.put(change)


def _unreachable() -> EngineUnreachable:
    return EngineUnreachable("nothing answers at memory://", "start the engine")
