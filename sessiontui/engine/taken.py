"""What a person is told whose GPUs others have: a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sessiontui.domain.errors import DevicesTaken
from sessiontui.domain.gpu import Gpu, Holder

_SHORT = 12
"""Signs of the name of a device that has no number here: it is not on the machine any more."""


def devices_taken(name: str, holders: Mapping[str, tuple[Holder, ...]], gpus: Sequence[Gpu]) -> DevicesTaken:
    """The error for a session of that name; ``holders`` are those in its way, by UUID of the device."""
    numbers = {gpu.uuid: gpu.number for gpu in gpus}
    by_holders: dict[str, list[str]] = {}
    for uuid, of_it in sorted(holders.items(), key=lambda pair: numbers.get(pair[0], pair[0])):
        words = " and ".join(dict.fromkeys(str(holder) for holder in of_it))
        by_holders.setdefault(words, []).append(numbers.get(uuid, uuid[:_SHORT]))
    told = "; ".join(f"GPU {', '.join(devices)} is held by {words}" for words, devices in by_holders.items())
    return DevicesTaken(
        f"{name}: {told}",
        "stop that one or wait for its end; or launch a new session, which takes a free GPU",
        holders,
    )
