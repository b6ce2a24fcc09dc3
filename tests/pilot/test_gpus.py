"""GPUs on the main screen and in the charts: what a person sees of them, and how keys and mouse reach it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from sessiontui.domain.gpu import Gpu, GpuProcess, Place
from sessiontui.domain.session import Phase
from sessiontui.domain.units import GIB, MIB
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.charts import ChartsScreen
from sessiontui.ui.widgets.chart_grid import ChartGrid, ChartWall
from sessiontui.ui.widgets.chart_view import ChartRow
from sessiontui.ui.widgets.details import Details
from sessiontui.ui.widgets.header import MachineHeader
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.session_list import SessionList
from tests.pilot.stage import BOB, DeviceReadings, Stage, computing, opened, select, until

SIZES = [(80, 24), (120, 36), (160, 45)]


def stage(count: int = 8, *, parts: int = 0, held: int = 2) -> Stage:
    """A machine of so many devices, of which one session has the first ones; the last may be divided."""
    gpus = [Gpu(f"GPU-{at}", at, "NVIDIA H100", 80 * GIB) for at in range(count)]
    if parts:
        gpus[-1] = replace(gpus[-1], divided=True)
        whole = gpus[-1]
        gpus += [
            Gpu(f"MIG-{at}", whole.index, "H100 MIG", 10 * GIB, parent=whole.uuid, part=at)
            for at in range(parts)
        ]
    readings = DeviceReadings()
    made = Stage(gpus=ScriptedGpus(gpus, readings), gpu_readings=readings)
    made.put("fit", devices=tuple(f"GPU-{at}" for at in range(held)))
    made.put("calm-curie")
    made.use("fit", 1.0, GIB)
    for at in range(count):
        own = (computing("fit", 31 * GIB, 0.87),) if at < held else ()
        readings.tell(f"GPU-{at}", 0.87 if own else 0.0, 31 * GIB if own else 4 * MIB, processes=own)
    return made


def text(widget: Widget) -> str:
    """What a widget draws now."""
    return "\n".join(widget.render_line(y).text.rstrip() for y in range(widget.size.height))


def listed(app: SessiontuiApp, name: str) -> str:
    lines = text(app.screen.query_one(SessionList)).splitlines()
    return next(line for line in lines if name in line)


def facts(app: SessiontuiApp) -> str:
    return text(app.screen.query_one("#facts", Lines))


async def look(pilot: Pilot[None], app: SessiontuiApp, on: Stage, seconds: float = 3.0) -> None:
    on.clock += seconds
    await app.refresh_picture()
    await pilot.pause()
    await pilot.pause()


async def survey(pilot: Pilot[None], app: SessiontuiApp) -> None:
    """See anew who holds what."""
    app.desk.observer.survey()
    await app.refresh_picture()
    await pilot.pause()


# The row and the top line


@pytest.mark.parametrize("size", SIZES)
async def test_the_row_tells_devices_share_and_memory(size: tuple[int, int]) -> None:
    on = stage()
    async with opened(on, size) as (pilot, app):
        assert "0,1  87% 62/160G" in listed(app, "fit")
        assert "▤ ❯ ≡ ✕" in listed(app, "fit")
        on.gpu_readings.tell("GPU-0", 1.0, 79 * GIB)
        on.gpu_readings.tell("GPU-1", 1.0, 79 * GIB)
        await look(pilot, app, on)
        assert "0,1 100% 158/160G" in listed(app, "fit")
        assert text(app.screen.query_one(MachineHeader)).endswith("GPU ▕██······▏ 2/8")


async def test_a_driver_that_tells_nothing_leaves_dashes() -> None:
    on = stage()
    on.gpu_readings.told.clear()
    async with opened(on) as (_, app):
        assert "0,1    — —/160G" in listed(app, "fit")


async def test_a_lost_device_says_so_in_the_row_the_details_and_the_chart() -> None:
    on = stage()
    async with opened(on) as (pilot, app):
        await select(pilot, app, "fit")
        on.gpu_readings.tell("GPU-1", trouble="GPU is lost")
        await look(pilot, app, on)
        assert "0,1 lost" in listed(app, "fit")
        assert "gpu 1    ! GPU is lost" in facts(app)
        assert "GPU 1 — ! GPU is lost" in text(app.screen.query_one(ChartGrid))


async def test_a_shared_device_is_marked_on_both_sessions_and_named_in_the_details() -> None:
    on = stage()
    on.put("train-7", owner=BOB, devices=("GPU-1",))
    async with opened(on) as (pilot, app):
        assert " 0,1+ " in listed(app, "fit")
        assert " 1+ " in listed(app, "train-7")
        await select(pilot, app, "fit")
        assert "gpu 1    shared with train-7 of bob" in facts(app)
        assert "▕█▚······▏ 2/8" in text(app.screen.query_one(MachineHeader))
        on.engine.remove("id-train-7")
        await until(pilot, lambda: app.picture.session("id-train-7") is None)
        await survey(pilot, app)
        assert "+" not in listed(app, "fit")


async def test_parts_of_a_device_have_memory_and_no_share() -> None:
    on = stage(parts=3)
    on.put("mini-fit", devices=("MIG-1",))
    on.gpu_readings.tell("MIG-1", None, 3 * GIB, processes=(computing("mini-fit", 3 * GIB),))
    async with opened(on) as (pilot, app):
        assert "7:1  n/a 3/10G" in listed(app, "mini-fit")
        assert text(app.screen.query_one(MachineHeader)).endswith("GPU ▕██·····[·█·]▏ 3/10")
        await select(pilot, app, "mini-fit")
        assert "GPU 7:1 n/a (MIG) 3/10G" in text(app.screen.query_one(ChartGrid))


async def test_a_process_of_no_session_is_told_beside_the_sessions_own() -> None:
    on = stage()
    stranger = GpuProcess(31337, 8 * GIB, 0.1, 1, Place.HOST, command="[b]python3", user="dave")
    async with opened(on) as (pilot, app):
        await select(pilot, app, "fit")
        on.gpu_readings.tell("GPU-0", 0.97, 39 * GIB, processes=(computing("fit", 31 * GIB, 0.87), stranger))
        await look(pilot, app, on)
        assert "gpu 0    unattributed pid 31337 [b]python3 of dave 8G in no container" in facts(app)
        # Of what the device does the session has its own processes' only.
        assert "0,1  87% 62/160G" in listed(app, "fit")


async def test_a_stopped_session_says_which_it_takes_again() -> None:
    on = stage()
    on.put("old-notes", devices=("GPU-3",), phase=Phase.STOPPED)
    async with opened(on) as (pilot, app):
        await pilot.press("2")
        await select(pilot, app, "old-notes")
        assert " · GPU 3 again" in listed(app, "old-notes")
        assert "gpus     3 NVIDIA H100 80G  taken again at the next start" in facts(app)
        assert not app.screen.query_one(ChartGrid).display


async def test_the_list_is_sorted_by_use_of_gpus_by_key_and_mouse() -> None:
    on = stage(held=1)
    on.put("busier", devices=("GPU-4",))
    on.gpu_readings.tell("GPU-4", 0.95, 9 * GIB, processes=())
    async with opened(on) as (pilot, app):
        listing = app.screen.query_one(SessionList)
        assert "gpu" in listing.sorts
        gpu = next(column for column in listing._columns if column.key == "gpu")
        await pilot.click(SessionList, offset=(gpu.start, 0))
        await pilot.pause()
        assert [row.name for row in listing._rows] == ["busier", "fit", "calm-curie"]
        assert "GPU ▴" in text(listing).splitlines()[0]
        on.gpu_readings.tell("GPU-4", 0.1, 9 * GIB, processes=())
        await look(pilot, app, on)
        assert [row.name for row in listing._rows] == ["fit", "busier", "calm-curie"]
        await pilot.press("o")
        assert app.screen.sorting == "name"  # type: ignore[attr-defined] # the main screen


async def test_figures_at_rest_draw_nothing() -> None:
    on = stage()
    async with opened(on, (120, 36)) as (pilot, app):
        await select(pilot, app, "fit")
        await look(pilot, app, on, 0)
        asked: list[object] = []
        with pytest.MonkeyPatch.context() as patch:
            watched: tuple[type[Widget], ...] = (SessionList, MachineHeader, ChartGrid)
            for widget in [app.screen.query_one(kind) for kind in watched]:
                patch.setattr(widget, "refresh", lambda *regions, **more: asked.append(regions))
            # Less than what is shown of it, and no time for a column.
            on.gpu_readings.tell("GPU-0", 0.871, 31 * GIB, processes=(computing("fit", 31 * GIB, 0.871),))
            await look(pilot, app, on, 0)
            assert asked == []


async def test_a_machine_without_gpus_has_none_of_it() -> None:
    on = Stage()
    on.put("calm-curie")
    async with opened(on) as (pilot, app):
        await select(pilot, app, "calm-curie")
        assert "GPU" not in text(app.screen.query_one(SessionList))
        assert "GPU" not in text(app.screen.query_one(MachineHeader))
        assert "gpus" not in facts(app)
        assert not app.screen.query_one(ChartGrid).display
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ChartsScreen))
        await pilot.press("g")
        await until(pilot, lambda: any(one.message == "calm-curie has no GPU" for one in app._notifications))
        assert not app.screen.query_one(ChartWall).display


async def test_the_top_line_sees_a_stranger_and_a_loss_as_they_come() -> None:
    on = stage()
    async with opened(on) as (pilot, app):
        header = app.screen.query_one(MachineHeader)
        stranger = GpuProcess(31337, 8 * GIB, 0.1, 1, Place.HOST, command="python3", user="dave")
        on.gpu_readings.tell("GPU-6", 0.1, 8 * GIB, processes=(stranger,))
        on.gpu_readings.tell("GPU-7", trouble="GPU is lost")
        await look(pilot, app, on)
        assert text(header).endswith("GPU ▕██····▒×▏ 3/8")
        assert "6  no session: pid 31337 python3 of dave" in str(header.tooltip)
        hint = header.tooltip
        on.gpu_readings.tell("GPU-6", 0.9, 9 * GIB, processes=(replace(stranger, memory=9 * GIB),))
        await look(pilot, app, on)
        assert header.tooltip is hint


# Details and charts


@pytest.mark.parametrize(("size", "lines"), [((80, 24), 2), ((120, 36), 6), ((160, 45), 6)])
async def test_eight_devices_have_room_in_the_pane(size: tuple[int, int], lines: int) -> None:
    on = stage(held=8)
    async with opened(on, size) as (pilot, app):
        await select(pilot, app, "fit")
        if size[1] < 30:
            await pilot.press("enter")
            await until(pilot, lambda: app.screen.query_one(Details).display)
        grid = app.screen.query_one(ChartGrid)
        await until(pilot, lambda: grid.size.height == lines)
        drawn = text(grid)
        assert drawn.count("GPU ") == (2 if size[0] == 80 else 8)
        assert ("6 more  in the charts" in drawn) == (size[0] == 80)
        # All that is on the screen is beside each other, and the list keeps its lines.
        parts = [app.screen.query_one(SessionList), app.screen.query_one(ChartRow), grid]
        parts.append(app.screen.query_one("#facts"))
        regions = [part.region for part in parts]
        assert all(above.bottom <= below.y for above, below in itertools.pairwise(regions))
        assert regions[0].height >= 4


async def open_charts(pilot: Pilot[None], app: SessiontuiApp) -> ChartsScreen:
    await select(pilot, app, "fit")
    await pilot.press("v")
    await until(pilot, lambda: isinstance(app.screen, ChartsScreen) and app.screen.is_current)
    assert isinstance(app.screen, ChartsScreen)
    return app.screen


async def test_g_turns_the_pages_of_the_devices_and_comes_back() -> None:
    on = stage(held=8)
    async with opened(on, (80, 24)) as (pilot, app):
        screen = await open_charts(pilot, app)
        title, wall = screen.query_one("#charts-title", Lines), screen.query_one(ChartWall)
        assert "GPU 0-7 87% 248/640G" in text(screen.query_one("#charts-facts", Lines))
        for page, numbers in enumerate(("0,1", "2,3", "4,5", "6,7"), 1):
            await pilot.press("g")
            await pilot.pause()
            assert text(title).startswith(f"fit · GPU {numbers} (page {page} of 4) · charts · last 5 minutes")
            first = numbers[0]
            assert f"GPU {first} 87%" in text(wall)
            assert f"MEM {first} 31/80G" in text(wall)
        await pilot.press("2")
        assert "last hour" in text(title)
        await pilot.press("g")
        await pilot.pause()
        assert text(title).startswith("fit · charts")
        assert not wall.display


async def test_on_a_large_terminal_all_devices_are_on_one_page() -> None:
    on = stage(held=8)
    async with opened(on, (160, 45)) as (pilot, app):
        screen = await open_charts(pilot, app)
        await pilot.click("#bar", offset=(28, 0))
        wall = screen.query_one(ChartWall)
        await until(pilot, lambda: wall.display and wall.size.height)
        assert [text(wall).count(f"GPU {at} 87%") for at in range(8)] == [1] * 8
        assert text(screen.query_one("#charts-title", Lines)).startswith("fit · GPU 0-7 · charts")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "page 1 of 4" in text(screen.query_one("#charts-title", Lines)))
        await pilot.press("j")
        await until(pilot, lambda: "calm-curie" in text(screen.query_one("#charts-title", Lines)))
        assert not wall.display


async def test_the_hint_over_the_top_line_tells_who_has_which() -> None:
    on = stage()
    on.put("[b]evil[/]", owner=BOB, devices=("GPU-4",))
    async with opened(on) as (_, app):
        hint = str(app.screen.query_one(MachineHeader).tooltip)
        assert "0,1  fit of alice" in hint
        assert "4  [b]evil[/] of bob" in hint
        assert "█ yours" in hint
