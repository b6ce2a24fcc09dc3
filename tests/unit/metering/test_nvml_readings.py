"""What NVIDIA's driver tells of devices from moment to moment."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pynvml
import pytest

from sessiontui.domain.gpu import GpuReading
from tests.nvml.devices import ERRORS, GIB, OF_DRIVER, device, eight, machine, part, part_uuid, uuid
from tests.nvml.source import Watched, watched
from tests.nvml.stub import NvmlStub

NOT_SUPPORTED = f"!{pynvml.NVML_ERROR_NOT_SUPPORTED}"
FUNCTION_NOT_FOUND = f"!{pynvml.NVML_ERROR_FUNCTION_NOT_FOUND}"
INVALID_ARGUMENT = f"!{pynvml.NVML_ERROR_INVALID_ARGUMENT}"
LOST = f"!{pynvml.NVML_ERROR_GPU_IS_LOST}"
RESET = f"!{pynvml.NVML_ERROR_RESET_REQUIRED}"
FIGURES = "memory util encoder decoder power limit temperature ecc compute graphics mps samples".split()


def test_all_figures(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(
        machine(
            device(
                0,
                memory=f"{80 * GIB} {GIB} {31 * GIB}",
                util=87,
                encoder=3,
                decoder=100,
                power=412_345,
                limit=700_000,
                temperature=64,
                ecc=2,
                compute=f"4242,{30 * GIB}",
                samples="4242,100000,85",
            )
        )
    )
    (reading,) = nvidia.source.readings()
    assert reading.processes is not None
    assert reading == GpuReading(
        uuid(0),
        nvidia.clock.now,
        busy=0.87,
        memory=31 * GIB,
        memory_total=80 * GIB,
        encoder=0.03,
        decoder=1.0,
        power=412.345,
        power_limit=700.0,
        temperature=64,
        errors=2,
        processes=reading.processes,
    )
    assert [(each.pid, each.memory, each.busy) for each in reading.processes] == [(4242, 30 * GIB, 0.85)]


@pytest.mark.parametrize("answer", [NOT_SUPPORTED, FUNCTION_NOT_FOUND, INVALID_ARGUMENT])
def test_what_a_device_has_not_is_unknown_and_no_trouble(
    nvidia: Watched, nvml_stub: NvmlStub, answer: str
) -> None:
    nvml_stub.write(machine(device(0, mode=answer, mig=answer, **dict.fromkeys(FIGURES, answer)), device(1)))
    assert nvidia.gpus()["0"].free
    first, second = nvidia.source.readings()
    assert first == GpuReading(uuid(0), nvidia.clock.now)
    assert None not in [getattr(second, field.name) for field in fields(second)]


def test_older_drivers_are_asked_by_the_older_names(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(f"{eight()}\nmemory_v2 {FUNCTION_NOT_FOUND}\ntemperature_v {FUNCTION_NOT_FOUND}")
    reading = nvidia.readings()["0"]
    # The older answer counts what the driver keeps for itself as used.
    assert (reading.memory, reading.memory_total, reading.temperature) == (GIB // 2, 80 * GIB, 33)


def test_numbers_that_cannot_be_are_unknown(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    none = 0xFFFFFFFF
    nvml_stub.write(
        machine(device(0, util=none, encoder=101, decoder=none, power=none, limit=none, memory="0 0 0"))
    )
    reading = nvidia.readings()["0"]
    assert (reading.busy, reading.encoder, reading.decoder) == (None, None, None)
    assert (reading.power, reading.power_limit, reading.memory, reading.memory_total) == (None,) * 4


def test_a_temperature_that_an_older_driver_does_not_know(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(f"{eight()}\n0.temperature {0xFFFFFFFF}\ntemperature_v {FUNCTION_NOT_FOUND}")
    assert nvidia.readings()["0"].temperature is None


def test_a_part_that_answers_nothing_is_in_trouble_alone(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(machine(device(0, mig=1, parts=7) + part(0, 0, gi=1) + part(0, 1, gi=2)))
    nvidia.source.devices()
    nvml_stub.add("0:1 !999")
    assert {number for number, reading in nvidia.later(1).readings().items() if reading.trouble} == {"0:1"}
    assert {number for number, gpu in nvidia.gpus().items() if gpu.givable} == {"0:0"}


def test_a_divided_device_and_its_parts(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    # Drivers differ in what they say of a divided device's work: nothing, or what is not so.
    parent = device(0, mig=1, parts=7, util=50, encoder=5, decoder=5, memory=f"{80 * GIB} 0 {9 * GIB}")
    nvml_stub.write(machine(parent + part(0, 0, gi=1, memory=f"{10 * GIB} 0 {4 * GIB}", ecc=1)))
    readings = nvidia.readings()
    whole, instance = readings["0"], readings["0:0"]
    assert (whole.busy, whole.encoder, whole.decoder) == (None, None, None)
    assert (whole.memory, whole.memory_total, whole.power, whole.temperature) == (9 * GIB, 80 * GIB, 70.0, 33)
    assert instance == GpuReading(
        part_uuid(0, 0), nvidia.clock.now, memory=4 * GIB, memory_total=10 * GIB, errors=1, processes=()
    )


@pytest.mark.parametrize(("error", "words"), [(LOST, "GPU is lost"), (RESET, "GPU requires reset")])
def test_a_device_that_is_lost_is_in_trouble_with_its_parts_and_no_other_is(
    nvidia: Watched, nvml_stub: NvmlStub, error: str, words: str
) -> None:
    divided = device(1, mig=1, parts=7) + part(1, 0, gi=1)
    nvml_stub.write(machine(device(0), divided, device(2)))
    assert all(not reading.trouble for reading in nvidia.source.readings())
    nvml_stub.add(f"1 {error}")
    readings = nvidia.later(1).readings()
    assert {number for number, reading in readings.items() if reading.trouble} == {"1", "1:0"}
    assert readings["1"].trouble == words
    assert readings["1"] == GpuReading(uuid(1), nvidia.clock.now, trouble=readings["1"].trouble)
    assert readings["2"].busy == 0.0
    assert not nvidia.gpus()["1"].givable


def test_a_lost_device_is_not_asked_again_before_the_driver_is_opened_anew(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(eight())
    nvidia.source.readings()
    nvml_stub.add(f"1 {LOST}")
    nvidia.source.readings()
    nvml_stub.calls()
    assert nvidia.later(30).readings()["1"].trouble
    assert not [call for call in nvml_stub.calls() if call.startswith(("1.", "no handle"))]
    nvml_stub.write(eight())
    reading = nvidia.later(30).readings()["1"]
    assert (reading.trouble, reading.busy) == ("", 0.0)


def test_a_device_that_answers_nothing_is_in_trouble_while_that_lasts(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(eight())
    nvidia.source.readings()
    nvml_stub.add("5 !999")
    assert nvidia.later(1).readings()["5"].trouble == "Unknown Error"
    assert not nvidia.gpus()["5"].givable
    nvml_stub.write(eight())
    assert nvidia.later(1).readings()["5"].trouble == ""
    assert nvidia.gpus()["5"].givable


def test_a_sample_asks_only_for_what_changes(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    nvidia.source.readings()
    nvml_stub.calls()
    nvidia.later(1).source.readings()
    asked = [call.split(".")[1] for call in nvml_stub.calls() if call.startswith("0.")]
    # No process is there whose share could be asked for.
    assert sorted(asked) == sorted(set(FIGURES) - {"samples"})


@pytest.mark.parametrize("field", FIGURES)
def test_any_call_may_fail_in_any_way(nvml_stub: NvmlStub, tmp_path: Path, field: str) -> None:
    two = machine(device(0, compute="7,1"), device(1, compute="7,1"))
    for error in ERRORS:
        nvml_stub.write(f"{two}\n1.{field} !{error}")
        with watched(tmp_path) as nvidia:
            readings = nvidia.source.readings()
            assert bool(readings) == (error not in OF_DRIVER)
            if readings:
                assert (readings[0].busy, readings[0].trouble) == (0.0, "")
                lost = error in (pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_RESET_REQUIRED)
                assert bool(readings[1].trouble) == lost
                assert (readings[1].power_limit is None) == (lost or field == "limit")
            else:
                assert nvidia.source.driver().trouble
