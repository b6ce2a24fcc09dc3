"""What all pictures are taken with."""

from __future__ import annotations

import pytest

from tests.pilot.stage import lend_terminal


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal to lend, as a person has one."""
    lend_terminal(monkeypatch)
