"""The GPUs of a session over the whole screen: how they are put on pages, and what is said below, purely."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.geometry import Size

from sessiontui.domain.gpu import Gpu
from sessiontui.domain.gpu_words import numbers
from sessiontui.domain.history import GpuFigure, Series
from sessiontui.domain.session import Session
from sessiontui.ui.chart import Chart
from sessiontui.ui.gpu_cells import figures_of
from sessiontui.ui.gpu_charts import busy_chart, memory_chart
from sessiontui.ui.gpu_facts import Devices, coders_of, models_of, remarks_of
from sessiontui.ui.present import Cell, Span

_WIDTH, _HEIGHT = 39, 14
"""Columns and lines from which the charts of a device can be read."""
_MOST_ACROSS = 4
_AROUND = 5
"""Lines that title, facts and keys take about."""


def across(size: Size) -> int:
    """How many devices stand beside each other on a screen of that size."""
    return max(1, min(_MOST_ACROSS, size.width // _WIDTH))


def gpu_pages(session: Session, devices: Devices, size: Size) -> tuple[tuple[Gpu, ...], ...]:
    """The devices of a session as they are shown together."""
    held = devices.held_by(session)
    room = across(size) * max(1, (size.height - _AROUND) // _HEIGHT)
    return tuple(held[start : start + room] for start in range(0, len(held), room))


def blocks_of(
    gpu: Gpu, session: Session, devices: Devices, series: Callable[[GpuFigure], Series]
) -> tuple[Chart, ...]:
    """How busy a device is, over how full; of a part only the latter is known."""
    if gpu.part is not None:
        return (busy_chart(gpu, session, devices, series),)
    return (
        busy_chart(gpu, session, devices, series, beside=True),
        memory_chart(gpu, devices, series),
    )


def gpus_in_short(session: Session, devices: Devices) -> tuple[Cell, ...]:
    """What a session uses of its devices all together; nothing where it has none."""
    figures = figures_of(session, devices.gpus, devices.sample)
    if figures is None:
        return ()
    which = numbers(devices.held_by(session)) or "?"
    style = "warning" if figures.trouble else "plain"
    return ((Span("GPU ", "muted"), Span(f"{which} {figures.busy} {figures.memory}".rstrip(), style)),)


def gpu_facts_of(session: Session, gpus: Sequence[Gpu], devices: Devices) -> tuple[Cell, ...]:
    """What no chart of these devices shows."""
    shown = {gpu.number for gpu in gpus} | {"?"}
    remarks = ((number, cell) for number, cell in remarks_of(session, devices) if number in shown)
    coders = (coders_of(gpu, devices.reading(gpu)) for gpu in gpus)
    return (
        *((Span(f"GPU {number} ", "muted"), *cell) for number, cell in remarks),
        models_of(session, devices),
        *(cell for cell in coders if cell),
    )
