"""The top line: whose machine this is and how much of it is used."""

from __future__ import annotations

from sessiontui.domain.picture import Picture
from sessiontui.domain.units import format_cores
from sessiontui.ui import present
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.widgets.lines import Lines

_HINT = (
    "Solid: used now. Shaded: promised to containers by their limits, used or not.\n"
    "GPUs are held by one session each."
)


def machine_cell(picture: Picture, columns: int) -> Cell:
    """Product, host and engine on the left; CPU, memory and GPUs on the right, as much as has room."""
    facts = picture.engine
    left = [Span("sessiontui", "accent")]
    if facts is not None:
        left += [Span("  "), Span(present.clean(facts.host), "name")]
    room = columns - present.width(left) - 2
    shown: Cell = ()
    for bar in (8, 5, 0):
        shown = _gauges(picture, bar)
        if present.width(shown) <= room:
            break
    else:
        shown = ()
    room -= present.width(shown)
    if facts is not None and room > 12:
        left.append(Span(present.truncate(f" · {present.clean(facts.name)}", room), "muted"))
    return (*left, Span(" " * (columns - present.width(left) - present.width(shown))), *shown)


def _gauges(picture: Picture, bar: int) -> Cell:
    """What of the machine is used, where the machine is this one; else what is promised of it."""
    facts, capacity = picture.engine, picture.capacity
    if facts is None or capacity is None:
        return ()
    cpu = picture.host.cpu if facts.local else None
    memory = picture.host.memory if facts.local else None
    held = len(capacity.gpus) - len(capacity.free_gpus)
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
        text = f"{held}/{len(capacity.gpus)}"
        spans += [Span("   "), *_gauge("GPU", held, 0, len(capacity.gpus), text, bar)]
    return tuple(spans)


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

    def show_picture(self, picture: Picture) -> None:
        """Show another picture."""
        self._picture = picture
        self._draw()

    def on_resize(self) -> None:
        """What has room changes."""
        super().on_resize()
        self._draw()

    def _draw(self) -> None:
        if self.content_size.width:
            self.show(machine_cell(self._picture, self.content_size.width))
