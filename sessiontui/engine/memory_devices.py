"""Who has which GPU among the sessions that :class:`~sessiontui.engine.memory.MemoryEngine` plays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sessiontui.domain.allocation import conflict
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.session import Session
from sessiontui.engine.gpu_holders import holder_of
from sessiontui.engine.taken import devices_taken


def ensure_not_taken(session: Session, sessions: Iterable[Session], gpus: Sequence[Gpu]) -> None:
    """Raise DevicesTaken where a live one of ``sessions`` keeps a GPU from ``session``.

    Only under the lock under which ``session`` becomes live do two at once not miss each other.
    """
    others = [one for one in sessions if one.phase.live and one.id != session.id]
    holders = {
        uuid: in_the_way
        for uuid in session.devices
        if (
            in_the_way := tuple(
                holder_of(one)
                for one in others
                if uuid in one.devices and conflict(session.gpu_shared, session.owner.uid, holder_of(one))
            )
        )
    }
    if holders:
        raise devices_taken(session.name, holders, gpus)
