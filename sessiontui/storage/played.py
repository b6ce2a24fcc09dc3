"""The user's folders beside an engine that is only played."""

from __future__ import annotations

from sessiontui.domain.folder import Identity
from sessiontui.storage.directories import Directories


class FoldersOfDemo(Directories):
    """Real ones, of which no session gets any: what a session mounts need not be there."""

    def identify(self, path: str) -> Identity | None:
        """See the port."""
        return None
