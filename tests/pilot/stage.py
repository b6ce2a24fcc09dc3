"""A dashboard on an engine in memory: what pilot and snapshot tests stand on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from textual.pilot import Pilot
from textual.widget import Widget

from sessiontui.access.keys import KeyRing
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App, Environment, Version
from sessiontui.domain.folder import Folder, Mount
from sessiontui.domain.launch import Order
from sessiontui.domain.picture import HostUsage
from sessiontui.domain.resources import Ask, Gpu
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB, MIB
from sessiontui.domain.usage import Reading
from sessiontui.engine.memory import MemoryEngine
from sessiontui.host.port import BuildSettings, Check, Say
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.dashboard import Dashboard
from sessiontui.ui.screens.main import MainScreen

ALICE = Owner("alice", 1000, 1000)
BOB = Owner("bob", 1001, 1001)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
JUPYTER = App("jupyterlab", "JupyterLab", "http", 8888, "/lab", secret=True)
TENSORBOARD = App("tensorboard", "TensorBoard", "http", 6006, "/proxy/6006/", via="jupyterlab")
SSH = App("ssh", "SSH / SFTP", "tcp", 2200)
PYTHON = Environment(
    "python", "Python", (Version("3.12", "sessiontui/python:3.12"),), "3.12", (JUPYTER, TENSORBOARD, SSH)
)
DATA = Mount("data", "/home/alice/folders/data", "/home/work/data")
MODELS = Mount("models", "/home/alice/folders/models", "/home/work/models", read_only=True)

T = TypeVar("T", bound=Widget)


@dataclass
class ScriptedMeter:
    """Gives each session a second of age per look and the CPU time and memory it was told."""

    use: dict[str, tuple[float, int]] = field(default_factory=dict)
    """(cores, bytes) by session id."""
    looks: int = 0

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        self.looks += 1
        return {
            one.id: Reading(self.looks, int(self.use[one.id][0] * 1e9 * self.looks), self.use[one.id][1])
            for one in sessions
            if one.id in self.use
        }

    def notes(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None: ...


@dataclass
class ScriptedMachine:
    """A machine that uses what it is told."""

    cpu: float | None = 12.0
    memory: int | None = 80 * GIB
    gpus: tuple[Gpu, ...] = ()

    def usage(self) -> HostUsage:
        return HostUsage(self.cpu, self.memory)

    def memory_available(self) -> int | None:
        return None

    def devices(self) -> tuple[Gpu, ...]:
        return self.gpus


@dataclass
class ListedEnvironments:
    """A catalogue of environments that are used as they are."""

    listed: tuple[Environment, ...] = (PYTHON,)

    def environments(self) -> tuple[Environment, ...]:
        return self.listed

    def other_apps(self) -> tuple[App, ...]:
        return ()

    def recipe(self, environment: Environment) -> Mapping[str, bytes]:
        return {}

    def fingerprint(self, environment: Environment) -> str:
        return ""


class TwoFolders:
    """Storage with two folders that nobody changes."""

    root = Path("/home/alice/folders")

    def folders(self) -> tuple[Folder, ...]:
        return (Folder("data", DATA.source), Folder("models", MODELS.source, writable=False))

    def create(self, name: str) -> Folder:
        return Folder(name, f"/home/alice/folders/{name}")

    def remove(self, name: str) -> None: ...

    def size(self, name: str) -> int | None:
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
    catalogue: ListedEnvironments = field(default_factory=ListedEnvironments)
    owner: Owner = ALICE
    shells: list[tuple[list[str], str]] = field(default_factory=list)
    """What was run in the terminal: argument list and banner."""
    copied: list[str] = field(default_factory=list)
    shell: Callable[[list[str]], int] = lambda argv: 0
    keys: Path = Path("/nonexistent")
    environ: Mapping[str, str] = field(default_factory=lambda: {"TERM": "xterm-256color"})
    keymap: Mapping[str, str] = field(default_factory=dict)

    def app(self) -> SessiontuiApp:
        """A dashboard that looks at the meters only when told."""
        ports = Ports(
            self.engine,
            self.meter,
            self.machine,
            TwoFolders(),
            self.catalogue,
            QuietHost(),
            self.owner,
        )
        return SessiontuiApp(
            lambda app: Dashboard(
                app,
                ports,
                keys=KeyRing(self.keys),
                environ=self.environ,
                run_in_terminal=self._run_in_terminal,
                copy=self._copy,
                interval=None,
                now=NOW.timestamp,
                keymap=self.keymap,
            )
        )

    def _run_in_terminal(self, argv: list[str], banner: str) -> int:
        self.shells.append((argv, banner))
        return self.shell(argv)

    def _copy(self, text: str) -> str:
        self.copied.append(text)
        return f"copied {text}"

    def use(self, name: str, cores: float, memory: int) -> None:
        """The session of that name uses this much."""
        self.meter.use[f"id-{name}"] = (cores, memory)

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
                container_id="4f2a9c81d7e3b0aa",
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
    stage = Stage(machine=ScriptedMachine(gpus=gpus), catalogue=ListedEnvironments((PYTHON, pytorch)))
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
    stage.use("nifty-bohr", 2.1, int(6.2 * GIB))
    stage.use("calm-curie", 0.4, 1300 * MIB)
    stage.use("big-fit", 14.6, 43 * GIB)
    return stage


def order(name: str = "train-7", image: str = "sessiontui/python:3.12") -> Order:
    """A launch request as the dialog returns it."""
    return Order(f"id-{name}", name, ALICE, "python", "3.12", image, Ask(2, 4 * GIB), mounts=(DATA,))


def busy() -> Stage:
    """A machine in use: running, ended, foreign and hostile sessions."""
    gpus = tuple(Gpu(f"GPU-{index}", index, "NVIDIA H100", 80 * GIB) for index in range(4))
    stage = Stage(machine=ScriptedMachine(gpus=gpus))
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
    return stage


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
