"""What people are told about devices."""

from __future__ import annotations

import pytest

from sessiontui.domain.gpu_words import memory_text
from sessiontui.domain.units import GIB, MIB


@pytest.mark.parametrize(
    ("used", "total", "words"),
    [
        (31 * GIB, int(79.6 * GIB), "31/80G"),
        (31 * GIB, 80 * GIB, "31/80G"),
        (512 * MIB, 80 * GIB, "512M/80G"),
        (0, 80 * GIB, "0/80G"),
        (None, 80 * GIB, "—/80G"),
        (GIB, None, "1G/—"),
        (int(9.5 * GIB), 80 * GIB, "9.5/80G"),
        (None, None, "—"),
    ],
)
def test_memory_is_written_with_one_unit_where_it_is_the_same(
    used: int | None, total: int | None, words: str
) -> None:
    assert memory_text(used, total) == words
