"""What a person sees of the GPUs, in several sizes, dark and light, on a frozen clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from sessiontui.domain.gpu import Gpu, GpuProcess, GpuReading, Place
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase
from sessiontui.domain.units import GIB
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.charts import ChartsScreen
from tests.pilot.stage import BOB, DeviceReadings, Stage, computing, lived, until
from tests.snapshot.steps import LIGHT, Compare, after

SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}")
CAROL = Owner("carol", 1002, 1002)


def gpu_box() -> Stage:
    """Eight devices with all that may be the matter with them, the last one divided."""
    gpus = [Gpu(f"GPU-{at}", at, "NVIDIA H100 80GB HBM3", 80 * GIB) for at in range(8)]
    gpus[7] = replace(gpus[7], divided=True)
    gpus[4] = replace(gpus[4], trouble="GPU is lost")
    gpus += [
        Gpu(f"MIG-{at}", 7, f"H100 MIG {size}", memory * GIB, parent="GPU-7", part=at)
        for at, (size, memory) in enumerate((("3g.40gb", 40), ("2g.20gb", 20), ("1g.10gb", 10)))
    ]
    readings = DeviceReadings()
    stage = Stage(gpus=ScriptedGpus(gpus, readings), gpu_readings=readings)
    ask = Ask(4, 16 * GIB, 2)
    stage.put("nifty-bohr", ask=ask, devices=("GPU-0", "GPU-1"))
    stage.put("peek-eval", ask=ask, devices=("GPU-1",))
    stage.put("calm-curie", ask=Ask(2, 4 * GIB))
    stage.put("train-7", owner=BOB, ask=ask, devices=("GPU-2", "GPU-3"))
    stage.put("lost-one", owner=CAROL, ask=ask, devices=("GPU-4",))
    stage.put("mini-fit", owner=CAROL, ask=ask, devices=("MIG-0",))
    stage.put("old-notes", phase=Phase.STOPPED, ask=ask, devices=("GPU-5", "GPU-6"))
    for name in ("nifty-bohr", "peek-eval", "calm-curie", "train-7", "lost-one", "mini-fit"):
        stage.use(name, 1.2, 2 * GIB)
    readings.train(0, "nifty-bohr", 0.93, 31 * GIB, 612.0, 66)
    readings.train(2, "train-7", 0.99, 74 * GIB, 690.0, 71)
    readings.train(3, "train-7", 0.98, 73 * GIB, 684.0, 70)
    readings.rest(6)
    others = (computing("nifty-bohr", 28 * GIB, 0.41), computing("peek-eval", 9 * GIB, 0.36))
    stranger = GpuProcess(31337, 38 * GIB, 0.6, 1, Place.HOST, command="python3", user="dave")
    readings.train(1, "nifty-bohr", 0.77, 37 * GIB, 520.0, 62)
    readings.told["GPU-1"] = replace(readings.told["GPU-1"], errors=2, processes=(*others, stranger))
    readings.tell("GPU-4", trouble="GPU is lost")
    readings.tell("GPU-5", 0.6, 38 * GIB, processes=(stranger,))
    own = (computing("mini-fit", 17 * GIB),)
    readings.told["MIG-0"] = GpuReading("MIG-0", 0.0, None, 17 * GIB, 40 * GIB, processes=own)
    return stage


@SIZES
@pytest.mark.parametrize("theme", ["", LIGHT], ids=["dark", "light"])
def test_a_machine_of_many_devices(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    stage = gpu_box()

    async def live(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await lived(pilot, stage, "nifty-bohr")

    keys = ("2", "enter") if size[1] < 30 else ("2",)
    assert snap_compare(stage.app(), terminal_size=size, run_before=after(*keys, theme=theme, first=live))


@SIZES
@pytest.mark.parametrize("chosen", ["nifty-bohr", "mini-fit"])
def test_devices_over_the_whole_screen(snap_compare: Compare, size: tuple[int, int], chosen: str) -> None:
    stage = gpu_box()

    async def live(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await lived(pilot, stage, chosen)

    async def turn(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(app.screen, ChartsScreen))
        await pilot.press("g")
        await pilot.pause()

    run = after("v", first=live, then=turn, chosen=chosen)
    assert snap_compare(stage.app(), terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_session_of_eight_devices(snap_compare: Compare, size: tuple[int, int]) -> None:
    gpus = [Gpu(f"GPU-{at}", at, "NVIDIA H100 80GB HBM3", 80 * GIB) for at in range(8)]
    readings = DeviceReadings()
    stage = Stage(gpus=ScriptedGpus(gpus, readings), gpu_readings=readings)
    stage.put("nifty-bohr", ask=Ask(32, 256 * GIB, 8), devices=tuple(gpu.uuid for gpu in gpus))
    stage.use("nifty-bohr", 21.0, 140 * GIB)
    for at in range(8):
        readings.train(at, "nifty-bohr", 0.99 - at / 50, (60 + at) * GIB, 600.0 + at, 60 + at)

    async def live(app: SessiontuiApp, pilot: Pilot[None]) -> None:
        await lived(pilot, stage, "nifty-bohr")

    keys = ("enter",) if size[1] < 30 else ()
    assert snap_compare(stage.app(), terminal_size=size, run_before=after(*keys, first=live))
