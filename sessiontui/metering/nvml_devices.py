"""Which devices an open NVIDIA driver has: what never changes of them is asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sessiontui.domain.gpu import ComputeMode, Gpu
from sessiontui.metering import pci
from sessiontui.metering.nvml_calls import Answers, DeviceLost, Nvml, Untold, text


@dataclass(frozen=True, slots=True)
class Part:
    """An instance (MIG) of a device."""

    gpu: Gpu
    handle: object
    gpu_instance: int | None
    compute_instance: int | None


@dataclass(slots=True)
class Device:
    """A device, with what it is asked by."""

    gpu: Gpu
    handle: object | None
    """None where the driver does not give it."""
    parts: tuple[Part, ...] = ()
    lost: bool = False
    """Whether the driver said so: it is not asked again."""


@dataclass(slots=True)
class Inventory:
    """The devices of an open driver. ``known`` are those seen before, by index: a lost one keeps its name."""

    nvml: Nvml
    known: Mapping[int, Gpu] = field(default_factory=dict)
    bus: Path = pci.DEVICES
    devices: tuple[Device, ...] = ()

    def take(self) -> None:
        """Look which devices there are. Raises DriverGone."""
        count = int(self.nvml.ask("nvmlDeviceGetCount"))
        self.devices = tuple(self._device(index) for index in range(count))
        self._name_the_unnamed()
        for number, group in enumerate(self._joined()):
            for device in group:
                device.gpu = replace(device.gpu, island=number)
        self.refresh()

    def refresh(self) -> None:
        """Look again at what an administrator can change: modes, and parts. Raises DriverGone."""
        for device in self.devices:
            if device.handle is None or device.lost:
                continue
            try:
                self._refresh(device)
            except DeviceLost as error:
                lose(device, str(error))

    def gpus(self) -> tuple[Gpu, ...]:
        """All devices, each before its parts."""
        return tuple(
            gpu for device in self.devices for gpu in (device.gpu, *(part.gpu for part in device.parts))
        )

    def _device(self, index: int) -> Device:
        nvml = self.nvml
        try:
            handle = nvml.ask("nvmlDeviceGetHandleByIndex", index)
        except Untold as error:
            return Device(Gpu("", index, "", trouble=str(error)), None, lost=True)
        device = Device(Gpu("", index, ""), handle)
        try:
            uuid = text(nvml.ask("nvmlDeviceGetUUID", handle))
            device.gpu = Gpu(
                uuid,
                index,
                text(nvml.told("nvmlDeviceGetName", handle) or "NVIDIA device"),
                numa=self._numa(handle),
            )
        except Untold as error:
            lose(device, str(error))
        return device

    def _name_the_unnamed(self) -> None:
        """A device that does not answer is the one that had its number before, if none other is that now."""
        names = {device.gpu.uuid for device in self.devices}
        for device in self.devices:
            if device.gpu.uuid:
                continue
            index, trouble = device.gpu.index, device.gpu.trouble
            before = self.known.get(index)
            if before is None or before.uuid in names:
                before = Gpu(f"GPU-unknown-{index}", index, "NVIDIA device")
            device.gpu = replace(before, trouble=trouble, divided=False, island=None)

    def _numa(self, handle: object) -> int | None:
        place = self.nvml.told("nvmlDeviceGetPciInfo", handle)
        if place is None:
            return None
        return pci.numa_node(place.domain, place.bus, place.device, self.bus)

    def _refresh(self, device: Device) -> None:
        nvml, handle, answers = self.nvml, device.handle, Answers(self.nvml)
        memory = memory_of(nvml, answers, handle)
        mode = answers.told("nvmlDeviceGetComputeMode", handle)
        mig = answers.told("nvmlDeviceGetMigMode", handle)
        divided = mig is not None and mig[0] == nvml.library.NVML_DEVICE_MIG_ENABLE
        device.gpu = replace(
            device.gpu,
            memory=None if memory is None else memory[1],
            compute_mode=self._modes().get(mode, ComputeMode.DEFAULT),
            divided=divided,
            trouble=answers.trouble,
        )
        device.parts = tuple(self._parts(device)) if divided else ()

    def _modes(self) -> Mapping[int | None, ComputeMode]:
        library = self.nvml.library
        return {
            library.NVML_COMPUTEMODE_PROHIBITED: ComputeMode.PROHIBITED,
            library.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS: ComputeMode.EXCLUSIVE,
            library.NVML_COMPUTEMODE_EXCLUSIVE_THREAD: ComputeMode.EXCLUSIVE,
        }

    def _parts(self, device: Device) -> list[Part]:
        nvml = self.nvml
        most = nvml.told("nvmlDeviceGetMaxMigDeviceCount", device.handle)
        parts = []
        for number in range(most or 0):
            handle = nvml.told("nvmlDeviceGetMigDeviceHandleByIndex", device.handle, number)
            uuid = None if handle is None else nvml.told("nvmlDeviceGetUUID", handle)
            if not uuid:
                continue
            memory = memory_of(nvml, Answers(nvml), handle)
            gpu = Gpu(
                text(uuid),
                device.gpu.index,
                text(nvml.told("nvmlDeviceGetName", handle) or f"{device.gpu.model} MIG"),
                None if memory is None else memory[1],
                parent=device.gpu.uuid,
                part=number,
                compute_mode=device.gpu.compute_mode,
                numa=device.gpu.numa,
            )
            gpu_instance = nvml.told("nvmlDeviceGetGpuInstanceId", handle)
            parts.append(Part(gpu, handle, gpu_instance, nvml.told("nvmlDeviceGetComputeInstanceId", handle)))
        return parts

    def _joined(self) -> list[list[Device]]:
        """Groups of two or more devices that reach each other by NVLink, directly or through one of them."""
        groups: list[list[Device]] = []
        for device in self.devices:
            joined = [group for group in groups if any(self._are_joined(device, other) for other in group)]
            groups = [group for group in groups if group not in joined]
            groups.append([other for group in joined for other in group] + [device])
        groups = [sorted(group, key=lambda each: each.gpu.index) for group in groups if len(group) > 1]
        return sorted(groups, key=lambda group: group[0].gpu.index)

    def _are_joined(self, one: Device, other: Device) -> bool:
        if one.lost or other.lost:
            return False
        library = self.nvml.library
        try:
            status = self.nvml.told(
                "nvmlDeviceGetP2PStatus", other.handle, one.handle, library.NVML_P2P_CAPS_INDEX_NVLINK
            )
        except DeviceLost:
            return False
        return bool(status is not None and status == library.NVML_P2P_STATUS_OK)


def lose(device: Device, words: str) -> None:
    """Note that a device and its parts do not answer."""
    device.lost = True
    mark(device, [words] * (1 + len(device.parts)))


def mark(device: Device, troubles: Sequence[str]) -> None:
    """Note the trouble (or that there is none) of a device, and of each of its parts."""
    device.gpu = replace(device.gpu, trouble=troubles[0])
    device.parts = tuple(
        replace(part, gpu=replace(part.gpu, trouble=trouble))
        for part, trouble in zip(device.parts, troubles[1:], strict=True)
    )


def memory_of(nvml: Nvml, answers: Answers, handle: object) -> tuple[int, int] | None:
    """Bytes in use (without what the driver keeps for itself, where it tells them apart) and in all.

    None of devices that have no memory of their own.
    """
    newer = ("nvmlDeviceGetMemoryInfo", handle, nvml.library.nvmlMemory_v2)
    told = answers.first_told([newer, ("nvmlDeviceGetMemoryInfo", handle)])
    if told is None or not told.total:
        return None
    return int(told.used), int(told.total)
