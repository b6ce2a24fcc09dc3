"""What there is to say about the GPUs of a session, in lines of any width, purely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessiontui.domain.gpu import NO_SAMPLE, Gpu, GpuProcess, GpuReading, GpuSample, Place
from sessiontui.domain.gpu_usage import others_on
from sessiontui.domain.gpu_words import in_order, numbers, size_text
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Session
from sessiontui.ui import present
from sessiontui.ui.gpu_cells import fault_of, share_text
from sessiontui.ui.present import Cell, Span

_PROCESSES = 3
"""Processes of others that are named on a device."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The machine's GPUs, who holds them, and what they do."""

    gpus: tuple[Gpu, ...] = ()
    sample: GpuSample = NO_SAMPLE

    @classmethod
    def of(cls, picture: Picture) -> Devices:
        """Those of a picture."""
        return cls(picture.capacity.gpus if picture.capacity else (), picture.gpus)

    def held_by(self, session: Session) -> tuple[Gpu, ...]:
        """The devices of a session that are listed, in order."""
        found = [gpu for gpu in self.gpus if gpu.uuid in session.devices]
        return tuple(sorted(found, key=in_order)) if len(found) > 1 else tuple(found)

    def lost_to(self, session: Session) -> tuple[str, ...]:
        """The UUIDs of its devices that are not listed."""
        listed = {gpu.uuid for gpu in self.gpus} if session.devices else ()
        return tuple(uuid for uuid in session.devices if uuid not in listed)

    def reading(self, gpu: Gpu) -> GpuReading | None:
        """What was read of a device."""
        return self.sample.readings.get(gpu.uuid)


NO_DEVICES = Devices()
"""A machine without any."""


def models_of(session: Session, devices: Devices) -> Cell:
    """Which devices a session has, by number and model; of one that ended, which it takes again."""
    held = devices.held_by(session)
    spans: list[Span] = []
    models = dict.fromkeys((gpu.model, gpu.memory) for gpu in held)
    for model, memory in models:
        alike = [gpu for gpu in held if (gpu.model, gpu.memory) == (model, memory)]
        # Many models tell it in their names.
        size = "" if memory is None or "GB" in model else f" {size_text(memory)}"
        spans += [
            Span(f"{'   ' if spans else ''}{numbers(alike)}"),
            Span(f" {present.clean(model)}{size}", "muted"),
        ]
    for uuid in devices.lost_to(session):
        spans += [Span("   ? " if spans else "? "), Span(present.clean(uuid), "muted")]
    if not session.phase.live:
        spans.append(Span("  taken again at the next start", "faint"))
    elif session.gpu_shared:
        spans.append(Span("  may be shared", "faint"))
    return tuple(spans)


def remarks_of(session: Session, devices: Devices) -> tuple[tuple[str, Cell], ...]:
    """What is out of the ordinary on a session's devices: number of the device, and what."""
    found: list[tuple[str, Cell]] = []
    for gpu in devices.held_by(session):
        found += [(gpu.number, cell) for cell in _remarks_on(gpu, session, devices)]
    for uuid in devices.lost_to(session):
        if fault := fault_of(None, uuid, devices.gpus, devices.sample):
            found.append(("?", (Span(f"! {fault}", "warning"),)))
    return tuple(found)


def _remarks_on(gpu: Gpu, session: Session, devices: Devices) -> list[Cell]:
    cells: list[Cell] = []
    if fault := fault_of(gpu, gpu.uuid, devices.gpus, devices.sample):
        cells.append((Span(f"! {fault}", "warning"),))
    reading = devices.reading(gpu)
    if reading is not None and reading.errors:
        cells.append((Span(f"! {errors_text(reading.errors)}", "warning"),))
    others = [holder for holder in gpu.holders if holder.session_id != session.id]
    if others:
        names = ", ".join(present.clean(str(holder)) for holder in others)
        cells.append((Span(f"{'shared with' if session.phase.live else '! held now by'} {names}"),))
    holders = [one.container_id for one in gpu.holders if one.container_id]
    strangers = others_on(gpu.uuid, devices.sample, [*holders, session.container_id or ""])
    if strangers:
        cells.append(_unattributed(strangers))
    return cells


def errors_text(errors: int) -> str:
    """``3 memory errors that could not be corrected``."""
    return f"{errors} memory error{'s' if errors != 1 else ''} that could not be corrected"


def _unattributed(processes: Sequence[GpuProcess]) -> Cell:
    """Processes that are no session's: as the driver tells them, those with most memory first."""
    ordered = sorted(processes, key=lambda one: (-(one.memory or 0), one.pid))
    spans = [Span("unattributed ", "warning")]
    for at, one in enumerate(ordered[:_PROCESSES]):
        command = f" {present.clean(one.command).strip()}" if one.command else ""
        user = f" of {present.clean(one.user).strip()}" if one.user else ""
        spans += [
            Span(f"{', ' if at else ''}pid {one.pid}{command}{user} {size_text(one.memory)}"),
            Span(_where(one), "muted"),
        ]
    if len(ordered) > _PROCESSES:
        spans.append(Span(f", {len(ordered) - _PROCESSES} more", "muted"))
    return tuple(spans)


def _where(process: GpuProcess) -> str:
    match process.place:
        case Place.HOST:
            return " in no container"
        case Place.CONTAINER:
            return f" in container {present.clean(process.container_id)[:12]}"
        case Place.UNKNOWN:
            return " of which the kernel tells nothing"


def health_of(reading: GpuReading | None) -> tuple[str, ...]:
    """Temperature and power, as far as they are known."""
    if reading is None:
        return ()
    told: list[str] = []
    if reading.temperature is not None:
        told.append(f"{reading.temperature}°C")
    if reading.power is not None:
        limit = "" if reading.power_limit is None else f"/{reading.power_limit:.0f}"
        told.append(f"{reading.power:.0f}{limit}W")
    return tuple(told)


def coders_of(gpu: Gpu, reading: GpuReading | None) -> Cell:
    """How busy a device's encoder and decoder are, as far as that is known."""
    shares = () if reading is None else (("encoder", reading.encoder), ("decoder", reading.decoder))
    told = [f"{name} {share_text(share)}" for name, share in shares if share is not None]
    return (Span(f"GPU {gpu.number} ", "muted"), Span("  ".join(told))) if told else ()
