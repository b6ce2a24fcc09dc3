"""Joins meters: for each session, the first that knows it wins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import Reading
from sessiontui.metering.port import Meter


class LayeredMeter:
    """Asks each meter in turn for the sessions that those before it did not know."""

    def __init__(self, meters: Sequence[Meter]) -> None:
        self._meters = tuple(meters)

    def readings(
        self, sessions: Sequence[Session], shown: Collection[str] | None = None
    ) -> Mapping[str, Reading]:
        """Readings of every session that any meter knows."""
        found: dict[str, Reading] = {}
        left: Sequence[Session] = [session for session in sessions if session.phase is Phase.RUNNING]
        # Each is asked even for nothing, so that it lets go of what it holds of sessions gone.
        for meter in self._meters:
            found.update(meter.readings(left, shown))
            left = [session for session in left if session.id not in found]
        return found

    def notes(self) -> tuple[str, ...]:
        """What all of them note."""
        return tuple(note for meter in self._meters for note in meter.notes())

    def close(self) -> None:
        """Close all of them."""
        for meter in self._meters:
            meter.close()
