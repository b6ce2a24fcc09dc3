"""The NVIDIA devices of this machine, from their driver through NVML."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sessiontui.domain.gpu import Driver, Gpu, GpuReading, Vendor
from sessiontui.metering import pci
from sessiontui.metering.nvml_calls import DeviceLost, DriverGone, Nvml, Untold, does_not_answer, text
from sessiontui.metering.nvml_devices import Device, Inventory, lose, mark
from sessiontui.metering.nvml_readings import read

_RETRY = 10.0
"""Seconds until a driver that did not answer is tried again: opening one may take long."""
_REOPEN = 60.0
"""Seconds after which a driver is opened anew that lost a device: only then it may find it again."""
_REFRESH = 10.0
"""Seconds between two looks at what an administrator can change of devices."""
_RECENT = 2.0
"""Seconds back for which processes' shares are asked for: twice the longest time between two of the
driver's samples (a sixth of a second to one second)."""


class NvmlSource:
    """Fills :class:`sessiontui.metering.port.GpuSource`. Loads the library on first use, and keeps it open.

    For one thread at a time, whichever it is.
    """

    vendor = Vendor.NVIDIA

    def __init__(
        self,
        bus: Path = pci.DEVICES,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._wall = wall
        self._inventory: Inventory | None = None
        self._version = ""
        self._trouble = ""
        self._expected = False
        self._opened: float | None = None
        """When opening was last tried."""
        self._refreshed = 0.0
        self._known: dict[int, Gpu] = {}
        self._closed = False

    def driver(self) -> Driver:
        """See the port."""
        if self._open() is None:
            return Driver(Vendor.NVIDIA, "", self._trouble, self._expected)
        return Driver(Vendor.NVIDIA, self._version, "", self._expected)

    def devices(self) -> tuple[Gpu, ...]:
        """See the port."""
        inventory = self._open()
        return () if inventory is None else inventory.gpus()

    def readings(self) -> tuple[GpuReading, ...]:
        """See the port."""
        inventory = self._open()
        if inventory is None:
            return ()
        try:
            each = [self._read(inventory.nvml, device) for device in inventory.devices]
        except DriverGone as error:
            self._give_up(str(error))
            return ()
        return tuple(reading for readings in each for reading in readings)

    def close(self) -> None:
        """See the port. Not while another call is under way."""
        self._closed = True
        self._give_up("")

    def _open(self) -> Inventory | None:
        """The devices of the open driver, looked at again where it is time; None where no driver answers."""
        now = self._clock()
        since_opened = None if self._opened is None else now - self._opened
        if self._closed:
            return None
        try:
            if self._inventory is not None and since_opened is not None:
                if since_opened >= _REOPEN and any(device.lost for device in self._inventory.devices):
                    self._give_up("")
                elif now - self._refreshed >= _REFRESH:
                    self._refreshed = now
                    self._inventory.refresh()
                    self._remember(self._inventory)
            if self._inventory is None and (since_opened is None or since_opened >= _RETRY):
                self._opened = self._refreshed = now
                # The look at the bus reads a file or two of each of its devices.
                self._expected = pci.has_display(pci.NVIDIA, self._bus)
                self._begin()
        except DriverGone as error:
            self._give_up(str(error))
        return self._inventory

    def _begin(self) -> None:
        nvml = Nvml()
        inventory = Inventory(nvml, dict(self._known), self._bus)
        self._inventory = inventory
        try:
            self._version = text(nvml.told("nvmlSystemGetDriverVersion") or "")
            inventory.take()
        except Untold as error:
            raise DriverGone(does_not_answer(str(error))) from error
        self._trouble = ""
        self._remember(inventory)

    def _remember(self, inventory: Inventory) -> None:
        for device in inventory.devices:
            if not device.gpu.trouble:
                self._known[device.gpu.index] = device.gpu

    def _give_up(self, trouble: str) -> None:
        inventory, self._inventory, self._trouble = self._inventory, None, trouble
        if inventory is not None:
            inventory.nvml.close()

    def _read(self, nvml: Nvml, device: Device) -> list[GpuReading]:
        """The readings of a device and its parts. Raises DriverGone."""
        at = self._clock()
        if not device.lost:
            try:
                readings = read(nvml, device, at, since=int((self._wall() - _RECENT) * 1e6))
            except DeviceLost as error:
                lose(device, str(error))
            else:
                mark(device, [reading.trouble for reading in readings])
                return readings
        gpus = (device.gpu, *(part.gpu for part in device.parts))
        return [GpuReading(gpu.uuid, at, trouble=gpu.trouble) for gpu in gpus]
