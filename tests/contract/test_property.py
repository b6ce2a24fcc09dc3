"""Whatever is done to sessions, in whatever order: no file goes that nobody gave up, and nothing stays.

A machine of rules draws sequences of what people, programs and bad luck do. After each step it looks at
everything there is: every session is listed once, every file that the person did not agree to lose is as
it was written, and no container, home or port is there without a session.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import docker
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sessiontui.actions import rescue
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import NameTaken, SessiontuiError
from sessiontui.domain.folder import Folder, Mount
from sessiontui.domain.launch import Order
from sessiontui.domain.rescue import Saved
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.payload import home_volume, session_volume
from sessiontui.engine.port import Engine
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from tests.contract.conftest import Bench, ignore
from tests.contract.crash import Death, killed
from tests.pilot.stage import ListedEnvironments, QuietHost
from tests.private_engine import IMAGE, PrivateEngine, private_engine

pytestmark = pytest.mark.beside

NAMES = ("prop-one", "prop-two", "prop-three")
FILES = ("a", "b c", "日本")
SAVED = "saved"
"""The folder that files are saved in."""


class World(Protocol):
    """An engine, and what can be done to it behind its back."""

    bench: Bench
    patience: float
    """Seconds in which the engine finishes what somebody has asked it for who is dead."""

    @property
    def engine(self) -> Engine:
        """Asked by a dashboard that is alive."""

    def write(self, session: Session, name: str, content: bytes) -> None:
        """A program in the running session writes a file of its home."""

    def read(self, session_id: str, name: str) -> bytes | None:
        """A file of a home, whatever became of the session; None where it is not there."""

    def remove_container(self, session: Session) -> None:
        """Somebody removes the container and not the home."""

    def crash(self, verb: str, subject: Order | Session, death: Death) -> None:
        """A dashboard dies in the middle of it."""

    def restart(self) -> None:
        """The engine dies and comes again."""

    def leftovers(self, sessions: tuple[Session, ...]) -> list[str]:
        """What of ours is there that belongs to none of these sessions."""


def save(ports: Ports, session: Session) -> Saved:
    """Save what is in the session, and delete it."""
    return rescue.save_and_delete(ports, session, SAVED, lambda _: None, Cancellation())


def ports_of(bench: Bench) -> Ports:
    """What an action draws from, with one folder to save in."""
    owner = bench.order().owner
    storage = Directories(bench.tmp_path / "folders", owner)
    if not storage.folders():
        storage.create(SAVED)
    meter = ScriptedMeter(lambda: 0.0)
    return Ports(
        bench.engine, meter, meter, storage, ListedEnvironments(), QuietHost(), owner, MemoryRecords()
    )


class CrashedError(BaseException):
    """The dashboard is not there any more."""


@dataclass
class MemoryWorld:
    """The double. Its dashboards die between its steps."""

    bench: Bench
    patience: float = 0.0
    dying: bool = False

    @classmethod
    def made(cls, directory: Path) -> MemoryWorld:
        world = cls(Bench(MemoryEngine(images=(IMAGE,)), IMAGE, directory, real=False))
        world.engine._pause = world._pause
        return world

    @property
    def engine(self) -> MemoryEngine:
        assert isinstance(self.bench.engine, MemoryEngine)
        return self.bench.engine

    def _pause(self, seconds: float) -> None:
        if self.dying:
            raise CrashedError

    def write(self, session: Session, name: str, content: bytes) -> None:
        self.engine.write_file(session.id, f"/home/work/{name}", content)

    def read(self, session_id: str, name: str) -> bytes | None:
        return self.engine._files.get(session_id, {}).get(f"/home/work/{name}")

    def remove_container(self, session: Session) -> None:
        self.engine.put(replace(session, phase=Phase.FAILED, container_id=None))

    def crash(self, verb: str, subject: Order | Session, death: Death) -> None:
        self.dying = True
        try:
            if isinstance(subject, Order):
                self.engine.launch(subject, ignore, Cancellation())
            elif verb == "rescue":
                save(ports_of(self.bench), subject)
            else:
                getattr(self.engine, verb)(subject)
        except (CrashedError, SessiontuiError):
            pass
        finally:
            self.dying = False

    def restart(self) -> None:
        self.engine.down = True
        self.engine.down = False

    def leftovers(self, sessions: tuple[Session, ...]) -> list[str]:
        there = {session.id for session in sessions}
        engine = self.engine
        return sorted({*engine._files, *engine._logs, *engine._served, *engine._played} - there)


@dataclass
class RealWorld:
    """A dockerd of our own. Its dashboards are processes that are killed."""

    bench: Bench
    private: PrivateEngine
    patience: float = 10.0

    @property
    def engine(self) -> Engine:
        return self.bench.engine

    def write(self, session: Session, name: str, content: bytes) -> None:
        command = ["sh", "-c", 'printf %s "$1" >"$2"', "sh", content.decode(), name]
        assert self.engine.run(session, command).exit_code == 0

    def read(self, session_id: str, name: str) -> bytes | None:
        file = self.private.data / "volumes" / home_volume(session_id) / "_data" / name
        return file.read_bytes() if file.exists() else None

    def remove_container(self, session: Session) -> None:
        self._client.remove_container(session.container_id or "", force=True)

    def crash(self, verb: str, subject: Order | Session, death: Death) -> None:
        killed(self.private.environ, verb, subject, death, self.bench.tmp_path)

    def restart(self) -> None:
        self.private.signal(signal.SIGKILL)
        self.private.start()
        self.bench.engine.close()
        self.bench.engine = self.private.client()

    def leftovers(self, sessions: tuple[Session, ...]) -> list[str]:
        containers = {one["Id"] for one in self._client.containers(all=True)}
        volumes = {one["Name"] for one in self._client.volumes()["Volumes"] or ()}
        theirs = {name(session.id) for session in sessions for name in (home_volume, session_volume)}
        return sorted((containers - {session.container_id for session in sessions}) | (volumes - theirs))

    @property
    def _client(self) -> docker.APIClient:
        return self.private.client()._link.client


@dataclass
class Known:
    """What a person knows of one session."""

    order: Order
    phases: frozenset[Phase]
    """What it may be in."""
    files: dict[str, bytes] = field(default_factory=dict)
    """What it holds and nobody agreed to lose."""
    saved: bool = False
    """Whether somebody began to save its files: they are in it or in the folder."""
    given_up: bool = False
    """Whether somebody has asked for its deletion, and agreed to what it costs."""
    may_be_gone: bool = False
    """Whether it need not be there: its launch or deletion was cut off."""


ENDED = frozenset({Phase.STOPPED, Phase.FAILED, Phase.FINISHED})
DEATHS = st.builds(Death, st.integers(0, 12), st.one_of(st.none(), st.sampled_from((0.0, 0.002, 0.01, 0.05))))


class Life(RuleBasedStateMachine):
    """The life of sessions on one machine."""

    make: Callable[[], World]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make()
        self.known: dict[str, Known] = {}
        self.kept: dict[str, bytes] = {}
        """Files of the folder that is mounted."""
        self.safe: dict[Path, bytes] = {}
        """Files that were saved."""
        self.written = 0
        self.folder = self.world.bench.tmp_path / f"folder-{time.monotonic_ns()}"
        self.folder.mkdir()
        self.folder.chmod(0o777)

    def teardown(self) -> None:
        """All can be deleted, whatever happened to it, and then nothing is left."""
        for session in self.world.engine.sessions():
            self.world.engine.delete(session)
        self.known.clear()
        self.nothing_is_lost_and_nothing_left()

    # What people do

    @initialize()
    def begin(self) -> None:
        assert self.world.engine.sessions() == ()

    def order(self, name: str, mounted: bool) -> Order:
        mounts = (Mount.of(Folder("kept", str(self.folder)), read_only=False),) if mounted else ()
        return self.world.bench.order(name, mounts=mounts)

    @rule(name=st.sampled_from(NAMES), mounted=st.booleans())
    def launch(self, name: str, mounted: bool) -> None:
        order = self.order(name, mounted)
        same = [one for one in self.sessions.values() if one.name == name]
        try:
            self.world.bench.launch(order)
        except NameTaken:
            assert same
        else:
            assert not [one for one in same if one.container_id]
            self.known[order.id] = Known(order, frozenset({Phase.RUNNING}))

    @precondition(lambda self: self.of(Phase.RUNNING))
    @rule(data=st.data(), name=st.sampled_from(FILES), empty=st.booleans())
    def write(self, data: st.DataObject, name: str, empty: bool) -> None:
        session = self.draw(data, Phase.RUNNING)
        self.written += 1
        content = b"" if empty else f"{session.id} {self.written}".encode()
        self.world.write(session, name, content)
        self.known[session.id].files[name] = content

    @rule(name=st.sampled_from(FILES))
    def write_into_the_folder(self, name: str) -> None:
        (self.folder / name).write_bytes(b"kept")
        self.kept[name] = b"kept"

    @precondition(lambda self: self.of(Phase.RUNNING))
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        session = self.draw(data, Phase.RUNNING)
        self.world.engine.stop(session)
        self.known[session.id].phases = ENDED

    @precondition(lambda self: self.startable)
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        session = one_of(data, self.startable)
        self.world.engine.start(session)
        self.known[session.id].phases = frozenset({Phase.RUNNING})

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        session = self.draw(data)
        self.world.engine.delete(session)
        del self.known[session.id]

    @precondition(lambda self: self.with_container)
    @rule(data=st.data())
    def save_and_delete(self, data: st.DataObject) -> None:
        session = one_of(data, self.with_container)
        path = Path(save(ports_of(self.world.bench), session).path)
        for name, content in self.known.pop(session.id).files.items():
            assert (path / name).read_bytes() == content
            self.safe[path / name] = content

    @precondition(lambda self: self.of(Phase.RUNNING))
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        session = self.draw(data, Phase.RUNNING)
        self.world.engine.kill(session)
        self.known[session.id].phases = ENDED

    @precondition(lambda self: self.with_container)
    @rule(data=st.data(), cpu=st.sampled_from((0.25, 0.5, 1.0)), memory=st.sampled_from((128, 256, 384)))
    def resize(self, data: st.DataObject, cpu: float, memory: int) -> None:
        session = one_of(data, self.with_container)
        ask = replace(session.ask, cpu=cpu, memory=memory * MIB)
        resized = self.world.engine.resize(session, ask)
        assert (resized.ask.cpu, resized.ask.memory) == (cpu, memory * MIB)

    # What bad luck does

    @precondition(lambda self: self.with_container)
    @rule(data=st.data())
    def somebody_removes_a_container(self, data: st.DataObject) -> None:
        session = one_of(data, self.with_container)
        self.world.remove_container(session)
        self.known[session.id].phases = frozenset({Phase.FAILED})

    @rule(name=st.sampled_from(NAMES), mounted=st.booleans(), death=DEATHS)
    def a_dashboard_dies_in_a_launch(self, name: str, mounted: bool, death: Death) -> None:
        order = self.order(name, mounted)
        self.known[order.id] = Known(order, frozenset({Phase.RUNNING, Phase.FAILED}), may_be_gone=True)
        self.world.crash("launch", order, death)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), death=DEATHS)
    def a_dashboard_dies_in_a_deletion(self, data: st.DataObject, death: Death) -> None:
        session = self.draw(data)
        known = self.known[session.id]
        known.given_up = known.may_be_gone = True
        known.phases |= ENDED
        self.world.crash("delete", session, death)

    @precondition(lambda self: self.with_container)
    @rule(data=st.data(), death=DEATHS)
    def a_dashboard_dies_while_it_saves(self, data: st.DataObject, death: Death) -> None:
        session = one_of(data, self.with_container)
        known = self.known[session.id]
        known.saved = known.may_be_gone = True
        known.phases |= ENDED | {Phase.RUNNING}
        self.world.crash("rescue", session, death)
        # As the next one does that starts or saves.
        rescue.sweep(ports_of(self.world.bench))

    @precondition(lambda self: self.with_container)
    @rule(data=st.data(), verb=st.sampled_from(("stop", "start", "kill")), death=DEATHS)
    def a_dashboard_dies_in_a_stop_start_or_kill(self, data: st.DataObject, verb: str, death: Death) -> None:
        session = one_of(data, self.with_container)
        self.known[session.id].phases |= ENDED | {Phase.RUNNING}
        self.world.crash(verb, session, death)

    @precondition(lambda self: self.sessions)
    @rule()
    def the_engine_dies_and_comes_again(self) -> None:
        self.world.restart()
        for known in self.known.values():
            known.phases |= ENDED

    # What holds

    @invariant()
    def nothing_is_lost_and_nothing_left(self) -> None:
        deadline = time.monotonic() + self.world.patience
        while wrong := self.wrong():
            # An engine finishes what it was asked for by somebody who is dead, also after the next one swept.
            assert time.monotonic() < deadline, wrong
            time.sleep(0.1)
            rescue.sweep(ports_of(self.world.bench))

    def wrong(self) -> list[str]:
        """Everything that is not as it should be."""
        listed = self.world.engine.sessions()
        there = {session.id: session for session in listed}
        wrong = [f"{one.name} is listed twice" for one in listed if listed.count(one) > 1]
        wrong += [f"{one.name} is nobody's" for one in listed if one.id not in self.known]
        wrong += [f"{one} is left over" for one in self.world.leftovers(listed)]
        ports = [outside for session in listed for _, outside in session.ports]
        wrong += [f"port {port} is promised twice" for port in set(ports) if ports.count(port) > 1]
        for session_id, known in list(self.known.items()):
            session = there.get(session_id)
            if session is None:
                if not known.may_be_gone:
                    wrong.append(f"{known.order.name} is gone")
            elif session.phase not in known.phases:
                wrong.append(f"{session.name} is {session.phase} ({session.reason})")
            if known.given_up:
                continue
            for name, content in known.files.items():
                if session is None and known.saved and self.is_saved(name, content):
                    continue
                if (found := self.world.read(session_id, name)) != content:
                    wrong.append(f"{known.order.name}: {name} is {found!r}, not {content!r}")
        for name, content in self.kept.items():
            if not (file := self.folder / name).exists() or file.read_bytes() != content:
                wrong.append(f"{name} is gone from the folder")
        for path, content in self.safe.items():
            if not path.exists() or path.read_bytes() != content:
                wrong.append(f"{path} is gone, which was saved")
        return wrong

    def is_saved(self, name: str, content: bytes) -> bool:
        found = (self.world.bench.tmp_path / "folders" / SAVED).glob(f"prop-*/{name}")
        return any(file.read_bytes() == content for file in found)

    @property
    def sessions(self) -> dict[str, Session]:
        """Those that are there, by id."""
        return {one.id: one for one in self.world.engine.sessions()}

    @property
    def with_container(self) -> list[Session]:
        return [one for one in self.sessions.values() if one.container_id]

    @property
    def startable(self) -> list[Session]:
        return [one for one in self.with_container if one.phase is not Phase.RUNNING]

    def of(self, phase: Phase) -> list[Session]:
        return [one for one in self.sessions.values() if one.phase is phase]

    def draw(self, data: st.DataObject, *phases: Phase) -> Session:
        """One of the sessions, in one of these phases where some are named."""
        found = [one for one in self.sessions.values() if not phases or one.phase in phases]
        return one_of(data, found)


def one_of(data: st.DataObject, sessions: Sequence[Session]) -> Session:
    """One of these, drawn by its place."""
    return sessions[data.draw(st.integers(0, len(sessions) - 1))]


def live(world: Callable[[], World], *, examples: int, steps: int) -> None:
    """Draw that many lives of so many steps, the same ones each time."""

    class LifeHere(Life):
        make = staticmethod(world)

    run_state_machine_as_test(
        LifeHere,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Stage.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_on_the_memory_engine(tmp_path: Path) -> None:
    live(lambda: MemoryWorld.made(tmp_path), examples=100, steps=40)


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    with private_engine(tmp_path_factory.mktemp("packages")) as private:
        yield private


def test_on_a_real_engine(private: PrivateEngine, tmp_path: Path) -> None:
    bench = Bench(private.client(), IMAGE, tmp_path, real=True)

    def fresh() -> RealWorld:
        """One without what a life that went wrong has left: only then is it told what was wrong."""
        client = private.client()._link.client
        for container in client.containers(all=True):
            client.remove_container(container["Id"], force=True)
        for volume in client.volumes()["Volumes"] or ():
            client.remove_volume(volume["Name"], force=True)
        return RealWorld(bench, private)

    examples = int(os.environ.get("SESSIONTUI_TEST_EXAMPLES", "6"))
    live(fresh, examples=examples, steps=15)
