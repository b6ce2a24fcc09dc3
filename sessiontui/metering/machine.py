"""What this machine uses and can still give, from psutil."""

from __future__ import annotations

import threading
import time
from types import ModuleType

from sessiontui.domain.picture import HostUsage


class LocalMachine:
    """The machine sessiontui runs on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._earlier: tuple[float, float] | None = None

    def usage(self) -> HostUsage:
        """Cores busy since the call before (unknown on the first), and bytes the kernel cannot give back."""
        now, busy = time.monotonic(), _busy_seconds()
        with self._lock:
            earlier, self._earlier = self._earlier, (now, busy)
        cpu = None
        if earlier is not None and now > earlier[0]:
            cpu = max(0.0, (busy - earlier[1]) / (now - earlier[0]))
        memory = _psutil().virtual_memory()
        return HostUsage(cpu, memory.total - memory.available)

    def memory_available(self) -> int | None:
        """Bytes that programs can still get without swapping."""
        return int(_psutil().virtual_memory().available)


def _psutil() -> ModuleType:
    """Loaded on first use, so that the dashboard's start does not wait for it."""
    import psutil

    return psutil


def _busy_seconds() -> float:
    """Seconds all cores spent on work. Guests are counted in ``user`` by the kernel already."""
    times = _psutil().cpu_times()
    names = ("user", "nice", "system", "irq", "softirq", "steal")
    return sum(float(getattr(times, name, 0.0)) for name in names)
