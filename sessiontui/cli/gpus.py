"""`gpus`: this machine's GPUs, who holds them, what they do and what is wrong."""

from __future__ import annotations

import os
from argparse import Namespace

from sessiontui import wiring
from sessiontui.actions.describe_gpus import survey_json
from sessiontui.actions.gpu_survey import GpuSurvey, survey, without_gpu
from sessiontui.cli.complaint import complain
from sessiontui.cli.gpu_figures import busy_of, degrees, watts
from sessiontui.cli.printing import print_json, print_table, printable
from sessiontui.config import Settings
from sessiontui.domain.gpu import ComputeMode, Gpu, Place
from sessiontui.domain.gpu_words import memory_text, vendor_name, watchers_hint
from sessiontui.domain.units import format_bytes


def gpus(arguments: Namespace, settings: Settings) -> int:
    """List the GPUs. Also without an engine, and a word on stderr: then nobody knows who holds them."""
    found = survey(wiring.ports(settings, os.environ))
    if found.gpus and found.unknown is not None:
        complain(f"who holds them is unknown: {found.unknown.message}", found.unknown.hint)
    elif found.gpus and found.elsewhere:
        complain(f"the engine is on {found.elsewhere}: who holds the GPUs of this machine is unknown")
    if arguments.json:
        print_json(survey_json(found))
        return 0
    if found.gpus:
        _print_devices(found)
        _print_unattributed(found)
    else:
        tried = without_gpu(found.sample)
        print(printable(f"no GPU: {tried}" if tried else "no GPU"))
    _print_words(found)
    return 0


def _print_devices(found: GpuSurvey) -> None:
    """A row for each device; what more than one have, has a line for each of them."""
    rows = []
    for gpu in found.gpus:
        reading = found.sample.readings.get(gpu.uuid)
        first, *others = _held_by(gpu, found)
        total = gpu.memory if reading is None or gpu.memory is not None else reading.memory_total
        rows.append(
            (
                f"  {gpu.number}" if gpu.part is not None else gpu.number,
                _model(gpu, found),
                first,
                memory_text(None if reading is None else reading.memory, total),
                busy_of(gpu, reading),
                degrees(reading),
                watts(reading),
            )
        )
        rows.extend(("", "", one, "", "", "", "") for one in others)
    print_table(("GPU", "MODEL", "HELD BY", "MEMORY", "BUSY", "TEMP", "POWER"), rows, fit=True, give=2)


def _model(gpu: Gpu, found: GpuSurvey) -> str:
    """Without the vendor, and of a part without what it is part of: both are told beside it."""
    whole = found.gpu(gpu.parent)
    name = gpu.model.removeprefix(whole.model).strip() if whole is not None else gpu.model
    return name.removeprefix(f"{vendor_name(gpu.vendor)} ") or gpu.model


def _held_by(gpu: Gpu, found: GpuSurvey) -> list[str]:
    """Who has it, or why nobody does; at least one."""
    if found.told and gpu.holders:
        return [f"{one}{' (shared)' if one.shared else ''}" for one in gpu.holders]
    return [_without_holder(gpu, found)]


def _without_holder(gpu: Gpu, found: GpuSurvey) -> str:
    if not found.told:
        return "unknown"
    if gpu.trouble:
        return "cannot be used"
    if gpu.compute_mode is ComputeMode.PROHIBITED:
        return "prohibited"
    if gpu.divided:
        return "divided"
    return "free" if found.free(gpu) else "*unattributed*"


def _print_unattributed(found: GpuSurvey) -> None:
    """The processes that are in no container which has their device."""
    rows = [
        (
            gpu.number,
            str(process.pid),
            process.user or "—",
            format_bytes(process.memory),
            process.container_id[:12] if process.place is Place.CONTAINER else str(process.place),
            process.command or "—",
        )
        for gpu in found.gpus
        for process in found.unattributed(gpu)
    ]
    if rows:
        print("\n*unattributed*: processes of no session or container that has the device")
        print_table(("GPU", "PID", "USER", "MEMORY", "WHERE", "COMMAND"), rows, fit=True)


def _print_words(found: GpuSurvey) -> None:
    """The drivers, and what is wrong, a blank line before each."""
    drivers = [
        f"{vendor_name(one.vendor)} driver {one.version}" for one in found.sample.drivers if one.version
    ]
    if drivers:
        print(f"\n{printable(' · '.join(drivers))}")
    for one in found.troubles:
        if one.vendor is not None and not found.gpus:
            continue  # it is among what was tried
        print(f"\n{printable(one.message)}")
        for line in one.remedy.splitlines():
            print(f"  {printable(line)}")
    if found.told and (hint := watchers_hint(holder for gpu in found.gpus for holder in gpu.holders)):
        print(f"\n{hint}")
