"""Devices between the choice and the start: chosen anew where others were quicker, looked for at a start."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import replace

from sessiontui.actions.observe import capacity
from sessiontui.actions.ports import Ports
from sessiontui.domain.allocation import choose
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import DevicesTaken, Refused, StartFailed
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.gpu_words import ungivable
from sessiontui.domain.launch import Order
from sessiontui.domain.session import Session

PAUSES = (0.0, 0.2, 0.4)
"""Seconds before each look for other devices: a launch that lost one of several gives the others back."""

TRIES = 50
"""Devices that a launch may lose to others before it gives up. Each time somebody else got one."""

_PATIENCE = 1.0
"""Seconds to wait for a driver's figures, which only make the choice better."""


def memory_used(ports: Ports) -> Mapping[str, int]:
    """Bytes in use by UUID of the device, as far as its driver tells."""
    readings = ports.gpus.sample((), patience=_PATIENCE).readings
    return {uuid: one.memory for uuid, one in readings.items() if one.memory is not None}


def with_others(ports: Ports, order: Order, taken: DevicesTaken, cancellation: Cancellation) -> Order:
    """The order with devices as they are free now, in place of those that others were quicker to get.

    Among equals lots are drawn, so that those who lost together do not all run for the same one; those
    named by hand are tried again where they were given back. Raises DevicesTaken, which says who has
    what, where nothing fits any more.
    """
    used = memory_used(ports) if order.wish.shared else {}
    draw = random.SystemRandom().random
    refusal = taken.message
    for pause in PAUSES:
        time.sleep(pause)
        cancellation.check()
        room = capacity(ports)
        if room.gpu_trouble:
            raise StartFailed(f"{order.name}: {room.gpu_trouble}", room.gpu_remedy)
        try:
            gpus = choose(order.wish, room.gpus, order.owner.uid, used=used, lot=draw)
        except Refused as error:
            refusal = "; ".join(problem.message for problem in error.problems)
        else:
            return replace(order, gpus=gpus)
    raise DevicesTaken(
        f"{order.name}: others were quicker: {refusal}",
        "nothing was left behind: launch it again when one is given back",
        taken.holders,
    )


def machine_gpus(ports: Ports, session: Session) -> tuple[Gpu, ...]:
    """The devices of this machine, for the start of a session; none where it has none, or they are elsewhere.

    Raises StartFailed where one of the session's is not there any more, or cannot be given. Where no
    driver tells of any, that is the engine's to find out.
    """
    if not session.devices or not ports.engine.facts().local:
        return ()
    gpus = ports.gpus.devices()
    known = {gpu.uuid: gpu for gpu in gpus}
    wrong = []
    for uuid in session.devices if gpus else ():
        if (gpu := known.get(uuid)) is None:
            wrong.append(f"its GPU {uuid} is not on this machine any more")
        elif words := ungivable(gpu):
            wrong.append(f"its GPU {gpu.number} {words}")
    if wrong:
        again = f"sessiontui launch --repeat {session.name}"
        raise StartFailed(
            f"{session.name}: {'; '.join(wrong)}", f"launch it again, which takes another GPU: {again}"
        )
    return gpus
