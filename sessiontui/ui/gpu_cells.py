"""What GPUs look like in the row of a session, purely: which it has, and what it uses of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sessiontui.domain.gpu import Gpu, GpuSample
from sessiontui.domain.gpu_usage import GpuUse, is_lost, use_of
from sessiontui.domain.gpu_words import memory_text, numbers, size_text
from sessiontui.domain.session import Phase, Session
from sessiontui.ui import present
from sessiontui.ui.present import Cell, Span

LOST, FAULTY = "lost", "err!"
"""In place of the figures: a device that is there no more, and one that does not do as it should."""
BUSY_WIDTH = len("100%")
"""Columns that the share of time takes, whatever it is."""
_NUMBERS = 15
"""Columns that the numbers of a session's devices take at most."""
_OTHERS = 4
"""Colours there are for other people."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a row tells of its session's use of its devices."""

    use: GpuUse
    trouble: str = ""
    """A word in place of the figures."""

    @property
    def busy(self) -> str:
        """``87%``; ``n/a`` of a part, whose use no driver tells."""
        if self.trouble:
            return self.trouble
        return "n/a" if self.use.divided else share_text(self.use.busy)

    @property
    def memory(self) -> str:
        """``31/80G``."""
        return "" if self.trouble else memory_text(self.use.memory, self.use.total)


NO_FIGURES = Figures(GpuUse())
"""Nothing is known of them."""


def figures_of(session: Session, gpus: Sequence[Gpu], sample: GpuSample) -> Figures | None:
    """What a session uses of its devices, None where it has none; ``gpus`` are all of the machine."""
    use = use_of(session, gpus, sample)
    return None if use is None else Figures(use, _trouble(session, gpus, sample))


def _trouble(session: Session, gpus: Sequence[Gpu], sample: GpuSample) -> str:
    if session.phase is not Phase.RUNNING:
        return ""
    known = {gpu.uuid: gpu for gpu in gpus}
    found = {fault_of(known.get(uuid), uuid, gpus, sample) for uuid in session.devices} - {""}
    if not found:
        return ""
    return LOST if any("lost" in one.casefold() for one in found) else FAULTY


def fault_of(gpu: Gpu | None, uuid: str, gpus: Sequence[Gpu], sample: GpuSample) -> str:
    """Why a device of a session cannot be used, in a sentence; empty when it can, and when nobody knows."""
    reading = sample.readings.get(uuid)
    if reading is not None and reading.trouble:
        return present.clean(reading.trouble)
    if gpu is not None:
        return present.clean(gpu.trouble)
    return "it is lost: the driver lists it no more" if is_lost(uuid, gpus, sample) else ""


def share_text(share: float | None) -> str:
    """``87%``; ``—`` for unknown."""
    return "—" if share is None else f"{max(0.0, min(1.0, share)):.0%}"


def owner_style(owner: int | None, own: int) -> str:
    """The style of what a user holds, by user ids: the person's own, and others each by one that stays."""
    if owner is None:
        return "gpu-stranger"
    return "gpu-own" if owner == own else f"gpu-other-{owner % _OTHERS}"


# Numbers


def shared_devices(session: Session, gpus: Mapping[str, Gpu]) -> tuple[str, ...]:
    """The devices of a session that somebody else has too."""
    return tuple(
        uuid
        for uuid in session.devices
        if uuid in gpus and any(one.session_id != session.id for one in gpus[uuid].holders)
    )


def numbers_cell(session: Session, gpus: Mapping[str, Gpu], own: int) -> Cell:
    """The numbers of a session's devices in its owner's colour.

    What others have too is marked while the session lives. ``gpus`` are the machine's by UUID, ``own``
    is the person's user id.
    """
    if not session.devices:
        return (Span("—", "faint"),)
    known = [gpus[uuid] for uuid in session.devices if uuid in gpus]
    shared = shared_devices(session, gpus) if session.phase.live else ()
    told = [numbers(known, shared)] if known else []
    told += ["?"] * (len(session.devices) - len(known))
    return (Span(present.truncate(",".join(told), _NUMBERS), owner_style(session.owner.uid, own)),)


def memory_of(session: Session, gpus: Mapping[str, Gpu]) -> int | None:
    """Bytes that a session's devices have together."""
    amounts = [gpus[uuid].memory if uuid in gpus else None for uuid in session.devices]
    known = [one for one in amounts if one is not None]
    return sum(known) if known and len(known) == len(amounts) else None


# The cell


@dataclass(frozen=True, slots=True)
class Room:
    """How the column of GPUs is divided: columns for numbers and for memory, 0 where a part is left out."""

    numbers: int
    busy: int = 0
    memory: int = 0

    @property
    def width(self) -> int:
        """Columns in all."""
        return self.numbers + sum(1 + part for part in (self.busy, self.memory) if part)


def memory_width(total: int | None) -> int:
    """Columns that the memory may come to take, whatever of it is in use."""
    return len(f"999M/{size_text(total)}")


def gpu_cell(devices: Cell, figures: Figures | None, room: Room) -> Cell:
    """``devices`` by number, share of the time and memory, each in its own room; a dash where none is."""
    if figures is None:
        return devices
    cell = present.fit(devices, room.numbers)
    style = "warning" if figures.trouble else "plain"
    if room.busy:
        busy = figures.busy
        cell = (*cell, Span(f" {busy:>{room.busy}}", style if busy not in ("—", "n/a") else "muted"))
    elif figures.trouble:
        # It is said whatever the room.
        cell = present.fit((*devices, Span("!", "warning")), room.numbers)
    if room.memory:
        known = figures.use.memory is not None
        cell = (*cell, Span(f" {figures.memory}", "plain" if known else "muted"))
    return cell
