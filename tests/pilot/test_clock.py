"""The machine's clock is set forward by a day, and back by an hour, while the dashboard is open."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sessiontui.domain.session import Phase
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.widgets.details import Details
from tests.pilot.stage import NOW, Stage, busy, opened, select, until
from tests.pilot.test_bad_luck import CUT_OFF
from tests.pilot.test_dashboard import main, text, toasts

DAY, HOUR = 86_400, 3_600


@dataclass
class Clock:
    """What the machine's clock shows."""

    seconds: float = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds


def give(app: SessiontuiApp, clock: Clock) -> None:
    """The dashboard reads this clock from now on."""
    object.__setattr__(app.desk, "now", clock)
    app.desk.observer._now = clock


def lines(app: SessiontuiApp) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


def age_of(app: SessiontuiApp, name: str) -> str:
    """The age that the row of that session shows."""
    row = next(line for line in lines(app) if f" {name} " in line)
    return row.partition(" running ")[2].split()[0]


@pytest.mark.parametrize(
    ("jump", "age", "young"), [(DAY, "1d", "1d"), (-HOUR, "1h", "0s")], ids=["a day on", "an hour back"]
)
async def test_ages_follow_the_clock_and_are_never_less_than_nothing(jump: int, age: str, young: str) -> None:
    clock = Clock()
    async with opened(busy()) as (pilot, app):
        give(app, clock)
        assert (age_of(app, "nifty-bohr"), age_of(app, "calm-curie")) == ("2h", "6m")
        clock.seconds += jump
        await app.refresh_picture()
        await until(pilot, lambda: age_of(app, "nifty-bohr") == age)
        assert age_of(app, "calm-curie") == young


@pytest.mark.parametrize("jump", [DAY, -HOUR], ids=["a day on", "an hour back"])
async def test_charts_go_on_as_if_nothing_had_happened(jump: int) -> None:
    stage = busy()
    clock = Clock()
    async with opened(stage) as (pilot, app):
        give(app, clock)
        await select(pilot, app, "nifty-bohr")
        for step in range(8):
            if step == 4:
                clock.seconds += jump
            stage.clock += 2
            clock.seconds += 2
            await app.refresh_picture()
        chart = str(app.screen.query_one(Details).render())
        stage_alike = busy()
        async with opened(stage_alike) as (other_pilot, other):
            await select(other_pilot, other, "nifty-bohr")
            for _ in range(8):
                stage_alike.clock += 2
                await other.refresh_picture()
            alike = str(other.screen.query_one(Details).render())

    def drawn(pane: str) -> list[str]:
        return [line for line in pane.splitlines() if any("\u2800" < sign <= "\u28ff" for sign in line)]

    assert drawn(chart) == drawn(alike)


@pytest.mark.parametrize(("jump", "age"), [(DAY, "1d"), (-HOUR, "0s")], ids=["a day on", "an hour back"])
async def test_the_banner_tells_an_age_and_goes_when_the_engine_returns(jump: int, age: str) -> None:
    stage = busy()
    clock = Clock()
    async with opened(stage) as (pilot, app):
        give(app, clock)
        stage.engine.down = True
        await until(pilot, lambda: main(app).query_one("#banner").display)
        clock.seconds += jump
        app.desk.redraw()
        await until(pilot, lambda: f"what you see is {age} old" in text(app, "#banner"))
        stage.engine.down = False
        app.desk.stir()
        await until(pilot, lambda: not main(app).query_one("#banner").display)


async def test_a_launch_that_was_cut_off_before_the_clock_went_back_is_told() -> None:
    stage = Stage()
    clock = Clock()
    async with opened(stage) as (pilot, app):
        give(app, clock)
        clock.seconds -= HOUR
        stage.put("half-done", phase=Phase.FAILED, reason=CUT_OFF, hours=0)
        await until(pilot, lambda: "half-done" in toasts(app))
