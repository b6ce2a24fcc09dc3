"""GPUs asked for on the command line, of a driver and an engine that are there but for the devices."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.gpu_engine import gpu_engine
from tests.nvml.devices import device, machine, part, uuid
from tests.nvml.stub import NvmlStub
from tests.private_engine import IMAGE

pytestmark = pytest.mark.beside

Run = Callable[..., subprocess.CompletedProcess[str]]
LAUNCH = ("launch", "--image", IMAGE, "--memory", "64m", "--name")


@pytest.fixture
def run(tmp_path: Path, nvml_library: Path) -> Iterator[tuple[Run, NvmlStub]]:
    """Runs the command line beside a driver of three devices, the last one in two parts."""
    stub = NvmlStub(nvml_library, tmp_path)
    stub.write(machine(device(0), device(1), device(2, mig=1, parts=7) + part(2, 0, 1) + part(2, 1, 2)))
    packages = tmp_path / "packages"
    packages.mkdir()
    with gpu_engine(packages, runtime=True) as engine:
        environ = {**os.environ, **engine.environ, **stub.environ, "HOME": str(tmp_path)}

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "sessiontui", *arguments]
            return subprocess.run(
                command, check=False, capture_output=True, text=True, env=environ, timeout=120
            )

        yield run, stub


def test_gpus_go_round_and_whoever_gets_none_is_told_who_has_them(run: tuple[Run, NvmlStub]) -> None:
    sessiontui, stub = run
    user = os.environ.get("USER") or "root"

    def launched(name: str, *options: str) -> str:
        done = sessiontui(*LAUNCH, name, *options)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def refused(*line: str) -> str:
        done = sessiontui(*line)
        assert done.returncode == 1
        return done.stderr

    launched("choice-small", "--gpu-memory", "10g")
    launched("choice-first", "--gpu", "1")
    said = refused(*LAUNCH, "choice-none", "--gpu", "2")
    assert f"1 of 2 GPUs is free; 0: choice-first of {user}; 0 can be shared: add --gpu-shared" in said
    said = refused(*LAUNCH, "choice-none", "--gpu-device", "2:0,2,5")
    assert f"GPU 2:0 is held by choice-small of {user}" in said
    assert "GPU 2 is divided into parts: name one of 2:0,2:1" in said
    assert "there is no GPU '5': known are 0-2,2:0,2:1" in said
    assert f"GPU 0 is shared with choice-first of {user}" in launched(
        "choice-second", "--gpu-device", uuid(0), "--gpu-shared"
    )
    assert sessiontui("stop", "choice-second", "choice-first").returncode == 0
    launched("choice-third", "--gpu", "2")
    assert f"choice-first: GPU 0 is held by choice-third of {user}" in refused("start", "choice-first")
    assert sessiontui("start", "choice-second").returncode == 0, "of one user, and launched to share"
    assert sessiontui("stop", "choice-second").returncode == 0
    stub.write(machine(device(1)))
    said = refused("start", "choice-second")
    assert f"choice-second: its GPU {uuid(0)} is not on this machine any more" in said
    assert "sessiontui launch --repeat choice-second" in said
