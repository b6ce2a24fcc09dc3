"""Charts as text, with no app."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.history import Figure, Series, Window
from sessiontui.domain.resources import Ask
from sessiontui.domain.units import GIB, KIB, MIB
from sessiontui.domain.usage import UNKNOWN, Usage
from sessiontui.ui import chart, present
from sessiontui.ui.chart import (
    Chart,
    charts_of,
    columns,
    compact,
    flow,
    framed,
    plot,
    round_top,
    stride,
    title,
)
from sessiontui.ui.present import Cell, Span

MINUTES = Window.FIVE_MINUTES
ASK = Ask(4, 16 * GIB)


def text(cell: Cell) -> str:
    return "".join(span.text for span in cell)


def styles(cell: Cell) -> list[str]:
    """The style of each column."""
    return [span.style for span in cell for _ in span.text]


def series(*newest: float | None, at: int = 998, window: Window = MINUTES) -> Series:
    """A series that ends with these slots, the last of that number."""
    return Series(window, at, (*(None,) * (window.slots - len(newest)), *newest))


def drawn(*newest: float | None, top: float = 8.0, alarming: float | None = None) -> Chart:
    return Chart("CPU", ("1",), series(*newest), top, str, "chart-cpu", alarming=alarming)


def four(usage: Usage, **past: Series) -> tuple[Chart, ...]:
    return charts_of(ASK, usage, lambda figure: past.get(figure.name.lower(), series()))


# Columns


def test_a_column_is_the_mean_of_its_slots_or_the_most() -> None:
    past = series(1.0, 2.0, 3.0, 6.0, 4.0, 5.0, 5.0, 6.0, at=999)
    assert columns(past, 25)[-3:] == (None, 3.0, 5.0)
    assert columns(past, 25, peaks=True)[-3:] == (None, 6.0, 6.0)


def test_what_is_unknown_does_not_count() -> None:
    past = series(2.0, None, None, 4.0, 0.0, None, 0.0, None, None, None, None, None, at=999)
    assert columns(past, 25)[-3:] == (3.0, 0.0, None)


def test_columns_stand_still_until_one_is_over() -> None:
    values = tuple(float(one) for one in range(100))
    first = columns(Series(MINUTES, 1000, values), 25)
    second = columns(Series(MINUTES, 1001, (*values[1:], 100.0)), 25)
    fourth = columns(Series(MINUTES, 1004, (*values[4:], 100.0, 101.0, 102.0, 103.0)), 25)
    assert first[1:-1] == second[1:-1]
    assert (first[-1], second[-1]) == (99.0, 99.5)
    assert fourth[1:-2] == second[2:-1]
    assert fourth[-2:] == (100.5, 103.0)


def test_narrow_columns_come_into_room_kept_for_them_and_move_together() -> None:
    assert [stride(MINUTES, width) for width in (1, 37, 38, 75, 76, 300)] == [1, 1, 2, 2, 3, 8]
    assert stride(Window.HOUR, 300) == 1
    values = tuple(float(one) for one in range(100))
    first = columns(Series(MINUTES, 1000, values), 50)
    second = columns(Series(MINUTES, 1002, (*values[2:], 100.0, 101.0)), 50)
    third = columns(Series(MINUTES, 1004, (*values[4:], 100.0, 101.0, 102.0, 103.0)), 50)
    assert first[-2:] == (99.0, None)
    assert second[-2:] == (99.5, 101.0)
    assert first[2:-2] == second[2:-2]
    assert third[1:-3] == second[3:-1]
    assert third[-2:] == (103.0, None)


@given(st.integers(1, 250), st.integers(-(10**6), 10**6))
def test_every_slot_falls_into_a_column_and_the_last_among_the_last(width: int, newest: int) -> None:
    values = tuple(float(one) for one in range(100))
    shown = columns(Series(MINUTES, newest, values), width, peaks=True)
    assert len(shown) == width
    assert 99.0 in shown[-stride(MINUTES, width) :]
    known = [one for one in shown if one is not None]
    assert known == sorted(known)
    assert len(known) > width - stride(MINUTES, width) - -(-width // 100)
    if width >= 100:
        assert set(known) >= set(values[4:])


@given(st.integers(1, 250), st.integers(0, 10**6))
def test_a_step_in_time_moves_no_column_or_all_alike(width: int, newest: int) -> None:
    values = tuple(float(newest - 99 + one) for one in range(101))
    before = columns(Series(MINUTES, newest, values[:100]), width)
    after = columns(Series(MINUTES, newest + 1, values[1:]), width)
    step = stride(MINUTES, width)
    # The first columns may lose slots that left the window, the last are not over yet.
    still = after[step : width - step] == before[step : width - step]
    moved = after[step : width - 2 * step] == before[2 * step : width - step]
    assert still or moved


# Drawing


def test_a_drawing_is_filled_by_eighths() -> None:
    lines = plot(drawn(0.5, 1.0, 4.0, 5.0, 8.0, 99.0), 100, 2)
    assert [text(line)[-6:] for line in lines] == ["   ▂██", "▁▂████"]


def test_zero_is_faint_something_is_not_zero_and_unknown_is_blank() -> None:
    (line,) = plot(drawn(0.0, None, 0.001), 100, 1)
    assert text(line)[-3:] == "▁ ▁"
    assert styles(line)[-3] == "faint"
    assert styles(line)[-1] == "chart-cpu"


def test_a_column_in_danger_is_drawn_as_such() -> None:
    (line,) = plot(drawn(7.0, 8.0, alarming=7.2), 100, 1)
    assert styles(line)[-2:] == ["chart-cpu", "warning"]


@pytest.mark.parametrize(
    ("most", "top"),
    [
        (0, 10 * KIB),
        (3 * KIB, 10 * KIB),
        (11 * KIB, 20 * KIB),
        (50 * KIB, 50 * KIB),
        (501 * KIB, MIB),
        (1.2 * MIB, 2 * MIB),
        (240 * MIB, 500 * MIB),
        (1e30, 1e31),
    ],
)
def test_the_top_of_a_rate_is_round(most: float, top: float) -> None:
    if most < 1e30:
        assert round_top(most) == top
    else:
        assert most <= round_top(most) <= top


@given(
    st.lists(st.none() | st.floats(0, 3e38), min_size=100, max_size=100),
    st.integers(1, 130),
    st.integers(1, 20),
    st.sampled_from([compact, framed]),
)
def test_a_chart_fills_the_room_it_is_given(
    values: list[float | None], width: int, height: int, draw: object
) -> None:
    past = Series(MINUTES, 12345, tuple(values))
    usage = Usage(1.0, GIB, throttled=0.5, received=1.0, sent=2.0, oom_kills=1)
    for one in charts_of(ASK, usage, lambda _: past):
        lines = draw(one, width, height)  # type: ignore[operator] # one of the two
        assert len(lines) == height
        assert {present.width(line) for line in lines} == {width}


# Titles


def test_titles_tell_figures_limits_and_peaks() -> None:
    usage = Usage(2.1, int(6.2 * GIB), received=1.2 * MIB, sent=30.0 * KIB, read=0.0, written=12.0 * MIB)
    past = {"memory": series(7.0 * GIB), "network": series(4.0 * MIB), "disk": series(12.0 * MIB)}
    shown = [text(title(one, 60, axes=True)).rstrip() for one in four(usage, **past)]
    assert shown == [
        "CPU 2.1/4 cores",
        "MEM 6.2/16G  peak 7G",
        "NET ↓ 1.2M/s  ↑ 30K/s  peak 4M/s",
        "DISK r 0B/s  w 12M/s  peak 12M/s",
    ]


def test_where_no_axis_stands_the_scale_is_in_the_title() -> None:
    usage = Usage(received=1.2 * MIB, sent=30.0 * KIB)
    network = four(usage, network=series(4.0 * MIB))[2]
    assert text(title(network, 28)) == "NET ↓ 1.2M/s  ↑ 30K/s  ≤5M/s"
    assert text(title(network, 27)) == "NET ↓ 1.2M/s ↑ 30K/s  ≤5M/s"
    assert text(title(network, 24)) == "NET ↓1.2M ↑30K/s   ≤5M/s"
    assert text(title(network, 12)) == "NET ↓1.2M ↑…"


def test_what_is_unknown_is_a_dash_and_never_zero() -> None:
    assert [text(title(one, 30, axes=True)).rstrip() for one in four(UNKNOWN)] == [
        "CPU —",
        "MEM —",
        "NET —",
        "DISK —",
    ]
    half = four(Usage(received=5.0))[2]
    assert text(title(half, 30, axes=True)).rstrip() == "NET ↓ 5B/s  ↑ —"


@pytest.mark.parametrize(
    ("share", "said", "style"),
    [
        (None, "CPU 4.0/4 cores", "plain"),
        (0.0, "CPU 4.0/4 cores", "plain"),
        (0.09, "CPU 4.0/4 cores  throttled 9%", "plain"),
        (0.1, "CPU 4.0/4 cores ! throttled 10%", "warning"),
        (1.0, "CPU 4.0/4 cores ! throttled 100%", "warning"),
    ],
)
def test_being_held_back_is_said_and_marked_by_sign_and_style(
    share: float | None, said: str, style: str
) -> None:
    shown = title(four(Usage(4.0, throttled=share))[0], 40)
    assert text(shown).rstrip() == said
    assert shown[1].style == style


def test_on_little_room_the_share_of_being_held_back_stays() -> None:
    cpu = four(Usage(4.0, throttled=0.31))[0]
    assert text(title(cpu, 25)) == "CPU 4.0/4 ! throttled 31%"
    assert text(title(cpu, 24)).rstrip() == "CPU 4.0/4 cores ! 31%"
    assert text(title(cpu, 16)).rstrip() == "CPU 4.0/4 ! 31%"
    assert text(title(cpu, 12)).rstrip() == "CPU 4.0/4 !"


def test_memory_near_its_limit_is_marked_by_sign_and_style() -> None:
    calm, hot = (four(Usage(memory=int(share * 16 * GIB)))[1] for share in (0.89, 0.91))
    assert "!" not in text(title(calm, 40))
    assert text(title(hot, 40)).rstrip() == "MEM 14.6/16G ! near its limit"
    assert text(title(hot, 16)).rstrip() == "MEM 14.6/16G !"
    assert title(hot, 40)[1].style == "warning"


def test_the_kernels_own_limit_goes_before_the_asked_one() -> None:
    cpu, memory, *_ = four(Usage(1.0, GIB, cpu_limit=2.0, memory_limit=2 * GIB))
    assert (cpu.top, memory.top) == (2.0, 2 * GIB)
    assert text(title(cpu, 30)).rstrip() == "CPU 1.0/2 cores"


# Frames


def test_a_framed_chart_has_both_axes() -> None:
    cpu = charts_of(ASK, Usage(2.0), lambda _: series(1.0, 2.0, 4.0))[Figure.CPU]
    assert [text(line).rstrip() for line in framed(cpu, 106, 6)] == [
        "CPU 2.0/4 cores",
        "    4┤" + " " * 99 + "█",
        "     │" + " " * 99 + "█",
        "    2┤" + " " * 98 + "██",
        "    0┤" + " " * 97 + "███",
        "     └-5 min" + "─" * 40 + "-2.5 min" + "─" * 43 + "now",
    ]


def test_an_hour_says_so() -> None:
    cpu = charts_of(ASK, UNKNOWN, lambda _: series(window=Window.HOUR))[Figure.CPU]
    line = text(framed(cpu, 60, 6)[-1])
    assert line.startswith("     └-1 h─")
    assert "-30 min" in line


def test_pieces_flow() -> None:
    pieces = [(Span("one"),), (Span("two"),), (Span("three"),)]
    assert [text(line) for line in flow(pieces, 10)] == ["one   two", "three"]
    assert [text(line) for line in flow(pieces, 2)] == ["one", "two", "three"]
    assert chart.flow((), 10) == ()
