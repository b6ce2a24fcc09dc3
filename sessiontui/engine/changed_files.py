"""What of the changes in a container's own layer is a person's work: pure functions.

The engine tells changes as ``GET /containers/ID/changes`` does: ``Path`` and ``Kind`` (0 modified,
1 added, 2 deleted), directories among them and not told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sessiontui.domain.folder import HOME

_ADDED, _DELETED = 1, 2
_OURS = re.compile(
    r"/opt/sessiontui(/|\Z)"
    r"|/etc/(passwd-?|group-?|shadow-?|profile|bash\.bashrc|profile\.d/sessiontui\.sh)\Z"
    # The engine's own.
    r"|/etc/(hostname|hosts|resolv\.conf|mtab)\Z|/(dev|proc|sys)(/|\Z)|/\.dockerenv\Z"
    r"|(/usr)?/sbin/docker-init\Z"
)
_PASSING = re.compile(
    r"\A/(tmp|run|var/tmp|var/run|var/cache|var/lock|root/\.cache)(/|\Z)"
    r"|\A/var/lib/(apt/lists|dpkg)(/|\Z)|\A/var/log/(apt/|dpkg\.log|alternatives\.log)"
    # Bytecode lies anywhere; a person's own directory may be called run or tmp.
    r"|\A/etc/ld\.so\.cache\Z|/__pycache__(/|\Z)|\.py[co]\Z"
)


@dataclass(frozen=True, slots=True)
class Changed:
    """A path that was added or modified."""

    path: str
    added: bool


def counts(path: str) -> bool:
    """Whether what is at this absolute path is a person's: neither ours, nor a cache or temporary."""
    return _OURS.match(path) is None and _PASSING.search(path) is None


def leaves(changes: Iterable[Mapping[str, Any]], mounts: Iterable[str]) -> tuple[Changed, ...]:
    """The changes below which there are no others, in the order of their paths: files, as a rule.

    ``mounts`` are the absolute paths at which something is mounted.
    """
    told = list(changes)
    points = {HOME, *mounts}
    inner = _parents([*points, *(str(one.get("Path")) for one in told)])
    return tuple(one for one in _kept(told, points) if one.path not in inner and counts(one.path))


def tops(changes: Iterable[Mapping[str, Any]], mounts: Iterable[str]) -> tuple[Changed, ...]:
    """What has to be fetched to have all leaves: whole directories that were added, and single files."""
    told = list(changes)
    points = {HOME, *mounts}
    paths = [*points, *(str(one.get("Path")) for one in told)]
    inner = _parents(paths)
    # What is not to be fetched keeps the directories above it from being fetched as a whole.
    barred = _parents([one for one in paths if one in points or _OURS.match(one)])
    found: list[Changed] = []
    covered = ""
    for one in _kept(told, points):
        if (covered and one.path.startswith(covered)) or not counts(one.path):
            continue
        if one.added and one.path not in barred:
            found.append(one)
            covered = one.path + "/"
        elif one.path not in inner:
            found.append(one)
    return tuple(found)


def _kept(changes: Sequence[Mapping[str, Any]], points: set[str]) -> list[Changed]:
    """What was added or modified and is not in a mount."""
    kept = []
    for one in changes:
        path = one.get("Path")
        if not isinstance(path, str) or not path.startswith("/") or one.get("Kind") == _DELETED:
            continue
        if not any(path == point or path.startswith(point + "/") for point in points):
            kept.append(Changed(path, one.get("Kind") == _ADDED))
    # Each directory is followed by all that is below it.
    return sorted(kept, key=lambda one: one.path.split("/"))


def _parents(paths: Iterable[str]) -> set[str]:
    """All directories above these paths."""
    found: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found
