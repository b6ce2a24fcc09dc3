"""Records that are kept as long as the program runs: for ``--demo``, and as the double in tests."""

from __future__ import annotations

from collections.abc import Collection

from sessiontui.domain.errors import StorageError
from sessiontui.domain.record import Record


class MemoryRecords:
    """Fills the records port."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self.failing: StorageError | None = None
        """What adding raises."""

    def records(self) -> tuple[Record, ...]:
        """See the port."""
        return tuple(reversed(self._records.values()))

    def add(self, record: Record) -> None:
        """See the port."""
        if self.failing is not None:
            raise self.failing
        self._records.pop(record.session.id, None)
        self._records[record.session.id] = record

    def forget(self, session_ids: Collection[str]) -> None:
        """See the port."""
        for one in session_ids:
            self._records.pop(one, None)
