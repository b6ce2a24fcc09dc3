"""``python -m tests.bench``: what sessiontui costs, beside ``docker stats`` and the framework's own floor.

Brings up a fleet of sessions (``bench-…``), measures, prints a table, and takes the fleet away again.
``python -m tests.bench copies`` measures copies by SSH instead, beside ``docker cp`` (copies.py).
Exit codes: 0 all musts hold; 1 one fails; 2 it cannot be measured here.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from sessiontui.domain.errors import SessiontuiError
from tests.bench import copies, report
from tests.bench.course import PARTS, SHORT, Plan, Programs
from tests.bench.report import GENEROUS, Musts
from tests.bench.run import measured
from tests.bench.terminal import TimedOutError
from tests.contract.packages import PackageUnavailableError


def main() -> int:
    """Measure as the command line says."""
    signal.signal(signal.SIGTERM, _leave)
    if sys.argv[1:2] == ["copies"]:
        return copies.main(sys.argv[2:])
    arguments = _parser().parse_args()
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
    lines = report.lines(figures, GENEROUS if arguments.short else Musts())
    print(f"{report.table(lines)}\n\n{plan.sessions} sessions, {machine}")
    if arguments.json:
        kept = {"machine": machine, "figures": asdict(figures), "lines": [asdict(line) for line in lines]}
        arguments.json.write_text(json.dumps(kept, indent=1))
    return 0 if all(line.passed for line in lines) else 1


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
