"""What is written to the terminal piece by piece looks like what would be drawn anew."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pyte
import pytest
from rich.console import RenderableType
from textual._compositor import ChopsUpdate, CompositorUpdate
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from sessiontui.domain.session import Phase
from sessiontui.domain.units import GIB, MIB
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.narrow_update import NarrowUpdate
from sessiontui.ui.screens.main import MainScreen
from tests.pilot.stage import Stage, busy, settled

STEPS = 30


class Terminal:
    """Shows what is written to it."""

    def __init__(self, width: int, height: int) -> None:
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self._screen)

    def write(self, text: str) -> None:
        """Take what a program writes."""
        self._stream.feed(text)

    def cells(self) -> list[list[tuple[str, str, str, bool]]]:
        """Sign, colours and weight of each place."""
        columns, buffer = range(self._screen.columns), self._screen.buffer
        return [
            [(one.data, one.fg, one.bg, one.bold) for one in (buffer[y][x] for x in columns)]
            for y in range(self._screen.lines)
        ]


class Mirrored(SessiontuiApp):
    """Writes to a terminal what a real one would be sent."""

    terminal: Terminal | None = None

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if screen is self.screen and self.terminal is not None and isinstance(renderable, CompositorUpdate):
            narrow = type(renderable) is ChopsUpdate
            update = NarrowUpdate.of(renderable) if narrow else renderable
            self.terminal.write(update.render_segments(self.console))
        super()._display(screen, renderable)


@dataclass
class Unrest:
    """Does to a dashboard, at random, what people, engines and meters do to it."""

    stage: Stage
    chance: random.Random
    made: list[str] = field(default_factory=list)

    async def step(self, pilot: Pilot[None], app: Mirrored) -> None:
        """One of it."""
        what = self.chance.choice([self.appear, self.vanish, self.work, self.work, self.work])
        what()
        if self.chance.random() < 0.6 and isinstance(app.screen, MainScreen):
            keys = ["down", "up", "end", "home", "pagedown", "o", "r", "1", "2", "enter", "v"]
            await pilot.press(self.chance.choice(keys))
        elif not isinstance(app.screen, MainScreen):
            await pilot.press(self.chance.choice(["2", "j", "q", "g"]))
        if self.chance.random() < 0.15:
            size = self.chance.choice([(120, 36), (80, 24), (160, 45)])
            app.terminal = Terminal(*size)
            await pilot.resize_terminal(*size)
        if self.chance.random() < 0.1:
            app.notify("something that lies over the list " * 2, timeout=0.2)
        self.stage.clock += self.chance.choice([0.5, 2, 30])
        await app.refresh_picture()

    def appear(self) -> None:
        """A session with a name of wide signs."""
        name = f"{len(self.made):03d}-{'実験' * self.chance.randint(0, 9)}x"
        self.made.append(name)
        phase = self.chance.choice([Phase.RUNNING] * 4 + [Phase.FAILED, Phase.STOPPED])
        self.stage.put(name, phase=phase, environment="other", image="語" * self.chance.randint(1, 9))

    def vanish(self) -> None:
        """Some sessions go."""
        while self.made and self.chance.random() < 0.5:
            name = self.made.pop(self.chance.randrange(len(self.made)))
            self.stage.engine.remove(f"id-{name}")

    def work(self) -> None:
        """Sessions use more or less."""
        for name in [*self.made, "nifty-bohr", "train-7"]:
            self.stage.use(
                name,
                self.chance.random() * 4,
                int(self.chance.random() * 17 * GIB),
                throttled=self.chance.choice([0.0, 0.5]),
                received=self.chance.random() * MIB,
                sent=1.0,
                read=0.0,
                written=self.chance.random() * MIB,
            )
        for number in range(4):
            self.stage.gpu_readings.tell(
                f"GPU-{number}",
                self.chance.choice([None, self.chance.random()]),
                self.chance.choice([None, int(self.chance.random() * 80 * GIB)]),
                errors=self.chance.choice([0, 0, 3]),
                trouble=self.chance.choice(["", "", "GPU is lost"]),
                temperature=self.chance.randint(30, 99),
            )


@pytest.mark.parametrize("seed", range(2))
async def test_what_is_written_is_what_a_full_drawing_shows(seed: int) -> None:
    stage = busy()
    app = stage.app(Mirrored)
    assert isinstance(app, Mirrored)
    unrest = Unrest(stage, random.Random(seed))  # for tests
    for _ in range(40 * (seed % 2)):
        unrest.appear()
    async with app.run_test(size=(120, 36)) as pilot:
        app.terminal = Terminal(120, 36)
        await settled(pilot)
        app.screen.refresh()
        for number in range(STEPS):
            await unrest.step(pilot, app)
            await drawn(pilot)
            assert app.terminal.cells() == anew(app).cells(), f"step {number}"


async def drawn(pilot: Pilot[None]) -> None:
    """Wait until all that was asked for is drawn."""
    for _ in range(3):
        await pilot.pause()
        await asyncio.sleep(0.04)
    await pilot.pause()


def anew(app: App[Any]) -> Terminal:
    """A terminal with all drawn at once."""
    update = app.screen._compositor.render_update(full=True)
    terminal = Terminal(app.size.width, app.size.height)
    assert isinstance(update, CompositorUpdate)
    terminal.write(update.render_segments(app.console))
    return terminal
