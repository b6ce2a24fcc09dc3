"""Copies files from the command line: ``cp``."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from typing import TextIO

from sessiontui import wiring
from sessiontui.actions.copy import Place, download, place_of, upload
from sessiontui.actions.ports import Ports, find_session
from sessiontui.cli.complaint import complain
from sessiontui.cli.live_line import LiveLine
from sessiontui.cli.printing import printable
from sessiontui.config import Settings
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import (
    Cancelled,
    EngineDenied,
    EngineUnreachable,
    Problem,
    Refused,
    SessiontuiError,
)
from sessiontui.domain.files import Copying, CopyReport

_BETWEEN = 0.1
"""Seconds between two looks of the line."""


def cp(arguments: Namespace, settings: Settings) -> int:
    """Copy files and directories into a session or out of it; one that fails does not keep the others."""
    *sources, target = [place_of(text) for text in arguments.paths]
    if problem := _problem(sources, target):
        raise Refused([Problem("cp", problem)])
    ports = wiring.ports(settings, os.environ)
    if len(sources) > 1 and not target.path.endswith("/"):
        target = Place(f"{target.path}/", target.session)
    failed = False
    for source in sources:
        with CopyLine(sys.stderr) as report:
            try:
                skipped = _copy(ports, source, target, report, over=arguments.force)
            except (EngineUnreachable, EngineDenied, Cancelled):
                raise
            except SessiontuiError as error:
                report.clear()
                failed = True
                complain(error.message, error.hint)
                continue
        for one in skipped:
            complain(f"left out {one}")
    return 1 if failed else 0


def _problem(sources: list[Place], target: Place) -> str:
    """What is wrong with the places, empty when nothing is."""
    if not sources:
        return "name at least one source and the target"
    there = {bool(source.session) for source in sources}
    if there == {True} and not target.session:
        return ""
    if there == {False} and target.session:
        return ""
    if True in there and target.session:
        return "copy from a session to this machine first, then to the other session"
    return "one side is a session: write NAME:PATH for it, and ./a:b for a file here that looks like that"


def _copy(ports: Ports, source: Place, target: Place, report: CopyReport, *, over: bool) -> tuple[str, ...]:
    session = find_session(ports.engine, source.session or target.session, ports.owner)
    way = download if source.session else upload
    return way(ports, session, source.path, target.path, report, Cancellation(), over=over)


class CopyLine(LiveLine):
    """Shows on one line of a terminal how far a copy is; shows nothing elsewhere."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._clock = clock
        self._began = clock()
        self._shown = self._began - _BETWEEN

    def __call__(self, copying: Copying) -> None:
        """Show how far it is."""
        now = self._clock()
        if not self.live or now - self._shown < _BETWEEN:
            return
        self._shown = now
        self.show(line_of(copying, now - self._began))


def line_of(copying: Copying, seconds: float) -> str:
    """``45% 225M of 500M · 180M/s · name``; without share and total where the total is unknown."""
    name = printable(copying.name, " ")
    share = "" if copying.share is None else f"{copying.share:4.0%} "
    return f"{share}{copying.amount(seconds)} · {name}"
