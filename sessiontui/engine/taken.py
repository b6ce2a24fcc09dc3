"""What a person is told whose GPUs others have: a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sessiontui.domain.errors import DevicesTaken
from sessiontui.domain.gpu import Gpu, Holder
from sessiontui.domain.gpu_words import in_order, numbers, watchers_hint

_SHORT = 12
"""Signs of the name of a device that has no number here: it is not on the machine any more."""


def devices_taken(name: str, holders: Mapping[str, tuple[Holder, ...]], gpus: Sequence[Gpu]) -> DevicesTaken:
    """The error for a session of that name; ``holders`` are those in its way, by UUID of the device."""
    known = {gpu.uuid: gpu for gpu in gpus}
    by_holders: dict[str, list[str]] = {}
    for uuid, of_it in sorted(holders.items(), key=lambda pair: _place(known.get(pair[0]), pair[0])):
        words = " and ".join(dict.fromkeys(str(holder) for holder in of_it))
        by_holders.setdefault(words, []).append(uuid)
    told = "; ".join(f"{_named(uuids, known)} held by {words}" for words, uuids in by_holders.items())
    remedy = "stop what holds them or wait for its end; or launch a new session, which takes a free GPU"
    hint = watchers_hint(holder for of_it in holders.values() for holder in of_it)
    return DevicesTaken(f"{name}: {told}", "; ".join(filter(None, (remedy, hint))), holders)


def _place(gpu: Gpu | None, uuid: str) -> tuple[bool, tuple[int, int, str, str], str]:
    """What to sort devices by: those that are there as people count them, then the others."""
    return gpu is None, (0, 0, "", "") if gpu is None else in_order(gpu), uuid


def _named(uuids: Sequence[str], known: Mapping[str, Gpu]) -> str:
    """``GPU 0 is`` and ``GPUs 0-2 are``."""
    there = numbers(known[uuid] for uuid in uuids if uuid in known)
    words = ",".join([*filter(None, [there]), *(uuid[:_SHORT] for uuid in uuids if uuid not in known)])
    return f"GPU {words} is" if len(uuids) == 1 else f"GPUs {words} are"
