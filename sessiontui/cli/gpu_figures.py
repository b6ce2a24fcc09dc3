"""Figures of GPUs as the command line's tables write them."""

from __future__ import annotations

from collections.abc import Sequence

from sessiontui.domain.gpu import Gpu, GpuReading
from sessiontui.domain.gpu_usage import GpuUse
from sessiontui.domain.gpu_words import memory_text, numbers

UNTOLD = "n/a (MIG)"
"""How busy a part of a device is: no driver tells."""


def share(busy: float | None) -> str:
    """``87%``."""
    return "—" if busy is None else f"{busy:.0%}"


def busy_of(gpu: Gpu, reading: GpuReading | None) -> str:
    """How busy a device is, and of parts and what is split into them that nobody can say."""
    told = None if reading is None else reading.busy
    return UNTOLD if told is None and (gpu.divided or gpu.part is not None) else share(told)


def watts(reading: GpuReading | None) -> str:
    """``310/700W``."""
    if reading is None or reading.power is None:
        return "—"
    limit = "" if reading.power_limit is None else f"/{reading.power_limit:.0f}"
    return f"{reading.power:.0f}{limit}W"


def degrees(reading: GpuReading | None) -> str:
    """``64°C``."""
    return "—" if reading is None or reading.temperature is None else f"{reading.temperature}°C"


def use_words(devices: Sequence[Gpu | None], use: GpuUse | None, *, shared: bool) -> str:
    """``0,1 87% 31/80G``: a session's devices and what it uses of them; only the devices where unknown.

    None is a device that nobody tells of.
    """
    known = [gpu for gpu in devices if gpu is not None]
    words = [",".join(filter(None, (numbers(known), "?" if len(known) < len(devices) else "")))]
    if use is not None and (use.busy is not None or use.memory is not None):
        words += [UNTOLD if use.divided else share(use.busy), memory_text(use.memory, use.total)]
    return " ".join((*words, "shared") if shared else words)
