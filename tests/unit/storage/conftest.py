"""What several tests of folders stand on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that every user may pass; that of the tests is one user's alone."""
    path = Path(tempfile.mkdtemp(prefix="sessiontui-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
