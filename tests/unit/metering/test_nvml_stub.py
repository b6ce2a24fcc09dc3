"""The driver that tests write themselves, met through NVIDIA's own bindings."""

from __future__ import annotations

import os
import subprocess
import sys

import pynvml
import pytest

from tests.nvml.devices import DRIVER, eight, uuid
from tests.nvml.stub import NvmlStub

ASK = "import pynvml as n; n.nvmlInit(); print(n.nvmlSystemGetDriverVersion(), n.nvmlDeviceGetCount())"


def test_it_answers_in_this_process(nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    pynvml.nvmlInit()
    try:
        assert pynvml.nvmlDeviceGetCount() == 8
        third = pynvml.nvmlDeviceGetHandleByIndex(3)
        assert pynvml.nvmlDeviceGetUUID(third) == uuid(3)
        nvml_stub.add("3.power !15")
        with pytest.raises(pynvml.NVMLError_GpuIsLost):
            pynvml.nvmlDeviceGetPowerUsage(third)
    finally:
        pynvml.nvmlShutdown()
    assert nvml_stub.calls() == ["init", "count", "3.handle", "3.uuid", "3.power", "shutdown"]


def test_it_answers_in_another_process(nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    environ = {**os.environ, **nvml_stub.environ}
    done = subprocess.run(
        [sys.executable, "-c", ASK], check=True, capture_output=True, text=True, env=environ
    )
    assert done.stdout.split() == [DRIVER, "8"]


def test_no_driver_is_loaded_until_a_script_is_written(nvml_stub: NvmlStub) -> None:
    with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
        pynvml.nvmlInit()
