"""A dashboard on an engine in memory: what pilot and snapshot tests stand on."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from textual.widget import Widget

from sessiontui.access.keys import KeyRing
from sessiontui.access.ssh_config import SshConfig
from sessiontui.actions.observe import Observer
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.found import found_environments
from sessiontui.catalogue.saved import saved_environments
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App, Environment, FoundImage, Version
from sessiontui.domain.folder import Folder, Identity, Mount
from sessiontui.domain.gpu import Gpu, GpuProcess, GpuReading, GpuSample, Place
from sessiontui.domain.launch import Order
from sessiontui.domain.picture import HostUsage
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB, KIB, MIB
from sessiontui.domain.usage import Reading, Usage
from sessiontui.engine.memory import MemoryEngine
from sessiontui.host.port import BuildSettings, Check, Say
from sessiontui.metering.port import GpuMeter
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from sessiontui.storage.port import Storage
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.dashboard import Dashboard
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.shell_choice import ShellSettings
from sessiontui.ui.widgets.details import Details
from sessiontui.ui.widgets.session_list import SessionList

ALICE = Owner("alice", 1000, 1000)
BOB = Owner("bob", 1001, 1001)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
JUPYTER = App("jupyterlab", "JupyterLab", "http", 8888, "/lab", secret=True)
TENSORBOARD = App("tensorboard", "TensorBoard", "http", 6006, "/proxy/6006/", via="jupyterlab")
SSH = App("ssh", "SSH / SFTP", "tcp", 2200, secret=True)
PYTHON = Environment(
    "python", "Python", (Version("3.12", "sessiontui/python:3.12"),), "3.12", (JUPYTER, TENSORBOARD, SSH)
)
DATA = Mount("data", "/home/alice/folders/data", "/home/work/data")
MODELS = Mount("models", "/home/alice/folders/models", "/home/work/models", read_only=True)

T = TypeVar("T", bound=Widget)


@dataclass
class ScriptedMeter:
    """Gives each session a second of age per look and counters that grow as it was told."""

    use: dict[str, Usage] = field(default_factory=dict)
    """What each session uses, by its id."""
    looks: int = 0
    totals: dict[str, dict[str, float]] = field(default_factory=dict)
    """The counters of each session by the names of Usage."""

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        self.looks += 1
        return {one.id: self._reading(one.id) for one in sessions if one.id in self.use}

    def _reading(self, session_id: str) -> Reading:
        usage, totals = self.use[session_id], self.totals.setdefault(session_id, {})
        for name in ("cpu", "throttled", "read", "written", "received", "sent"):
            if (rate := getattr(usage, name)) is not None:
                totals[name] = totals.get(name, 0.0) + rate

        def counter(name: str, unit: float = 1) -> int | None:
            return None if getattr(usage, name) is None else round(totals[name] * unit)

        return Reading(
            self.looks,
            counter("cpu", 1e9),
            usage.memory,
            usage.memory_peak,
            None if usage.throttled is None else 100 * self.looks,
            counter("throttled", 100),
            usage.pids,
            counter("read"),
            counter("written"),
            counter("received"),
            counter("sent"),
            usage.oom_kills,
            usage.cpu_limit,
            usage.memory_limit,
        )

    def notes(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None: ...


@dataclass
class DeviceReadings:
    """What the driver tells of devices, by UUID: a script for :class:`ScriptedGpus`, anew with each look."""

    told: dict[str, GpuReading] = field(default_factory=dict)
    looks: int = 0

    def __call__(self, sessions: Sequence[Session]) -> GpuSample:
        self.looks += 1
        return GpuSample({uuid: replace(one, at=float(self.looks)) for uuid, one in self.told.items()})

    def tell(self, uuid: str, busy: float | None = None, memory: int | None = None, **more: Any) -> None:
        """The device does this from now on."""
        self.told[uuid] = GpuReading(uuid, 0.0, busy, memory, 80 * GIB, **more)

    def train(
        self, number: int, name: str, busy: float, memory: int, power: float, temperature: int, **more: Any
    ) -> None:
        """The session of that name, and nobody else, works the device of that number."""
        self.tell(
            f"GPU-{number}",
            busy,
            memory,
            encoder=0.0,
            decoder=0.0,
            power=power,
            power_limit=700.0,
            temperature=temperature,
            errors=0,
            processes=(computing(name, memory, busy),),
            **more,
        )

    def rest(self, number: int) -> None:
        """Nobody works the device of that number."""
        self.tell(f"GPU-{number}", 0.0, 4 * MIB, power=68.0, power_limit=700.0, temperature=30, processes=())


def container_of(name: str) -> str:
    """The id of the container of a session that has devices."""
    return hashlib.sha256(name.encode()).hexdigest()


def computing(name: str, memory: int, busy: float | None = None) -> GpuProcess:
    """A process of the session of that name on a device."""
    return GpuProcess(4321, memory, busy, 1, Place.CONTAINER, container_of(name), "python", "alice")


@dataclass
class ScriptedMachine:
    """A machine that uses what it is told."""

    cpu: float | None = 12.0
    memory: int | None = 80 * GIB

    def usage(self) -> HostUsage:
        return HostUsage(self.cpu, self.memory)

    def memory_available(self) -> int | None:
        return None


@dataclass
class ListedEnvironments:
    """A catalogue of environments that are used as they are."""

    listed: tuple[Environment, ...] = (PYTHON,)

    def environments(self) -> tuple[Environment, ...]:
        return self.listed

    def other_apps(self) -> tuple[App, ...]:
        return ()

    def found(self, images: Iterable[FoundImage]) -> tuple[Environment, ...]:
        every = tuple(images)
        return (*saved_environments(every), *found_environments(every, self.listed, {}))

    def recipe(self, environment: Environment) -> Mapping[str, bytes]:
        return {}

    def fingerprint(self, environment: Environment) -> str:
        return ""


class TwoFolders(Directories):
    """Storage with two folders that are only played, and of which nothing else is asked."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), ALICE)

    def folders(self) -> tuple[Folder, ...]:
        return (Folder("data", DATA.source), Folder("models", MODELS.source, writable=False))

    def create(self, name: str) -> Folder:
        return Folder(name, f"/home/alice/folders/{name}")

    def identify(self, path: str) -> Identity | None:
        return None


