"""How far a copy is, in words."""

from __future__ import annotations

import pytest

from sessiontui.domain.files import Copying


@pytest.mark.parametrize(
    ("copying", "words"),
    [
        (Copying("x", 1024, 2048), "1K of 2K"),
        (Copying("x", 1024, None), "1K"),
        (Copying("x", 4096, 5), "4K"),
    ],
    ids=["known", "unknown", "more than there should be"],
)
def test_a_total_is_told_while_it_can_be_true(copying: Copying, words: str) -> None:
    assert copying.amount(0) == words
