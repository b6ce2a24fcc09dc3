"""Counts what is in directories of this machine, wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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


def count_all_at(
    paths: Iterable[str], cancellation: Cancellation, report: Callable[[Extent], None]
) -> Extent:
    """As ``count_at``, of several directories together."""
    total = Extent()
    for path in paths:
        before = total

        def report_sum(extent: Extent, before: Extent = before) -> None:
            report(together(before, extent))

        total = together(before, count_at(path, cancellation, report_sum))
    return total


def together(one: Extent, other: Extent) -> Extent:
    """What is in two directories."""
    times = [at for at in (one.changed_at, other.changed_at) if at is not None]
    return Extent(
        one.bytes + other.bytes,
        one.files + other.files,
        max(times, default=None),
        one.complete and other.complete,
    )
