"""What :class:`~sessiontui.engine.memory.MemoryEngine` has for the folders of its sessions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sessiontui.domain.folder import Identity
from sessiontui.domain.session import Session
from sessiontui.engine.memory_inside import MemoryInside


class MemoryMounts(MemoryInside):
    """The part of the engine port that sees what was mounted.

    Like a real engine it follows links, once, when a session starts.
    """

    _mounted: dict[str, dict[str, Identity]]

    def mounted(self, session: Session) -> Mapping[str, Identity]:
        """See the port."""
        return self._mounted.get(self._find_running(session).id, {})

    def _mount(self, session: Session) -> None:
        found = {}
        for mount in session.mounts:
            with suppress(OSError):
                status = Path(mount.source).stat()
                found[mount.target] = Identity(status.st_dev, status.st_ino)
        self._mounted[session.id] = found
