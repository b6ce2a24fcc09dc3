"""What must hold, whether it did, and the table that says so."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from tests.bench.course import Figures
from tests.bench.measures import Start
from tests.real import linked


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    measure: str
    must: str
    measured: str
    compared_with: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Musts:
    """The bounds: ratios, percent of a core, seconds, bytes a second."""

    own_of_docker_stats: float = 0.45
    engine: float = 1.0
    nothing: float = 0.5
    frame_of_floor: float = 1.15
    name_after_frame: float = 0.20
    key_median: float = 0.005
    key_slow: float = 0.015
    event: float = 0.100
    age: float = 1.1
    bytes_per_second: float = 2000
    resident_of_floor: float = 1.35
    growth: float = 0.01

    def times(self, factor: float) -> Musts:
        """Bounds that many times as wide."""
        return Musts(*(factor * getattr(self, name) for name in self.__dataclass_fields__))


GENEROUS = Musts().times(2)
"""Bounds of the short form: it is run on any machine, beside anything."""


def lines(figures: Figures, musts: Musts) -> tuple[Line, ...]:
    """The table's lines, of what was measured."""
    return (
        *_steady(figures, musts),
        *_nothing(figures, musts),
        *_starts(figures, musts),
        *_keys(figures, musts),
        *_events(figures, musts),
        *_growth(figures, musts),
    )


def _steady(figures: Figures, musts: Musts) -> Iterator[Line]:
    dashboard, stats, floor, idle = figures.dashboard, figures.docker_stats, figures.floor, figures.idle
    if not (dashboard and stats and floor and idle):
        return
    own, others = median(dashboard.own), median(stats.own)
    yield Line(
        "own CPU, steady",
        f"≤ {musts.own_of_docker_stats:g} × `docker stats`",
        f"{own:.2f} % = {own / others:.2f} ×",
        f"`docker stats` {others:.2f} %",
        own <= musts.own_of_docker_stats * others,
    )
    # The floor asks the engine for nothing either.
    base = mean((idle.engine, floor.engine))
    yield Line(
        "CPU of dockerd, containerd and shims above their idle",
        f"≤ {musts.engine:g} %",
        f"{dashboard.engine - base:.2f} %",
        f"idle {base:.2f} %, `docker stats` {stats.engine - base:.1f} % above it",
        dashboard.engine - base <= musts.engine,
    )
    written, others = median(dashboard.bytes_per_second), median(floor.bytes_per_second)
    yield Line(
        "bytes to the terminal",
        f"≤ {musts.bytes_per_second / 1000:g} kB/s",
        f"{written / 1000:.2f} kB/s",
        f"floor {others / 1000:.1f} kB/s",
        written <= musts.bytes_per_second,
    )
    resident, others = median(dashboard.resident), median(floor.resident)
    yield Line(
        "memory (RSS)",
        f"≤ {musts.resident_of_floor:g} × floor",
        f"{resident / 1e6:.0f} MB = {resident / others:.2f} ×",
        f"floor {others / 1e6:.0f} MB",
        resident <= musts.resident_of_floor * others,
    )


def _nothing(figures: Figures, musts: Musts) -> Iterator[Line]:
    if figures.nothing:
        own = median(figures.nothing.own)
        yield Line(
            "own CPU without a session", f"≤ {musts.nothing:g} %", f"{own:.2f} %", "", own <= musts.nothing
        )


def _starts(figures: Figures, musts: Musts) -> Iterator[Line]:
    if not figures.dashboard_starts:
        return
    frame, floor = _frame(figures.dashboard_starts), _frame(figures.floor_starts)
    yield Line(
        "first frame",
        f"≤ {musts.frame_of_floor:g} × floor",
        f"{frame:.3f} s = {frame / floor:.2f} ×",
        f"floor {floor:.3f} s",
        frame <= musts.frame_of_floor * floor,
    )
    names = [one.name for one in figures.dashboard_starts if one.name is not None]
    never = len(figures.dashboard_starts) - len(names)
    name = median(names) if names else float("inf")
    yield Line(
        "first session's name on screen",
        f"≤ floor's first frame + {musts.name_after_frame:.2f} s",
        f"{name:.3f} s = + {name - floor:.3f} s" + (f", {never} × never" if never else ""),
        f"floor {floor:.3f} s",
        not never and name <= floor + musts.name_after_frame,
    )