class QuietHost:
    """A host of which nothing is asked."""

    def owner(self) -> Owner:
        return ALICE

    def distributions(self) -> tuple[str, ...]:
        return ()

    def bootstrap(self, distribution: str, say: Say, cancellation: Cancellation) -> contextlib.nullcontext:  # type: ignore[type-arg]
        raise NotImplementedError

    def build_settings(self) -> BuildSettings:
        return BuildSettings()

    def checks(self) -> tuple[Check, ...]:
        return ()

    def install(self, packages: Sequence[str], say: Say) -> None: ...

    def start_engine(self, say: Say) -> None: ...


@dataclass
class Stage:
    """An engine in memory, meters that do as told, and the dashboard on them."""

    engine: MemoryEngine = field(
        default_factory=lambda: MemoryEngine(images=("sessiontui/python:3.12",), now=lambda: NOW)
    )
    meter: ScriptedMeter = field(default_factory=ScriptedMeter)
    machine: ScriptedMachine = field(default_factory=ScriptedMachine)
    gpus: GpuMeter = field(default_factory=ScriptedGpus)
    catalogue: ListedEnvironments = field(default_factory=ListedEnvironments)
    owner: Owner = ALICE
    storage: Storage = field(default_factory=lambda: TwoFolders())
    records: MemoryRecords = field(default_factory=MemoryRecords)
    shells: list[tuple[list[str], str]] = field(default_factory=list)
    """What was run in the terminal: argument list and banner."""
    copied: list[str] = field(default_factory=list)
    shell: Callable[[list[str]], int] = lambda argv: 0
    keys: Path = Path("/nonexistent")
    config: SshConfig | None = None
    """What gives the sessions names for ssh."""
    environ: Mapping[str, str] = field(default_factory=lambda: {"TERM": "xterm-256color"})
    keymap: Mapping[str, str] = field(default_factory=dict)
    shell_settings: ShellSettings = field(default_factory=ShellSettings)
    gpu_readings: DeviceReadings = field(default_factory=DeviceReadings)
    """What devices do, of a stage that has some that do anything."""
    clock: float = 10_000.0
    """What the clock of the charts shows."""
    later: float = 0.0
    """Seconds after NOW that it is."""

    def app(self, kind: type[SessiontuiApp] = SessiontuiApp) -> SessiontuiApp:
        """A dashboard that looks at the meters only when told."""
        ports = Ports(
            self.engine,
            self.meter,
            self.machine,
            self.storage,
            self.catalogue,
            QuietHost(),
            self.owner,
            records=self.records,
            gpus=self.gpus,
        )
        return kind(
            lambda app: Dashboard(
                app,
                ports,
                Observer(ports, self._now, lambda: self.clock),
                keys=KeyRing(self.keys, config=self.config),
                environ=self.environ,
                run_in_terminal=self._run_in_terminal,
                copy=self._copy,
                interval=None,
                now=self._now,
                keymap=self.keymap,
                shells=self.shell_settings,
            )
        )

    def _now(self) -> float:
        return NOW.timestamp() + self.later

    def _run_in_terminal(self, argv: list[str], banner: str) -> int:
        self.shells.append((argv, banner))
        return self.shell(argv)

    def _copy(self, text: str) -> str:
        self.copied.append(text)
        return f"copied {text}"

    def use(self, name: str, cores: float, memory: int, **more: float) -> None:
        """The session of that name uses this much, and more by the names of Usage."""
        self.meter.use[f"id-{name}"] = replace(Usage(cores, memory), **more)  # type: ignore[arg-type] # by name

    def put(
        self,
        name: str,
        *,
        owner: Owner = ALICE,
        phase: Phase = Phase.RUNNING,
        ask: Ask = Ask(4, 16 * GIB),  # noqa: B008 # frozen
        hours: float = 2,
        reason: str = "",
        exit_code: int | None = None,
        mounts: tuple[Mount, ...] = (),
        devices: tuple[str, ...] = (),
        environment: str = "python",
        version: str = "3.12",
        image: str = "sessiontui/python:3.12",
    ) -> Session:
        """A session that is there."""
        created = NOW - timedelta(hours=hours)
        return self.engine.put(
            Session(
                id=f"id-{name}",
                name=name,
                owner=owner,
                phase=phase,
                environment=environment,
                version=version if environment != "other" else "",
                image=image,
                ask=ask,
                created_at=created,
                started_at=created if phase is Phase.RUNNING else None,
                container_id=container_of(name) if devices else "4f2a9c81d7e3b0aa",
                reason=reason,
                exit_code=exit_code,
                devices=devices,
                mounts=mounts,
                apps=(JUPYTER, TENSORBOARD, SSH) if environment != "other" else (),
                ports=((8888, 32771), (2200, 32772)) if environment != "other" else (),
            )
        )


