"""Names of devices in the Container Device Interface: ``nvidia.com/gpu=GPU-…``. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection

from sessiontui.domain.gpu import Gpu, Vendor

NVIDIA = "nvidia.com/gpu"
"""The kind of NVIDIA's devices in the specifications that its toolkit writes."""

_NAME = re.compile(r"^(?:[a-z0-9-]+\.)*(nvidia|amd|intel)\.com/\w+=(.+)$", re.IGNORECASE)
_TYPED = re.compile(r"^(?:gpu|mig)(?=\d)")
"""Before the number in names of the strategy *type-index*."""
_LISTED = re.compile(r"""["']?\bname["']?\s*:\s*["']?([A-Za-z0-9][\w.:-]*)""")


def parsed(text: str) -> tuple[Vendor, str] | None:
    """Whose device a name is and what it is called there; None for what is no CDI name of a GPU."""
    match = _NAME.match(text.strip())
    return (Vendor(match[1].lower()), _TYPED.sub("", match[2])) if match else None


def plain(text: str) -> str:
    """The name within its kind, such as a UUID; what is no CDI name stays as it is."""
    found = parsed(text)
    return found[1] if found else text


def name_of(gpu: Gpu, known: Collection[str]) -> str:
    """What an NVIDIA device is called where the devices with these names are known, none: it is not told.

    The UUID is preferred: a number may be another device's after the next start of the machine.
    """
    by_number = f"{NVIDIA}={gpu.number}"
    return by_number if by_number in known and f"{NVIDIA}={gpu.uuid}" not in known else f"{NVIDIA}={gpu.uuid}"


def names_in(specification: str) -> frozenset[str]:
    """The names of NVIDIA's GPUs in the text of a specification, JSON or YAML; empty where it has none."""
    if NVIDIA not in specification:
        return frozenset()
    return frozenset(f"{NVIDIA}={name}" for name in _LISTED.findall(specification))
