"""What holds for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.nvml.stub import NvmlStub, compiled

# How long an example takes is the machine's business: performance is measured in tests/bench.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library with NVML's names, one for all the workers of a run."""
    base = tmp_path_factory.getbasetemp()
    where = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "nvml"
    where.mkdir(exist_ok=True)
    return compiled(where)


@pytest.fixture
def nvml_stub(nvml_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NvmlStub:
    """A driver of NVIDIA's that is loaded in this process, and in those started with its ``environ``.

    It is as if no driver were loaded until a script is written.
    """
    stub = NvmlStub(nvml_library, tmp_path)
    for name, value in stub.variables.items():
        monkeypatch.setenv(name, value)
    stub.load()
    return stub
