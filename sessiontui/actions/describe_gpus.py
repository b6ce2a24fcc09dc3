"""The JSON shapes of GPUs. Keys are documented in README and stable; null is unknown, never nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sessiontui.actions.gpu_survey import GpuSurvey
from sessiontui.domain.gpu import Gpu, GpuProcess, GpuReading, Holder, Place
from sessiontui.domain.gpu_usage import use_of
from sessiontui.domain.session import Session


def survey_json(survey: GpuSurvey) -> dict[str, Any]:
    """All GPUs of this machine: shares are 0 to 1, memory is bytes, power watts, temperature Celsius."""
    return {
        "gpus": [gpu_json(gpu, survey) for gpu in survey.gpus],
        "drivers": [
            {
                "vendor": str(driver.vendor),
                "version": driver.version or None,
                "expected": driver.expected,
                "trouble": driver.trouble,
            }
            for driver in survey.sample.drivers
        ],
        "troubles": [
            {
                "vendor": one.vendor and str(one.vendor),
                "uuid": one.uuid or None,
                "message": one.message,
                "remedy": one.remedy,
            }
            for one in survey.troubles
        ],
        "holders_known": survey.told,
    }


def gpu_json(gpu: Gpu, survey: GpuSurvey) -> dict[str, Any]:
    """A device or a part of one; its holders and whether it is free are null where the engine does not tell.

    A part's busy is null: no driver tells it.
    """
    reading = survey.sample.readings.get(gpu.uuid)
    unattributed = survey.unattributed(gpu)
    processes = None if reading is None else reading.processes
    return {
        **_figures(gpu.uuid, gpu, reading),
        "index": gpu.index,
        "part": gpu.part,
        "parent": gpu.parent or None,
        "divided": gpu.divided,
        "vendor": str(gpu.vendor),
        "compute_mode": str(gpu.compute_mode),
        "numa": gpu.numa,
        "island": gpu.island,
        "encoder": None if reading is None else reading.encoder,
        "decoder": None if reading is None else reading.decoder,
        "power_limit": None if reading is None else reading.power_limit,
        "errors": None if reading is None else reading.errors,
        "free": survey.free(gpu) if survey.told else None,
        "holders": [_holder(one) for one in gpu.holders] if survey.told else None,
        "processes": None
        if processes is None
        else [_process(one, one not in unattributed and survey.told) for one in processes],
        "trouble": gpu.trouble or (reading.trouble if reading else ""),
    }


def session_gpus_json(session: Session, survey: GpuSurvey) -> dict[str, Any]:
    """What a session with devices has besides its other keys: the devices, and its own use of them."""
    return {
        "gpus": [
            {
                **_figures(uuid, survey.gpu(uuid), survey.sample.readings.get(uuid)),
                "shared": session.gpu_shared,
                "use": _use(replace(session, devices=(uuid,)), survey),
            }
            for uuid in session.devices
        ],
        "gpu_use": _use(session, survey),
    }


def _figures(uuid: str, gpu: Gpu | None, reading: GpuReading | None) -> dict[str, Any]:
    """What a device is and does as a whole, whoever uses it."""
    told = None if reading is None else reading.memory_total
    return {
        "uuid": uuid,
        "number": None if gpu is None else gpu.number,
        "model": None if gpu is None else gpu.model,
        "busy": None if reading is None else reading.busy,
        "memory": None if reading is None else reading.memory,
        "memory_total": told if gpu is None or gpu.memory is None else gpu.memory,
        "power": None if reading is None else reading.power,
        "temperature": None if reading is None else reading.temperature,
    }


def _use(session: Session, survey: GpuSurvey) -> dict[str, Any] | None:
    """What the session itself uses; null of one that has no device."""
    use = use_of(session, survey.gpus, survey.sample)
    return None if use is None else {"busy": use.busy, "memory": use.memory, "memory_total": use.total}


def _holder(holder: Holder) -> dict[str, Any]:
    """A session, or a container that is none: then ``session_id`` and ``owner`` are null."""
    return {
        "name": holder.name,
        "owner": holder.owner or None,
        "uid": holder.uid,
        "session_id": holder.session_id or None,
        "container_id": holder.container_id or None,
        "shared": holder.shared,
        "why": holder.why,
    }


def _process(process: GpuProcess, attributed: bool) -> dict[str, Any]:
    """A process by its number on the host; ``attributed``: in a container that has the device."""
    return {
        "pid": process.pid,
        "command": process.command,
        "user": process.user or None,
        "memory": process.memory,
        "busy": process.busy,
        "place": str(process.place),
        "container_id": process.container_id if process.place is Place.CONTAINER else None,
        "attributed": attributed,
    }
