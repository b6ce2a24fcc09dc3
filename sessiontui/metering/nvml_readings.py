"""What an NVIDIA device and its parts do now, as their driver tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sessiontui.domain.gpu import GpuReading
from sessiontui.metering.nvml_calls import Answers, Nvml
from sessiontui.metering.nvml_devices import Device, Part, memory_of
from sessiontui.metering.nvml_processes import Listed, busy_shares, listed, merged, told_apart

_NO_NUMBER = 0xFFFFFFFF
"""What NVML says of a number that it does not know."""


def read(nvml: Nvml, device: Device, at: float, since: int) -> list[GpuReading]:
    """The readings of a device, and of each of its parts. Raises DeviceLost and DriverGone.

    ``since`` are the microseconds (since 1970) from which on processes' work counts as of now.
    """
    answers, handle = Answers(nvml), device.handle
    memory = memory_of(nvml, answers, handle)
    # Of a divided device drivers tell nothing, or nothing true: each part computes for itself.
    rates = None if device.gpu.divided else answers.told("nvmlDeviceGetUtilizationRates", handle)
    encoder = None if device.gpu.divided else answers.told("nvmlDeviceGetEncoderUtilization", handle)
    decoder = None if device.gpu.divided else answers.told("nvmlDeviceGetDecoderUtilization", handle)
    processes = listed(answers, handle)
    of_parts: Mapping[str, Sequence[Listed] | None] = {}
    if device.parts:
        of_parts, processes = _of_parts(nvml, device, processes)
    shares = None if device.gpu.divided or not processes else busy_shares(nvml, handle, since)
    whole = GpuReading(
        device.gpu.uuid,
        at,
        busy=None if rates is None else _share(rates.gpu),
        memory=None if memory is None else memory[0],
        memory_total=None if memory is None else memory[1],
        encoder=None if encoder is None else _share(encoder[0]),
        decoder=None if decoder is None else _share(decoder[0]),
        power=_watts(answers.told("nvmlDeviceGetPowerUsage", handle)),
        power_limit=_watts(answers.told("nvmlDeviceGetEnforcedPowerLimit", handle)),
        temperature=_temperature(nvml, answers, device),
        errors=_errors(nvml, answers, handle),
        processes=None if processes is None else merged(processes, shares),
    )
    whole = replace(whole, trouble=answers.trouble)
    return [whole, *(_read_part(nvml, part, at, of_parts.get(part.gpu.uuid)) for part in device.parts)]


def _read_part(nvml: Nvml, part: Part, at: float, processes: Sequence[Listed] | None) -> GpuReading:
    answers = Answers(nvml)
    memory = memory_of(nvml, answers, part.handle)
    return GpuReading(
        part.gpu.uuid,
        at,
        memory=None if memory is None else memory[0],
        memory_total=None if memory is None else memory[1],
        errors=_errors(nvml, answers, part.handle),
        processes=None if processes is None else merged(processes, None),
        trouble=answers.trouble,
    )


def _of_parts(
    nvml: Nvml, device: Device, processes: Sequence[Listed] | None
) -> tuple[Mapping[str, Sequence[Listed] | None], list[Listed] | None]:
    """The processes of each part, and those of the device that are of none.

    One list of the device tells all where it names the instances; else each part is asked.
    """
    found, others = told_apart(processes or (), device.parts)
    of_parts: dict[str, Sequence[Listed] | None] = dict(found)
    if processes is not None and not others:
        return of_parts, []
    placed = {process.pid for each in found.values() for process in each}
    for part in device.parts:
        own = listed(Answers(nvml), part.handle)
        of_parts[part.gpu.uuid] = own if processes is None else [*found[part.gpu.uuid], *(own or ())]
        placed |= {process.pid for process in own or ()}
    rest = [process for process in others if process.pid not in placed]
    return of_parts, None if processes is None else rest


def _temperature(nvml: Nvml, answers: Answers, device: Device) -> int | None:
    sensor = nvml.library.NVML_TEMPERATURE_GPU
    functions = ("nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature")
    told = answers.first_told([(function, device.handle, sensor) for function in functions])
    return None if told is None or told >= _NO_NUMBER else int(told)


def _errors(nvml: Nvml, answers: Answers, handle: object) -> int | None:
    library = nvml.library
    told = answers.told(
        "nvmlDeviceGetTotalEccErrors",
        handle,
        library.NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
        library.NVML_VOLATILE_ECC,
    )
    return None if told is None else int(told)


def _share(percent: int) -> float | None:
    return percent / 100 if percent <= 100 else None


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None or milliwatts >= _NO_NUMBER else milliwatts / 1000
