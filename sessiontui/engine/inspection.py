"""Sessions from what the engine's inspect says: pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.cdi import plain
from sessiontui.engine.labels import Labels
from sessiontui.engine.payload import home_volume
from sessiontui.engine.phases import STOPPED_CODE, phase_of

_EXIT = re.compile(r"^Exited \((\d{1,3})\)")
"""How ``Status`` of the engine's list begins for a container that ended."""


def listed(item: Mapping[str, Any]) -> dict[str, Any]:
    """What ``GET /containers/ID/json`` says of a container, as far as its item in the list tells.

    The limits are those of the order in its labels. Why it ended is not told: its exit code is the one
    in the words for people, else that of a stop.
    """
    labels = Labels(item.get("Labels"))
    ask = labels.ask
    code = _EXIT.match(str(item.get("Status", "")))
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in item.get("Ports") or ():
        if port.get("PublicPort"):
            inside = f"{port.get('PrivatePort')}/{port.get('Type')}"
            bindings.setdefault(inside, []).append({"HostPort": str(port["PublicPort"])})
    return {
        "Id": item["Id"],
        "Name": next(iter(item.get("Names") or ()), ""),
        "Config": {"Labels": item.get("Labels"), "Image": item.get("Image", "")},
        "Mounts": item.get("Mounts"),
        "HostConfig": {
            "NanoCpus": ask.cpu * 1e9,
            "Memory": ask.memory,
            # Its devices are those of the order: what a label says is no request, such as one for all.
            "DeviceRequests": [],
            "PortBindings": bindings,
        },
        "State": {"Status": item.get("State"), "ExitCode": int(code[1]) if code else STOPPED_CODE},
    }


def session_of(
    attributes: Mapping[str, Any], launcher_lives: Callable[[Labels], bool], *, brief: bool = False
) -> Session | None:
    """The session of ``GET /containers/ID/json``; None when the container is not ours.

    The limits are the container's own, which an update may have changed since the order. ``brief``
    says that the attributes are made by :func:`listed`.
    """
    labels = Labels(attributes["Config"].get("Labels"))
    # Images made of sessions (docker commit) pass the labels on; what runs them has no home of ours.
    mounted = {mount.get("Name") for mount in attributes.get("Mounts") or ()}
    if not labels.ours or home_volume(labels.id) not in mounted:
        return None
    host, state = attributes["HostConfig"], attributes["State"]
    memory = int(host.get("Memory") or 0)
    # Asking for the launcher reads files: only of what was created does it matter.
    lives = state.get("Status") == "created" and launcher_lives(labels)
    phase, reason, exit_code = phase_of(state, memory=memory, launcher_lives=lives, batch=labels.batch)
    devices = _devices(host, labels)
    return Session(
        id=labels.id,
        name=labels.name,
        owner=labels.owner,
        phase=phase,
        environment=labels.environment,
        version=labels.version,
        image=labels.image or str(attributes["Config"].get("Image", "")),
        ask=Ask(cpu_limit(host), memory, len(devices)),
        created_at=labels.created_at or moment(attributes.get("Created")) or datetime.now(UTC),
        started_at=moment(state.get("StartedAt")),
        ended_at=None if phase.live else moment(state.get("FinishedAt")),
        container_id=attributes["Id"],
        pid=state.get("Pid") or None,
        reason=reason,
        exit_code=exit_code,
        devices=devices,
        gpu_shared=labels.gpu_shared,
        gpu_memory=labels.gpu_memory,
        mounts=labels.mounts,
        apps=labels.apps,
        ports=_ports(host),
        env=labels.env,
        secret_names=labels.secret_names,
        batch=labels.batch,
        schema=labels.schema,
        brief=brief,
    )


def _devices(host: Mapping[str, Any], labels: Labels) -> tuple[str, ...]:
    """UUIDs of a session's GPUs: the container's own, and those ordered where it does not tell UUIDs."""
    requests = host.get("DeviceRequests") or ()
    names = [plain(str(one)) for request in requests for one in request.get("DeviceIDs") or ()]
    # Numbers (CDI) are no UUIDs; files in /dev are no names, and Podman tells no requests.
    numbers = any(name.partition(":")[0].isdigit() for name in names)
    return tuple(names) if names and not numbers else labels.devices


def ended(session: Session, exit_code: int) -> Session:
    """The session once its container has ended with that code; why it did is not told yet."""
    state = {"Status": "exited", "ExitCode": exit_code}
    phase, reason, code = phase_of(
        state, memory=session.ask.memory, launcher_lives=False, batch=session.batch
    )
    return replace(session, phase=phase, reason=reason, exit_code=code, pid=None, brief=True)


def orphan_of(labels: Labels, volume: Mapping[str, Any]) -> Session:
    """A session without its container, whose home is still there: a delete was cut short, or it was
    removed by other means.
    """
    return Session(
        id=labels.id,
        name=labels.name,
        owner=labels.owner,
        phase=Phase.FAILED,
        environment=labels.environment,
        version=labels.version,
        image=labels.image,
        ask=labels.ask,
        created_at=labels.created_at or moment(volume.get("CreatedAt")) or datetime.now(UTC),
        reason="a delete was cut short, or its container was removed by other means; "
        f"its home is volume {home_volume(labels.id)}",
        mounts=labels.mounts,
        env=labels.env,
        secret_names=labels.secret_names,
        batch=labels.batch,
        schema=labels.schema,
    )


def cpu_limit(host: Mapping[str, Any]) -> float:
    """Cores from ``HostConfig``: NanoCpus, else quota per period; 0 is unlimited."""
    if host.get("NanoCpus"):
        return float(host["NanoCpus"]) / 1e9
    quota = host.get("CpuQuota") or 0
    return quota / (host.get("CpuPeriod") or 100_000) if quota > 0 else 0.0


def _ports(host: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    found = []
    for inside, bindings in (host.get("PortBindings") or {}).items():
        number, _, protocol = inside.partition("/")
        for binding in bindings or ():
            outside = str(binding.get("HostPort", ""))
            if protocol == "tcp" and number.isdigit() and outside.isdigit():
                found.append((int(number), int(outside)))
    return tuple(sorted(found))


def moment(text: object) -> datetime | None:
    """A time as the engine writes it (RFC 3339 with nanoseconds); its zero time is None."""
    if not isinstance(text, str) or text.startswith("0001-"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
