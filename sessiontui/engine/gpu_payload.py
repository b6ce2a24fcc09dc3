"""What a new container is asked for its GPUs, and what is told inside of them: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sessiontui.domain.gpu import Gpu, GpuWay, Vendor
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine import cdi

VISIBLE = "NVIDIA_VISIBLE_DEVICES"
"""What NVIDIA's runtime reads; images set it, too."""

_TYPES = {Vendor.NVIDIA: "cuda", Vendor.AMD: "rocm", Vendor.INTEL: "xpu"}
"""The platform of a vendor."""


@dataclass(frozen=True, slots=True)
class Giving:
    """How an engine gives NVIDIA's devices, or why it does not."""

    way: GpuWay | None
    names: frozenset[str] = frozenset()
    """The CDI names of NVIDIA's devices, where they are told."""
    runtime: str = ""
    """The engine's name of NVIDIA's runtime, where a container with a request needs it."""
    trouble: str = ""
    remedy: str = ""


BY_REQUESTS = Giving(GpuWay.REQUESTS)
"""As an engine with NVIDIA's hook alone does."""


def gpu_host_config(gpus: Sequence[Gpu], giving: Giving) -> dict[str, Any]:
    """The part of ``HostConfig`` that gives a container these devices.

    An engine that knows no way is asked by a request: its refusal says what it lacks.
    """
    config: dict[str, Any] = {}
    nvidia = [gpu for gpu in gpus if gpu.vendor is Vendor.NVIDIA]
    if nvidia and giving.way is GpuWay.CDI:
        ids = [cdi.name_of(gpu, giving.names) for gpu in nvidia]
        config["DeviceRequests"] = [{"Driver": "cdi", "DeviceIDs": ids}]
    elif nvidia:
        ids = [gpu.uuid for gpu in nvidia]
        config["DeviceRequests"] = [{"Driver": "nvidia", "DeviceIDs": ids, "Capabilities": [["gpu"]]}]
        config |= {"Runtime": giving.runtime} if giving.runtime else {}
    # The other vendors' devices are files; of those that all have in common, one is enough.
    nodes = dict.fromkeys(node for gpu in gpus if gpu.vendor is not Vendor.NVIDIA for node in gpu.nodes)
    if nodes:
        config["Devices"] = [
            {"PathOnHost": node, "PathInContainer": node, "CgroupPermissions": "rw"} for node in nodes
        ]
    return config


def visible_devices(gpus: Sequence[Gpu], giving: Giving) -> str:
    """The value of VISIBLE that gives a container no device beside those it is asked for.

    What CDI gives is given already: NVIDIA's runtime must add nothing.
    """
    uuids = [gpu.uuid for gpu in gpus if gpu.vendor is Vendor.NVIDIA]
    return ",".join(uuids) if uuids and giving.way is not GpuWay.CDI else "void"


def gpu_variables(gpus: Sequence[Gpu]) -> dict[str, str]:
    """What programs inside are told of their GPUs, in Backend.AI's variables and formats.

    Numbers are those inside, from 0. Memory is in GiB (``0:24g,1:24g``), and in MiB for TensorFlow.
    """
    count = str(len(gpus))
    variables = {"GPU_COUNT": count, "N_GPUS": count}
    if not gpus:
        return variables
    variables |= {"GPU_TYPE": _TYPES[gpus[0].vendor], "GPU_MODEL_NAME": gpus[0].model}
    sizes = [gpu.memory for gpu in gpus if gpu.memory is not None]
    if len(sizes) == len(gpus):
        variables["GPU_CONFIG"] = ",".join(f"{number}:{_gib(size)}g" for number, size in enumerate(sizes))
        variables["TF_GPU_MEMORY_ALLOC"] = ",".join(
            f"{number}:{size // MIB}" for number, size in enumerate(sizes)
        )
    return variables


def _gib(size: int) -> str:
    """With two digits after the point at most."""
    return f"{size / GIB:.2f}".rstrip("0").rstrip(".")
