from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sessiontui.domain.rescue import Tally, amount_of, sum_of
from sessiontui.domain.session import Losses, LostFile


def lost(path: str, second: int) -> LostFile:
    return LostFile(path, 1, datetime.fromtimestamp(second, UTC))


def test_losses_add_up_newest_first() -> None:
    total = sum_of([Losses(2, 2, (lost("b", 5), lost("a", 1))), Losses(3, 1, (lost("c", 3),))])
    assert total == Losses(5, 3, (lost("b", 5), lost("c", 3), lost("a", 1)))


def test_what_is_unknown_of_one_makes_the_sum_a_lower_bound() -> None:
    assert sum_of([Losses(2, 2), Losses(complete=False)]) == Losses(2, 2, complete=False)
    assert sum_of([Losses(complete=False)]) == Losses(complete=False)
    assert sum_of([]) == Losses(0, 0)


@pytest.mark.parametrize(
    ("losses", "text"),
    [
        (Losses(0, 0), "no files"),
        (Losses(5, 1), "1 file, 5B"),
        (Losses(2048, 2), "2 files, 2K"),
        (Losses(2048, 2, complete=False), "at least 2 files, 2K"),
        (Losses(0, 0, complete=False), "an unknown number of files"),
        (Losses(complete=False), "what cannot be counted"),
    ],
)
def test_an_amount_for_people(losses: Losses, text: str) -> None:
    assert amount_of(losses) == text


def test_a_tally_for_people() -> None:
    assert str(Tally(1, 5)) == "1 file, 5B"
    assert str(Tally(2, 2048, 1, 2) + Tally(1, 0, 1)) == "3 files, 2K, 2 directories, 2 links"
