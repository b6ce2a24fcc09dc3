"""What is kept of the past of a session, compared with all of it."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.gpu import GpuReading
from sessiontui.domain.history import REACH, Figure, GpuFigure, History, Series, Window
from sessiontui.domain.usage import UNKNOWN, Usage

MINUTES, HOUR = Window.FIVE_MINUTES, Window.HOUR


def cpu(history: History, now: float, window: Window = MINUTES) -> tuple[float | None, ...]:
    return history.series("one", Figure.CPU, window, now).values


def test_the_windows_are_as_long_as_they_are_called() -> None:
    assert MINUTES.slots * MINUTES.seconds == 300
    assert HOUR.slots * HOUR.seconds == 3600


@pytest.mark.parametrize("window", list(Window))
def test_a_series_has_every_slot_and_nothing_is_known_of_a_stranger(window: Window) -> None:
    series = History().series("one", Figure.CPU, window, 1000)
    assert series == Series(window, 1000 // window.seconds, (None,) * window.slots)


def test_a_slot_holds_the_mean_of_a_rate_and_the_most_of_the_memory() -> None:
    history = History()
    for at, cores, memory in ((300.0, 1.0, 500), (301.0, 2.0, 900), (302.9, 3.0, 700)):
        history.add("one", at, Usage(cores, memory))
    assert cpu(history, 302.9)[-1] == 2.0
    assert history.series("one", Figure.MEMORY, MINUTES, 302.9).values[-1] == 900
    assert cpu(history, 302.9, HOUR)[-1] == 2.0


def test_both_directions_are_kept_together_and_half_of_it_is_unknown() -> None:
    history = History()
    history.add("one", 300, Usage(received=10.0, sent=5.0, read=3.0))
    assert history.series("one", Figure.NETWORK, MINUTES, 300).values[-1] == 15
    assert history.series("one", Figure.DISK, MINUTES, 300).values[-1] is None


def test_devices_have_series_of_their_own_figures() -> None:
    history = History()
    for at, busy, memory in ((300.0, 0.5, 500), (301.0, 1.0, 900), (302.9, 0.9, 700)):
        history.add_device(at, GpuReading("GPU-0", at, busy, memory))
    assert history.series("GPU-0", GpuFigure.BUSY, MINUTES, 302.9).values[-1] == pytest.approx(0.8)
    assert history.series("GPU-0", GpuFigure.MEMORY, MINUTES, 302.9).values[-1] == 900
    assert history.series("GPU-1", GpuFigure.BUSY, MINUTES, 302.9).values[-1] is None


def test_part_of_a_device_has_memory_in_every_slot_between_late_looks() -> None:
    history = History()
    for at in (300, 310):
        history.add_device(at, GpuReading("MIG-0", at, memory=7))
    assert history.series("MIG-0", GpuFigure.MEMORY, MINUTES, 310).values[-5:] == (None, 7, 7, 7, 7)
    assert not any(history.series("MIG-0", GpuFigure.BUSY, MINUTES, 310).values)


def test_zero_is_known() -> None:
    history = History()
    history.add("one", 300, Usage(0.0))
    assert cpu(history, 300)[-2:] == (None, 0.0)


def test_looks_that_come_late_leave_no_gap() -> None:
    history = History()
    for at, cores in ((300, 1.0), (307, 2.0), (322, 3.0)):
        history.add("one", at, Usage(cores))
    assert cpu(history, 322)[-9:] == (None, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0)


def test_a_pause_leaves_a_gap() -> None:
    history = History()
    history.add("one", 300, Usage(1.0))
    history.add("one", 300 + REACH + 1, Usage(2.0))
    assert cpu(history, 300 + REACH + 1)[-6:] == (1.0, None, None, None, None, 2.0)


def test_a_meter_that_hangs_leaves_a_gap_that_grows() -> None:
    history = History()
    history.add("one", 300, Usage(1.0))
    assert cpu(history, 300)[-1] == 1.0
    assert cpu(history, 306)[-3:] == (1.0, None, None)
    assert cpu(history, 300 + 297)[0] == 1.0
    assert set(cpu(history, 300 + 300)) == {None}


def test_a_figure_that_becomes_unknown_is_a_gap() -> None:
    history = History()
    for at, usage in ((300, Usage(1.0, 5)), (303, Usage(None, 6)), (306, UNKNOWN)):
        history.add("one", at, usage)
    assert cpu(history, 306)[-3:] == (1.0, None, None)
    assert history.series("one", Figure.MEMORY, MINUTES, 306).values[-3:] == (5, 6, None)


def test_a_clock_that_goes_back_undoes_what_lay_after() -> None:
    history = History()
    for at, cores in ((300, 1.0), (303, 2.0), (306, 3.0), (303, 9.0)):
        history.add("one", at, Usage(cores))
    assert cpu(history, 306)[-3:] == (1.0, 9.0, None)


def test_a_clock_that_leaps_ahead_forgets() -> None:
    history = History()
    history.add("one", 300, Usage(1.0))
    history.add("one", 1e15, Usage(2.0))
    assert cpu(history, 1e15) == (*(None,) * 99, 2.0)
    history.add("one", 300, Usage(3.0))
    assert cpu(history, 300) == (*(None,) * 99, 3.0)


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_a_moment_that_is_none_is_not_noted(at: float) -> None:
    history = History()
    history.add("one", 300, Usage(1.0))
    history.add("one", at, Usage(2.0))
    assert cpu(history, 300)[-1] == 1.0


@pytest.mark.parametrize("cores", [math.nan, math.inf, -1.0, 1e300])
def test_an_amount_that_is_none_is_unknown(cores: float) -> None:
    history = History()
    history.add("one", 300, Usage(cores))
    assert cpu(history, 300)[-1] is None


def test_only_those_kept_are_remembered() -> None:
    history = History()
    for one in ("one", "two"):
        history.add(one, 300, Usage(1.0))
    history.keep({"two"})
    assert history.series("one", Figure.CPU, MINUTES, 300).values[-1] is None
    assert history.series("two", Figure.CPU, MINUTES, 300).values[-1] == 1.0


def size(thing: object, seen: set[int]) -> int:
    """Bytes of an object with all it holds."""
    if id(thing) in seen or isinstance(thing, type | Window):
        return 0
    seen.add(id(thing))
    total = sys.getsizeof(thing)
    if isinstance(thing, dict):
        return total + sum(size(one, seen) for pair in thing.items() for one in pair)
    if isinstance(thing, list | tuple):
        return total + sum(size(one, seen) for one in thing)
    names = [*getattr(type(thing), "__slots__", ()), *getattr(thing, "__dict__", ())]
    return total + sum(size(getattr(thing, name), seen) for name in names)


def test_three_hundred_sessions_take_less_than_three_megabytes_however_long_they_run() -> None:
    history = History()
    for at in range(0, 9000, 450):
        for number in range(300):
            history.add(f"id-{number}", at, Usage(1.5, 10**10, received=1e6, sent=1.0, read=0.0, written=1.0))
    assert size(history, set()) < 3_000_000


amounts = st.none() | st.floats(0, 1e6, width=32)
steps = st.floats(0, 40) | st.floats(-400, 4000)


@given(st.lists(st.tuples(steps, amounts, amounts), max_size=40), st.floats(-10, 400))
def test_it_tells_what_a_list_of_everything_would_tell(
    samples: list[tuple[float, float | None, float | None]], later: float
) -> None:
    history = History()
    every: dict[Window, dict[int, tuple[list[float], list[float]]]] = {window: {} for window in Window}
    at, before = 0.0, None
    for step, cores, memory in samples:
        at += step
        history.add("one", at, Usage(cores, None if memory is None else int(memory)))
        for window, slots in every.items():
            slot = int(at // window.seconds)
            first = slot
            if (
                before is not None
                and slot > int(before // window.seconds)
                and at - before <= REACH
                and cores is not None
            ):
                first = int(before // window.seconds) + 1
            if before is not None and slot < int(before // window.seconds):
                for undone in [one for one in slots if one >= slot]:
                    del slots[undone]
            for old in [one for one in slots if one <= slot - window.slots]:
                del slots[old]
            for one in range(first, slot + 1):
                rates, sizes = slots.setdefault(one, ([], []))
                if cores is not None:
                    rates.append(cores)
                if memory is not None:
                    sizes.append(int(memory))
        before = at
    now = at + later
    for window, slots in every.items():
        newest = int(now // window.seconds)
        numbers = range(newest - window.slots + 1, newest + 1)
        # What the clock left behind by more than the window is gone, even if the clock comes back to it.
        kept = range(int(at // window.seconds) - window.slots + 1, newest + 1)
        means = [slots.get(one, ([], []))[0] if one in kept else [] for one in numbers]
        peaks = [slots.get(one, ([], []))[1] if one in kept else [] for one in numbers]
        assert history.series("one", Figure.CPU, window, now).values == pytest.approx(
            tuple(sum(one) / len(one) if one else None for one in means), rel=1e-6
        )
        assert history.series("one", Figure.MEMORY, window, now).values == pytest.approx(
            tuple(max(one) if one else None for one in peaks), rel=1e-6
        )
