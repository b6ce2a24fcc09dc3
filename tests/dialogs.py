"""A small world for the dialogs: an engine in memory, three environments, folders on a real disk."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from textual.app import App
from textual.pilot import Pilot
from textual.reactive import reactive
from textual.screen import Screen

from sessiontui.actions.launch import Launcher
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.found import found_environments
from sessiontui.domain.environment import App as SessionApp
from sessiontui.domain.environment import Environment, FoundImage, Version
from sessiontui.domain.gpu import Gpu, GpuReading, GpuSample
from sessiontui.domain.picture import HostUsage, Picture
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.host.port import Host
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.themes import THEMES

Result = TypeVar("Result")

OWNER = Owner("alice", 1000, 1000)
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

JUPYTER = SessionApp("jupyterlab", "JupyterLab", "http", 8888, "/lab", "jupyter lab", secret=True, icon="◍")
NOTEBOOK = SessionApp(
    "jupyter", "Jupyter Notebook", "http", 8888, "/tree", secret=True, icon="◎", runs="jupyterlab"
)
TENSORBOARD = SessionApp(
    "tensorboard", "TensorBoard", "http", 6006, "/proxy/6006/", "tensorboard", via="jupyterlab", icon="▥",
    question="Log directory", answer="/home/work/logs",
)  # fmt: skip
SSH = SessionApp("ssh", "SSH and SFTP", "tcp", 2200, command="sshd", secret=True, icon="❯")
APPS = (JUPYTER, NOTEBOOK, TENSORBOARD, SSH)

PYTHON = Environment(
    "python",
    "Python",
    (
        Version("3.13", "sessiontui/python:3.13", "python:3.13-slim-bookworm"),
        Version("3.12", "sessiontui/python:3.12", "python:3.12-slim-bookworm"),
        Version("3.11", "sessiontui/python:3.11", "python:3.11-slim-bookworm"),
    ),
    "3.13",
    APPS,
    Ask(0.5, 512 * MIB),
    recipe="python",
)
PYTORCH = Environment(
    "pytorch",
    "PyTorch",
    (Version("2.6", "sessiontui/pytorch:2.6", "pytorch/pytorch:2.6.0", accelerators=("cuda",)),),
    "2.6",
    APPS,
    Ask(2, 8 * GIB),
    recipe="pytorch",
)
STACKS = Environment(
    "jupyter-scipy",
    "Jupyter SciPy",
    (Version("2025-03", "quay.io/jupyter/scipy-notebook:2025-03-05"),),
    "2025-03",
    (JUPYTER,),
    Ask(1, GIB),
)
ENVIRONMENTS = (PYTHON, PYTORCH, STACKS)


def plain_gpus(count: int) -> tuple[Gpu, ...]:
    """So many devices of one model that nobody has."""
    return tuple(Gpu(f"GPU-{index}", index, "H100", 80 * GIB) for index in range(count))


def gpu_parts(index: int, count: int, parent: str, size: int = 10 * GIB) -> tuple[Gpu, ...]:
    """A device that is divided, and its parts."""
    model = "NVIDIA H100 80GB HBM3"
    whole = Gpu(parent, index, model, 80 * GIB, divided=True)
    parts = (
        Gpu(f"MIG-{index}-{part}", index, f"{model} MIG 1g.10gb", size, parent=parent, part=part)
        for part in range(count)
    )
    return (whole, *parts)


class ListedCatalogue:
    """Fills the catalogue port from a list."""

    def __init__(self, environments: Iterable[Environment] = ENVIRONMENTS) -> None:
        self.listed = tuple(environments)

    def environments(self) -> tuple[Environment, ...]:
        return self.listed

    def other_apps(self) -> tuple[SessionApp, ...]:
        return (JUPYTER,)

    def found(self, images: Iterable[FoundImage]) -> tuple[Environment, ...]:
        return found_environments(images, self.listed, {JUPYTER.name: JUPYTER})

    def recipe(self, environment: Environment) -> Mapping[str, bytes]:
        return {"Dockerfile": b"FROM scratch\n"}

    def fingerprint(self, environment: Environment) -> str:
        return ""


class NamingLauncher(Launcher):
    """A launcher whose suggestion is always the same, for pictures."""

    def suggest_name(self, names_in_preparation: Iterable[str] = ()) -> str:
        self._ports.engine.sessions()
        return "nifty-bohr"


class World:
    """What the dialogs talk to."""

    def __init__(
        self,
        root: Path,
        *,
        cpu: int = 64,
        memory: int = 512 * GIB,
        gpus: int | Sequence[Gpu] = 0,
        gpu_memory_used: Mapping[str, int] = MappingProxyType({}),
        folders: Iterable[str] = ("data", "models", ".cache"),
        images: Iterable[str] = ("sessiontui/python:3.12",),
        environments: Iterable[Environment] = ENVIRONMENTS,
    ) -> None:
        self.engine = MemoryEngine(cpu=cpu, memory=memory, images=tuple(images), now=lambda: NOW)
        self.storage = Directories(root / "folders", OWNER)
        for name in folders:
            self.storage.create(name)
        devices = plain_gpus(gpus) if isinstance(gpus, int) else tuple(gpus)
        readings = {uuid: GpuReading(uuid, 0.0, memory=used) for uuid, used in gpu_memory_used.items()}
        meter = ScriptedMeter(lambda: 0.0, host=HostUsage(2.0, 4 * GIB))
        self.catalogue = ListedCatalogue(environments)
        self.ports = Ports(
            engine=self.engine,
            meter=meter,
            machine=meter,
            storage=self.storage,
            catalogue=self.catalogue,
            host=cast(Host, None),
            owner=OWNER,
            records=MemoryRecords(),
            gpus=ScriptedGpus(devices, lambda sessions: GpuSample(readings)),
        )
        self.launcher = NamingLauncher(self.ports)

    def session(self, name: str = "nifty-bohr", **changes: object) -> Session:
        """A running session of the owner with all apps."""
        fields: dict[str, object] = {
            "id": name,
            "name": name,
            "owner": OWNER,
            "phase": Phase.RUNNING,
            "environment": "python",
            "version": "3.12",
            "image": "sessiontui/python:3.12",
            "ask": Ask(4, 16 * GIB),
            "created_at": NOW,
            "apps": APPS,
            "ports": ((8888, 32771), (2200, 32772)),
        }
        session = self.engine.put(Session(**{**fields, **changes}))  # type: ignore[arg-type]
        self.engine.write_file(session.id, "/opt/sessiontui/session/ssh/id_container", b"key\n")
        self.engine.write_file(session.id, "/opt/sessiontui/session/ssh/host.pub", b"ssh-ed25519 AAAA x\n")
        return session


class Stage(App[Result], Generic[Result]):
    """An app that opens one dialog in the dashboard's looks and keeps what it was dismissed with."""

    CSS_PATH = SessiontuiApp.CSS_PATH
    ENABLE_COMMAND_PALETTE = False

    picture: reactive[Picture] = reactive(Picture(), init=False, always_update=True)
    """As the dashboard's: dialogs watch it."""

    def __init__(self, screen: Screen[Result], *, light: bool = False) -> None:
        super().__init__()
        self._first = screen
        self.outcome: Result | None = None
        self.closed = False
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[1 if light else 0].name
        self.animation_level = "none"

    def on_mount(self) -> None:
        def keep(outcome: Result | None) -> None:
            self.outcome, self.closed = outcome, True

        self.push_screen(self._first, keep)


class Gate:
    """Something that blocks whoever comes, until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.waiting = threading.Event()

    def __call__(self, seconds: float = 0.0) -> None:
        self.waiting.set()
        assert self._open.wait(10), "the gate was never opened"

    def open(self) -> None:
        self._open.set()


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until everything that was asked for is answered and shown."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
