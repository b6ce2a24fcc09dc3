"""What the kernel tells of the devices on the PCI bus."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

DEVICES = Path("/sys/bus/pci/devices")
"""A directory for each device, by its address."""
NVIDIA = "0x10de"


def has_display(vendor: str, devices: Path = DEVICES) -> bool:
    """Whether a display controller (PCI class 03) of the vendor is there for this machine's own driver.

    One that is kept for a virtual machine (``vfio-pci``) is not.
    """
    with suppress(OSError):
        return any(_is_display(device, vendor) for device in devices.iterdir())
    return False


def numa_node(domain: int, bus: int, device: int, devices: Path = DEVICES) -> int | None:
    """The memory node that a device (its function 0) is next to; None where the machine has but one."""
    with suppress(OSError, ValueError):
        node = int((devices / f"{domain:04x}:{bus:02x}:{device:02x}.0" / "numa_node").read_text())
        return node if node >= 0 else None
    return None


def _is_display(device: Path, vendor: str) -> bool:
    with suppress(OSError):
        if (device / "vendor").read_text().strip() == vendor:
            of_display = (device / "class").read_text().startswith("0x03")
            return of_display and (device / "driver").resolve().name != "vfio-pci"
    return False
