"""Puts the parts together. The one file that names concrete adapters."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from sessiontui.config import Settings, config_directory, state_directory
from sessiontui.domain.errors import SessiontuiError

if TYPE_CHECKING:
    from textual.app import App

    from sessiontui.access.keys import KeyRing
    from sessiontui.actions.observe import Observer
    from sessiontui.actions.ports import Ports
    from sessiontui.engine.port import Engine
    from sessiontui.host.linux import LinuxHost
    from sessiontui.metering.port import MachineMeter, Meter
    from sessiontui.ui.dashboard import Dashboard

_GLANCE = 0.3
"""Seconds that the dashboard waits for the first look at the engine, so as to open on what it saw."""

_FAREWELL = 0.5
"""Seconds that meters and engine have to let go of what they hold; the end of the process does it too."""


def host(environ: Mapping[str, str]) -> LinuxHost:
    """This machine."""
    from sessiontui.host.linux import LinuxHost

    return LinuxHost(environ)


def keys(environ: Mapping[str, str]) -> KeyRing:
    """Where sessions' keys are kept."""
    from sessiontui.access.keys import KeyRing

    return KeyRing(state_directory(environ) / "keys", host(environ).owner())


def ports(settings: Settings, environ: Mapping[str, str], *, demo: bool = False) -> Ports:
    """Everything actions need. Opens nothing yet: the engine is asked on first use."""
    from sessiontui.actions.ports import Ports
    from sessiontui.catalogue.files import FileCatalogue
    from sessiontui.storage.directories import Directories

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
        from sessiontui.metering.machine import LocalMachine

        link = Link(environ)
        engine = DockerEngine(environ, link)
        meter = LayeredMeter([CgroupMeter(), StatsMeter(link.stats)])
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
    if settings.keys:
        # What is wrong with them is said before the screen is taken.
        from sessiontui.ui.keyboard import Keyboard

        Keyboard(settings.keys)
    from sessiontui.access.forwarding import over_ssh
    from sessiontui.ui.app import SessiontuiApp

    first = _FirstLook(lambda: ports(settings, environ, demo=demo))

    def furnish(app: App[Any]) -> Dashboard:
        return dashboard(app, *first.taken(), settings, environ)

    app = SessiontuiApp(furnish, still=over_ssh(environ))
    try:
        app.run(mouse=mouse)
    finally:
        first.close()
    return app.return_code or 0


class _FirstLook:
    """Looks at the engine in a thread while the first frame is drawn: waiting for it takes no CPU."""

    def __init__(self, make_ports: Callable[[], Ports]) -> None:
        self._make_ports = make_ports
        self._made: Future[tuple[Ports, Observer]] = Future()
        self._looked = threading.Event()
        threading.Thread(target=self._look, name="first-look", daemon=True).start()

    def _look(self) -> None:
        try:
            from sessiontui.actions.observe import Observer

            parts = self._make_ports()
            observer = Observer(parts, time.time)
        except BaseException as error:  # noqa: BLE001 # carried over to whoever waits
            self._made.set_exception(error)
            return
        self._made.set_result((parts, observer))
        # What engine it is takes it as long to tell as the list: both are asked for at once.
        threading.Thread(target=_told, args=(parts.engine,), name="first-look", daemon=True).start()
        observer.resync()
        self._looked.set()

    def taken(self) -> tuple[Ports, Observer]:
        """The parts and what was seen; an engine that takes its time is not waited for."""
        made = self._made.result()
        self._looked.wait(_GLANCE)
        return made

    def close(self) -> None:
        """Let go of meters and engine; the program's end waits for neither of them when they hang."""
        closing = threading.Thread(target=self._close, name="close", daemon=True)
        closing.start()
        closing.join(_FAREWELL)

    def _close(self) -> None:
        if self._made.done() and not self._made.exception():
            parts, _ = self._made.result()
            parts.meter.close()
            parts.engine.close()


def _told(engine: Engine) -> None:
    """Have the engine say what it is; whoever asks again is told what is wrong with it."""
    with suppress(SessiontuiError):
        engine.facts()


def dashboard(
    app: App[Any], parts: Ports, observer: Observer, settings: Settings, environ: Mapping[str, str]
) -> Dashboard:
    """The dashboard of an app."""
    from sessiontui.access.clipboard import Clipboard, Mode
    from sessiontui.access.terminal import run_in_terminal
    from sessiontui.ui.dashboard import Dashboard

    def write(sequence: str) -> None:
        if sys.__stderr__ is not None:
            sys.__stderr__.write(sequence)
            sys.__stderr__.flush()

    return Dashboard(
        app,
        parts,
        observer,
        keys=keys(environ),
        environ=environ,
        run_in_terminal=run_in_terminal,
        copy=Clipboard(cast("Mode", settings.clipboard), environ, write).copy,
        interval=settings.interval,
        now=time.time,
        keymap=settings.keys,
    )
