"""People in processes of their own who want GPUs at the same time.

The processes are forked from one that has imported everything, and wait for each other before they ask.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sessiontui.actions.launch import Launcher
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import DevicesTaken, Refused, SessiontuiError
from sessiontui.domain.gpu import Holder
from sessiontui.domain.launch import Draft, Order, Progress
from sessiontui.domain.session import Owner, Session
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.docker_claims import Claims
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from tests.gpu_engine import gpus
from tests.unit.actions.test_launch import PaperHost

PATIENCE = 60
"""Seconds until a process that says nothing fails the test."""

OWNER = Owner("tester", os.getuid() or 1000, os.getgid() or 1000)

BEFORE_LOOK, BEFORE_START, BLIND = "before its look", "before its start", "blind"
"""Where a racer stops until it is told to go on: after its create, or after it was told to go. A blind one
goes without a look, like one that looked before anybody else was in the list; it stops before its start."""


@dataclass(frozen=True)
class Told:
    """How it went for a racer."""

    session: Session | None = None
    """Which runs."""
    error: str = ""
    message: str = ""
    holders: Mapping[str, tuple[Holder, ...]] = field(default_factory=dict)


class StoppingClaims(Claims):
    """Claims that stop at a place and wait for a word."""

    stop: str = ""
    line: Connection

    @classmethod
    def at(cls, stop: str, line: Connection, engine: DockerEngine) -> StoppingClaims:
        """In the place of an engine's own."""
        claims = cls(engine._link, engine._inspected, engine._launcher_lives)
        claims.stop, claims.line = stop, line
        return claims

    def _settle(self, *arguments: Any) -> None:
        if self.stop == BEFORE_LOOK:
            self._wait()
        if self.stop != BLIND:
            super()._settle(*arguments)
        if self.stop in (BEFORE_START, BLIND):
            self._wait()

    def _wait(self) -> None:
        self.line.send("stopped")
        self.line.recv()
        self.stop = ""


def race(
    environ: Mapping[str, str], wanted: Draft | Order | Session, gate: Any, line: Connection, stop: str
) -> None:
    """One racer: launches for a draft or an order, or starts a session, and tells how it went."""
    engine = DockerEngine(environ)
    engine.facts()
    if stop:
        engine._claims = StoppingClaims.at(stop, line, engine)
    if gate is not None:
        gate.wait(PATIENCE)
    try:
        line.send(Told(_reach(engine, wanted)))
    except DevicesTaken as error:
        line.send(Told(None, type(error).__name__, error.message, error.holders))
    except Refused as error:
        line.send(Told(None, "Refused", "; ".join(one.message for one in error.problems)))
    except SessiontuiError as error:
        line.send(Told(None, type(error).__name__, error.message))


def _reach(engine: DockerEngine, wanted: Draft | Order | Session) -> Session:
    if isinstance(wanted, Session):
        return engine.start(wanted, gpus())
    if isinstance(wanted, Order):
        return engine.launch(wanted, _unheard, Cancellation())
    return _launch(engine, wanted)


def _launch(engine: DockerEngine, draft: Draft) -> Session:
    """As the dashboard and the command line do: with other devices where somebody was quicker."""
    meter = ScriptedMeter(lambda: 0.0)
    nowhere = Directories(Path("/nonexistent"), OWNER)
    devices, kept = ScriptedGpus(gpus()), MemoryRecords()
    ports = Ports(engine, meter, meter, nowhere, FileCatalogue(), PaperHost(), OWNER, kept, devices)
    launcher = Launcher(ports)
    while True:
        order = launcher.order(draft)
        try:
            return launcher.launch(order, _unheard, Cancellation())
        except DevicesTaken:
            continue


def _unheard(progress: Progress) -> None:
    """A report nobody reads."""


@dataclass
class Racer:
    """A racer's process and the line to it."""

    process: BaseProcess
    line: Connection

    def word(self) -> Any:
        """What it says next."""
        assert self.line.poll(PATIENCE), "a racer says nothing"
        return self.line.recv()

    def told(self) -> Told:
        """How it went."""
        told = self.word()
        assert isinstance(told, Told), told
        self.process.join(PATIENCE)
        return told

    def go_on(self) -> None:
        """Let it go on from where it stopped."""
        self.line.send("go on")

    def kill(self) -> None:
        """End it by force, at once."""
        self.process.kill()
        self.process.join(PATIENCE)


class Track:
    """Where racers come from."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["pytest", "docker", "tests.contract.racers"])
        self._racers: list[Racer] = []

    def enter(self, wanted: Draft | Order | Session, stop: str = "", gate: Any = None) -> Racer:
        """A racer that is on its way; at a stop it says so."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=race, args=(self._environ, wanted, gate, theirs, stop), daemon=True
        )
        process.start()
        theirs.close()
        racer = Racer(process, ours)
        self._racers.append(racer)
        if stop:
            assert racer.word() == "stopped"
        return racer

    def race(self, wanted: Sequence[Draft | Order | Session]) -> list[Told]:
        """All of them at once, and how it went for each."""
        gate = self._context.Barrier(len(wanted))
        racers = [self.enter(one, gate=gate) for one in wanted]
        return [racer.told() for racer in racers]

    def close(self) -> None:
        """End those that are left."""
        for racer in self._racers:
            racer.kill()


@contextmanager
def track(environ: Mapping[str, str]) -> Iterator[Track]:
    """A track, with nobody left on it at the end."""
    made = Track(environ)
    try:
        yield made
    finally:
        made.close()
