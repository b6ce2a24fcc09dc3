"""``python -m tests.bench``: what sessiontui costs, beside ``docker stats`` and the framework's own floor.

Brings up a fleet of sessions (``bench-…``), measures, prints a table, and takes the fleet away again.
Exit codes: 0 all musts hold; 1 one fails; 2 it cannot be measured here.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from sessiontui.dockerd import connect
from sessiontui.domain.errors import SessiontuiError
from sessiontui.engine.docker import DockerEngine
from sessiontui.host.owner import find_owner
from tests.bench import report
from tests.bench.course import PARTS, Course, Figures, Plan, Programs
from tests.bench.fleet import Fleet, Say
from tests.bench.image import IMAGE, make_image
from tests.bench.report import Musts
from tests.bench.terminal import TimedOutError
from tests.contract.packages import PackageUnavailableError

SHORT = Plan(
    sessions=50, parts=frozenset({"start", "steady", "keys"}), windows=3, seconds=4.0, launches=3, keys=40
)
GENEROUS = 2.0
"""How much wider the bounds of the short form are: it is run on any machine, beside anything."""


def main() -> int:
    """Measure as the command line says."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _leave)
    plan = _plan(arguments)
    try:
        with TemporaryDirectory() as home:
            programs = Programs(Path(home), arguments.command)
            figures = measured(plan, programs, _say, keep=arguments.keep)
            machine = report.machine(programs.docker)
    except (SessiontuiError, PackageUnavailableError, TimedOutError, FileNotFoundError) as error:
        print(f"cannot measure: {getattr(error, 'message', error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    lines = report.lines(figures, Musts().times(GENEROUS) if arguments.short else Musts())
    print(f"{report.table(lines)}\n\n{plan.sessions} sessions, {machine}")
    if arguments.json:
        kept = {"machine": machine, "figures": asdict(figures), "lines": [asdict(line) for line in lines]}
        arguments.json.write_text(json.dumps(kept, indent=1))
    return 0 if all(line.passed for line in lines) else 1


def measured(plan: Plan, programs: Programs, say: Say, *, keep: bool = False) -> Figures:
    """The figures of a plan; all that was made for it is removed again, however it ends."""
    with _fleet(programs, say, keep=keep) as (engine, fleet):
        return Course(plan, programs, engine, fleet, say).run()


@contextmanager
def _fleet(programs: Programs, say: Say, *, keep: bool) -> Iterator[tuple[DockerEngine, Fleet]]:
    engine = DockerEngine(os.environ)
    fleet = Fleet(engine, find_owner(programs.environ), say)
    made = make_image(engine)
    try:
        yield engine, fleet
    finally:
        if not keep:
            fleet.remove()
            if made:
                _remove_image()
        engine.close()


def _remove_image() -> None:
    connection = connect(os.environ)
    connection.client.remove_image(IMAGE)
    connection.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    full = Plan(200)
    parser.add_argument("--sessions", type=int, default=full.sessions, help="size of the fleet (200)")
    parser.add_argument(
        "--windows", type=int, default=full.windows, help="steady windows, of which the median (3)"
    )
    parser.add_argument("--seconds", type=float, default=full.seconds, help="length of a window (10)")
    parser.add_argument(
        "--growth", action=argparse.BooleanOptionalAction, default=True, help="also 50 → 200 → 300 sessions"
    )
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="measure this part alone; may be repeated"
    )
    parser.add_argument(
        "--short", action="store_true", help="the form the tests run: 50 sessions, bounds twice as wide"
    )
    parser.add_argument("--keep", action="store_true", help="leave the fleet, for the next run to take up")
    parser.add_argument("--command", default="", help="another command line that opens the dashboard")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    return parser


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.short:
        return SHORT
    parts = frozenset(arguments.only or PARTS)
    if not arguments.growth:
        parts -= {"growth"}
    return Plan(arguments.sessions, parts, arguments.windows, arguments.seconds)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _leave(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
