"""The dashboard on a machine whose GPU driver hangs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sessiontui.domain.gpu_usage import GpuUse, use_of
from sessiontui.domain.picture import Picture
from sessiontui.domain.units import GIB
from sessiontui.metering.driver_watch import LATE
from sessiontui.metering.gpus import LocalGpus
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.background import in_background
from sessiontui.ui.screens.launch import LaunchScreen
from sessiontui.ui.widgets.session_list import SessionList
from tests.pilot.stage import Stage, busy, opened, until
from tests.pilot.test_dashboard import toasts
from tests.unit.metering.drivers import ScriptedSource

SAID = "NVIDIA GPUs cannot be read: the driver has not answered in time since"


@dataclass
class Box:
    """A machine with four devices, and its time."""

    stage: Stage = field(default_factory=busy)
    source: ScriptedSource = field(default_factory=lambda: ScriptedSource(4))
    now: float = 0.0

    def __post_init__(self) -> None:
        self.stage.gpus = self.gpus = LocalGpus([self.source], clock=lambda: self.now)


@pytest.fixture
def box() -> Iterator[Box]:
    box = Box()
    yield box
    box.gpus.close()
    box.source.answers.set()


def use(picture: Picture) -> GpuUse | None:
    session = picture.session("id-nifty-bohr")
    assert session is not None
    return use_of(session, picture.capacity.gpus if picture.capacity else (), picture.gpus)


async def look(app: SessiontuiApp) -> None:
    """As poller and ticker do."""
    await in_background(app.desk.observer.survey)
    await app.refresh_picture()


async def test_a_driver_that_hangs_takes_its_figures_along_and_nothing_else(box: Box) -> None:
    async with opened(box.stage) as (pilot, app):
        await look(app)
        await until(pilot, lambda: app.picture.gpus.readings)
        assert use(app.picture) == GpuUse(0.5, 0, 160 * GIB)
        box.source.answers.clear()
        await look(app)
        assert box.source.inside == 1
        box.now += LATE
        await look(app)
        await pilot.pause()
        assert use(app.picture) == GpuUse(None, None, 160 * GIB)
        assert SAID in toasts(app)
        listing = app.screen.query_one(SessionList)
        before = listing.selected
        await pilot.press("down")
        assert listing.selected != before, "keys do not wait for it"
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        await pilot.press("escape")
        box.now += LATE
        await look(app)
        await pilot.pause()
        assert len([one for one in app._notifications if SAID in one.message]) == 1, "it is said once"
        box.source.at = box.now
        box.source.answers.set()
        await until(pilot, lambda: not box.source.inside)
        await look(app)
        await until(pilot, lambda: app.picture.notes == ())
        assert use(app.picture) == GpuUse(0.5, 0, 160 * GIB)


async def test_a_driver_that_hangs_from_the_start_keeps_nobody_from_starting(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessiontui.metering.gpus.FIRST_ANSWER", 0.01)
    box.source.answers.clear()
    async with opened(box.stage) as (pilot, app):
        assert "nifty-bohr" in app.screen.query_one(SessionList).render_line(4).text
        await look(app)
        assert app.picture.capacity is not None
        assert app.picture.capacity.gpus == ()
        box.now += LATE
        await look(app)
        await pilot.pause()
        assert SAID in toasts(app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))


async def test_nothing_is_said_where_there_is_no_device(box: Box) -> None:
    box.source.count = 0
    async with opened(box.stage) as (_, app):
        await look(app)
        assert app.picture.notes == ()
        assert [driver.expected for driver in app.picture.gpus.drivers] == [False]
