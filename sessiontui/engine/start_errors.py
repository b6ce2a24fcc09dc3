"""What the engine says of a container that it cannot start, for a person: pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from sessiontui.domain import gpu_toolkit

_BIND_SOURCE = re.compile(
    r"bind source path does not exist: *(?P<create>\S.*?)\s*$"
    r'|error mounting "(?P<runc>/[^"]*)" to rootfs.*no such file or directory'
    r"|statfs (?P<podman>/.*): no such file or directory",
    re.DOTALL,
)
"""Of the engine itself, of runc where the path vanished after the engine's look, and of Podman."""
_PORT = re.compile(r"(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)")
_LONGEST = 300


def taken_port(error: str) -> str | None:
    """The port that another program has, ``a port`` where it is not told; None for another trouble."""
    if not any(words in error for words in ("already allocated", "already in use", "address in use")):
        return None
    port = _PORT.search(error)
    return f"port {port[1]}" if port else "a port"


def vanished_folder(error: str) -> str | None:
    """The directory on the host that was to be mounted and is not there; None for another trouble."""
    match = _BIND_SOURCE.search(error)
    return next((one for one in match.groups() if one), None) if match else None


def why_not_started(error: str) -> tuple[str, str]:
    """What happened and what to do about it; the engine's own words where they are not known."""
    if (port := taken_port(error)) is not None:
        return f"{port} that it keeps is used by another program", "end that program, then try again"
    if (folder := vanished_folder(error)) is not None:
        return f"the folder {folder} vanished", "make it again or put it back, then try again"
    for knows, message, hint in _KNOWN:
        if knows(error.lower()):
            return message, hint
    return error.strip()[:_LONGEST], ""


def _says(*words: str) -> Callable[[str], bool]:
    return lambda error: any(one in error for one in words)


_KNOWN: tuple[tuple[Callable[[str], bool], str, str], ...] = (
    (
        _says("no space left on device", "disk quota exceeded"),
        "no space is left where the engine keeps its data",
        "make room (docker system df shows what takes it), then try again",
    ),
    (
        _says("no such image", "image not known", "unable to find image"),
        "its image is no longer on the engine",
        "pull or build the image again, then try again",
    ),
    (
        _says("could not select device driver"),
        "the engine cannot give GPUs to containers",
        f"{gpu_toolkit.remedy(*gpu_toolkit.set_up())}; where NVIDIA's container toolkit is there, the last "
        "of these is enough",
    ),
    (
        _says("unresolvable cdi devices", "cdi device injection failed"),
        "the engine's list of GPUs (CDI) lacks one of it, or is older than the driver",
        gpu_toolkit.remedy(gpu_toolkit.DESCRIBE),
    ),
    (
        _says("invoking the nvidia container runtime hook directly"),
        "NVIDIA's container toolkit is set to a mode that needs its runtime, which the engine does not know",
        gpu_toolkit.remedy(gpu_toolkit.CONFIGURE, gpu_toolkit.RESTART),
    ),
    (
        _says("unknown runtime specified", "unknown or invalid runtime name"),
        "the engine does not know the runtime any more that it was launched with",
        gpu_toolkit.remedy(gpu_toolkit.CONFIGURE, gpu_toolkit.RESTART),
    ),
    (
        _says("unsatisfied condition: cuda"),
        "NVIDIA's driver is too old for the CUDA of its image",
        "take an older version of the environment, or have an administrator upgrade the driver",
    ),
    (
        _says("bpf_prog_query", "failed to add device rules", "devices.allow: permission denied"),
        gpu_toolkit.NO_CGROUPS,
        gpu_toolkit.remedy(gpu_toolkit.LEAVE_CGROUPS),
    ),
    (
        _says("libnvidia-ml.so", "driver not loaded", "driver/library version mismatch"),
        "NVIDIA's driver does not answer",
        "nvidia-smi says why; after an upgrade of the driver, an administrator restarts the machine",
    ),
    (
        _says("nvidia-container-cli", "unknown device"),
        "a GPU of it is not there any more",
        "nvidia-smi -L lists those that are; launch a new session for another one",
    ),
)
