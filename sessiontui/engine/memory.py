"""An engine that holds its sessions in memory: for ``--demo`` and as the double in tests.

It keeps the promises of the port (one contract suite runs on it and on a real engine) and can be
told to fail: ``down`` makes every call raise EngineUnreachable, ``failing`` makes one step fail.
"""

from __future__ import annotations

import queue
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import FoundImage
from sessiontui.domain.errors import (
    EngineError,
    ImageUnavailable,
    NameTaken,
)
from sessiontui.domain.gpu import Gpu, GpuWay, Holder
from sessiontui.domain.launch import Order, Progress, Step
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine.gpu_holders import holder_of
from sessiontui.engine.losses import ensure_not_started_since
from sessiontui.engine.memory_batch import ended_at, played
from sessiontui.engine.memory_devices import ensure_not_taken
from sessiontui.engine.memory_inside import unreachable
from sessiontui.engine.memory_life import MemoryLife
from sessiontui.engine.memory_mounts import MemoryMounts
from sessiontui.engine.memory_remains import MemoryRemains
from sessiontui.engine.memory_saving import MemorySaving
from sessiontui.engine.port import ANYTHING, OURS, Build, Change, Report

_END = None
_LABEL = re.compile(r'^LABEL "?([^"=\s]+)"?="(.*)"$', re.MULTILINE)


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


class MemoryEngine(MemoryMounts, MemorySaving, MemoryLife, MemoryRemains):
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
        super().__init__(cpu=cpu, memory=memory, now=now, pause=pause)
        self._images: dict[str, str] = dict.fromkeys(images, "")
        self._facts = EngineFacts("Docker 28.5", host, local, address="memory://", gpu_way=GpuWay.REQUESTS)
        self._logs: dict[str, bytes] = {}
        self._followers: dict[str, list[_Chunks]] = {}
        self._subscribers: list[_Words] = []
        self._next_port = 32768
        self._mounted = {}
        self.unavailable: set[str] = set()
        """Images no registry gives."""
        self.image_labels: dict[str, dict[str, str]] = {}
        """By image; a build takes them from its recipe."""

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
                subscriber.queue.put(unreachable())

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
            for kept in (self._logs, self._files, self._played, self._served):
                kept.pop(session_id, None)
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
        holders: dict[str, tuple[Holder, ...]] = {}
        for one in live:
            for device in one.devices:
                holders[device] = (*holders.get(device, ()), holder_of(one))
        return Capacity(
            self._cpu,
            self._memory,
            tuple(replace(gpu, holders=holders.get(gpu.uuid, ())) for gpu in devices),
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

    def found_images(self) -> tuple[FoundImage, ...]:
        """See the port."""
        self._answer()
        return tuple(
            FoundImage(image, self.image_labels.get(image, {}))
            for image in self._images
            if not image.startswith(OURS)
        )

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
        recipe = build.context["Dockerfile"].decode()
        self.image_labels[build.image] = dict(_LABEL.findall(recipe))

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
            ports = sorted({app.port for app in order.apps if app.published})
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
            gpu_shared=order.gpu_shared,
            gpu_memory=order.gpu_memory,
            mounts=order.mounts,
            apps=order.apps,
            ports=published,
            env=order.env,
            secret_names=order.secret_names,
            batch=order.batch,
        )
        with self._lock:
            ensure_not_taken(session, self._sessions.values(), order.gpus)
            self._variables[order.id] = dict((*order.env, *order.secrets))
            key, inside = b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "/opt/sessiontui/session"
            self.write_file(session.id, "/home/work/id_container", key)
            self.write_file(session.id, f"{inside}/ssh/id_container", key)
            self.write_file(session.id, f"{inside}/ssh/host.pub", b"ssh-ed25519 AAAA session\n")
            self.write_file(session.id, f"{inside}/sshd_config", b"Port 2200\n")
            self._mount(session)
            self.put(session)
        return self._run_batch(session)

    def start(self, session: Session, gpus: Sequence[Gpu] = ()) -> Session:
        """See the port."""
        self._find(session)
        self._fail("start")
        self._pause(0.5)
        with self._lock:
            current = self._find(session)
            if not current.phase.live:
                ensure_not_taken(current, self._sessions.values(), gpus)
            self._mount(current)
            started = self.put(
                replace(
                    current,
                    phase=Phase.RUNNING,
                    reason="",
                    exit_code=None,
                    started_at=self._now(),
                    ended_at=None,
                )
            )
        return self._run_batch(started)

    def _run_batch(self, session: Session) -> Session:
        """The session once its command has ended, where it runs one that does."""
        if session.batch is None:
            return session
        output, code = played(session.batch)
        self.write(session.id, output)
        return session if code is None else self.finish(session.id, code)

    def finish(self, session_id: str, code: int) -> Session:
        """The session's own process ends with that code."""
        with self._lock:
            session = self._sessions[session_id]
            followers = self._followers.pop(session_id, [])
        self._served.pop(session_id, None)
        for follower in followers:
            follower.close()
        return self.put(ended_at(session, code, self._now()))

    def stop(self, session: Session) -> Session:
        """See the port."""
        current = self._find(session)
        self._fail("stop")
        if not current.phase.live:
            return current
        self._pause(0.5)
        self._served.pop(session.id, None)
        return self.put(replace(current, phase=Phase.STOPPED, exit_code=143, pid=None, ended_at=self._now()))

    def delete(self, session: Session, *, running: bool = True) -> None:
        """See the port."""
        current = self._find(session)
        ensure_not_started_since(session, current)
        if not running and current.phase is Phase.RUNNING:
            raise EngineError(
                f"{session.name} was started meanwhile, and runs", "to delete it all the same, delete it now"
            )
        self._refuse_while_copied(session)
        self._fail("delete")
        self._pause(0.5)
        self.remove(session.id)

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
