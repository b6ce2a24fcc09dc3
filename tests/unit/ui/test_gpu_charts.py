"""The GPUs of a session in the details and over the whole screen, as text, with no app."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Size

from sessiontui.domain.gpu import Gpu, GpuProcess, GpuReading, GpuSample, Holder, Place
from sessiontui.domain.history import GpuFigure, Series, Window
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB, MIB
from sessiontui.ui import chart, gpu_pages, present
from sessiontui.ui.chart import Chart
from sessiontui.ui.gpu_charts import busy_chart, memory_chart
from sessiontui.ui.gpu_facts import Devices, coders_of, models_of, remarks_of
from sessiontui.ui.present import Cell
from sessiontui.ui.widgets.chart_grid import grid, wall
from sessiontui.ui.widgets.details import gpu_lines
from tests.pilot.stage import Stage, computing

WINDOW = Window.FIVE_MINUTES
HOST = GpuProcess(31337, 38 * GIB, 0.6, 1, Place.HOST, command="python3", user="dave")
FULL = GpuReading(
    "GPU-0",
    1.0,
    0.87,
    31 * GIB,
    80 * GIB,
    0.02,
    0.0,
    612.4,
    700.0,
    66,
    0,
    (computing("fit", 31 * GIB, 0.87),),
)


def text(cell: Cell) -> str:
    return "".join(span.text for span in cell)


def past(figure: GpuFigure) -> Series:
    values = (0.5,) * 100 if figure is GpuFigure.BUSY else (20.0 * GIB,) * 100
    return Series(WINDOW, 999, values)


def unknown(figure: GpuFigure) -> Series:
    return Series(WINDOW, 999, (None,) * 100)


def session(*devices: str, phase: Phase = Phase.RUNNING) -> Session:
    return Stage().put("fit", devices=devices or ("GPU-0",), phase=phase)


def holder(one: Session) -> Holder:
    return Holder(one.name, one.owner.name, one.owner.uid, one.id, one.container_id or "")


OTHER = Holder("train-7", "bob", 1001, "id-other", "c0ffee")
GPU = Gpu("GPU-0", 0, "NVIDIA H100", 80 * GIB, (holder(session()),))
PART = Gpu(
    "MIG-1", 7, "NVIDIA H100 MIG 1g.10gb", 10 * GIB, (holder(session("MIG-1")),), parent="GPU-7", part=1
)


def devices(*gpus: Gpu, told: GpuReading | None = FULL, more: tuple[GpuReading, ...] = ()) -> Devices:
    readings = (*([told] if told else []), *more)
    return Devices(gpus or (GPU,), GpuSample({one.uuid: one for one in readings}))


def title(one: Chart, width: int) -> str:
    return text(chart.title(one, width)).rstrip()


# Charts


def test_the_title_tells_what_has_room_and_the_share_last() -> None:
    one = busy_chart(GPU, session(), devices(), past)
    assert title(one, 60) == "GPU 0 87% 31/80G  66°C  612/700W"
    assert title(one, 30) == "GPU 0 87% 31/80G  66°C"
    assert title(one, 20) == "GPU 0 87% 31/80G"
    assert title(one, 12) == "GPU 0 87%"
    assert (one.top, one.scale(1.0), one.scale(0.5)) == (1.0, "100%", "50%")


def test_beside_its_memory_chart_the_memory_is_told_once() -> None:
    assert title(busy_chart(GPU, session(), devices(), past, beside=True), 60) == "GPU 0 87%  66°C  612/700W"
    assert title(memory_chart(GPU, devices(), past), 60) == "MEM 0 31/80G  peak 20G"


def test_a_part_is_a_chart_of_its_memory() -> None:
    told = GpuReading("MIG-1", 1.0, None, 3 * GIB, 10 * GIB)
    one = busy_chart(PART, session("MIG-1"), devices(PART, told=told), past)
    assert title(one, 60) == "GPU 7:1 n/a (MIG) 3/10G  peak 20G"
    assert one.series.values[0] == 20 * GIB
    assert one.top == 10 * GIB


def test_what_nobody_told_is_unknown() -> None:
    for told in (None, GpuReading("GPU-0", 1.0)):
        one = busy_chart(GPU, session(), devices(told=told), unknown)
        assert title(one, 60) == "GPU 0 —"
        assert set(chart.plot(one, 20, 2)[1][0].text) == {" "}
        assert title(memory_chart(GPU, devices(told=told), unknown), 60) == "MEM 0 —/80G"
    bare = replace(GPU, memory=None)
    assert title(memory_chart(bare, devices(bare, told=None), unknown), 60) == "MEM 0 —"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (replace(FULL, errors=3), "! 3 memory errors that could not be corrected"),
        (replace(FULL, errors=1), "! 1 memory error that could not be corrected"),
        (replace(FULL, trouble="GPU is lost\x1b[2J"), "! GPU is lost"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_by_a_sign_where_there_is_no_room(
    told: GpuReading, words: str
) -> None:
    one = busy_chart(GPU, session(), devices(told=told), past)
    assert words in title(one, 90)
    assert "!" in title(one, 24)
    (remark,) = remarks_of(session(), devices(told=told))
    assert (remark[0], text(remark[1])) == ("0", words)


def test_a_shared_device_says_so() -> None:
    shared = replace(GPU, holders=(*GPU.holders, OTHER))
    assert title(busy_chart(shared, session(), devices(shared), past), 60).endswith("  shared")


# Facts


def test_devices_are_told_by_model() -> None:
    second = replace(GPU, uuid="GPU-1", index=1)
    old = Gpu("GPU-2", 2, "Tesla\x1b[31m V100-32GB", 32 * GIB)
    cell = models_of(session("GPU-2", "GPU-1", "GPU-0"), devices(GPU, second, old))
    assert text(cell) == "0,1 NVIDIA H100 80G   2 Tesla V100-32GB"


def test_a_stopped_session_tells_which_it_takes_again_and_who_has_them_now() -> None:
    stopped = session(phase=Phase.STOPPED)
    taken = replace(GPU, holders=(OTHER,))
    lines = [text(line) for line in gpu_lines(stopped, devices(taken, told=None), 9)]
    assert lines == [
        "gpus     0 NVIDIA H100 80G  taken again at the next start",
        "gpu 0    ! held now by train-7 of bob",
    ]


def test_a_device_that_is_gone_is_told_by_its_name() -> None:
    one = session("GPU-0", "GPU-9")
    assert text(models_of(one, devices())) == "0 NVIDIA H100 80G   ? GPU-9"
    assert [text(cell) for _, cell in remarks_of(one, devices())] == [
        "! it is lost: the driver lists it no more"
    ]
    # Of an engine elsewhere no device is known, and so none is lost.
    assert remarks_of(one, Devices()) == ()


def test_processes_of_no_session_are_told_as_they_are_and_never_guessed() -> None:
    own = computing("fit", GIB)
    others = (
        own,
        HOST,
        GpuProcess(7, 2 * GIB, None, 1, Place.CONTAINER, "ab" * 32),
        GpuProcess(8, None, None, None, Place.UNKNOWN, command="\x1b[31mpy\n"),
        GpuProcess(9, MIB, None, 1, Place.HOST),
    )
    told = replace(FULL, processes=others)
    (remark,) = remarks_of(session(), devices(told=told))
    assert text(remark[1]) == (
        "unattributed pid 31337 python3 of dave 38G in no container, "
        "pid 7 2G in container abababababab, pid 9 1M in no container, 1 more"
    )
    (unplaced,) = remarks_of(session(), devices(told=replace(FULL, processes=others[3:4])))
    assert text(unplaced[1]) == "unattributed pid 8 py — of which the kernel tells nothing"
    # What runs in a holder's container is attributed, also in another's.
    shared = replace(GPU, holders=(*GPU.holders, OTHER))
    in_other = GpuProcess(5, GIB, None, 1, Place.CONTAINER, "c0ffee")
    remarks = remarks_of(session(), devices(shared, told=replace(FULL, processes=(own, in_other))))
    assert [text(cell) for _, cell in remarks] == ["shared with train-7 of bob"]


def test_all_is_well_is_not_said() -> None:
    assert remarks_of(session(), devices()) == ()
    assert [text(line) for line in gpu_lines(session(), devices(), 3)] == ["gpus     0 NVIDIA H100 80G"]


def test_many_remarks_are_cut_to_their_room() -> None:
    many = tuple(replace(GPU, uuid=f"GPU-{at}", index=at, trouble="GPU is lost") for at in range(8))
    one = session(*(gpu.uuid for gpu in many))
    lines = [text(line) for line in gpu_lines(one, devices(*many, told=None), 3)]
    assert lines[1:] == [
        "gpu 0    ! GPU is lost",
        "gpu 1    ! GPU is lost",
        "         6 more remarks on its GPUs",
    ]


def test_encoder_and_decoder_where_they_are_known() -> None:
    assert text(coders_of(GPU, FULL)) == "GPU 0 encoder 2%  decoder 0%"
    assert coders_of(GPU, replace(FULL, encoder=None, decoder=None)) == ()
    assert coders_of(GPU, None) == ()


# Where they stand


def eight() -> tuple[Session, Devices]:
    many = tuple(replace(GPU, uuid=f"GPU-{at}", index=at) for at in range(8))
    return session(*(gpu.uuid for gpu in many)), devices(*many)


@pytest.mark.parametrize(
    ("size", "pages"), [(Size(40, 24), 8), (Size(80, 24), 4), (Size(120, 36), 2), (Size(160, 45), 1)]
)
def test_many_devices_are_put_on_pages(size: Size, pages: int) -> None:
    one, every = eight()
    found = gpu_pages.gpu_pages(one, every, size)
    assert len(found) == pages
    assert [gpu.index for page in found for gpu in page] == list(range(8))
    assert gpu_pages.gpu_pages(session("GPU-none"), every, size) == ()


@given(st.integers(1, 12), st.integers(1, 200), st.integers(1, 60), st.integers(1, 4))
def test_a_wall_fills_its_room_and_nothing_more(count: int, width: int, height: int, across: int) -> None:
    pair = (busy_chart(GPU, session(), devices(), past), memory_chart(GPU, devices(), past))
    lines = wall([pair] * (count - 1) + [pair[:1]], across, width, height)
    assert len(lines) == height
    assert {present.width(line) for line in lines} == {width}


@given(st.integers(0, 17), st.integers(1, 200), st.integers(1, 4), st.integers(1, 3))
def test_a_grid_is_as_wide_as_its_room_and_at_most_as_high(
    count: int, width: int, height: int, rows: int
) -> None:
    one = busy_chart(GPU, session(), devices(), past)
    lines = grid([one] * count, width, height, rows, "elsewhere")
    assert len(lines) <= rows * height
    assert {present.width(line) for line in lines} <= {width}
    drawn = sum(text(line).count("GPU 0") for line in lines)
    assert drawn == count or any("more" in text(line) or width < 24 for line in lines)


def test_a_grid_says_how_many_are_seen_elsewhere() -> None:
    one = busy_chart(GPU, session(), devices(), past)
    lines = [text(line) for line in grid([one] * 8, 78, 2, 1, "in the charts")]
    assert len(lines) == 2
    assert lines[0].count("GPU 0 87%") == 2
    assert "6 more  in the charts" in lines[0]
    assert [text(line).count("GPU 0") for line in grid([one] * 8, 118, 3, 2, "")] == [4, 0, 0, 4, 0, 0]
