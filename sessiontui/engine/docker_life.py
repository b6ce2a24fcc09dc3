"""What changes a session on Docker while it lives, but for start and stop: limits, and its end by force."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import (
    EngineDenied,
    EngineError,
    EngineUnreachable,
    Problem,
    Refused,
    SessionGone,
)
from sessiontui.domain.resize import too_little
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.docker_inside import DockerInside

_USAGE = re.compile(r"current usage: (\d+)")
"""How runc tells on version 1 of cgroups what is in use; version 2 ends processes instead."""


class DockerLife(DockerInside):
    """The part of :class:`sessiontui.engine.port.Engine` that resizes and ends by force."""

    def _get(self, container_id: str, name: str) -> Session:
        """The session of that container as it is now. Raises SessionGone."""
        raise NotImplementedError

    def kill(self, session: Session) -> Session:
        """See the port."""
        container_id = self._container_of(session)
        self._containers.kill(session.name, container_id)
        return self._get(container_id, session.name)

    def memory_in_use(self, session: Session) -> int | None:
        """See the port."""
        if self._get(self._container_of(session), session.name).phase is not Phase.RUNNING:
            return None
        return memory_in_use(self._link.stats(self._container_of(session)))

    def resize(self, session: Session, ask: Ask) -> Session:
        """See the port."""
        container_id = self._container_of(session)
        now = self._get(container_id, session.name)
        info = self._link.info
        if info.get("CgroupDriver") == "none" or not (info.get("MemoryLimit") and info.get("CpuCfsQuota")):
            raise EngineError(
                f"{session.name}: this engine cannot limit CPU and memory",
                "it runs without root: an administrator delegates the cgroup controllers to users (systemd's "
                "Delegate=cpu cpuset io memory pids for user@.service)"
                if self._link.rootless
                else "sessiontui doctor says more",
            )
        body: dict[str, int] = {}
        if ask.cpu != now.ask.cpu:
            body["NanoCpus"] = round(ask.cpu * 1e9)
        if ask.memory != now.ask.memory:
            # Both at once: the engine sets them in the order that version 1 of cgroups takes them in.
            body |= {"Memory": ask.memory, "MemorySwap": ask.memory}
        if not body:
            return now
        try:
            self._update(session.name, container_id, body)
        except (SessionGone, EngineUnreachable, EngineDenied):
            raise
        except EngineError as error:
            problem = _problem_of(error.message)
            if problem is None:
                raise
            raise Refused([problem]) from error
        return self._get(container_id, session.name)

    def _update(self, name: str, container_id: str, body: Mapping[str, int]) -> None:
        from sessiontui.dockerd.client import post_json

        # The SDK's own call knows no NanoCpus, and an engine takes no quota beside them.
        with translated(name, gone=True):
            path = f"/containers/{container_id}/update"
            self._link.patiently(lambda client: post_json(client, path, body))


def memory_in_use(stats: Mapping[str, Any]) -> int | None:
    """Bytes in use without the page cache that the kernel would give back, from the engine's statistics."""
    memory = stats.get("memory_stats")
    memory = memory if isinstance(memory, dict) else {}
    details = memory.get("stats")
    details = details if isinstance(details, dict) else {}
    used, cached = memory.get("usage"), details.get("total_inactive_file", details.get("inactive_file"))
    if not isinstance(used, int):
        return None
    return max(0, used - (cached if isinstance(cached, int) else 0))


def _problem_of(message: str) -> Problem | None:
    """What the engine's refusal of new limits means, by field; None where it means something else."""
    if (usage := _USAGE.search(message)) is not None:
        return Problem("memory", too_little(int(usage[1])))
    if "memory" in message and "device or resource busy" in message:
        return Problem("memory", "more than that is in use now: end programs in it first")
    if "Range of CPUs" in message:
        return Problem("cpu", message[message.index("Range of CPUs") :].strip())
    if "Nano CPUs cannot be updated" in message or "NanoCPUs" in message:
        return Problem(
            "cpu", "its CPU was limited by other means (docker update --cpu-quota): change it there"
        )
    return None
