"""What fits into what is free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.gpu import Gpu, Holder
from sessiontui.domain.resources import PRESETS, Ask, Capacity, Preset, presets_that_fit
from sessiontui.domain.units import GIB, MIB

FREE_GPU = Gpu("GPU-0", 0, "H100", 80 * GIB)
HELD_GPU = Gpu("GPU-1", 1, "H100", 80 * GIB, holders=(Holder("nifty-bohr", "alice"),))


@pytest.mark.parametrize(
    ("memory", "shared"), [(GIB, 64 * MIB), (4 * GIB - 1, 64 * MIB), (4 * GIB, GIB), (64 * GIB, GIB)]
)
def test_shared_memory_grows_from_four_gib(memory: int, shared: int) -> None:
    assert Ask(1, memory).shared_memory == shared


def test_what_limits_claim_is_not_free() -> None:
    capacity = Capacity(8, 32 * GIB, (FREE_GPU, HELD_GPU), cpu_promised=6.5, memory_promised=30 * GIB)
    assert capacity.free_cpu == 1.5
    assert capacity.free_memory == 2 * GIB
    assert capacity.free_gpus == (FREE_GPU,)
    assert capacity.fits(Ask(1.5, 2 * GIB, 1))
    assert not capacity.fits(Ask(1.6, GIB))
    assert not capacity.fits(Ask(1, 3 * GIB))
    assert not capacity.fits(Ask(1, GIB, 2))


def test_parts_of_a_device_make_no_whole_ones() -> None:
    parts = tuple(Gpu(f"MIG-{part}", 1, "H100 MIG", 10 * GIB, parent="GPU-1", part=part) for part in range(3))
    divided = Gpu("GPU-1", 1, "H100", 80 * GIB, divided=True)
    assert Capacity(8, 32 * GIB, (FREE_GPU, divided, *parts)).most_gpus == 1
    assert Capacity(8, 32 * GIB, (divided, *parts)).fits(Ask(1, GIB, 3))
    assert not Capacity(8, 32 * GIB, (FREE_GPU,), gpu_trouble="no toolkit").fits(Ask(1, GIB, 1))


def test_what_the_kernel_cannot_give_is_not_free() -> None:
    assert Capacity(8, 32 * GIB, memory_available=5 * GIB).free_memory == 5 * GIB


@given(
    cpu=st.integers(1, 256),
    promised=st.floats(0, 512),
    memory=st.integers(1, 2**42),
    memory_promised=st.integers(0, 2**43),
    available=st.none() | st.integers(0, 2**42),
)
def test_free_is_never_negative_nor_above_the_whole(
    cpu: int, promised: float, memory: int, memory_promised: int, available: int | None
) -> None:
    capacity = Capacity(
        cpu, memory, cpu_promised=promised, memory_promised=memory_promised, memory_available=available
    )
    assert 0 <= capacity.free_cpu <= cpu
    assert 0 <= capacity.free_memory <= memory
    assert capacity.fits(Ask(capacity.free_cpu, capacity.free_memory))


def test_presets_are_those_that_fit_and_reach_the_minimum() -> None:
    capacity = Capacity(4, 16 * GIB, (FREE_GPU,))
    assert [one.name for one in presets_that_fit(PRESETS, capacity, Ask(2, GIB))] == ["medium"]
    tiny = Preset("tiny", Ask(0.5, 512 * MIB))
    assert presets_that_fit([tiny], capacity, Ask(0.1, 64 * MIB)) == (tiny,)
    assert presets_that_fit([tiny], capacity, Ask(0.1, GIB)) == ()


def test_ask_reads_as_one_line() -> None:
    assert str(Ask(2, 8 * GIB)) == "2 CPU · 8G"
    assert str(Ask(0.5, 8 * GIB, 2)) == "0.5 CPU · 8G · 2 GPU"
