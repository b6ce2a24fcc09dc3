"""Who holds which GPU, from what an engine tells of its containers: pure functions.

A container has a device by any of what gives it one: a request for devices (moby's
``daemon/nvidia_linux.go``), names of the Container Device Interface, the variable that NVIDIA's runtime
reads (its ``cmd/nvidia-container-runtime-hook``), a file in /dev, or by being privileged. What an answer
says beyond that is of no weight: where it is in doubt, a container holds a device rather than not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from sessiontui.domain.gpu import Gpu, Holder, Vendor
from sessiontui.domain.gpu_words import EVERYTHING, PRIVILEGED
from sessiontui.domain.session import Session
from sessiontui.engine import cdi
from sessiontui.engine.gpu_payload import VISIBLE
from sessiontui.engine.inspection import moment
from sessiontui.engine.labels import Labels
from sessiontui.engine.payload import home_volume
from sessiontui.engine.phases import RUNS

NVIDIA_RUNTIMES = frozenset({"nvidia"})
"""Names under which an engine usually has NVIDIA's runtime."""

YOUNG = timedelta(minutes=1)
"""How long a stranger's container that is created counts as one that is about to be started."""

_ALL = "all"
_CAPABILITIES = "NVIDIA_DRIVER_CAPABILITIES"
_AMD_RUNTIME, _AMD_VISIBLE = "amd", "AMD_VISIBLE_DEVICES"
"""Those of AMD's container toolkit."""
_SWARM = "DOCKER_RESOURCE_GPU"
"""What swarm says instead of the variable, in the spelling that NVIDIA's settings file proposes."""
_LISTED_BY_MOUNTS = "/var/run/nvidia-container-devices/"
"""Below it, mounts of /dev/null name devices to NVIDIA's runtime."""
_DRIVER_CAPABILITIES = frozenset({"compute", "compat32", "graphics", "utility", "video", "display"})
_WATCHES = frozenset({"utility"})
"""What a program needs to look at devices without computing on them: NVML."""

_PCI = re.compile(r"^(?:[0-9a-f]{4,8}:)[0-9a-f]{2}:[0-9a-f]{2}\.0$", re.IGNORECASE)
_SHORTEST = len("GPU-0")
"""Characters of a beginning of a UUID that names a device."""
_LONGEST_NUMBER = 10
_SHARED_NODES = frozenset({"/dev/kfd"})
"""Files in /dev of which all devices of a vendor have the same."""


@dataclass(frozen=True, slots=True)
class _Hold:
    uuids: frozenset[str]
    why: str = ""


def holder_of(session: Session) -> Holder:
    """A session as the holder of its devices."""
    return Holder(
        session.name,
        session.owner.name,
        session.owner.uid,
        session.id,
        session.container_id or "",
        session.gpu_shared,
    )


def holder_by_labels(labels: Labels, container_id: str, session_id: str) -> Holder:
    """The session that a container bears the labels of, as the holder of what the container has."""
    owner = labels.owner
    return Holder(labels.name, owner.name, owner.uid, session_id, container_id, labels.gpu_shared)


def holder_in(
    attributes: Mapping[str, Any], devices: Sequence[Gpu], runtimes: frozenset[str] = NVIDIA_RUNTIMES
) -> Holder:
    """The container of ``GET /containers/ID/json`` as the holder of what it has of these devices."""
    return _holder(attributes, tuple(_holds_of(attributes, devices, runtimes)))


def held_by(
    attributes: Mapping[str, Any], devices: Sequence[Gpu], runtimes: frozenset[str] = NVIDIA_RUNTIMES
) -> frozenset[str]:
    """UUIDs of the devices that the container of ``GET /containers/ID/json`` has while it runs.

    ``devices`` are all of the machine; ``runtimes`` are the engine's names of NVIDIA's runtime. Who has
    a device has its parts; a part is no hold on the device that it is part of.
    """
    return _with_parts(tuple(_holds_of(attributes, devices, runtimes)), devices)


def held_by_order(ordered: Sequence[str], devices: Sequence[Gpu]) -> frozenset[str]:
    """UUIDs of the devices that a session has which was ordered with these UUIDs, parts included."""
    return _with_parts((_Hold(frozenset(ordered)),), devices)


def holds(attributes: Mapping[str, Any], launcher_lives: Callable[[Labels], bool], now: datetime) -> bool:
    """Whether the container keeps what it has from others, by its state."""
    status = attributes["State"].get("Status")
    if status != "created":
        return status in RUNS
    if (labels := _session(attributes)) is not None:
        return launcher_lives(labels)
    made = moment(attributes.get("Created"))
    return made is not None and abs(now - made) < YOUNG


