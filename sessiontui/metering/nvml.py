"""The NVIDIA devices of this machine, from their driver through NVML."""

from __future__ import annotations

from contextlib import suppress

from sessiontui.domain.gpu import Driver, Gpu, GpuReading, Vendor


class NvmlSource:
    """Fills :class:`sessiontui.metering.port.GpuSource`. Loads the library on first use."""

    vendor = Vendor.NVIDIA

    def driver(self) -> Driver:
        """See the port."""
        return Driver(Vendor.NVIDIA)

    def devices(self) -> tuple[Gpu, ...]:
        """See the port."""
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

    def readings(self) -> tuple[GpuReading, ...]:
        """See the port."""
        return ()

    def close(self) -> None:
        """See the port."""


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
