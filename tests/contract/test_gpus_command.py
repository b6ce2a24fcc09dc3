"""The command line tells of GPUs as NVIDIA's own bindings do, from a driver that tests write.

The program is started for itself: library, bindings, threads and engine are those of a person's run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sessiontui.domain.units import GIB
from tests.nvml.devices import DRIVER, device, machine, part, part_uuid, uuid
from tests.nvml.stub import NvmlStub
from tests.real import real_engine

pytestmark = pytest.mark.beside


@pytest.fixture
def driver(nvml_library: Path, tmp_path: Path) -> NvmlStub:
    """NVIDIA's driver, for programs that are started with its environment."""
    return NvmlStub(nvml_library, tmp_path)


def run(driver: NvmlStub, home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **driver.environ, "HOME": str(home), **variables}
    return subprocess.run(
        [sys.executable, "-m", "sessiontui", *words],
        check=False, capture_output=True, text=True, env=environ, timeout=60,
    )  # fmt: skip


def told(driver: NvmlStub, home: Path, **variables: str) -> dict[str, Any]:
    done = run(driver, home, "gpus", "--json", **variables)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_devices_parts_figures_and_what_is_wrong_come_from_the_driver(
    driver: NvmlStub, tmp_path: Path
) -> None:
    real_engine().close()
    busy: dict[str, str | int] = {
        "util": 87,
        "memory": f"{80 * GIB} 0 {33 * GIB}",
        "power": 310_400,
        "temperature": 64,
        "compute": f"{os.getpid()},{31 * GIB}",
    }
    driver.write(
        machine(
            device(0, **busy),
            device(1, mig=1, parts=1) + part(1, 0, gi=7),
            device(2, ecc=3),
            device(3) + "3.memory !15\n3.util !15\n3.power !15\n3.temperature !15\n",
        )
    )
    found = told(driver, tmp_path)
    assert (found["drivers"][0]["version"], found["holders_known"]) == (DRIVER, True)
    by_uuid = {one["uuid"]: one for one in found["gpus"]}
    assert list(by_uuid) == [uuid(0), uuid(1), part_uuid(1, 0), uuid(2), uuid(3)]
    first, split, small = by_uuid[uuid(0)], by_uuid[uuid(1)], by_uuid[part_uuid(1, 0)]
    assert (first["busy"], first["memory"], first["memory_total"]) == (0.87, 33 * GIB, 80 * GIB)
    assert (first["power"], first["power_limit"], first["temperature"]) == (310.4, 700.0, 64)
    assert [(one["pid"], one["memory"], one["attributed"]) for one in first["processes"]] == [
        (os.getpid(), 31 * GIB, False)
    ]
    assert first["free"] is False
    assert (split["divided"], split["free"]) == (True, False)
    assert (small["number"], small["parent"], small["busy"]) == ("1:0", uuid(1), None)
    assert small["memory_total"] == 10 * GIB
    about = {one["uuid"]: one["message"] for one in found["troubles"]}
    assert "3 memory errors" in about[uuid(2)]
    assert about[uuid(3)].startswith("GPU 3: ")


def test_without_an_engine_the_devices_are_told_and_their_holders_are_not(
    driver: NvmlStub, tmp_path: Path
) -> None:
    driver.write(machine(device(0)))
    done = run(driver, tmp_path, "gpus", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.returncode == 0
    assert "unknown" in done.stdout.splitlines()[1]
    assert "who holds them is unknown" in done.stderr


def test_a_machine_without_a_driver_has_none_and_says_what_was_tried(
    driver: NvmlStub, tmp_path: Path
) -> None:
    done = run(driver, tmp_path, "gpus")
    assert done.returncode == 0
    assert done.stdout.startswith("no GPU: NVIDIA: ")


def test_a_list_of_sessions_without_devices_asks_no_driver(driver: NvmlStub, tmp_path: Path) -> None:
    real_engine().close()
    driver.write(machine(device(0)))
    done = run(driver, tmp_path, "ls", "--all", "--json")
    assert done.returncode == 0, done.stderr
    # Others use the engine too, and may have sessions with devices.
    assert driver.calls() == [] or any("gpus" in one for one in json.loads(done.stdout))


def test_a_driver_that_hangs_does_not_keep_the_command_from_its_end(driver: NvmlStub, tmp_path: Path) -> None:
    driver.write(machine(device(0)) + "init.wait 600\n")
    done = run(driver, tmp_path, "gpus")
    assert done.returncode == 0
    assert done.stdout.startswith("no GPU: NVIDIA: the driver has not answered yet")