def lived_in() -> Stage:
    """A machine on an ordinary afternoon: what the manual shows."""
    gpus = tuple(Gpu(f"GPU-{index}", index, "NVIDIA H100", 80 * GIB) for index in range(8))
    pytorch = Environment(
        "pytorch", "PyTorch", (Version("2.8", "sessiontui/pytorch:2.8"),), "2.8", PYTHON.apps
    )
    readings = DeviceReadings()
    stage = Stage(
        gpus=ScriptedGpus(gpus, readings),
        gpu_readings=readings,
        catalogue=ListedEnvironments((PYTHON, pytorch)),
    )
    image = "sessiontui/pytorch:2.8"
    stage.put(
        "nifty-bohr",
        environment="pytorch",
        version="2.8",
        image=image,
        mounts=(DATA, MODELS),
        devices=("GPU-0", "GPU-1"),
    )
    stage.put("calm-curie", ask=Ask(2, 4 * GIB), hours=0.1, mounts=(DATA,))
    stage.put(
        "big-fit",
        environment="pytorch",
        version="2.8",
        image=image,
        ask=Ask(16, 64 * GIB),
        hours=30,
        mounts=(DATA,),
        devices=("GPU-3",),
    )
    stage.put("old-notes", phase=Phase.FINISHED, exit_code=0, hours=300)
    stage.use(
        "nifty-bohr",
        2.1,
        int(6.2 * GIB),
        pids=37,
        received=1.2 * MIB,
        sent=30.0 * KIB,
        read=0.0,
        written=12.0 * MIB,
    )
    stage.use("calm-curie", 0.4, 1300 * MIB)
    stage.use("big-fit", 14.6, 43 * GIB)
    for number in (2, 4, 5, 7):
        readings.rest(number)
    for number, busy, memory, power, temperature in (
        (0, 0.93, 31, 612.0, 66),
        (1, 0.81, 28, 540.0, 61),
        (3, 0.99, 71, 684.0, 72),
    ):
        name = "big-fit" if number == 3 else "nifty-bohr"
        readings.train(number, name, busy, memory * GIB, power, temperature)
    stranger = GpuProcess(31337, 38 * GIB, 0.6, 1, Place.HOST, command="python3", user="dave")
    readings.tell("GPU-6", 0.6, 38 * GIB, power=430.0, temperature=55, processes=(stranger,))
    return stage


