"""The top line: whose machine this is and how much of it is used."""

from __future__ import annotations

from dataclasses import replace

from textual.content import Content

from sessiontui.domain.picture import Picture
from sessiontui.domain.resources import Capacity
from sessiontui.domain.units import format_cores
from sessiontui.ui import gpu_bar, present
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.widgets.lines import Lines
from sessiontui.ui.widgets.styled import content

_HINT = "Solid: used now. Shaded: promised to containers by their limits, used or not."
_OFFERS = ((8, True), (5, True), (0, True), (0, False))
"""Columns of the bars, and whether the GPUs have theirs, the widest first."""


def machine_cell(picture: Picture, columns: int, own: int = -1) -> Cell:
    """Product, host and engine on the left; CPU, memory and GPUs on the right, as much as has room.

    ``own`` is the person's user id.
    """
    facts = picture.engine
    left = [Span("sessiontui", "accent")]
    if facts is not None:
        left += [Span("  "), Span(present.clean(facts.host), "name")]
    room = columns - present.width(left) - 2
    shown: Cell = ()
    for bar, devices in _OFFERS:
        shown = _gauges(picture, bar, own if devices else None)
        if present.width(shown) <= room:
            break
    else:
        shown = ()
    room -= present.width(shown)
    if facts is not None and room > 12:
        left.append(Span(present.truncate(f" · {present.clean(facts.name)}", room), "muted"))
    return (*left, Span(" " * (columns - present.width(left) - present.width(shown))), *shown)


def _gauges(picture: Picture, bar: int, own: int | None) -> Cell:
    """What of the machine is used, where the machine is this one; else what is promised of it.

    Devices have signs where ``own``, the person's user id, is given.
    """
    facts, capacity = picture.engine, picture.capacity
    if facts is None or capacity is None:
        return ()
    cpu = picture.host.cpu if facts.local else None
    memory = picture.host.memory if facts.local else None
    cores = capacity.cpu_promised if cpu is None else cpu
    spans = [
        *_gauge(
            "CPU",
            cpu,
            capacity.cpu_promised,
            capacity.cpu,
            f"{format_cores(round(cores, 1 if cores < 10 else 0))}/{capacity.cpu}",
            bar,
        ),
        Span("   "),
        *_gauge(
            "MEM",
            memory,
            capacity.memory_promised,
            capacity.memory,
            present.memory_text(capacity.memory_promised if memory is None else memory, capacity.memory),
            bar,
        ),
    ]
    if capacity.gpus:
        spans += [Span("   "), *_devices(capacity, bar, own)]
    return tuple(spans)


def _devices(capacity: Capacity, bar: int, own: int | None) -> Cell:
    """A sign for each device, or a bar where there are too many, and how many somebody has."""
    every = gpu_bar.given_out(capacity.gpus)
    text = gpu_bar.count_text(every)
    signs = None if own is None else gpu_bar.device_bar(every, own)
    held = sum(bool(gpu.holders or gpu.strangers) for gpu in every)
    cell = (
        _gauge("GPU", held, 0, len(every), text, bar)
        if signs is None
        else (Span("GPU ", "muted"), *signs, Span(f" {text}"))
    )
    return (*cell, Span("!", "warning")) if capacity.gpu_trouble else cell


def _gauge(title: str, used: float | None, promised: float, total: float, text: str, bar: int) -> Cell:
    share = None if used is None or not total else used / total
    drawn = present.bar(share, bar, promised=promised / total if total else None) if bar else ()
    return (
        Span(f"{title} ", "muted"),
        *drawn,
        Span(f" {text}" if bar else text, "plain" if used is not None else "muted"),
    )


class MachineHeader(Lines):
    """Shows the machine's line of a picture."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self.tooltip = _HINT
        self._picture = Picture()
        self._own = -1
        self._told: tuple[Cell, ...] = ()

    def show_picture(self, picture: Picture, own: int = -1) -> None:
        """Show another picture; ``own`` is the person's user id."""
        self._picture, self._own = picture, own
        if picture.capacity is not None and picture.capacity.gpus:
            gpus = gpu_bar.seen_now(picture.capacity.gpus, picture.gpus)
            capacity = replace(picture.capacity, gpus=gpus)
            self._picture = replace(picture, capacity=capacity)
            self._hint(gpu_bar.told_of(capacity))
        elif self._told:
            self._hint(())
        self._draw()

    def _hint(self, told: tuple[Cell, ...]) -> None:
        """Say what the bars mean, and who has which device."""
        if told != self._told:
            self._told = told
            lines = (*gpu_bar.legend(), *told) if told else ()
            self.tooltip = Content("\n").join([Content(_HINT), *(content(line) for line in lines)])

    def on_resize(self) -> None:
        """What has room changes."""
        super().on_resize()
        self._draw()

    def _draw(self) -> None:
        if self.content_size.width:
            self.show(machine_cell(self._picture, self.content_size.width, self._own))
