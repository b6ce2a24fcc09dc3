"""Where a container's cgroups are: from ``/proc/PID/cgroup`` and the mounts in ``/proc/self/mountinfo``.

No path is guessed, so every engine, driver and nesting is served alike. Formats: the kernel's
``filesystems/proc.rst`` and ``cgroups(7)``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted tree of cgroups."""

    controllers: frozenset[str]
    """Those of version 1; empty for the one tree of version 2."""
    root: str
    """The cgroup that is the mount's root: not ``/`` inside a container."""
    mount_point: str


@dataclass(frozen=True, slots=True)
class ControllerFiles:
    """Where the files of one controller of one container are, and which version's they are."""

    directory: str
    version: int
    mount_point: str
    """Of the tree they are in."""


def hierarchies(mountinfo: str) -> tuple[Hierarchy, ...]:
    """The cgroup trees among the mounts in the text of ``/proc/PID/mountinfo``."""
    found = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, source = before.split(" "), after.split(" ")
        if not separator or len(fields) < 6 or len(source) < 3 or source[0] not in ("cgroup", "cgroup2"):
            continue
        controllers = frozenset(source[2].split(",")) if source[0] == "cgroup" else frozenset[str]()
        found.append(Hierarchy(controllers, _unescape(fields[3]), _unescape(fields[4])))
    return tuple(found)


def files_of(
    controller: str, membership: str, mounted: Sequence[Hierarchy], container_id: str
) -> ControllerFiles | None:
    """Where the files of a container's controller are.

    ``membership`` is the text of ``/proc/PID/cgroup`` of a process in the container. None when the
    process is not in a cgroup named for the container (the pid belongs to somebody else by now), or
    when the tree is not mounted here. A controller bound to version 1 is looked for there.
    """
    of_v1 = [tree for tree in mounted if controller in tree.controllers]
    trees = of_v1 or [tree for tree in mounted if not tree.controllers]
    for line in membership.splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if (controller in controllers.split(",")) if of_v1 else (controllers == ""):
            for tree in trees:
                directory = _container_part(path, tree, container_id)
                if directory is not None:
                    return ControllerFiles(directory, 1 if of_v1 else 2, tree.mount_point)
    return None


def names(part: str, container_id: str) -> bool:
    """Whether a component of a cgroup's path is a container's own.

    Docker and Podman write ``ID``, ``docker-ID.scope`` and ``libpod-ID.scope``. Podman's
    ``libpod-conmon-ID.scope`` holds the container's monitor, which runs outside of it, and
    ``ID.service`` its health checks.
    """
    before, found, after = part.partition(container_id)
    return (
        bool(found and container_id)
        and after in ("", ".scope")
        and (before == "" or (before.endswith("-") and "conmon" not in before))
    )


def _container_part(path: str, tree: Hierarchy, container_id: str) -> str | None:
    """The directory of the container itself: its first process may sit in a cgroup further down."""
    inside = PurePosixPath(path)
    if not inside.is_relative_to(tree.root):
        return None
    parts = inside.relative_to(tree.root).parts
    last = next((index for index, part in enumerate(parts) if names(part, container_id)), None)
    if last is None or ".." in parts:
        return None
    return str(PurePosixPath(tree.mount_point, *parts[: last + 1]))


def _unescape(field: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)
