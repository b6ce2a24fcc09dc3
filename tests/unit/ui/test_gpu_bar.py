"""The machine's GPUs in the top line, as text and styles, with no app."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessiontui.domain.gpu import ComputeMode, Gpu, GpuProcess, GpuReading, GpuSample, Holder, Place
from sessiontui.domain.picture import EngineFacts, HostUsage, Picture
from sessiontui.domain.resources import Capacity
from sessiontui.domain.units import GIB
from sessiontui.ui import gpu_bar, present
from sessiontui.ui.gpu_bar import count_text, device_bar, told_of
from sessiontui.ui.present import Cell
from sessiontui.ui.widgets.header import machine_cell

OWN = 1000
MINE = Holder("nifty-bohr", "alice", OWN, "id-1")
BOBS = Holder("train-7", "bob", 1001, "id-2")
CAROLS = Holder("fit", "carol", 1002, "id-3")
FOREIGN = Holder("tritonserver", container_id="4f2a", why="privileged")
STRANGER = GpuProcess(4242, GIB, 0.5, 1, Place.HOST, command="python", user="dave")


def gpu(index: int, *holders: Holder) -> Gpu:
    return Gpu(f"GPU-{index}", index, "NVIDIA H100", 80 * GIB, holders)


def text(cell: Cell | None) -> str:
    assert cell is not None
    return "".join(span.text for span in cell)


EVERY_KIND = (
    gpu(0, MINE),
    gpu(1, BOBS),
    gpu(2, MINE, BOBS),
    gpu(3, FOREIGN),
    replace(gpu(4), strangers=(STRANGER,)),
    gpu(5),
    replace(gpu(6), trouble="GPU is lost"),
    replace(gpu(7), compute_mode=ComputeMode.PROHIBITED),
)


def test_each_device_has_a_sign_of_its_kind() -> None:
    assert text(device_bar(EVERY_KIND, OWN)) == "▕█▓▚▒▒·××▏"
    assert count_text(EVERY_KIND) == "5/8"
    meant = {sign for sign, _, _ in gpu_bar.LEGEND}
    assert set(text(device_bar(EVERY_KIND, OWN))[1:-1]) == meant


def test_the_sign_tells_without_colour_whose_a_device_is() -> None:
    signs = [gpu_bar.sign_of(one, OWN).text for one in EVERY_KIND[:6]]
    assert len(set(signs)) == 5  # both kinds of no session's are one
    # For the other person it is the other way around.
    assert [gpu_bar.sign_of(one, 1001).text for one in EVERY_KIND[:2]] == ["▓", "█"]


def test_each_owner_has_a_colour() -> None:
    styles = [gpu_bar.sign_of(gpu(0, one), OWN).style for one in (MINE, BOBS, CAROLS, FOREIGN)]
    assert len(set(styles)) == 4
    assert gpu_bar.sign_of(gpu(0, BOBS, CAROLS), OWN).text == "▚"
    assert gpu_bar.sign_of(gpu(0, FOREIGN, CAROLS), OWN).style == gpu_bar.sign_of(gpu(0, CAROLS), OWN).style
    # Two sessions of one person are that person's.
    assert gpu_bar.sign_of(gpu(0, MINE, replace(MINE, session_id="id-9")), OWN).text == "█"


def divided(index: int, parts: int, *holders: Holder) -> tuple[Gpu, ...]:
    """A device and its parts, of which these hold the first ones."""
    made = tuple(
        Gpu(
            f"MIG-{index}-{part}",
            index,
            "H100 MIG 1g.10gb",
            10 * GIB,
            holders[part : part + 1],
            parent=f"GPU-{index}",
            part=part,
        )
        for part in range(parts)
    )
    return (replace(gpu(index), divided=True), *made)


def test_a_divided_device_shows_its_parts() -> None:
    gpus = (gpu(0, MINE), *divided(1, 3, BOBS, MINE), gpu(2))
    assert text(device_bar(gpus, OWN)) == "▕█[▓█·]·▏"
    assert count_text(gpus) == "3/5"
    two = (*divided(0, 2), *divided(1, 2, MINE))
    assert text(device_bar(two, OWN)) == "▕[··][█·]▏"


def test_too_many_to_read_are_no_bar() -> None:
    assert device_bar(tuple(gpu(index) for index in range(16)), OWN) is not None
    assert device_bar(tuple(gpu(index) for index in range(25)), OWN) is None
    assert device_bar(tuple(one for index in range(8) for one in divided(index, 7)), OWN) is None
    assert device_bar((), OWN) is None


def test_who_came_and_what_broke_since_the_engine_was_asked_is_seen() -> None:
    sample = GpuSample(
        {
            "GPU-4": GpuReading("GPU-4", 1.0, processes=()),
            "GPU-5": GpuReading("GPU-5", 1.0, processes=(STRANGER,)),
            "GPU-0": GpuReading("GPU-0", 1.0, trouble="GPU is lost"),
            "GPU-3": GpuReading("GPU-3", 1.0, processes=(replace(STRANGER, memory=0, busy=0.0),)),
        }
    )
    seen = gpu_bar.seen_now(EVERY_KIND, sample)
    assert text(device_bar(seen, OWN)) == "▕×▓▚▒·▒××▏"
    assert gpu_bar.seen_now(EVERY_KIND, GpuSample()) == EVERY_KIND


# The line


def header(gpus: tuple[Gpu, ...], columns: int, **more: str) -> str:
    picture = Picture(
        engine=EngineFacts("Docker 28.5", "gpu-box-1", local=True),
        capacity=Capacity(64, 512 * GIB, gpus, 20, 100 * GIB, **more),  # type: ignore[arg-type] # texts
        host=HostUsage(12.0, 80 * GIB),
    )
    line = text(machine_cell(picture, columns, OWN))
    assert present.width(machine_cell(picture, columns, OWN)) == columns
    return line


def test_eight_devices_have_room_on_80_columns() -> None:
    assert header(EVERY_KIND, 78).endswith("CPU 12/64   MEM 80/512G   GPU ▕█▓▚▒▒·××▏ 5/8")
    sixteen = tuple(gpu(index, *([MINE] if index < 3 else [])) for index in range(16))
    assert header(sixteen, 78).endswith("GPU ▕███·············▏ 3/16")


@pytest.mark.parametrize("columns", range(27, 200, 7))
def test_whatever_the_room_the_line_is_as_wide(columns: int) -> None:
    for gpus in (EVERY_KIND, tuple(one for index in range(8) for one in divided(index, 7)), ()):
        header(gpus, columns)


def test_many_parts_are_a_figure_and_a_plain_bar_where_there_is_room() -> None:
    many = tuple(one for index in range(8) for one in divided(index, 7, MINE))
    assert header(many, 78).endswith("GPU 8/56")
    assert header(many, 150).endswith("▏ 8/56")


def test_an_engine_that_can_give_none_says_so() -> None:
    assert header(EVERY_KIND[:2], 78, gpu_trouble="no container toolkit").endswith("▏ 2/2!")


# The hint


def test_the_hint_says_who_has_which() -> None:
    capacity = Capacity(64, 512 * GIB, (gpu(0, MINE), gpu(1, MINE), *EVERY_KIND[2:]))
    assert [text(line) for line in told_of(capacity)] == [
        "0,1  nifty-bohr of alice",
        "2  nifty-bohr of alice, train-7 of bob",
        "3  container tritonserver (privileged)",
        "4  no session: pid 4242 python of dave",
        "5  free",
        "6  ! GPU is lost",
        "7  nobody may compute on it",
    ]


def test_what_strangers_are_called_acts_on_no_terminal() -> None:
    hostile = Holder("\x1b[31mevil\u202e", "bob\n", 1001)
    process = replace(STRANGER, command="\x1b]0;x\x07py", user="\x9b31md")
    capacity = Capacity(
        64,
        GIB,
        (gpu(0, hostile), replace(gpu(1), strangers=(process,)), replace(gpu(2), trouble="\x1b[2Jgone")),
        gpu_trouble="\x1b[2Jno toolkit",
        gpu_remedy="install it",
    )
    told = [text(line) for line in told_of(capacity)]
    assert told[:2] == ["! no toolkit", "  install it"]
    assert all(line.isprintable() for line in told)


def test_a_machine_with_many_is_told_in_so_many_lines() -> None:
    gpus = tuple(gpu(index, replace(MINE, name=f"s-{index}")) for index in range(40))
    assert len(told_of(Capacity(64, GIB, gpus))) == 21
