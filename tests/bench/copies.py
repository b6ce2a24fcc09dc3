"""``python -m tests.bench copies``: how fast files come into a session and out of it, beside ``docker cp``.

One session, one file of random bytes, and the programs in turn, through the block that
``sessiontui ssh-config`` keeps; each copy is compared with the file. Exit codes as for the other benchmark.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sessiontui import wiring
from sessiontui.access.keys import KeyRing
from sessiontui.access.ssh_config import SshConfig
from sessiontui.actions import end, ssh_config
from sessiontui.actions.launch import Launcher
from sessiontui.actions.ports import Ports
from sessiontui.config import Settings
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.launch import Draft
from sessiontui.domain.session import Session
from sessiontui.domain.units import GIB, MIB
from tests.bench import report
from tests.bench.course import docker_command
from tests.bench.fleet import PREFIX, Say
from tests.bench.report import Line

MUST = 0.5
"""Of the speed of ``docker cp`` of the same file in the same direction."""
GENEROUS = MUST / 2
"""Bound of the short form: it is run on any machine, beside anything."""

_NAME = f"{PREFIX}copies"
_WAYS = ("into the session", "out of the session")
_THERE = "/home/work/copied"
_DOCKER = "docker cp"


@dataclass(frozen=True, slots=True)
class Plan:
    """Size of the file in bytes, and how often each program copies it each way."""

    size: int
    rounds: int
    enough: float | None = None
    """The bound within which the copies so far spare the rounds that are left."""


FULL, SHORT = Plan(GIB, 5), Plan(128 * MIB, 3, GENEROUS)

Speeds = dict[tuple[str, str], list[float]]
"""Bytes a second by program and way."""


def main(arguments: Sequence[str]) -> int:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench copies", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="128 MiB, bound twice as wide")
    parser.add_argument("--image", default="", help="an image instead of the default environment's")
    parser.add_argument("--rounds", type=int, help="copies of each kind, of which the best")
    chosen = parser.parse_args(arguments)
    plan = SHORT if chosen.short else FULL
    plan = replace(plan, rounds=chosen.rounds or plan.rounds)
    try:
        speeds = measured(plan, lambda text: print(text, file=sys.stderr, flush=True), chosen.image)
        machine = report.machine(docker_command())
    except (SessiontuiError, subprocess.SubprocessError, FileNotFoundError) as error:
        print(f"cannot measure: {getattr(error, 'message', error)}", file=sys.stderr)
        print(getattr(error, "stderr", None) or "", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    found = lines(speeds, GENEROUS if chosen.short else MUST)
    print(f"{report.table(found)}\n\n{plan.size // MIB} MiB, best of at most {plan.rounds}, {machine}")
    return 0 if all(line.passed for line in found) else 1


def measured(plan: Plan, say: Say, image: str = "") -> Speeds:
    """Launch, copy, and take away what was made, however it ends."""
    with TemporaryDirectory() as home:
        settings = Settings(Path(home) / "folders")
        ports = wiring.ports(settings, os.environ)
        keys = KeyRing(Path(home) / "keys", config=SshConfig(Path(home), Path(home) / "ssh_config"))
        try:
            with _session(ports, image) as session:
                ssh_config.install(ports, keys)
                return _Course(plan, session, Path(home), say).run()
        finally:
            ports.engine.close()


@contextmanager
def _session(ports: Ports, image: str) -> Iterator[Session]:
    for left in ports.engine.sessions():
        if left.name == _NAME:
            end.delete(ports, left)
    launcher = Launcher(ports)
    cores = float(os.cpu_count() or 1)
    draft = Draft(environment="" if image else "python", image=image, name=_NAME, cpu=cores, memory=3 * GIB)
    session = launcher.launch(launcher.order(draft), lambda progress: None, Cancellation())
    try:
        yield session
    finally:
        end.delete(ports, session)


class _Course:
    """The programs in turn, so that all meet the same machine; each once unmeasured."""

    def __init__(self, plan: Plan, session: Session, home: Path, say: Say) -> None:
        self._plan, self._home, self._say = plan, home, say
        self._container = str(session.container_id)
        self._file, self._back = home / "file", home / "back"
        docker, ssh = docker_command(), ("-F", str(home / ".ssh/config"), "-o", "BatchMode=yes")
        name, rsh = f"st-{session.name}", shlex.join(("ssh", *ssh))
        there = f"{name}:{_THERE}"
        file, back = str(self._file), str(self._back)
        batch = {way: home / f"batch-{number}" for number, way in enumerate(_WAYS)}
        batch[_WAYS[0]].write_text(f'put "{file}" "{_THERE}"\n')
        batch[_WAYS[1]].write_text(f'get "{_THERE}" "{back}"\n')
        self._docker = docker
        self._commands: dict[str, Callable[[str], list[str]]] = {
            _DOCKER: lambda way: [docker, "cp", *_either(way, file, f"{self._container}:{_THERE}", back)],
            "scp": lambda way: ["scp", "-q", *ssh, *_either(way, file, there, back)],
            "rsync": lambda way: ["rsync", "-a", "-e", rsh, *_either(way, file, there, back)],
            "sftp": lambda way: ["sftp", "-q", *ssh, "-b", str(batch[way]), name],
        }

    def run(self) -> Speeds:
        """All rounds."""
        self._write()
        speeds: Speeds = {}
        for number in range(self._plan.rounds + 1):
            self._say(f"copies, round {number} of {self._plan.rounds}")
            for way in _WAYS:
                for program in self._commands:
                    speed = self._copied(program, way)
                    if number > 0:
                        speeds.setdefault((program, way), []).append(speed)
            if number > 0 and self._is_enough(speeds):
                break
        return speeds

    def _is_enough(self, speeds: Speeds) -> bool:
        bound = self._plan.enough
        return bound is not None and all(line.passed for line in lines(speeds, bound))

    def _write(self) -> None:
        with self._file.open("wb") as file:
            for _ in range(self._plan.size // MIB):
                file.write(os.urandom(MIB))

    def _copied(self, program: str, way: str) -> float:
        """Bytes a second of one copy to where there is nothing yet."""
        if way == _WAYS[0]:
            self._inside("rm", "-f", _THERE)
        self._back.unlink(missing_ok=True)
        # What the last copy left to be written to the disk is not this one's.
        os.sync()
        began = time.monotonic()
        subprocess.run(
            self._commands[program](way), check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        took = time.monotonic() - began
        if way == _WAYS[0]:
            size = self._inside("stat", "-c", "%s", _THERE).strip()
            assert int(size) == self._plan.size, f"{program} left {size} bytes"
        else:
            assert filecmp.cmp(self._file, self._back, shallow=False), f"{program} brought other bytes"
        return self._plan.size / took

    def _inside(self, *command: str) -> str:
        # As root: what docker cp brought is not the user's.
        return subprocess.run(
            [self._docker, "exec", "-u", "0", self._container, *command],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip


def _either(way: str, file: str, there: str, back: str) -> tuple[str, str]:
    return (file, there) if way == _WAYS[0] else (there, back)


def lines(speeds: Speeds, must: float) -> tuple[Line, ...]:
    """The table's lines: the best copy of each kind, since what else the machine does only slows one down."""
    best = {key: max(values) for key, values in speeds.items()}
    return tuple(
        Line(
            f"{program} {way}",
            f"≥ {must:g} × `docker cp`",
            f"{speed / 1e6:.0f} MB/s = {speed / best[_DOCKER, way]:.2f} ×",
            f"`docker cp` {best[_DOCKER, way] / 1e6:.0f} MB/s",
            speed >= must * best[_DOCKER, way],
        )
        for (program, way), speed in best.items()
        if program != _DOCKER
    )
