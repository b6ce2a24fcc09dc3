"""Puts the parts together. The one file that names concrete adapters."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sessiontui.config import Settings, config_directory, home_directory, state_directory

if TYPE_CHECKING:
    from textual.app import App

    from sessiontui.access.keys import KeyRing
    from sessiontui.actions.observe import Observer
    from sessiontui.actions.ports import Ports
    from sessiontui.domain.session import Owner
    from sessiontui.engine.port import Engine
    from sessiontui.host.linux import LinuxHost
    from sessiontui.metering.port import GpuMeter, MachineMeter, Meter
    from sessiontui.storage.records import RecordFile
    from sessiontui.ui.dashboard import Dashboard

_SWITCH = 0.001
"""Seconds after which a thread that computes lets another go on: keys come before figures."""


def host(environ: Mapping[str, str]) -> LinuxHost:
    """This machine."""
    from sessiontui.host.linux import LinuxHost

    return LinuxHost(environ)


def keys(environ: Mapping[str, str], *, demo: bool = False) -> KeyRing:
    """Where sessions' keys are kept, and what gives sessions names for ssh; not for those of a demo."""
    from sessiontui.access.keys import KeyRing
    from sessiontui.access.ssh_config import SshConfig

    owner, state = host(environ).owner(), state_directory(environ)
    config = SshConfig(home_directory(environ), state / "ssh_config", owner)
    return KeyRing(state / "keys", owner, None if demo else config)


def records(environ: Mapping[str, str], owner: Owner) -> RecordFile:
    """Where the records of deleted sessions are kept: with those of the one who called sudo."""
    from functools import partial

    from sessiontui.access.on_behalf import on_behalf
    from sessiontui.storage.records import RecordFile

    caller = owner if owner.uid != os.geteuid() == 0 else None
    return RecordFile(state_directory(environ) / "history", partial(on_behalf, caller))


def ports(settings: Settings, environ: Mapping[str, str], *, demo: bool = False) -> Ports:
    """Everything actions need. Opens nothing yet: the engine is asked on first use."""
    from sessiontui.actions.ports import Ports
    from sessiontui.catalogue.files import FileCatalogue
    from sessiontui.storage.directories import Directories
    from sessiontui.storage.memory_records import MemoryRecords
    from sessiontui.storage.port import Storage

    machine_host = host(environ)
    owner = machine_host.owner()
    engine: Engine
    meter: Meter
    machine: MachineMeter
    gpus: GpuMeter
    storage: Storage
    if demo:
        from sessiontui.domain.picture import HostUsage
        from sessiontui.domain.units import GIB
        from sessiontui.engine.demo import demo_engine
        from sessiontui.metering.scripted import ScriptedMeter
        from sessiontui.metering.scripted_gpus import DEMO_GPUS, ScriptedGpus, demo_script
        from sessiontui.storage.played import played_folders

        storage, root = played_folders(owner)
        engine = demo_engine(owner, str(root), [gpu.uuid for gpu in DEMO_GPUS])
        meter = machine = ScriptedMeter(time.monotonic, host=HostUsage(21.5, 60 * GIB))
        gpus = ScriptedGpus(DEMO_GPUS, demo_script(time.monotonic))
    else:
        from sessiontui.engine.docker import DockerEngine
        from sessiontui.engine.link import Link
        from sessiontui.metering.cgroup import CgroupMeter
        from sessiontui.metering.docker_stats import StatsMeter
        from sessiontui.metering.gpus_on_first_use import GpusOnFirstUse
        from sessiontui.metering.layered import LayeredMeter
        from sessiontui.metering.machine import LocalMachine

        link = Link(environ)
        engine = DockerEngine(environ, link, settings.detach_keys, settings.gpu_watchers)
        meter = LayeredMeter([CgroupMeter(), StatsMeter(link.stats)])
        machine = LocalMachine()
        gpus = GpusOnFirstUse(lambda: _local_gpus(link.top))
        storage = Directories(settings.folder_root, owner)
    return Ports(
        engine=engine,
        meter=meter,
        machine=machine,
        gpus=gpus,
        storage=storage,
        catalogue=FileCatalogue(config_directory(environ) / "environments"),
        host=machine_host,
        owner=owner,
        presets=settings.presets,
        records=MemoryRecords() if demo else records(environ, owner),
        ssh_destination=settings.ssh_destination,
    )


def _local_gpus(ask_engine: Callable[[str], object]) -> GpuMeter:
    """What asks the drivers of this machine."""
    from sessiontui.metering.amd import AmdSource
    from sessiontui.metering.gpus import LocalGpus
    from sessiontui.metering.nvml import NvmlSource

    return LocalGpus([NvmlSource(), AmdSource()], ask_engine)


def program(config: Path | None) -> list[str]:
    """What starts this program anew with the same settings file, from anywhere."""
    chosen = ["--config", str(config.absolute())] if config else []
    # The command may not be on the path of whoever starts it.
    # -P: no module of the directory that it is started in comes before ours.
    return [sys.executable, "-P", "-m", "sessiontui", *chosen]


def run_dashboard(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    demo: bool,
    mouse: bool,
    config: Path | None = None,
) -> int:
    """Open the dashboard until the person quits; the exit code. ``config`` is the settings file named."""
    if settings.keys:
        # What is wrong with them is said before the screen is taken.
        from sessiontui.ui.keyboard import Keyboard

        Keyboard(settings.keys)
    # What is made at the start stays to the end: garbage is looked for once the dashboard is there.
    gc.disable()
    sys.setswitchinterval(_SWITCH)
    from sessiontui.access.forwarding import over_ssh
    from sessiontui.ui.app import SessiontuiApp
    from sessiontui.ui.first_look import FirstLook

    first = FirstLook(lambda: ports(settings, environ, demo=demo))

    def furnish(app: App[Any]) -> Dashboard:
        # What is only played is in no other process.
        again = [] if demo else program(config)
        return dashboard(app, *first.taken(), settings, environ, again, demo=demo)

    app = SessiontuiApp(furnish, still=over_ssh(environ))
    try:
        app.run(mouse=mouse)
    finally:
        first.close()
    return app.return_code or 0


def dashboard(
    app: App[Any],
    parts: Ports,
    observer: Observer,
    settings: Settings,
    environ: Mapping[str, str],
    again: Sequence[str] = (),
    *,
    demo: bool = False,
) -> Dashboard:
    """The dashboard of an app."""
    from sessiontui.access.clipboard import Clipboard, Mode
    from sessiontui.access.terminal import run_in_terminal
    from sessiontui.ui.dashboard import Dashboard
    from sessiontui.ui.shell_choice import ShellSettings

    def write(sequence: str) -> None:
        if sys.__stderr__ is not None:
            sys.__stderr__.write(sequence)
            sys.__stderr__.flush()

    return Dashboard(
        app,
        parts,
        observer,
        keys=keys(environ, demo=demo),
        environ=environ,
        run_in_terminal=run_in_terminal,
        copy=Clipboard(cast("Mode", settings.clipboard), environ, write).copy,
        interval=settings.interval,
        now=time.time,
        keymap=settings.keys,
        opened=_look_for_garbage,
        shells=ShellSettings(settings.detach_keys, settings.shell_in == "window", again),
    )


def _look_for_garbage() -> None:
    """From now on, and not among what there is by now: a search that passes over it delays no key."""
    gc.freeze()
    gc.enable()
