"""The course of a run: which programs are measured, at which size of the fleet, in which order."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sessiontui.engine.port import Engine
from tests.bench import measures, outside
from tests.bench.fleet import PREFIX, Fleet, Say
from tests.bench.measures import Keys, Opener, Start, Steady
from tests.bench.outside import Delays
from tests.bench.terminal import Terminal, TimedOutError

ROOT = Path(__file__).parents[2]
PARTS = ("nothing", "start", "steady", "keys", "events", "age", "growth")
"""What can be measured for itself: each part fills one or more lines of the table."""
_SETTLING = 4.0
"""Seconds that a program gets after its first frames."""
_LONGEST_START = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: numbers of each, and the ``seconds`` of a window."""

    sessions: int
    parts: frozenset[str] = frozenset(PARTS)
    windows: int = 3
    seconds: float = 10.0
    launches: int = 5
    keys: int = 60
    trials: int = 5
    """Sessions started and removed outside."""
    steps: int = 10
    """Changes of a figure whose age is measured."""
    sizes: tuple[int, ...] = (50, 200, 300)
    """Sizes of the fleet between which the growth is measured."""


SHORT = Plan(50, frozenset({"start", "steady", "keys"}), seconds=5.0, launches=3, keys=40)
"""What the tests measure each time."""


@dataclass(slots=True)
class Figures:
    """What was measured, filled in the course of the run; empty where it was not asked for."""

    sessions: int
    nothing: Steady | None = None
    """The dashboard without any session."""
    idle: Steady | None = None
    """Nobody asks the engine."""
    docker_stats: Steady | None = None
    floor: Steady | None = None
    dashboard: Steady | None = None
    floor_starts: list[Start] = field(default_factory=list)
    dashboard_starts: list[Start] = field(default_factory=list)
    keys: Keys | None = None
    delays: Delays | None = None
    ages: tuple[float, ...] = ()
    growth: dict[int, Steady] = field(default_factory=dict)
    """The dashboard by the size of the fleet."""


class Programs:
    """Opens what is measured, each with a home of its own that holds a settings file and nothing else."""

    def __init__(self, home: Path, command: str = "") -> None:
        self._dashboard = shlex.split(command) or [sys.executable, "-m", "sessiontui"]
        self.docker = docker_command()
        settings = home / ".config/sessiontui/config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text("interval = 1.0\n")
        passed_on = ("PATH", "USER", "LOGNAME", "SHELL", "TZ")
        self.environ = {
            **{name: os.environ[name] for name in passed_on if name in os.environ},
            **{name: value for name, value in os.environ.items() if name.startswith("DOCKER_")},
            "DOCKER_CONFIG": os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker")),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_STATE_HOME": str(home / ".local/state"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }

    def dashboard(self) -> Terminal:
        """Sessiontui, which looks at its meters once a second."""
        return Terminal(self._dashboard, self.environ, ROOT)

    def floor(self, rows: int) -> Terminal:
        """The framework alone, with that many rows."""
        environ = {**self.environ, "ROWS": str(rows)}
        return Terminal([sys.executable, "-m", "tests.bench.floor"], environ, ROOT)

    def docker_stats(self) -> Terminal:
        """The engine's own command line."""
        return Terminal([self.docker, "stats"], self.environ, ROOT, quit_key=b"\x03")


def docker_command() -> str:
    """The distribution's docker CLI, else the one on the PATH. Raises FileNotFoundError."""
    found = shutil.which("/usr/bin/docker") or shutil.which("docker")
    if found is None:
        raise FileNotFoundError("`docker stats` is compared with: install docker-cli (or docker.io)")
    return found


class Course:
    """One run on one engine."""

    def __init__(self, plan: Plan, programs: Programs, engine: Engine, fleet: Fleet, say: Say) -> None:
        self._plan = plan
        self._programs = programs
        self._engine = engine
        self._fleet = fleet
        self._say = say
        self.figures = Figures(plan.sessions)

    def run(self) -> Figures:
        """Measure what the plan asks for. Raises TimedOutError and what the engine raises."""
        parts, size = self._plan.parts, self._plan.sessions
        if "nothing" in parts:
            self._nothing()
        if "growth" in parts:
            self._grow([one for one in self._plan.sizes if one < size])
        self._fleet.resize(size)
        if "start" in parts:
            self._starts()
        if "steady" in parts:
            self._others()
        if parts & {"steady", "keys", "events", "age"}:
            self._dashboard()
        if "growth" in parts:
            self._grow([one for one in self._plan.sizes if one not in self.figures.growth])
        return self.figures

    def _nothing(self) -> None:
        if self._engine.sessions():
            self._say("left out: sessiontui without a session, since the engine has some")
            return
        self._say("sessiontui without a session")
        with self._settled(self._programs.dashboard, "") as terminal:
            self.figures.nothing = self._windows(terminal)

    def _starts(self) -> None:
        """The dashboard and the floor in turn, so that both meet the same machine; each once unmeasured."""
        programs, figures = self._programs, self.figures
        for number in range(self._plan.launches + 1):
            self._say(f"start {number} of {self._plan.launches}")
            floor = measures.start(lambda: programs.floor(self._plan.sessions))
            dashboard = measures.start(programs.dashboard)
            if number > 0:
                figures.floor_starts.append(floor)
                figures.dashboard_starts.append(dashboard)

    def _others(self) -> None:
        self._say("the engine when nobody asks it")
        self.figures.idle = measures.idle(self._plan.windows, self._plan.seconds)
        self._say("docker stats")
        with self._settled(self._programs.docker_stats) as terminal:
            self.figures.docker_stats = self._windows(terminal)
        self._say("the floor")
        with self._settled(lambda: self._programs.floor(self._plan.sessions)) as terminal:
            self.figures.floor = self._windows(terminal)

    def _dashboard(self) -> None:
        plan, figures = self._plan, self.figures
        with self._settled(self._programs.dashboard) as terminal:
            if "steady" in plan.parts:
                self._say("sessiontui")
                figures.dashboard = self._windows(terminal)
                figures.growth[plan.sessions] = figures.dashboard
            if "keys" in plan.parts:
                self._say("keys")
                figures.keys = measures.keys(terminal, plan.keys)
            if "events" in plan.parts:
                self._say("sessions started and removed outside")
                figures.delays = outside.delays(terminal, self._fleet, self._engine, plan.trials)
            if "age" in plan.parts:
                self._say("age of the figures")
                figures.ages = outside.ages(terminal, self._fleet, self._engine, plan.steps)

    def _grow(self, sizes: Sequence[int]) -> None:
        for size in sizes:
            self._fleet.resize(size)
            self._say(f"sessiontui with {size} sessions")
            with self._settled(self._programs.dashboard) as terminal:
                self.figures.growth[size] = self._windows(terminal)

    @contextmanager
    def _settled(self, opener: Opener, name: str = PREFIX) -> Iterator[Terminal]:
        """A program that has shown its first session, and its first figures a moment later."""
        with opener() as terminal:
            if not terminal.read_until_written(name.encode(), _LONGEST_START):
                raise TimedOutError(f"no {name}… was written in {_LONGEST_START:.0f} s")
            terminal.read(_SETTLING)
            yield terminal

    def _windows(self, terminal: Terminal) -> Steady:
        return measures.steady(terminal, self._plan.windows, self._plan.seconds)
