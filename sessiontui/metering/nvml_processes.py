"""Which processes an NVIDIA driver says use a device, and of parts of it which part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sessiontui.domain.gpu import GpuProcess
from sessiontui.metering.nvml_calls import Answers, DeviceLost, Nvml, Untold
from sessiontui.metering.nvml_devices import Part

_NO_NUMBER = 2**31
"""Numbers from here on are none: NVML says 0xFFFFFFFF of an instance where there is none."""
_NO_MEMORY = 2**63
"""Bytes from here on are none: NVML says 2**64 - 1 where it does not know."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A process in a device's list."""

    pid: int
    memory: int | None
    gpu_instance: int | None
    compute_instance: int | None


def listed(answers: Answers, handle: object) -> list[Listed] | None:
    """The processes that compute or draw on a device or part; None where the first are not told."""
    computing = _list(answers, "Compute", handle)
    if computing is None:
        return None
    others = [_list(answers, kind, handle) or [] for kind in ("Graphics", "MPSCompute")]
    return [*computing, *others[0], *others[1]]


def busy_shares(nvml: Nvml, handle: object, since: int) -> Mapping[int, float] | None:
    """The share of a device's multiprocessors that each process had last, by PID; None where it is not told.

    A process that did nothing since the moment (microseconds since 1970) is not in it.
    """
    try:
        samples = nvml.ask("nvmlDeviceGetProcessUtilization", handle, since)
    except DeviceLost:
        raise
    except Untold as error:
        # Nothing was recorded: no process did anything. The bindings take the success of an
        # empty list for an error.
        library = nvml.library
        return {} if error.code in (library.NVML_ERROR_NOT_FOUND, library.NVML_SUCCESS) else None
    shares: dict[int, float] = {}
    for sample in sorted(samples, key=lambda sample: int(sample.timeStamp)):
        if sample.timeStamp > since and sample.smUtil <= 100:  # drivers leave rubbish in places unused
            shares[int(sample.pid)] = sample.smUtil / 100
    return shares


def merged(processes: Iterable[Listed], shares: Mapping[int, float] | None) -> tuple[GpuProcess, ...]:
    """One for each PID: one that computes and draws is in two lists, with all its memory in both."""
    memory: dict[int, int | None] = {}
    for process in processes:
        known = [size for size in (memory.get(process.pid), process.memory) if size is not None]
        memory[process.pid] = max(known, default=None)
    return tuple(
        GpuProcess(pid, size, None if shares is None else shares.get(pid, 0.0))
        for pid, size in sorted(memory.items())
    )


def told_apart(
    processes: Sequence[Listed], parts: Sequence[Part]
) -> tuple[Mapping[str, Sequence[Listed]], Sequence[Listed]]:
    """The processes of each part, by its UUID, and those of no part that is known."""
    of_parts: dict[str, list[Listed]] = {part.gpu.uuid: [] for part in parts}
    of_none = []
    for process in processes:
        places = [part for part in parts if _is_in(process, part)]
        if len(places) == 1:
            of_parts[places[0].gpu.uuid].append(process)
        else:
            of_none.append(process)
    return of_parts, of_none


def _is_in(process: Listed, part: Part) -> bool:
    return (
        process.gpu_instance is not None
        and process.gpu_instance == part.gpu_instance
        and process.compute_instance in (None, part.compute_instance)
    )


def _list(answers: Answers, kind: str, handle: object) -> list[Listed] | None:
    told = answers.told(f"nvmlDeviceGet{kind}RunningProcesses_v3", handle)
    if told is None:
        return None
    return [
        Listed(
            process.pid,
            _below(_NO_MEMORY, process.usedGpuMemory),
            _below(_NO_NUMBER, process.gpuInstanceId),
            _below(_NO_NUMBER, process.computeInstanceId),
        )
        for process in told
        if 0 < process.pid < _NO_NUMBER
    ]


def _below(bound: int, value: int | None) -> int | None:
    return value if value is not None and value < bound else None
