"""What sessiontui asks of the place folders live in."""

from __future__ import annotations

from typing import Protocol

from sessiontui.domain.folder import Folder


class Storage(Protocol):
    """The folders of one user."""

    def folders(self) -> tuple[Folder, ...]:
        """All of them by name. Raises StorageError."""

    def create(self, name: str) -> Folder:
        """Make a folder. Raises Refused for a bad name, StorageError."""

    def remove(self, name: str) -> None:
        """Remove an empty folder. Raises Unknown, StorageError (not empty, not permitted)."""
