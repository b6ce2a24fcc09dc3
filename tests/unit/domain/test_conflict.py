"""Which claims to one device keep each other from it."""

from __future__ import annotations

from itertools import product

import pytest

from sessiontui.domain.allocation import conflict
from sessiontui.domain.gpu import Holder


def session(uid: int, *, shared: bool) -> Holder:
    return Holder("train", "alice", uid, "abc", shared=shared)


@pytest.mark.parametrize(
    ("shared", "holder", "conflicts"),
    [
        (False, session(1000, shared=False), True),
        (False, session(2000, shared=False), True),
        (True, session(1000, shared=False), False),
        (True, session(2000, shared=False), True),
        (False, session(1000, shared=True), False),
        (False, session(2000, shared=True), True),
        (True, session(1000, shared=True), False),
        (True, session(2000, shared=True), False),
        (False, Holder("postgres"), True),
        (True, Holder("postgres"), False),
    ],
)
def test_a_device_is_shared_by_who_asked_to_share_only(shared: bool, holder: Holder, conflicts: bool) -> None:
    assert conflict(shared, 1000, holder) is conflicts


def test_two_sessions_see_it_alike() -> None:
    for uid, shared, other_shared in product((1000, 2000), (True, False), (True, False)):
        mine, other = session(1000, shared=shared), session(uid, shared=other_shared)
        assert conflict(shared, 1000, other) == conflict(other_shared, uid, mine)
