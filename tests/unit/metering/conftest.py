"""What tests of meters share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nvml.source import Watched, watched
from tests.nvml.stub import NvmlStub


@pytest.fixture
def nvidia(nvml_stub: NvmlStub, tmp_path: Path) -> Iterator[Watched]:
    """The source of NVIDIA's devices, which meets the driver that the test writes."""
    with watched(tmp_path / "bus") as source:
        yield source
