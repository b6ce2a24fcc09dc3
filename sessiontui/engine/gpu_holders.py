"""Who holds which GPU, from what an engine tells of its containers: pure functions."""

from __future__ import annotations

from sessiontui.domain.gpu import Holder
from sessiontui.domain.session import Session


def holder_of(session: Session) -> Holder:
    """A session as the holder of its devices."""
    return Holder(
        session.name,
        session.owner.name,
        session.owner.uid,
        session.id,
        session.container_id or "",
        session.gpu_shared,
    )
