"""Devices as lines of a list."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from sessiontui.domain.gpu import ComputeMode, Gpu, GpuProcess, Holder
from sessiontui.domain.units import GIB
from sessiontui.ui.device_rows import (
    AUTOMATIC,
    BY_HAND,
    LEFT,
    columns_of,
    device_row,
    free_text,
    model_text,
    state_text,
)

GPU = Gpu("GPU-0", 0, "NVIDIA H100 80GB HBM3", 80 * GIB)
PART = Gpu("MIG-0", 0, "NVIDIA H100 80GB HBM3 MIG 1g.10gb", 10 * GIB, parent="GPU-0", part=1)
ALICE = Holder("nifty-bohr", "alice", 1000)
PYTHON = GpuProcess(4211, command="python", user="bob")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "free"),
        ({"holders": (ALICE,)}, "nifty-bohr of alice"),
        ({"holders": (replace(ALICE, shared=True),)}, "nifty-bohr of alice (shared)"),
        (
            {"holders": (replace(ALICE, shared=True), Holder("calm", "bob", 1, shared=True))},
            "nifty-bohr of alice (shared) + calm of bob (shared)",
        ),
        ({"holders": (Holder("web", why="privileged"),)}, "container web (privileged)"),
        ({"strangers": (PYTHON,)}, "busy: python (4211) of bob"),
        ({"strangers": (PYTHON,), "holders": (ALICE,)}, "nifty-bohr of alice + busy: python (4211) of bob"),
        ({"divided": True}, "divided into parts"),
        ({"trouble": "GPU is\x1b[31m lost"}, "cannot be used: GPU is lost"),
        ({"compute_mode": ComputeMode.PROHIBITED}, "prohibited: no program may compute on it"),
        ({"holders": (replace(ALICE, name="a\x1b]0;b\x07c", owner="e\u202eve"),)}, "ac of eve"),
    ],
)
def test_its_state_is_said_in_words(changes: dict[str, object], words: str) -> None:
    assert state_text(replace(GPU, **changes)) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gpu", "text"),
    [
        (GPU, "H100 80GB HBM3"),
        (PART, "MIG 1g.10gb"),
        (replace(PART, model="Part of X"), "Part of X"),
        (replace(GPU, model="AMD Instinct MI300X"), "AMD Instinct MI300X"),
        (replace(GPU, model=""), ""),
    ],
)
def test_a_model_is_told_without_what_is_told_anyway(gpu: Gpu, text: str) -> None:
    assert model_text(gpu) == text


def test_a_row_tells_number_model_memory_and_state_in_columns() -> None:
    long = replace(GPU, uuid="GPU-10", index=10, model="NVIDIA 漢字 " + "X" * 40, memory=None)
    gpus = (GPU, PART, long)
    used = {"GPU-0": 0, "MIG-0": 5 * GIB}
    columns = columns_of(gpus, used, 60)
    marks = (BY_HAND, AUTOMATIC, LEFT)
    rows = [device_row(gpu, mark, used, columns) for gpu, mark in zip(gpus, marks, strict=True)]
    assert [str(row) for row in rows] == [
        "[x] 0    H100 80GB HBM3        0/80G  free",
        "[›] 0:1  MIG 1g.10gb           5/10G  free",
        "[ ] 10   漢字 XXXXXXXXXXXXXX…      —  free",
    ]
    assert len({cell_len(str(row)) for row in rows}) == 1


def test_a_narrow_list_leaves_the_models_out() -> None:
    assert str(device_row(GPU, LEFT, {}, columns_of((GPU,), {}, 40))) == "[ ] 0  80G  free"


def test_the_folded_line_tells_who_has_the_others() -> None:
    gpus = (
        replace(GPU, divided=True),
        PART,
        replace(GPU, uuid="GPU-1", index=1, holders=(ALICE,)),
        replace(GPU, uuid="GPU-2", index=2, trouble="lost"),
    )
    assert free_text(gpus, opened=False) == "1 of 2 free with parts · 1: nifty-bohr of alice"
    assert free_text((PART,), opened=False) == "1 of 1 parts free · choose by hand"
    assert free_text((GPU,), opened=False) == "1 of 1 free · choose by hand"
    assert free_text((GPU,), opened=True) == "1 of 1 free · space: x by hand · › automatic"
