"""The NVIDIA devices of this machine, from their driver through NVML."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import lru_cache

from sessiontui.domain.resources import Gpu

SECONDS_KEPT = 60
"""How long an answer holds: devices do not come and go."""


def devices() -> tuple[Gpu, ...]:
    """All devices by index; none where there is no driver or it fails."""
    return _devices_in(int(time.monotonic() // SECONDS_KEPT))


@lru_cache(maxsize=1)
def _devices_in(_period: int) -> tuple[Gpu, ...]:
    try:
        import pynvml
    except ImportError:
        return ()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        return tuple(_device(index) for index in range(pynvml.nvmlDeviceGetCount()))
    except pynvml.NVMLError:
        return ()
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _device(index: int) -> Gpu:
    import pynvml

    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    try:
        memory: int | None = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
    except pynvml.NVMLError:  # devices that share the host's memory do not tell
        memory = None
    return Gpu(
        _text(pynvml.nvmlDeviceGetUUID(handle)), index, _text(pynvml.nvmlDeviceGetName(handle)), memory
    )


def _text(value: str | bytes) -> str:
    """NVML's bindings give text or bytes, by version."""
    return value.decode() if isinstance(value, bytes) else str(value)