def watches(attributes: Mapping[str, Any], watchers: Sequence[str]) -> bool:
    """Whether it is no session and named, by one of these patterns, as one that only looks at devices."""
    if _session(attributes) is not None:
        return False
    return any(fnmatchcase(_name(attributes), pattern) for pattern in watchers)


def nvidia_runtimes(info: Mapping[str, Any]) -> frozenset[str]:
    """The names under which the engine of ``GET /info`` has NVIDIA's runtime."""
    runtimes = info.get("Runtimes") or {}
    return NVIDIA_RUNTIMES | {
        name
        for name, runtime in runtimes.items()
        if "nvidia-container-runtime" in str((runtime or {}).get("path", ""))
    }


def with_holders(
    devices: Sequence[Gpu],
    containers: Iterable[Mapping[str, Any]],
    runtimes: frozenset[str] = NVIDIA_RUNTIMES,
    watchers: Sequence[str] = (),
) -> tuple[Gpu, ...]:
    """The devices with those of these containers that hold them; all of them keep what they have."""
    holders: dict[str, list[Holder]] = {}
    for attributes in containers if devices else ():
        found = tuple(_holds_of(attributes, devices, runtimes))
        if not any(one.uuids for one in found) or watches(attributes, watchers):
            continue
        holder = _holder(attributes, found)
        for uuid in _with_parts(found, devices):
            holders.setdefault(uuid, []).append(holder)
    return tuple(replace(gpu, holders=tuple(holders.get(gpu.uuid, ()))) for gpu in devices)


def named(name: str, devices: Sequence[Gpu], vendor: Vendor | None = None) -> frozenset[str]:
    """UUIDs of the devices that a container is given by that name: a UUID, a beginning of one, a number
    (``0``, ``0:1``), ``all``, or one of these as a CDI name. Numbers and ``all`` are of one vendor.
    """
    text = name.strip()
    if any(gpu.uuid == text for gpu in devices):
        return frozenset({text})
    if (found := cdi.parsed(text)) is not None:
        vendor, text = found
    family = _family(devices, vendor)
    # A PCI address may be any of them.
    if text == _ALL or _PCI.match(text):
        return frozenset(gpu.uuid for gpu in family)
    number = str(int(text)) if text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER else text
    lower = text.lower()
    exact = {gpu.uuid for gpu in devices if gpu.uuid.lower() == lower}
    exact |= {gpu.uuid for gpu in family if gpu.number == number}
    if exact or len(text) < _SHORTEST:
        return frozenset(exact)
    return frozenset(gpu.uuid for gpu in devices if gpu.uuid.lower().startswith(lower))


def _session(attributes: Mapping[str, Any]) -> Labels | None:
    """The labels of a session; None of what only bears them, such as a container of an image made of one."""
    labels = Labels(attributes["Config"].get("Labels"))
    mounts = attributes.get("Mounts")
    home = mounts is None or home_volume(labels.id) in {mount.get("Name") for mount in mounts}
    return labels if labels.ours and home else None


def _holder(attributes: Mapping[str, Any], found: Sequence[_Hold]) -> Holder:
    container_id = str(attributes["Id"])
    if (labels := _session(attributes)) is not None:
        return holder_by_labels(labels, container_id, labels.id)
    why = next((one.why for one in found if one.uuids and one.why), "")
    return Holder(_name(attributes), container_id=container_id, why=why)


def _with_parts(found: Sequence[_Hold], devices: Sequence[Gpu]) -> frozenset[str]:
    held = frozenset[str]().union(*(one.uuids for one in found))
    return held | {gpu.uuid for gpu in devices if gpu.parent in held} if held else held


def _holds_of(
    attributes: Mapping[str, Any], devices: Sequence[Gpu], runtimes: frozenset[str]
) -> Iterator[_Hold]:
    host, variables = attributes["HostConfig"], _variables(attributes)
    if host.get("Privileged"):
        yield _Hold(frozenset(gpu.uuid for gpu in devices), PRIVILEGED)
    requests = host.get("DeviceRequests") or ()
    for request in requests:
        # What a session was launched with is its own, whatever its variables let it do with it.
        if not _looks(request, variables) or _session(attributes) is not None:
            yield from _requested(request, devices)
    if not requests and (session := _session(attributes)) is not None:
        # Podman does not tell what was requested.
        yield _Hold(frozenset(session.devices) & {gpu.uuid for gpu in devices})
    # The engine puts what is requested into the variable, over what was there.
    asked = any(request.get("Driver") in {None, "", "nvidia"} for request in requests)
    if not asked and host.get("Runtime") in runtimes:
        yield from _visible(attributes, devices, variables)
    if host.get("Runtime") == _AMD_RUNTIME:
        yield from _by_names(variables.get(_AMD_VISIBLE, "").split(","), devices, Vendor.AMD)
    for device in host.get("Devices") or ():
        path = str(device.get("PathOnHost", ""))
        yield _Hold(named(path, devices) if cdi.parsed(path) else _with_node(path, devices))


