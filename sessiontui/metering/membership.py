"""Which containers a process is in, from the text of its ``/proc/PID/cgroup``: pure functions.

A container's cgroup is named for its id, whatever engine made it and whatever is above and below it.
Formats: ``cgroups(7)``; the names are those of :func:`sessiontui.metering.hierarchy.names`, and what
containerd and CRI-O write for Kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_CONTAINER = re.compile(r"(?:(?P<maker>.*)[-:])?(?P<id>[0-9a-f]{64})(?:\.scope)?")
"""``ID`` (Docker and Kubernetes with the cgroupfs driver), ``docker-ID.scope``, ``libpod-ID.scope``,
``cri-containerd-ID.scope``, ``crio-ID.scope``, and ``….slice:cri-containerd:ID`` where the drivers of
containerd and kubelet differ. A pod's cgroup, ``libpod_pod_ID.slice``, is not a container's."""
_MONITOR = "conmon"
"""In the name of the cgroup of a container's monitor, which runs outside of it."""
_DELETED = " (deleted)"
"""What the kernel writes behind a cgroup that was removed under a process."""


def containers_in(membership: str) -> tuple[str, ...]:
    """The ids of the containers that a process is in, the outermost first; none of a process of the host.

    A container may run others: the engine of this machine knows the outermost alone. Of version 1,
    where each controller has a path, the one that names the most containers tells.
    """
    chains = (tuple(_ids(path)) for path in _paths(membership))
    return max(chains, key=len, default=())


def container_in(membership: str, known: Collection[str]) -> str:
    """The container among ``known`` that a process is in, else the outermost one; empty of none."""
    chain = containers_in(membership)
    return next((one for one in chain if one in known), chain[0] if chain else "")


def is_beside_us(membership: str) -> bool:
    """Whether the paths do not leave the cgroup that the reader's namespace takes for the root.

    In a namespace of its own a process reads ``/`` for the container that it is in itself, and
    ``/../…`` for what is outside of that: see ``cgroup_namespaces(7)``.
    """
    return not any(path.startswith("/../") or path == "/.." for path in _paths(membership))


def _paths(membership: str) -> Iterator[str]:
    for line in membership.splitlines():
        _, separator, path = line.partition(":")[2].partition(":")
        if separator:
            yield path.removesuffix(_DELETED)


def _ids(path: str) -> Iterator[str]:
    for part in path.split("/"):
        match = _CONTAINER.fullmatch(part)
        if match is not None and _MONITOR not in (match["maker"] or ""):
            yield match["id"]
