"""Which processes NVIDIA's driver tells of, and on which part of a device."""

from __future__ import annotations

import pynvml
import pytest

from sessiontui.domain.gpu import GpuReading
from tests.nvml.devices import GIB, device, machine, part
from tests.nvml.source import Watched
from tests.nvml.stub import NvmlStub

NOT_SUPPORTED = f"!{pynvml.NVML_ERROR_NOT_SUPPORTED}"


def told(reading: GpuReading) -> list[tuple[int, int | None, float | None]] | None:
    if reading.processes is None:
        return None
    return [(process.pid, process.memory, process.busy) for process in reading.processes]


def memory_of(reading: GpuReading) -> dict[int, int | None] | None:
    return None if reading.processes is None else {each.pid: each.memory for each in reading.processes}


def test_the_three_lists_are_one(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(
        machine(device(0, compute="12,100 11,200,-,-", graphics="11,200 13,5", mps="12,- 14,300"))
    )
    assert memory_of(nvidia.readings()["0"]) == {11: 200, 12: 100, 13: 5, 14: 300}


def test_memory_that_the_driver_does_not_know_is_unknown(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(machine(device(0, compute=f"11,- 12,{2**64 - 4096} 13,0")))
    assert memory_of(nvidia.readings()["0"]) == {11: None, 12: None, 13: 0}


def test_numbers_that_are_no_process_are_left_out(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(machine(device(0, compute=f"0,5 {2**32 - 1},5 {2**31},5 999999,5 4194304,7")))
    assert memory_of(nvidia.readings()["0"]) == {999999: 5, 4194304: 7}


@pytest.mark.parametrize("kind", ["graphics", "mps"])
def test_lists_that_a_device_has_not_leave_the_others(
    nvidia: Watched, nvml_stub: NvmlStub, kind: str
) -> None:
    nvml_stub.write(machine(device(0, compute="11,1", **{kind: NOT_SUPPORTED})))
    assert memory_of(nvidia.readings()["0"]) == {11: 1}


def test_without_the_list_of_those_that_compute_nothing_is_known(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    nvml_stub.write(machine(device(0, compute=NOT_SUPPORTED, graphics="11,1")))
    assert nvidia.readings()["0"].processes is None


def test_a_list_that_grows_between_two_calls_is_asked_for_again(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    # The bindings make room for twice the number told, and five.
    many = " ".join(f"{pid},1" for pid in range(100, 120))
    nvml_stub.write(machine(device(0, compute=many, **{"compute.told": "1 2"})))
    assert len(memory_of(nvidia.readings()["0"]) or ()) == 20


def test_a_list_that_never_stops_growing_is_given_up(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    many = " ".join(f"{pid},1" for pid in range(100, 120))
    nvml_stub.write(machine(device(0, compute=many, **{"compute.told": "1 1000"}), device(1, compute="5,1")))
    readings = nvidia.readings()
    assert (readings["0"].processes, readings["0"].busy) == (None, 0.0)
    assert memory_of(readings["1"]) == {5: 1}


def test_a_share_is_the_last_one_told_lately(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    samples = "11,300000,20 11,100000,60 11,800000,90 12,30000000,50 12,-,40 13,100000,4000000 99,1000,10"
    nvml_stub.write(machine(device(0, compute="11,1 12,1 13,1", samples=samples)))
    assert told(nvidia.readings()["0"]) == [(11, 1, 0.6), (12, 1, 0.0), (13, 1, 0.0)]


@pytest.mark.parametrize("samples", ["", "11,30000000,50"])
def test_processes_that_did_nothing_lately_have_no_share(
    nvidia: Watched, nvml_stub: NvmlStub, samples: str
) -> None:
    nvml_stub.write(machine(device(0, compute="11,1", samples=samples)))
    assert told(nvidia.readings()["0"]) == [(11, 1, 0.0)]


@pytest.mark.parametrize("error", [pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_NO_PERMISSION])
def test_shares_that_are_not_told_are_unknown(nvidia: Watched, nvml_stub: NvmlStub, error: int) -> None:
    nvml_stub.write(machine(device(0, compute="11,1", samples=f"!{error}")))
    assert told(nvidia.readings()["0"]) == [(11, 1, None)]


class TestParts:
    """A device of four parts: two of one GPU instance, as compute instances of it, and two whole ones."""

    PARTS = part(0, 0, gi=1, ci=0) + part(0, 1, gi=1, ci=1) + part(0, 2, gi=2) + part(0, 3, gi=5)

    def read(
        self, nvidia: Watched, nvml_stub: NvmlStub, compute: str, parts: str = PARTS
    ) -> dict[str, dict[int, int | None] | None]:
        whole = device(0, mig=1, parts=7, compute=compute, samples="11,100000,60")
        nvml_stub.write(machine(whole + parts))
        readings = nvidia.readings()
        for reading in readings.values():
            assert all(process.busy is None for process in reading.processes or ())
        return {number: memory_of(reading) for number, reading in readings.items()}

    def test_processes_are_those_of_their_instance(self, nvidia: Watched, nvml_stub: NvmlStub) -> None:
        found = self.read(nvidia, nvml_stub, f"11,{GIB},1,0 12,2,1,1 13,3,2,0 11,7,2,0")
        assert found == {"0": {}, "0:0": {11: GIB}, "0:1": {12: 2}, "0:2": {11: 7, 13: 3}, "0:3": {}}
        # One list of the device told all.
        assert not [call for call in nvml_stub.calls() if call.endswith(":0.compute")]

    def test_the_compute_instance_is_needed_only_where_there_are_several(
        self, nvidia: Watched, nvml_stub: NvmlStub
    ) -> None:
        found = self.read(nvidia, nvml_stub, "11,1,2,- 12,2,1,-")
        assert found == {"0": {12: 2}, "0:0": {}, "0:1": {}, "0:2": {11: 1}, "0:3": {}}

    def test_parts_are_asked_where_the_device_does_not_name_instances(
        self, nvidia: Watched, nvml_stub: NvmlStub
    ) -> None:
        parts = self.PARTS + "0:0.compute 11,1\n0:3.compute 12,2\n"
        found = self.read(nvidia, nvml_stub, "11,1 12,2 13,3", parts)
        assert found == {"0": {13: 3}, "0:0": {11: 1}, "0:1": {}, "0:2": {}, "0:3": {12: 2}}

    @pytest.mark.parametrize("error", [pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_NO_PERMISSION])
    def test_parts_are_asked_where_the_device_tells_no_list(
        self, nvidia: Watched, nvml_stub: NvmlStub, error: int
    ) -> None:
        parts = self.PARTS + f"0:0.compute 11,1\n0:1.compute !{error}\n"
        found = self.read(nvidia, nvml_stub, f"!{error}", parts)
        assert found == {"0": None, "0:0": {11: 1}, "0:1": None, "0:2": {}, "0:3": {}}

    def test_what_parts_do_not_tell_stays_as_the_device_told(
        self, nvidia: Watched, nvml_stub: NvmlStub
    ) -> None:
        parts = self.PARTS + "".join(f"0:{number}.compute {NOT_SUPPORTED}\n" for number in range(4))
        found = self.read(nvidia, nvml_stub, "11,1,1,0 12,2,9,9", parts)
        assert found == {"0": {12: 2}, "0:0": {11: 1}, "0:1": {}, "0:2": {}, "0:3": {}}