def order(name: str = "train-7", image: str = "sessiontui/python:3.12") -> Order:
    """A launch request as the dialog returns it."""
    return Order(f"id-{name}", name, ALICE, "python", "3.12", image, Ask(2, 4 * GIB), mounts=(DATA,))


def charted() -> Stage:
    """A machine in use of whose sessions all is known; one is throttled and short of memory."""
    stage = busy()
    stage.use(
        "nifty-bohr",
        2.1,
        int(6.2 * GIB),
        memory_peak=int(9.8 * GIB),
        throttled=0.02,
        pids=37,
        oom_kills=0,
        received=1.2 * MIB,
        sent=30.0 * KIB,
        read=0.0,
        written=12.0 * MIB,
    )
    stage.use(
        "train-7",
        8.0,
        62 * GIB,
        memory_peak=64 * GIB,
        throttled=0.31,
        pids=412,
        oom_kills=2,
        received=0.0,
        sent=0.0,
        read=480.0 * MIB,
        written=1.0 * MIB,
    )
    return stage


def busy() -> Stage:
    """A machine in use: running, ended, foreign and hostile sessions."""
    gpus = tuple(Gpu(f"GPU-{index}", index, "NVIDIA H100", 80 * GIB) for index in range(4))
    readings = DeviceReadings()
    stage = Stage(gpus=ScriptedGpus(gpus, readings), gpu_readings=readings)
    stage.put("nifty-bohr", mounts=(DATA, MODELS), devices=("GPU-0", "GPU-1"))
    stage.put("calm-curie", ask=Ask(2, 4 * GIB), hours=0.1)
    stage.put("train-7", ask=Ask(8, 64 * GIB), hours=30, mounts=(DATA,))
    stage.put("bold-euler", owner=BOB, ask=Ask(16, 128 * GIB), hours=80, devices=("GPU-3",))
    stage.put("[red]日本語の実験[/]\x1b[31m\u202egnp", environment="other", image="evil.example/x/[b]y:1")
    stage.put("old-run", phase=Phase.FINISHED, exit_code=0, hours=300)
    stage.put("too-big", phase=Phase.FAILED, exit_code=137, reason="out of memory (limit 16G)", hours=5)
    stage.put("snug-noether", phase=Phase.STOPPED, exit_code=143, hours=50, mounts=(DATA,))
    stage.use("nifty-bohr", 2.1, int(6.2 * GIB))
    stage.use("calm-curie", 0.02, 200 * MIB)
    stage.use("train-7", 7.6, 62 * GIB)
    stage.use("bold-euler", 12.4, 40 * GIB)
    for number, name, busy, memory, power, temperature in (
        (0, "nifty-bohr", 0.93, 31, 612.0, 66),
        (1, "nifty-bohr", 0.81, 28, 540.0, 61),
        (3, "bold-euler", 1.0, 71, 684.0, 72),
    ):
        readings.train(number, name, busy, memory * GIB, power, temperature)
    readings.rest(2)
    return stage


