"""What people are told about devices: which, who has them, and why one cannot be had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sessiontui.domain.gpu import ComputeMode, Gpu, GpuProcess, Holder, Vendor
from sessiontui.domain.units import format_bytes

SHARED = "+"
"""Behind the number of a device that somebody else has too."""
PRIVILEGED, EVERYTHING = "privileged", "all GPUs"
"""Why a container that is no session holds a device, where it may well be one that only watches."""
_RUN = 3
"""From so many numbers in a row on only the first and the last are named."""


def vendor_name(vendor: Vendor) -> str:
    """As it writes itself."""
    return "Intel" if vendor is Vendor.INTEL else vendor.upper()


def in_order(gpu: Gpu) -> tuple[int, int, str, str]:
    """What to sort devices by: as people count them, parts behind what they are part of."""
    return gpu.index, -1 if gpu.part is None else gpu.part, gpu.vendor, gpu.uuid


def numbers(gpus: Iterable[Gpu], shared: Iterable[str] = ()) -> str:
    """``0,1``, ``0-3,6`` and, of parts, ``4:0-6``; with a mark those of the UUIDs in ``shared``: ``0-2+``."""
    marked = frozenset(shared)
    runs: list[list[Gpu]] = []
    for gpu in sorted(gpus, key=in_order):
        last = runs[-1][-1] if runs else None
        if last and _follows(gpu, last) and (gpu.uuid in marked) == (last.uuid in marked):
            runs[-1].append(gpu)
        else:
            runs.append([gpu])
    return ",".join(_run(run, SHARED if run[0].uuid in marked else "") for run in runs)


def size_text(amount: int | None) -> str:
    """``80G`` for 79.6 GiB, ``9.5G`` below ten: devices are called by whole sizes."""
    if amount == 0:
        return "0"
    text = format_bytes(amount)
    whole, point, _ = text.partition(".")
    return f"{float(text[:-1]):.0f}{text[-1]}" if point and len(whole) > 1 else text


def memory_text(used: int | None, total: int | None) -> str:
    """``31/80G`` in use of all: the unit is said once where both have it; ``—`` where neither is known."""
    ours, every = size_text(used), size_text(total)
    if used is total is None:
        return every
    if ours[-1] == every[-1] and ours[-1].isalpha():
        ours = ours[:-1]
    return f"{ours}/{every}"


def process_in_words(process: GpuProcess) -> str:
    """``python (4211) of bob``."""
    user = f" of {process.user}" if process.user else ""
    return f"{process.command or 'a process'} ({process.pid}){user}"


def who_has(gpus: Iterable[Gpu]) -> str:
    """Who has which, and why the others cannot be had, shortly: those that are free are passed over."""
    by_words: dict[str, list[Gpu]] = {}
    for gpu in sorted(gpus, key=in_order):
        if words := _hindrance(gpu):
            by_words.setdefault(words, []).append(gpu)
    return "; ".join(f"{numbers(those)}{words}" for words, those in by_words.items())


def holders_in_words(gpu: Gpu) -> str:
    """``nifty-bohr of alice, container web (privileged)``."""
    return ", ".join(str(holder) for holder in gpu.holders)


def watchers_hint(holders: Iterable[Holder]) -> str:
    """What can be done about containers that have every device and may only watch; empty without one."""
    watching = any(not one.session_id and one.why in (PRIVILEGED, EVERYTHING) for one in holders)
    return "containers that only watch can be named in the setting gpu_watchers" if watching else ""


def strangers_in_words(gpu: Gpu) -> str:
    """The process of no container that has most of it, and how many there are besides."""
    most = max(gpu.strangers, key=lambda one: (one.memory or 0, -one.pid))
    others = len(gpu.strangers) - 1
    return process_in_words(most) + (f" and {others} more" if others else "")


def ungivable(gpu: Gpu, parts: Sequence[Gpu] = ()) -> str:
    """Why no session can have it, as the end of a sentence about it; empty where one could."""
    if gpu.divided:
        return f"is divided into parts{f': name one of {numbers(parts)}' if parts else ''}"
    if gpu.trouble:
        return f"cannot be used: {gpu.trouble}"
    if gpu.compute_mode is ComputeMode.PROHIBITED:
        return "lets no program compute (compute mode prohibited)"
    return ""


def gpu_cautions(gpus: Iterable[Gpu]) -> Iterator[str]:
    """What a person should know of devices that a session can have: who else is on them."""
    for gpu in gpus:
        if gpu.holders:
            yield f"GPU {gpu.number} is shared with {holders_in_words(gpu)}"
        if gpu.strangers:
            yield f"GPU {gpu.number} is busy with {strangers_in_words(gpu)}, in no session"
        if (gpu.holders or gpu.strangers) and gpu.compute_mode is ComputeMode.EXCLUSIVE:
            yield f"GPU {gpu.number} lets one process compute at a time: others fail (mode exclusive process)"


def _hindrance(gpu: Gpu) -> str:
    if words := ungivable(gpu):
        return f" {words}"
    held = f": {holders_in_words(gpu)}" if gpu.holders else ""
    if not gpu.strangers:
        return held
    return f"{held}{',' if held else ''} busy with {strangers_in_words(gpu)}"


def _follows(gpu: Gpu, last: Gpu) -> bool:
    if gpu.vendor is not last.vendor:
        return False
    if gpu.part is None or last.part is None:
        return gpu.part is last.part and gpu.index == last.index + 1
    return gpu.index == last.index and gpu.part == last.part + 1


def _run(run: Sequence[Gpu], mark: str) -> str:
    if len(run) < _RUN:
        return ",".join(f"{gpu.number}{mark}" for gpu in run)
    last = run[-1]
    return f"{run[0].number}-{last.index if last.part is None else last.part}{mark}"
