"""Devices as lines of a list to choose from, purely: which, how large, and who has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from sessiontui.domain import gpu_words
from sessiontui.domain.gpu import ComputeMode, Gpu
from sessiontui.domain.gpu_words import size_text, strangers_in_words, who_has
from sessiontui.ui import present
from sessiontui.ui.present import clean

BY_HAND, AUTOMATIC, LEFT, NOT_TO_HAVE = "[x]", "[›]", "[ ]", "   "
"""What stands before a device: marked by the person, taken for them, neither, and none can be given."""

_LONGEST_MODEL = 20
"""Columns that a model's name takes at most."""
_NARROW = 50
"""Columns of the list below which it leaves the models out."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide the columns of the list are; ``model`` is 0 where it is left out."""

    number: int
    model: int
    memory: int


def columns_of(gpus: Sequence[Gpu], used: Mapping[str, int], room: int) -> Columns:
    """The columns for these devices in a list that wide."""
    longest = max((cell_len(model_text(gpu)) for gpu in gpus), default=0)
    return Columns(
        max((len(gpu.number) for gpu in gpus), default=0),
        0 if room < _NARROW else min(longest, _LONGEST_MODEL),
        max((len(memory_text(gpu, used)) for gpu in gpus), default=0),
    )


def device_row(gpu: Gpu, mark: str, used: Mapping[str, int], columns: Columns) -> Text:
    """``[x] 0  H100 80GB HBM3  31/80G  nifty-bohr of alice``."""
    marked = mark in (BY_HAND, AUTOMATIC)
    row = Text(f"{mark} ", no_wrap=True, overflow="ellipsis", end="")
    row.append(f"{gpu.number:<{columns.number}}", "bold" if marked else "")
    if columns.model:
        model = present.truncate(model_text(gpu), columns.model)
        row.append(f"  {model}{' ' * (columns.model - cell_len(model))}")
    row.append(f"  {memory_text(gpu, used):>{columns.memory}}  ")
    row.append(state_text(gpu), "bold" if gpu.free else "")
    return row


def model_text(gpu: Gpu) -> str:
    """The model without its maker; of a part, what kind of part it is."""
    model = clean(gpu.model)
    if gpu.part is not None:
        _, found, kind = model.rpartition(" MIG ")
        model = f"MIG {kind}" if found else model
    return model.removeprefix("NVIDIA ")


def memory_text(gpu: Gpu, used: Mapping[str, int]) -> str:
    """``80G``, and ``31/80G`` where it is known what is in use."""
    return gpu_words.memory_text(used[gpu.uuid], gpu.memory) if gpu.uuid in used else size_text(gpu.memory)


def state_text(gpu: Gpu) -> str:
    """Whether it can be had, in words: ``free``, who has it, who keeps it busy, or what is wrong."""
    if gpu.divided:
        return "divided into parts"
    if gpu.trouble:
        return clean(f"cannot be used: {gpu.trouble}")
    if gpu.compute_mode is ComputeMode.PROHIBITED:
        return "prohibited: no program may compute on it"
    said = [f"{holder}{' (shared)' if holder.shared else ''}" for holder in gpu.holders]
    if gpu.strangers:
        said.append(f"busy: {strangers_in_words(gpu)}")
    return clean(" + ".join(said)) or "free"


def free_text(gpus: Collection[Gpu], *, opened: bool) -> str:
    """How many are free; and folded, who has the others, opened, what the marks mean."""
    able = [gpu for gpu in gpus if gpu.givable]
    parts = sum(gpu.part is not None for gpu in able)
    kind, besides = (" parts", "") if parts == len(able) > 0 else ("", " with parts" if parts else "")
    text = f"{sum(gpu.free for gpu in able)} of {len(able)}{kind} free{besides}"
    if opened:
        return f"{text} · space: x by hand · › automatic"
    others = clean(who_has(able))
    return f"{text} · {others}" if others else f"{text} · choose by hand"