def _requested(request: Mapping[str, Any], devices: Sequence[Gpu]) -> Iterator[_Hold]:
    """By one of ``HostConfig.DeviceRequests``."""
    driver = str(request.get("Driver") or "")
    if driver not in {"", "nvidia", "amd", "cdi"}:
        return
    vendor = Vendor(driver) if driver in {"nvidia", "amd"} else None
    yield from _by_names([str(one) for one in request.get("DeviceIDs") or ()], devices, vendor)
    count = int(request.get("Count") or 0)
    whole = [gpu for gpu in _family(devices, vendor) if gpu.part is None]
    if count < 0:
        yield from _by_names([_ALL], devices, vendor)
    elif count:
        first = frozenset(gpu.uuid for gpu in whole if gpu.index < count)
        yield _Hold(first, f"asked for {count}: the engine gives the first")


def _looks(request: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
    """Whether a request is for looking at devices alone: the first set of capabilities that it would be
    content with says so, or the variables where that names none of the driver's.
    """
    wanted = next(iter(request.get("Capabilities") or ()), None) or ()
    told = ",".join(one for one in wanted if one in _DRIVER_CAPABILITIES)
    return request.get("Driver") != "cdi" and _only_watches(told or variables.get(_CAPABILITIES, ""))


def _visible(
    attributes: Mapping[str, Any], devices: Sequence[Gpu], variables: Mapping[str, str]
) -> Iterator[_Hold]:
    """By what NVIDIA's runtime reads, also of what the image itself sets."""
    for mount in attributes.get("Mounts") or ():
        where = posixpath.normpath(str(mount.get("Destination", "")))
        if mount.get("Source") == "/dev/null" and where.startswith(_LISTED_BY_MOUNTS):
            # A CDI name is spelled as a path: cdi/nvidia.com/gpu/NAME.
            name = where.removeprefix(_LISTED_BY_MOUNTS).rpartition("/")[2]
            yield _Hold(named(name, devices, Vendor.NVIDIA))
    told = variables.get(_SWARM) or variables.get(VISIBLE)
    if told is None:
        # Images from before the variable.
        old = variables.get("CUDA_VERSION") and not variables.get("NVIDIA_REQUIRE_CUDA")
        told = _ALL if old else ""
    names = [one.strip() for one in told.split(",")]
    if "void" in names or "none" in names or _only_watches(variables.get(_CAPABILITIES, "")):
        return
    yield from _by_names(names, devices, Vendor.NVIDIA)


def _only_watches(capabilities: str) -> bool:
    """Whether these capabilities, separated by commas, let a program look and nothing more."""
    told = {one.strip() for one in capabilities.split(",") if one.strip()}
    return bool(told) and told <= _WATCHES


def _by_names(names: Sequence[str], devices: Sequence[Gpu], vendor: Vendor | None) -> Iterator[_Hold]:
    for name in filter(None, names):
        everything = name == _ALL or name.endswith(f"={_ALL}")
        why = EVERYTHING if everything else "by PCI address" if _PCI.match(name) else ""
        yield _Hold(named(name, devices, vendor), why)


def _with_node(path: str, devices: Sequence[Gpu]) -> frozenset[str]:
    """UUIDs of the devices that have this file in /dev, or one below it."""
    clean = posixpath.normpath(path)
    return frozenset(
        gpu.uuid
        for gpu in devices
        for node in _nodes(gpu)
        if node == clean or node.startswith(f"{clean.rstrip('/')}/")
    )


def _nodes(gpu: Gpu) -> Iterator[str]:
    yield from (node for node in gpu.nodes if node not in _SHARED_NODES)
    if gpu.vendor is Vendor.NVIDIA and gpu.part is None and not gpu.nodes:
        yield f"/dev/nvidia{gpu.index}"


def _family(devices: Sequence[Gpu], vendor: Vendor | None) -> list[Gpu]:
    """The devices that numbers count: of the vendor, or of the one that an engine thinks of first."""
    for one in (vendor,) if vendor else (Vendor.NVIDIA, Vendor.AMD, Vendor.INTEL):
        if family := [gpu for gpu in devices if gpu.vendor is one]:
            return family
    return []


def _variables(attributes: Mapping[str, Any]) -> dict[str, str]:
    pairs = (str(one).partition("=") for one in attributes["Config"].get("Env") or ())
    return {name: value for name, _, value in pairs}


def _name(attributes: Mapping[str, Any]) -> str:
    return str(attributes.get("Name", "")).lstrip("/")
