"""A run from an engine without a fleet to the figures, and back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from sessiontui.engine.docker import DockerEngine
from sessiontui.host.owner import find_owner
from tests.bench.course import Course, Figures, Plan, Programs
from tests.bench.fleet import Fleet, Say
from tests.bench.image import IMAGE, make_image
from tests.real import linked


def measured(plan: Plan, programs: Programs, say: Say, *, keep: bool = False) -> Figures:
    """The figures of a plan. Unless it is kept, all that was made for it is removed, however it ends."""
    engine = DockerEngine(os.environ)
    fleet = Fleet(engine, find_owner(programs.environ), say)
    try:
        make_image(engine)
        return Course(plan, programs, engine, fleet, say).run()
    finally:
        if not keep:
            with _undisturbed():
                fleet.remove()
                _remove_image()
        engine.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore being told to end: whoever presses Ctrl+C again would be left with half a fleet."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _remove_image() -> None:
    with linked() as link:
        if link.client.images(name=IMAGE):
            link.client.remove_image(IMAGE)
