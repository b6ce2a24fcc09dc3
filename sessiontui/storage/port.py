"""What sessiontui asks of the place folders live in.

Every method blocks and may be called from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.folder import Discarded, Extent, Folder, Identity
from sessiontui.domain.record import Record


class Storage(Protocol):
    """The folders of one user.

    Whether a session mounts a folder is not known here: who calls has looked (``actions.folders``).
    """

    def folders(self) -> tuple[Folder, ...]:
        """All of them by name. Raises StorageError."""

    def create(self, name: str) -> Folder:
        """Make a folder. Raises Refused for a bad or taken name, StorageError."""

    def adopt(self, path: str, name: str) -> Folder:
        """Make an existing directory a folder, without copying or moving anything.

        Links in ``path`` are followed now and never again. Raises Refused (fields ``name``, ``path``)
        for a bad or taken name, for what is no directory, the system's, not to be read by the owner,
        or in the place for folders or around it; StorageError.
        """

    def rename(self, name: str, new: str) -> Folder:
        """Give a folder another name. Raises Unknown, Refused for a bad or taken name, StorageError."""

    def discard(self, name: str) -> Discarded | None:
        """Put a folder into the trash; an imported one is only let go of (None): its files stay.

        Raises Unknown, StorageError.
        """

    def trash(self) -> tuple[Discarded, ...]:
        """What is in the trash, newest first. Raises StorageError."""

    def restore(self, id: str) -> Folder:  # noqa: A002 - as the field of Discarded
        """Take a folder out of the trash under its name.

        Raises Unknown, Refused when the name is taken meanwhile, StorageError.
        """

    def destroy(self, id: str, cancellation: Cancellation) -> None:  # noqa: A002
        """Remove a folder in the trash for good.

        What cannot be removed, such as files of other users, stays in the trash, and everything else
        goes. Raises Unknown, StorageError that says what stayed, Cancelled (the rest stays).
        """

    def measure(self, name: str, cancellation: Cancellation, report: Callable[[Extent], None]) -> Extent:
        """Count what is in a folder; ``report`` is told a few times a second how far that is.

        Raises Unknown, StorageError, Cancelled.
        """

    def identify(self, path: str) -> Identity | None:
        """Which directory is at the path of a folder, of any owner; None where that is not to be known.

        Raises StorageError that says so where none is there, or a link is or leads there by now.
        """


class Records(Protocol):
    """What one user's deleted sessions leave."""

    def records(self) -> tuple[Record, ...]:
        """All that are kept, newest first. Raises StorageError."""

    def add(self, record: Record) -> None:
        """Keep a record, in place of another about the same session. Raises StorageError."""

    def forget(self, session_ids: Collection[str]) -> None:
        """Keep the records of these sessions no longer. Raises StorageError."""
