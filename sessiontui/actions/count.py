"""Counts what is in a directory of this machine, wherever it is."""

from __future__ import annotations

from collections.abc import Callable

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.folder import Extent
from sessiontui.storage.extent import extent_of
from sessiontui.storage.local_tree import LocalTree
from sessiontui.storage.trouble import trouble


def count(tree: LocalTree, path: str, cancellation: Cancellation, report: Callable[[Extent], None]) -> Extent:
    """What is in a directory of the tree; ``report`` is told a few times a second how far that is.

    Raises StorageError, Cancelled.
    """
    with tree.directory(path) as (directory, place):
        try:
            return extent_of(directory, cancellation, report)
        except OSError as error:
            raise trouble("read", place, error) from error


def count_at(path: str, cancellation: Cancellation, report: Callable[[Extent], None]) -> Extent:
    """As ``count``, of a directory by itself."""
    return count(LocalTree(path), path, cancellation, report)
