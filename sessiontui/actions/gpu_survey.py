"""Looks at GPUs for the command line: the devices, who holds them, what they do and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sessiontui.actions.observe import capacity
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import EngineError
from sessiontui.domain.gpu import NO_SAMPLE, ComputeMode, Driver, Gpu, GpuProcess, GpuSample, Vendor
from sessiontui.domain.gpu_usage import is_lost, others_on, strangers_on
from sessiontui.domain.gpu_words import in_order, vendor_name
from sessiontui.domain.session import Session

_PATIENCE = 2.0
"""Seconds to wait for what the drivers tell now."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, in words, and what would mend it."""

    message: str
    remedy: str = ""
    uuid: str = ""
    """Of the device it is about; empty of what is about none."""
    vendor: Vendor | None = None
    """Whose driver it is about."""


@dataclass(frozen=True, slots=True)
class GpuSurvey:
    """What one look at the GPUs of this machine saw."""

    gpus: tuple[Gpu, ...] = ()
    """As people count them, parts after the device that they are part of."""
    sample: GpuSample = NO_SAMPLE
    sessions: tuple[Session, ...] = ()
    """Those with devices."""
    unknown: EngineError | None = None
    """Why nobody knows who holds them; None where the engine told."""
    elsewhere: str = ""
    """The engine's machine where it is another one: nothing of this one is held by it."""
    troubles: tuple[Trouble, ...] = ()

    @property
    def told(self) -> bool:
        """Whether the engine told who holds them."""
        return self.unknown is None and not self.elsewhere

    def gpu(self, uuid: str) -> Gpu | None:
        """The device or part of that name."""
        return next((gpu for gpu in self.gpus if gpu.uuid == uuid), None)

    def free(self, gpu: Gpu) -> bool:
        """Whether a session could have it now for itself, by the rule of a launch."""
        return gpu.free and not strangers_on(gpu, self.sample)

    def unattributed(self, gpu: Gpu) -> tuple[GpuProcess, ...]:
        """The processes on a device that are in no container which has it."""
        return others_on(gpu.uuid, self.sample, {holder.container_id for holder in gpu.holders} - {""})


def survey(ports: Ports) -> GpuSurvey:
    """Look at all GPUs of this machine. Without an engine, too: then nobody knows who holds them."""
    gpus = ports.gpus.devices()
    unknown, elsewhere = None, ""
    sessions: tuple[Session, ...] = ()
    troubles: list[Trouble] = []
    try:
        facts = ports.engine.facts()
        if facts.local:
            room = capacity(ports)
            gpus = room.gpus or gpus
            sessions = tuple(one for one in ports.engine.sessions() if one.devices)
            if gpus and room.gpu_trouble:
                troubles.append(Trouble(room.gpu_trouble, room.gpu_remedy))
        else:
            elsewhere = facts.host or facts.address
    except EngineError as error:
        unknown = error
    gpus = tuple(sorted(gpus, key=in_order))
    sample = ports.gpus.sample(sessions, patience=_PATIENCE)
    of_devices = (*_of_devices(gpus, sample), *_lost(gpus, sessions, sample))
    wrong = (*_of_drivers(gpus, sample), *troubles, *of_devices)
    return GpuSurvey(gpus, sample, sessions, unknown, elsewhere, wrong)


def survey_of(ports: Ports, sessions: Sequence[Session]) -> GpuSurvey | None:
    """Look at the GPUs that these sessions have; None, and no driver is asked, where none has any.

    What an engine on another machine gives to its sessions is unknown here.
    """
    having = tuple(one for one in sessions if one.devices)
    if not having:
        return None
    try:
        facts = ports.engine.facts()
        if not facts.local:
            return GpuSurvey(sessions=having, elsewhere=facts.host or facts.address)
        gpus = tuple(sorted(capacity(ports, glance=True).gpus, key=in_order))
    except EngineError as error:
        return GpuSurvey(sessions=having, unknown=error)
    return GpuSurvey(gpus, ports.gpus.sample(having, patience=_PATIENCE), having)


def without_gpu(sample: GpuSample) -> str:
    """Why there is no GPU: what was tried."""
    return "; ".join(f"{vendor_name(one.vendor)}: {one.trouble or _nothing(one)}" for one in sample.drivers)


def _nothing(driver: Driver) -> str:
    return "its driver lists no device" if driver.version else "no driver answers"


def _of_drivers(gpus: Sequence[Gpu], sample: GpuSample) -> Iterator[Trouble]:
    """The drivers that should answer, or once did."""
    vendors = {gpu.vendor for gpu in gpus}
    for driver in sample.drivers:
        if driver.trouble and (driver.expected or driver.vendor in vendors):
            yield Trouble(f"{vendor_name(driver.vendor)} driver: {driver.trouble}", vendor=driver.vendor)


def _of_devices(gpus: Sequence[Gpu], sample: GpuSample) -> Iterator[Trouble]:
    for gpu in gpus:
        reading = sample.readings.get(gpu.uuid)
        if trouble := gpu.trouble or (reading.trouble if reading else ""):
            yield Trouble(f"GPU {gpu.number}: {trouble}", uuid=gpu.uuid)
        if reading is not None and reading.errors:
            count = f"{reading.errors} memory error{'' if reading.errors == 1 else 's'}"
            yield Trouble(
                f"GPU {gpu.number}: {count} could not be corrected since the driver was loaded",
                "what computed on it may be wrong; it wants a reset once nobody uses it",
                gpu.uuid,
            )
        if gpu.compute_mode is ComputeMode.PROHIBITED:
            yield Trouble(
                f"GPU {gpu.number}: its compute mode lets no program compute on it",
                f"as root: nvidia-smi -i {gpu.index} -c DEFAULT" if gpu.vendor is Vendor.NVIDIA else "",
                gpu.uuid,
            )


def _lost(gpus: Sequence[Gpu], sessions: Sequence[Session], sample: GpuSample) -> Iterator[Trouble]:
    """Devices that sessions have and no driver lists."""
    for session in sessions:
        for uuid in session.devices:
            if session.phase.live and is_lost(uuid, gpus, sample):
                yield Trouble(
                    f"{session.name} of {session.owner.name} has {uuid}, which no driver lists any more",
                    "stop it, and launch it anew with devices that are there",
                    uuid,
                )
