"""What the labels ``ai.backend.*`` of an image say, leniently read.

The labels are those of Backend.AI's images (github.com/lablup/backend.ai, ``docs/dev/adding-kernels.rst``;
defaults: ``manager/defs.py``; services: ``common/service_ports.py``). They are a stranger's text, written by
hand: what cannot be read is left out, and the rest stays. Nothing here raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sessiontui.domain.launch import SMALLEST
from sessiontui.domain.resources import BOUNDLESS, Ask, Ceiling
from sessiontui.domain.units import GIB, MIB, parse_bytes

PREFIX = "ai.backend."
_RESOURCE = PREFIX + "resource."
_LONGEST = 4096
"""Characters of a label that are read: no honest one holds more."""

_MOST = 2**60
"""Bytes that no machine has."""

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_VARIABLES_OF_OTHERS = re.compile(
    r"(?:SESSIONTUI_|LD_|PYTHON(?!HASH)|BASH|LC_).*|HOME|USER|LOGNAME|SHELL|PATH|LANG|TERM|IFS|ENV|PS\d"
)
"""Variables that are no number of cores, whatever a label says: a session would not start with them."""
_PATH = re.compile(r"/[A-Za-z0-9._/+-]{1,255}")
_PART = re.compile(r"[^,\[\]]*(?:\[[^\]]*\]?)?")
_SERVICE = re.compile(r"(\w[\w-]{0,39})\s*:\s*(\w+)\s*:\s*(?:(\d{1,5})|\[([\d\s,]*)\]?)", re.ASCII)

_PROTOCOLS = frozenset({"http", "tcp", "preopen", "vnc", "rdp"})
"""Those of Backend.AI that say how a service is reached; ``pty`` is reached by no port."""


@dataclass(frozen=True, slots=True)
class Service:
    """Something that listens inside, as the image's label names it."""

    name: str
    protocol: str
    """One of ``http tcp vnc rdp``, or ``preopen``: its user starts it."""
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """What an image says of itself. Of a label that is missing or garbled: what the system takes then."""

    kernelspec: bool = False
    """Whether it is made for sessions; else it is a plain image: nothing is known of what it can use."""
    features: frozenset[str] = frozenset()
    role: str = "COMPUTE"
    base_distro: str = ""
    runtime_type: str = "app"
    runtime_path: str = ""
    """Absolute path of the program that runs the image's language; empty where there is none."""
    minimum: Ask = SMALLEST
    ceiling: Ceiling = BOUNDLESS
    shared_memory: int | None = None
    """Bytes."""
    accelerators: tuple[str, ...] = ()
    """Kinds it can use, such as ``cuda``."""
    core_variables: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    customized: str = ""
    """What the person called it who made it from a session."""

    @property
    def hidden(self) -> bool:
        """Whether it is not for everybody to choose: said to be private, or there for the system."""
        return "private" in self.features or self.role == "SYSTEM"


def described(labels: Mapping[str, str]) -> Described | None:
    """What the labels say; None when none of them is Backend.AI's."""
    ours = {key: str(value)[:_LONGEST].strip() for key, value in labels.items() if key.startswith(PREFIX)}
    if not ours:
        return None
    kernelspec = bool(ours.get(PREFIX + "kernelspec"))
    accelerators = _accelerators(ours)
    path = ours.get(PREFIX + "runtime-path", "")
    minimum = Ask(
        max(SMALLEST.cpu, _number(ours, "min.cpu") or 1),
        max(SMALLEST.memory, _bytes(ours, "min.mem") or GIB),
        math.floor(_number(ours, "min.cuda.device") or 0),
    )
    return Described(
        kernelspec=kernelspec,
        features=frozenset(_words(ours, "features")),
        role=(ours.get(PREFIX + "role") or "COMPUTE").upper(),
        base_distro=ours.get(PREFIX + "base-distro", ""),
        runtime_type=(ours.get(PREFIX + "runtime-type") or "app").lower(),
        runtime_path=path if _PATH.fullmatch(path) and path not in ("/bin/true", "/bin/false") else "",
        minimum=minimum,
        ceiling=_ceiling(ours, minimum, may_use_gpus=not kernelspec or "cuda" in accelerators),
        shared_memory=_bytes(ours, "preferred.shmem"),
        accelerators=accelerators,
        core_variables=tuple(
            name
            for name in dict.fromkeys(_words(ours, "envs.corecount"))
            if _VARIABLE.fullmatch(name) and not _VARIABLES_OF_OTHERS.fullmatch(name)
        ),
        services=services(ours.get(PREFIX + "service-ports", "")),
        customized=ours.get(PREFIX + "customized-image.name", ""),
    )


def services(text: str) -> tuple[Service, ...]:
    """The services of ``name:protocol:port,name:protocol:[port,port],…`` that can be read.

    Of two of one name the first counts; a port that there is not is left out, and a service without any.
    """
    found: dict[str, Service] = {}
    for part in _PART.findall(text[:_LONGEST]):
        match = _SERVICE.fullmatch(part.strip())
        if match is None:
            continue
        name, protocol, one, several = match.groups()
        numbers = [one] if one else (several or "").split(",")
        ports = dict.fromkeys(int(number) for number in map(str.strip, numbers) if 0 < len(number) < 6)
        open_ports = tuple(port for port in ports if 0 < port < 65536)
        if protocol.lower() in _PROTOCOLS and open_ports:
            found.setdefault(name, Service(name, protocol.lower(), open_ports))
    return tuple(found.values())


def _words(labels: Mapping[str, str], name: str) -> list[str]:
    return list(filter(None, re.split(r"[\s,]+", labels.get(PREFIX + name, ""))))


def _accelerators(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Those named, and those that a bound is given for: ``ai.backend.resource.min.cuda.device``."""
    found = dict.fromkeys(word.lower() for word in _words(labels, "accelerators"))
    for label in labels:
        parts = label.split(".")
        if label.startswith((_RESOURCE + "min.", _RESOURCE + "max.")) and len(parts) > 4:
            found[parts[4].lower()] = None
    return tuple(name for name in found if name not in ("cpu", "mem", ""))


def _ceiling(labels: Mapping[str, str], minimum: Ask, *, may_use_gpus: bool) -> Ceiling:
    """A ceiling below the minimum is a slip of the pen: it is none."""
    cpu, memory, gpu = (
        _number(labels, "max.cpu"),
        _bytes(labels, "max.mem"),
        _number(labels, "max.cuda.device"),
    )
    return Ceiling(
        None if cpu is None or cpu < minimum.cpu else cpu,
        None if memory is None or memory < minimum.memory else memory,
        0 if not may_use_gpus else None if gpu is None or gpu < minimum.gpu else math.floor(gpu),
    )


def _number(labels: Mapping[str, str], name: str) -> float | None:
    """Cores or devices; None for what is no number."""
    text = labels.get(_RESOURCE + name, "")
    return float(text) if text.isascii() and _NUMBER.fullmatch(text) else None


def _bytes(labels: Mapping[str, str], name: str) -> int | None:
    """Bytes; a bare number too small to be bytes is meant as MiB. None for what is no amount, or nothing."""
    text = labels.get(_RESOURCE + name, "")
    if len(text) > 20 or not text.isascii():
        return None
    try:
        amount = parse_bytes(text)
    except ValueError:
        return None
    if text.isdigit() and amount < MIB:
        amount *= MIB
    return amount if 0 < amount < _MOST else None
