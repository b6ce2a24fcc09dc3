"""The GPUs of the machine as a bar with a sign for each, purely: whose it is, by sign and by colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from sessiontui.domain.gpu import ComputeMode, Gpu, GpuReading, GpuSample
from sessiontui.domain.gpu_usage import with_strangers
from sessiontui.domain.gpu_words import in_order, numbers
from sessiontui.domain.resources import Capacity
from sessiontui.ui import present
from sessiontui.ui.gpu_cells import owner_style
from sessiontui.ui.present import Cell, Span

MOST = 24
"""Signs from which a bar is not read any more."""
FREE, OWN, OTHERS, SEVERAL, NOBODYS, UNUSABLE = "·", "█", "▓", "▚", "▒", "×"
LEGEND: tuple[tuple[str, str, str], ...] = (
    (OWN, "gpu-own", "yours"),
    (OTHERS, "gpu-other-0", "another's, a colour each"),
    (SEVERAL, "gpu-own", "shared by several"),
    (NOBODYS, "gpu-stranger", "in use by no session"),
    (FREE, "gpu-free", "free"),
    (UNUSABLE, "warning", "cannot be given"),
)
"""Sign, style and meaning."""
_TOLD = 20
"""Lines about devices at most."""


def seen_now(gpus: Sequence[Gpu], sample: GpuSample) -> tuple[Gpu, ...]:
    """The devices with what their drivers told last: the engine is asked who holds them more seldom."""
    return tuple(
        _with_trouble(gpu, sample.readings.get(gpu.uuid)) for gpu in with_strangers(tuple(gpus), sample)
    )


def _with_trouble(gpu: Gpu, reading: GpuReading | None) -> Gpu:
    if reading is None or reading.trouble in ("", gpu.trouble):
        return gpu
    return replace(gpu, trouble=reading.trouble)


def given_out(gpus: Sequence[Gpu]) -> tuple[Gpu, ...]:
    """The devices and parts that are given to sessions, in order: not those that only their parts are of."""
    return tuple(sorted((gpu for gpu in gpus if not gpu.divided), key=in_order))


def count_text(gpus: Sequence[Gpu]) -> str:
    """``3/8``: how many somebody has, of all."""
    every = given_out(gpus)
    return f"{sum(bool(gpu.holders or gpu.strangers) for gpu in every)}/{len(every)}"


def sign_of(gpu: Gpu, own: int) -> Span:
    """A device's sign; ``own`` is the person's user id."""
    if gpu.trouble:
        return Span(UNUSABLE, "warning")
    owners = {one.uid for one in gpu.holders}
    if not owners:
        if gpu.strangers:
            return Span(NOBODYS, "gpu-stranger")
        if gpu.compute_mode is ComputeMode.PROHIBITED:
            return Span(UNUSABLE, "faint")
        return Span(FREE, "gpu-free")
    if len(owners) > 1:
        known = [one for one in owners if one is not None]
        return Span(SEVERAL, owner_style(own if own in owners else min(known), own))
    owner = owners.pop()
    if owner is None:
        return Span(NOBODYS, "gpu-stranger")
    return Span(OWN if owner == own else OTHERS, owner_style(owner, own))


def device_bar(gpus: Sequence[Gpu], own: int) -> Cell | None:
    """A sign for each device between two edges, those of one divided device in brackets.

    None where there are none, or too many to be read.
    """
    spans: list[Span] = []
    every = given_out(gpus)
    for divided, group in groupby(every, key=lambda gpu: gpu.parent if gpu.part is not None else None):
        signs = [sign_of(gpu, own) for gpu in group]
        spans += [Span("[", "bar-rest"), *signs, Span("]", "bar-rest")] if divided is not None else signs
    if not spans or present.width(spans) > MOST:
        return None
    return (Span("▕", "bar-rest"), *_joined(spans), Span("▏", "bar-rest"))


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Neighbours of one style as one span."""
    return [
        Span("".join(span.text for span in run), style)
        for style, run in groupby(spans, key=lambda span: span.style)
    ]


def told_of(capacity: Capacity) -> tuple[Cell, ...]:
    """Who has which device, a line each; devices of which the same is to be said share one."""
    lines: list[Cell] = []
    if capacity.gpu_trouble:
        lines.append((Span(present.clean(f"! {capacity.gpu_trouble}"), "warning"),))
        lines.append((Span(present.clean(f"  {capacity.gpu_remedy}")),))
    said = [(gpu, _said_of(gpu)) for gpu in given_out(capacity.gpus)]
    runs = [(what, [gpu for gpu, _ in run]) for what, run in groupby(said, key=lambda one: one[1])]
    for what, devices in runs[:_TOLD]:
        lines.append((Span(f"{numbers(devices)}  ", "name"), Span(what)))
    if len(runs) > _TOLD:
        lines.append((Span("…", "muted"),))
    return tuple(lines)


def _said_of(gpu: Gpu) -> str:
    if gpu.trouble:
        return f"! {present.clean(gpu.trouble)}"
    if gpu.holders:
        return ", ".join(present.clean(str(holder)) for holder in gpu.holders)
    if gpu.strangers:
        told = (
            present.clean(f"pid {one.pid} {one.command or '?'} of {one.user or '?'}")
            for one in gpu.strangers[:3]
        )
        return f"no session: {', '.join(told)}"
    return "nobody may compute on it" if gpu.compute_mode is ComputeMode.PROHIBITED else "free"


def legend() -> tuple[Cell, ...]:
    """What the signs mean, one at a time."""
    return tuple((Span(sign, style), Span(f" {meaning}", "muted")) for sign, style, meaning in LEGEND)
