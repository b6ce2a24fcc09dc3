"""NVIDIA's driver: opened once, lost, found again, and what is said where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from ctypes.util import find_library
from pathlib import Path

import pynvml
import pytest

from sessiontui.domain.gpu import Driver, Vendor
from tests.nvml.devices import DRIVER, device, eight, machine, uuid
from tests.nvml.source import Watched
from tests.nvml.stub import NAME, NvmlStub

SAY = """
from sessiontui.metering.nvml import NvmlSource
source = NvmlSource()
print(source.driver().trouble)
print(source.devices())
"""


def said_by_a_process(environ: dict[str, str], code: str = SAY) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**kept, **environ}
    )
    return done.stdout.splitlines()


def test_a_driver_that_answers_tells_its_version(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    assert nvidia.source.driver() == Driver(Vendor.NVIDIA, DRIVER)
    assert nvidia.source.vendor is Vendor.NVIDIA


def test_it_is_opened_once_by_whichever_call_is_first(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    assert nvml_stub.calls() == []
    assert len(nvidia.source.readings()) == 8
    nvidia.source.devices()
    nvidia.source.driver()
    nvidia.later(1).source.readings()
    assert nvml_stub.calls().count("init") == 1


def test_it_is_let_go_of_once_and_not_opened_again(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    nvidia.source.devices()
    nvml_stub.calls()
    nvidia.source.close()
    nvidia.source.close()
    assert nvidia.later(100).source.devices() == ()
    assert nvidia.source.readings() == ()
    assert nvml_stub.calls() == ["shutdown"]


def test_one_that_was_never_opened_is_closed_without_a_call(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    nvidia.source.close()
    assert nvml_stub.calls() == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, "Driver/library version mismatch"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "Driver Not Loaded"),
        (pynvml.NVML_ERROR_UNKNOWN, "Unknown Error"),
    ],
)
@pytest.mark.parametrize("call", ["init", "count", "all"])
def test_a_driver_that_cannot_be_used_is_told_in_its_own_words(
    nvidia: Watched, nvml_stub: NvmlStub, error: int, words: str, call: str
) -> None:
    nvml_stub.write(f"{eight()}\n{call} !{error}")
    assert nvidia.source.devices() == ()
    assert nvidia.source.readings() == ()
    driver = nvidia.source.driver()
    assert (driver.version, driver.trouble) == ("", f"NVIDIA's driver does not answer: {words}")


def test_it_is_expected_where_a_display_of_nvidia_is_on_the_bus(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    assert not nvidia.source.driver().expected
    nvidia.display("0000:1b:00.0")
    assert nvidia.later(10).source.driver().expected
    nvml_stub.write(eight())
    assert nvidia.later(10).source.driver() == Driver(Vendor.NVIDIA, DRIVER, expected=True)


def test_one_that_does_not_answer_is_tried_again_after_some_seconds(
    nvidia: Watched, nvml_stub: NvmlStub
) -> None:
    for _ in range(3):
        assert nvidia.source.devices() == ()
    assert nvml_stub.calls() == ["init"]
    nvml_stub.write(eight())
    assert nvidia.later(9).source.devices() == ()
    assert len(nvidia.later(2).source.devices()) == 8
    assert nvidia.source.driver() == Driver(Vendor.NVIDIA, DRIVER)


@pytest.mark.parametrize(
    "error",
    [
        pynvml.NVML_ERROR_UNINITIALIZED,
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
        pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
    ],
)
def test_a_driver_that_is_unloaded_meanwhile_is_found_again(
    nvidia: Watched, nvml_stub: NvmlStub, error: int
) -> None:
    nvml_stub.write(eight())
    assert len(nvidia.source.readings()) == 8
    nvml_stub.add(f"all !{error}")
    assert nvidia.later(20).source.readings() == ()
    assert nvidia.source.driver().trouble.startswith("NVIDIA's driver does not answer: ")
    nvml_stub.write(machine(device(0), driver="580.1"))
    assert len(nvidia.later(10).source.readings()) == 1
    assert nvidia.source.driver() == Driver(Vendor.NVIDIA, "580.1")


def test_it_is_used_by_one_thread_after_another(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(eight())
    nvidia.source.devices()
    lengths: list[int] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: lengths.append(len(nvidia.source.readings())))
        thread.start()
        thread.join()
    assert lengths == [8, 8]
    assert nvml_stub.calls().count("init") == 1


def test_other_threads_go_on_while_a_call_takes_its_time(nvidia: Watched, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(f"{eight()}\n3.power.wait 600")
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(len(nvidia.source.readings())))
    thread.start()
    while "3.power" not in nvml_stub.calls():
        time.sleep(0.01)
    assert (thread.is_alive(), found) == (True, [])
    nvml_stub.write(eight())
    thread.join()
    assert found == [8]


@pytest.mark.skipif(find_library("nvidia-ml") is not None, reason="this machine has NVIDIA's own library")
def test_a_machine_without_the_library_says_so() -> None:
    trouble, devices = said_by_a_process({})
    assert trouble == f"NVIDIA's driver was looked for: the library {NAME} was not found"
    assert devices == "()"


@pytest.mark.skipif(find_library("nvidia-ml") is not None, reason="this machine has NVIDIA's own library")
def test_a_machine_without_the_library_does_not_load_the_bindings() -> None:
    code = f"{SAY}\nimport sys; print('pynvml' in sys.modules)"
    assert said_by_a_process({}, code)[-1] == "False"


def test_a_library_that_is_none_is_told_in_the_loaders_words(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("no library\n")
    trouble, devices = said_by_a_process({"LD_LIBRARY_PATH": str(tmp_path)})
    assert trouble.startswith("NVIDIA's library cannot be loaded: ")
    assert str(tmp_path) in trouble
    assert devices == "()"


def test_a_machine_without_the_bindings_says_so(
    nvidia: Watched, nvml_stub: NvmlStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml_stub.write(eight())
    monkeypatch.setitem(sys.modules, "pynvml", None)
    driver = nvidia.source.driver()
    assert driver.trouble.startswith("NVIDIA's bindings (nvidia-ml-py) cannot be used: ")


def test_another_process_meets_the_driver_by_the_loaders_path(nvml_stub: NvmlStub) -> None:
    nvml_stub.write(machine(device(0)))
    trouble, devices = said_by_a_process(dict(nvml_stub.environ))
    assert trouble == ""
    assert uuid(0) in devices


def test_nothing_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys; from sessiontui.metering.nvml import NvmlSource; s = NvmlSource(); s.close(); "
        "print('pynvml' in sys.modules, 'libnvidia-ml' in open('/proc/self/maps').read())"
    )
    assert said_by_a_process({}, code) == ["False False"]
