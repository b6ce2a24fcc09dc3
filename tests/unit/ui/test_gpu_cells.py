"""The GPUs of a session in its row, as text and styles, with no app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.gpu import Gpu, GpuReading, GpuSample, Holder
from sessiontui.domain.gpu_usage import GpuUse
from sessiontui.domain.gpu_words import numbers
from sessiontui.domain.picture import Picture
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB
from sessiontui.domain.usage import UNKNOWN, Usage
from sessiontui.ui import gpu_cells, row_columns, rows
from sessiontui.ui.gpu_cells import Figures, Room, figures_of, gpu_cell, numbers_cell
from sessiontui.ui.present import Cell, Span, width
from tests.pilot.stage import ALICE, BOB, NOW, Stage

EIGHT = tuple(Gpu(f"GPU-{index}", index, "NVIDIA H100", 80 * GIB) for index in range(8))
PARTS = tuple(
    Gpu(f"MIG-7-{part}", 7, "NVIDIA H100 MIG 1g.10gb", 10 * GIB, parent="GPU-7", part=part)
    for part in range(4)
)


def text(cell: Cell) -> str:
    return "".join(span.text for span in cell)


def session(*devices: str, owner: Owner = ALICE, phase: Phase = Phase.RUNNING, name: str = "fit") -> Session:
    return Stage().put(name, devices=devices, owner=owner, phase=phase)


def held(gpus: Sequence[Gpu], *sessions: Session) -> tuple[Gpu, ...]:
    """The devices as the engine tells them while these sessions live."""
    return tuple(
        replace(
            gpu,
            holders=tuple(
                Holder(one.name, one.owner.name, one.owner.uid, one.id, one.container_id or "")
                for one in sessions
                if gpu.uuid in one.devices
            ),
        )
        for gpu in gpus
    )


def by_uuid(gpus: Sequence[Gpu]) -> dict[str, Gpu]:
    return {gpu.uuid: gpu for gpu in gpus}


def sample(*readings: GpuReading) -> GpuSample:
    return GpuSample({one.uuid: one for one in readings})


@pytest.mark.parametrize(
    ("indexes", "told"),
    [
        ((0,), "0"),
        ((1, 0), "0,1"),
        ((0, 1, 2), "0-2"),
        ((0, 2, 3, 4, 5, 7), "0,2-5,7"),
        (range(8), "0-7"),
    ],
)
def test_numbers_in_a_row_are_told_by_the_first_and_the_last(indexes: Sequence[int], told: str) -> None:
    assert numbers(EIGHT[index] for index in indexes) == told


def test_parts_are_told_by_their_device() -> None:
    assert numbers((PARTS[1], EIGHT[0])) == "0,7:1"
    assert numbers((PARTS[0], PARTS[1])) == "7:0,7:1"
    assert numbers((EIGHT[6], *PARTS)) == "6,7:0-3"


def test_a_device_that_two_have_is_marked_on_both() -> None:
    mine, theirs = session("GPU-0", "GPU-1"), session("GPU-1", owner=BOB, name="train")
    gpus = by_uuid(held(EIGHT, mine, theirs))
    assert numbers_cell(mine, gpus, ALICE.uid) == (Span("0,1+", "gpu-own"),)
    assert numbers_cell(theirs, gpus, ALICE.uid) == (Span("1+", f"gpu-other-{BOB.uid % 4}"),)
    # One that is stopped has nothing, and so shares nothing.
    assert text(numbers_cell(replace(mine, phase=Phase.STOPPED), gpus, ALICE.uid)) == "0,1"


def test_a_device_that_is_not_listed_is_unknown_and_none_is_a_dash() -> None:
    assert text(numbers_cell(session("GPU-1", "GPU-x"), by_uuid(EIGHT), 0)) == "1,?"
    assert numbers_cell(session(), by_uuid(EIGHT), 0) == (Span("—", "faint"),)


def test_many_numbers_are_cut_with_a_mark() -> None:
    sixteen = tuple(Gpu(f"GPU-{index}", index, "A100") for index in range(16))
    cell = numbers_cell(session(*(f"GPU-{index}" for index in range(0, 16, 2))), by_uuid(sixteen), 0)
    assert text(cell) == "0,2,4,6,8,10,1…"


FULL = Room(3, 4, len("999M/160G"))


def test_the_cell_tells_numbers_share_and_memory_each_in_its_place() -> None:
    devices = (Span("0,1", "gpu-own"),)
    assert text(gpu_cell(devices, Figures(GpuUse(0.87, 31 * GIB, 160 * GIB)), FULL)) == "0,1  87% 31/160G"
    assert text(gpu_cell(devices, Figures(GpuUse(1.0, 31 * GIB, 160 * GIB)), FULL)) == "0,1 100% 31/160G"
    assert text(gpu_cell((Span("2"),), Figures(GpuUse(0.0, 0, 80 * GIB)), FULL)) == "2     0% 0/80G"


def test_what_is_unknown_is_a_dash_and_never_zero() -> None:
    cell = gpu_cell((Span("0"),), Figures(GpuUse(None, None, 80 * GIB)), FULL)
    assert text(cell) == "0      — —/80G"
    assert {span.style for span in cell[-2:]} == {"muted"}
    assert text(gpu_cell((Span("?"),), gpu_cells.NO_FIGURES, FULL)).split() == ["?", "—", "—"]


def test_a_part_has_no_share_but_memory() -> None:
    cell = gpu_cell((Span("0:1"),), Figures(GpuUse(None, 3 * GIB, 10 * GIB, divided=True)), FULL)
    assert text(cell) == "0:1  n/a 3/10G"


def test_memory_leaves_first_then_the_share() -> None:
    figures = Figures(GpuUse(0.5, 3 * GIB, 10 * GIB))
    assert text(gpu_cell((Span("0"),), figures, Room(1, 4))) == "0  50%"
    assert text(gpu_cell((Span("0"),), figures, Room(3))) == "0  "


@pytest.mark.parametrize(
    ("trouble", "word"), [("GPU is lost", "lost"), ("Unknown Error", "err!"), ("\x1b[31mGPU is Lost", "lost")]
)
def test_a_device_that_fails_says_so_in_place_of_figures(trouble: str, word: str) -> None:
    one = session("GPU-0")
    for gpus, seen in (
        (held(EIGHT, one), sample(GpuReading("GPU-0", 1.0, 0.4, trouble=trouble))),
        (held((replace(EIGHT[0], trouble=trouble),), one), sample()),
    ):
        figures = figures_of(one, gpus, seen)
        assert figures is not None
        assert text(gpu_cell((Span("0"),), figures, FULL)).split() == ["0", word]
        assert text(gpu_cell((Span("0"),), figures, Room(3))) == "0! "


def test_a_device_that_the_driver_lists_no_more_is_lost() -> None:
    one = session("GPU-9")
    figures = figures_of(one, EIGHT, sample())
    assert figures is not None
    assert figures.trouble == "lost"
    # Where no device is listed at all, nobody knows.
    assert figures_of(one, (), sample()) == gpu_cells.NO_FIGURES
    assert figures_of(session(), EIGHT, sample()) is None


def test_other_people_have_colours_that_stay_and_are_not_the_persons_own() -> None:
    styles = [gpu_cells.owner_style(uid, 1000) for uid in (1000, 1001, 1002, 1003, 1004)]
    assert styles[0] == "gpu-own"
    assert len(set(styles)) == 5
    assert gpu_cells.owner_style(None, 1000) == "gpu-stranger"


# Rows


def stage_rows(*sessions: Session, gpus: Sequence[Gpu] = EIGHT) -> tuple[rows.Row, ...]:
    picture = Picture(capacity=Capacity(64, 512 * GIB, held(gpus, *sessions)), sessions=sessions)
    return rows.rows_of(picture, ALICE, {"python": "Python"})


def line_of(
    row: rows.Row, layout: row_columns.Layout, figures: Figures | None, usage: Usage = UNKNOWN
) -> str:
    return text(row_columns.line(row, layout, usage, NOW.timestamp(), figures, selected=False))


def test_figures_that_change_move_no_column() -> None:
    (row,) = stage_rows(session("GPU-0", "GPU-1"))
    layout = row_columns.layout((row,), 118, gpus=True)
    gpu = next(column for column in layout if column.key == "gpu")
    ends = set()
    for use in (GpuUse(), GpuUse(0.0, 0, 160 * GIB), GpuUse(1.0, int(99.94 * GIB), 160 * GIB)):
        line = line_of(row, layout, Figures(use))
        assert "…" not in line[gpu.start : gpu.end]
        ends.add((len(line), line.index("▤")))
    assert len(ends) == 1


@pytest.mark.parametrize("room", range(20, 180, 3))
def test_columns_leave_one_by_one_and_none_overlaps(room: int) -> None:
    listed = stage_rows(session("GPU-0", "GPU-1"), session("MIG-7-1", name="part"), gpus=(*EIGHT, *PARTS))
    layout = row_columns.layout(listed, room, gpus=True)
    keys = [column.key for column in layout]
    for row in listed:
        line = line_of(row, layout, Figures(GpuUse(0.87, 31 * GIB, 160 * GIB)), Usage(2.1, 6 * GIB))
        assert len(line) <= room
        gpu = next((column for column in layout if column.key == "gpu"), None)
        if gpu is not None and gpu.room is not None:
            shown = line[gpu.start : gpu.end]
            assert ("87%" in shown) == bool(gpu.room.busy)
            assert ("31/160G" in shown) == bool(gpu.room.memory)
            assert gpu.room.busy or not gpu.room.memory
    assert keys[0] == "name"


def test_all_of_it_has_room_on_a_terminal_of_80_columns() -> None:
    listed = stage_rows(session("GPU-0", "GPU-1"), session(name="calm-curie"))
    layout = row_columns.layout(listed, 77, gpus=True)
    assert "0,1  87% 31/160G" in line_of(listed[0], layout, Figures(GpuUse(0.87, 31 * GIB, 160 * GIB)))
    assert "▤ ❯ ≡ ✕" in line_of(listed[1], layout, None)


def test_the_busiest_comes_first_and_what_is_unknown_after_what_holds() -> None:
    listed = stage_rows(
        session("GPU-0", name="one-busy"),
        session("GPU-1", "GPU-2", name="two-half-busy"),
        session("GPU-3", name="idle-with-memory"),
        session("GPU-4", name="unknown"),
        session(name="none"),
    )
    figures = {
        "id-one-busy": Figures(GpuUse(0.9, GIB, 80 * GIB)),
        "id-two-half-busy": Figures(GpuUse(0.5, GIB, 160 * GIB)),
        "id-idle-with-memory": Figures(GpuUse(0.0, 40 * GIB, 80 * GIB)),
    }
    ordered = rows.ordered(listed, "gpu", False, {}, figures)
    assert [row.name for row in ordered] == [
        "two-half-busy",
        "one-busy",
        "idle-with-memory",
        "unknown",
        "none",
    ]
    assert "gpu" in rows.BY_FIGURES


def test_a_stopped_session_says_what_it_would_take_again() -> None:
    (row,) = stage_rows(session("GPU-0", "GPU-1", phase=Phase.STOPPED))
    assert " · GPU 0,1 again" in line_of(row, row_columns.layout((row,), 158, gpus=True), None)


shares = st.none() | st.floats(0, 1)
uses = st.builds(GpuUse, shares, st.none() | st.integers(0, 160 * GIB), st.just(160 * GIB), st.booleans())


@given(uses, uses, st.sampled_from([58, 78, 118, 158]))
def test_what_looks_alike_is_drawn_alike(one: GpuUse, other: GpuUse, room: int) -> None:
    (row,) = stage_rows(session("GPU-0", "GPU-1"))
    layout, now = row_columns.layout((row,), room, gpus=True), NOW.timestamp()
    looks = [row_columns.look_of(row, UNKNOWN, now, Figures(use)) for use in (one, other)]
    lines = [
        row_columns.line(row, layout, UNKNOWN, now, Figures(use), selected=False) for use in (one, other)
    ]
    assert looks[0] != looks[1] or lines[0] == lines[1]
    assert width(lines[0]) == width(lines[1])


def test_figures_that_differ_by_less_than_what_is_shown_are_the_same() -> None:
    (row,) = stage_rows(session("GPU-0"))
    one, other = (Figures(GpuUse(0.871, int(31.5 * GIB) + more, 80 * GIB)) for more in (0, 900_000))
    assert row_columns.look_of(row, UNKNOWN, 0.0, one) == row_columns.look_of(row, UNKNOWN, 0.0, other)
