"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes is the machine's business: performance is measured in tests/bench.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
