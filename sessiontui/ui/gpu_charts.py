"""Charts of the GPUs of a session: how busy each is, and how full; purely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sessiontui.domain.gpu import Gpu
from sessiontui.domain.gpu_words import memory_text, size_text
from sessiontui.domain.history import GpuFigure, Series, Window
from sessiontui.domain.session import Session
from sessiontui.domain.units import GIB
from sessiontui.ui.chart import Chart, peak
from sessiontui.ui.gpu_cells import fault_of, share_text
from sessiontui.ui.gpu_facts import Devices, errors_text, health_of

DIVIDED = "n/a (MIG)"
"""In place of the share of the time of a part: no driver tells it."""


class GpuSeriesOf(Protocol):
    """Tells the past of devices by their UUIDs."""

    def __call__(self, uuid: str, figure: GpuFigure, window: Window) -> Series:
        """A figure of a device over a window up to the last look."""


def busy_chart(
    gpu: Gpu,
    session: Session,
    devices: Devices,
    series: Callable[[GpuFigure], Series],
    *,
    beside: bool = False,
) -> Chart:
    """How busy a device is, and in words how full, how hot, and what it draws. Of a part: how full it is.

    ``beside`` says that a chart of its memory is beside it.
    """
    reading = devices.reading(gpu)
    used, total = (None, None) if reading is None else (reading.memory, reading.memory_total)
    memory = memory_text(used, gpu.memory if gpu.memory is not None else total)
    divided = gpu.part is not None
    share = None if reading is None else reading.busy
    known = share is not None or used is not None or divided
    busy = DIVIDED if divided else share_text(share)
    first = busy if beside and not divided else f"{busy} {memory}"
    more = health_of(reading)
    offers = ["  ".join([first, *more[:count]]) for count in range(len(more), -1, -1)]
    offers += [memory if divided else busy] * (len(first) > len(busy))
    alarms = _alarms(gpu, devices)
    shared = any(holder.session_id != session.id for holder in gpu.holders)
    name = f"GPU {gpu.number}"
    if divided:
        return _memory_chart(gpu, devices, series(GpuFigure.MEMORY), name, tuple(offers), alarms)
    return Chart(
        name,
        tuple(offers) if known else ("—",),
        series(GpuFigure.BUSY),
        1.0,
        lambda amount: f"{amount:.0%}",
        "chart-gpu",
        alarms=alarms,
        note="shared" if shared else "",
    )


def memory_chart(gpu: Gpu, devices: Devices, series: Callable[[GpuFigure], Series]) -> Chart:
    """How full a device is, with the most that there was."""
    reading = devices.reading(gpu)
    used = None if reading is None else reading.memory
    total = gpu.memory if gpu.memory is not None or reading is None else reading.memory_total
    past = series(GpuFigure.MEMORY)
    return _memory_chart(gpu, devices, past, f"MEM {gpu.number}", (memory_text(used, total),), ())


def _memory_chart(
    gpu: Gpu, devices: Devices, past: Series, name: str, figures: tuple[str, ...], alarms: tuple[str, ...]
) -> Chart:
    reading = devices.reading(gpu)
    total = gpu.memory if gpu.memory is not None or reading is None else reading.memory_total
    most = peak(past)
    return Chart(
        name,
        figures,
        past,
        float(total or max(most or 0.0, GIB)),
        lambda amount: size_text(int(amount)),
        "chart-memory",
        alarms=alarms,
        note=f"peak {size_text(int(most))}" if most is not None else "",
        peaks=True,
    )


def _alarms(gpu: Gpu, devices: Devices) -> tuple[str, ...]:
    fault = fault_of(gpu, gpu.uuid, devices.gpus, devices.sample)
    if fault:
        return (f"! {fault}", "! lost" if "lost" in fault.casefold() else "!")
    reading = devices.reading(gpu)
    if reading is not None and reading.errors:
        return (f"! {errors_text(reading.errors)}", f"! {reading.errors} errors", "!")
    return ()