def training(stage: Stage, before: float) -> Usage | None:
    """What a session that trains used so many seconds ago: epochs, checkpoints, and once no meter."""
    if 100 < before < 130:
        return None
    epoch = (stage.clock - before) % 70 / 70
    ripple = math.sin(before / 3) * math.sin(before / 7.1)
    return Usage(
        cpu=max(0.0, 0.3 + 0.2 * ripple if epoch > 0.8 else 2.9 + 0.7 * ripple + 0.6 * epoch),
        memory=int((6.2 - min(3600, before) / 900 + (1.4 if epoch > 0.75 else 0.0)) * GIB),
        received=(3.2 + 2 * ripple) * MIB if epoch < 0.5 else 40 * KIB,
        sent=90 * KIB,
        read=0.0 if epoch > 0.5 else 22 * MIB * (1 + ripple),
        written=240.0 * MIB if epoch > 0.85 else 0.0,
    )


def shortage(stage: Stage, before: float) -> Usage:
    """What a session used that fills its memory, was ended in it once, and reads a lot."""
    grown = (3600 - before) % 1900 / 1900
    ripple = math.sin(before / 5) * math.sin(before / 11)
    return Usage(
        cpu=min(8.0, 7.4 + ripple),
        memory=int((12 + 52 * grown) * GIB),
        received=0.0,
        sent=0.0,
        read=(460 + 200 * ripple) * MIB,
        written=1.0 * MIB,
    )


def _trained(reading: GpuReading, at: float) -> GpuReading:
    """What a device did at a moment that does this now: less while it waits for data."""
    waits = at % 70 > 56
    busy = None if reading.busy is None else reading.busy * (0.15 if waits else 1 - 0.04 * math.sin(at / 5))
    memory = None if reading.memory is None else int(reading.memory * (0.8 if waits else 1.0))
    return replace(reading, at=at, busy=busy, memory=memory)


async def lived(
    pilot: Pilot[None], stage: Stage, name: str, script: Callable[[Stage, float], Usage | None] = training
) -> None:
    """The session of that name had an hour, as the script tells by seconds before now."""
    app = pilot.app
    assert isinstance(app, SessiontuiApp)
    for before in range(3600, 0, -2):
        if (usage := script(stage, before)) is not None:
            app.desk.observer._history.add(f"id-{name}", stage.clock - before, usage)
            for reading in stage.gpu_readings.told.values():
                past = _trained(reading, stage.clock - before)
                app.desk.observer._gpu_history.add_device(stage.clock - before, past)
    await app.refresh_picture()
    await pilot.pause()


def lend_terminal(patch: pytest.MonkeyPatch) -> None:
    """Give headless apps a terminal to lend, which the framework's driver for them denies."""
    patch.setattr(HeadlessDriver, "can_suspend", True)


async def until(pilot: Pilot[None], condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for what a test waits for, by looking, and fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come about"
        await pilot.pause()
        await asyncio.sleep(0.005)
    await pilot.pause()


async def settled(pilot: Pilot[None]) -> None:
    """Wait for the first picture, with usage, to be drawn."""
    app = pilot.app
    assert isinstance(app, SessiontuiApp)
    await until(pilot, lambda: isinstance(app.screen, MainScreen))
    await until(pilot, lambda: app.picture.engine is not None or app.picture.trouble)
    await app.refresh_picture()
    await app.refresh_picture()
    await pilot.pause()


@contextlib.asynccontextmanager
async def opened(
    stage: Stage, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[Pilot[None], SessiontuiApp]]:
    """The dashboard, open and drawn."""
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield pilot, app


async def select(pilot: Pilot[None], app: SessiontuiApp, name: str) -> None:
    """Put the cursor on the session of that name and wait for its details."""
    app.screen.query_one(SessionList).select(f"id-{name}")
    details = app.screen.query_one(Details)
    await until(pilot, lambda: details._shown is not None and details._shown[0].name == name)