def _keys(figures: Figures, musts: Musts) -> Iterator[Line]:
    if figures.keys is None:
        return
    middle, slow = figures.keys.median, figures.keys.slow
    missed = f", {figures.keys.missed} missed" if figures.keys.missed else ""
    yield Line(
        "key to moved cursor",
        f"median ≤ {musts.key_median * 1000:g} ms, p95 ≤ {musts.key_slow * 1000:g} ms",
        f"{middle * 1000:.1f} ms, {slow * 1000:.1f} ms{missed}",
        f"{len(figures.keys.took)} keys",
        not missed and middle <= musts.key_median and slow <= musts.key_slow,
    )


def _events(figures: Figures, musts: Musts) -> Iterator[Line]:
    if figures.delays is not None:
        for measure, delays in (
            ("session started outside → on screen", figures.delays.started),
            ("session removed outside → gone", figures.delays.removed),
        ):
            yield Line(
                measure,
                f"≤ {musts.event * 1000:g} ms after the event",
                f"{median(delays) * 1000:.0f} ms ({_range(delays, 1000, 0)})",
                f"{len(delays)} trials",
                median(delays) <= musts.event,
            )
    if figures.ages:
        oldest = max(figures.ages)
        yield Line(
            "age of the oldest figure shown",
            f"≤ {musts.age:g} s",
            f"{oldest:.2f} s",
            f"{len(figures.ages)} trials, median {median(figures.ages):.2f} s",
            oldest <= musts.age,
        )


def _growth(figures: Figures, musts: Musts) -> Iterator[Line]:
    if len(figures.growth) < 2:
        return
    own = {size: median(steady.own) for size, steady in sorted(figures.growth.items())}
    steepest = max((own[more] - own[less]) / (more - less) for less, more in pairwise(own))
    yield Line(
        f"own CPU, {' → '.join(map(str, own))} sessions",
        f"+ < {musts.growth:g} % a session",
        f"+ {steepest:.4f} % where steepest",
        ", ".join(f"{one:.2f} %" for one in own.values()),
        steepest < musts.growth,
    )


def _frame(starts: Sequence[Start]) -> float:
    return median(one.frame for one in starts)


def _range(values: Sequence[float], factor: float, digits: int) -> str:
    return f"{min(values) * factor:.{digits}f}–{max(values) * factor:.{digits}f}"


def table(of: Sequence[Line]) -> str:
    """The lines as Markdown."""
    head = "| Measure | Must | Measured | Compared with | |\n| --- | --- | --- | --- | --- |"
    rows = [
        " | ".join((one.measure, one.must, one.measured, one.compared_with, "✔" if one.passed else "**✘**"))
        for one in of
    ]
    return "\n".join((head, *(f"| {row} |" for row in rows)))


def machine(docker: str) -> str:
    """What it was measured on, in one line; ``docker`` is the CLI that was compared with."""
    with linked() as link:
        info = link.info
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.partition(":")[2].strip() for line in cpuinfo.splitlines() if "model name" in line), "CPU"
    )
    cli = subprocess.run([docker, "--version"], check=True, capture_output=True, text=True)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} × {model}, Linux {platform.release()}, "
        f"Docker {info['ServerVersion']} (cgroup v{info.get('CgroupVersion', '1')}), "
        f"CLI {cli.stdout.split()[2].strip(',')}, Python {platform.python_version()}, "
        f"Textual {version('textual')}"
    )
