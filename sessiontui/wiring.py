"""Puts the parts together. The one file that names concrete adapters."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from sessiontui.access.keys import KeyRing
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.config import Settings, config_directory, state_directory
from sessiontui.host.linux import LinuxHost
from sessiontui.metering.machine import LocalMachine
from sessiontui.storage.directories import Directories

if TYPE_CHECKING:
    from sessiontui.engine.port import Engine
    from sessiontui.metering.port import MachineMeter, Meter


def host(environ: Mapping[str, str]) -> LinuxHost:
    """This machine."""
    return LinuxHost(environ)


def keys(environ: Mapping[str, str]) -> KeyRing:
    """Where sessions' keys are kept."""
    return KeyRing(state_directory(environ) / "keys", host(environ).owner())


def ports(settings: Settings, environ: Mapping[str, str], *, demo: bool = False) -> Ports:
    """Everything actions need. Opens nothing yet: the engine is asked on first use."""
    machine_host = host(environ)
    owner = machine_host.owner()
    engine: Engine
    meter: Meter
    machine: MachineMeter
    if demo:
        from sessiontui.domain.picture import HostUsage
        from sessiontui.domain.units import GIB
        from sessiontui.engine.demo import demo_engine
        from sessiontui.metering.scripted import ScriptedMeter

        engine = demo_engine(owner)
        meter = machine = ScriptedMeter(time.monotonic, host=HostUsage(21.5, 60 * GIB))
    else:
        from sessiontui.engine.docker import DockerEngine
        from sessiontui.engine.link import Link
        from sessiontui.metering import nvml
        from sessiontui.metering.cgroup import CgroupMeter
        from sessiontui.metering.docker_stats import StatsMeter
        from sessiontui.metering.layered import LayeredMeter

        link = Link(environ)
        engine = DockerEngine(environ, link)
        meter = LayeredMeter([CgroupMeter(), StatsMeter(lambda: link.client)])
        machine = LocalMachine(nvml.devices)
    return Ports(
        engine=engine,
        meter=meter,
        machine=machine,
        storage=Directories(settings.folder_root, owner),
        catalogue=FileCatalogue(config_directory(environ) / "environments"),
        host=machine_host,
        owner=owner,
        presets=settings.presets,
        ssh_destination=settings.ssh_destination,
    )


def run_dashboard(settings: Settings, environ: Mapping[str, str], *, demo: bool, mouse: bool) -> int:
    """Open the dashboard until the person quits; the exit code."""
    from sessiontui.access.clipboard import Clipboard, Mode
    from sessiontui.access.terminal import run_in_terminal
    from sessiontui.ui.app import SessiontuiApp

    def write(sequence: str) -> None:
        if sys.__stderr__ is not None:
            sys.__stderr__.write(sequence)
            sys.__stderr__.flush()

    parts = ports(settings, environ, demo=demo)
    app = SessiontuiApp(
        parts,
        keys=keys(environ),
        environ=environ,
        run_in_terminal=run_in_terminal,
        copy=Clipboard(cast("Mode", settings.clipboard), environ, write).copy,
        interval=settings.interval,
        now=time.time,
        keymap=settings.keys,
    )
    try:
        app.run(mouse=mouse)
    finally:
        parts.meter.close()
        parts.engine.close()
    return app.return_code or 0
