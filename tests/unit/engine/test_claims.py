"""The rules of claims, tried in every order in which several launches can go on beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import pytest

from sessiontui.domain.gpu import Holder
from sessiontui.engine.claims import Claim, Verdict, holders, in_the_way, verdict


class Step(Enum):
    """How far a launch is."""

    BEFORE = auto()
    STAMPED = auto()
    """It has its age, and is in no list yet."""
    LISTED = auto()
    CLEARED = auto()
    """It was told to go, and does not run yet."""
    RUNS = auto()
    YIELDED = auto()
    """It was told to yield, and is still in the list."""
    GONE = auto()


@dataclass(frozen=True)
class Launch:
    """One that wants these devices."""

    devices: frozenset[str]
    step: Step = Step.BEFORE
    age: int = 0

    def claim(self, number: int) -> Claim:
        """What others see of it, where it is in the list."""
        holder = Holder(f"s{number}", "alice", 1000, f"id{number}")
        return Claim(holder, self.devices, (self.age, 0.0, str(number)), held=self.step is Step.RUNS)


State = tuple[Launch, ...]
LISTED = {Step.LISTED, Step.CLEARED, Step.RUNS, Step.YIELDED}
NEXT = {Step.STAMPED: Step.LISTED, Step.CLEARED: Step.RUNS, Step.YIELDED: Step.GONE}


def after(state: State, number: int) -> Launch:
    """The launch once it went on; the same where it waits or has ended."""
    launch = state[number]
    if launch.step is Step.BEFORE:
        return replace(launch, step=Step.STAMPED, age=max(one.age for one in state) + 1)
    if launch.step is Step.LISTED:
        others = [one.claim(at) for at, one in enumerate(state) if at != number and one.step in LISTED]
        mine = launch.claim(number)
        said = verdict(mine, in_the_way(mine, others))
        return replace(
            launch,
            step={
                Verdict.GO: Step.CLEARED,
                Verdict.WAIT: Step.LISTED,
                Verdict.YIELD: Step.YIELDED,
            }[said],
        )
    return replace(launch, step=NEXT.get(launch.step, launch.step))


def courses(start: State, *, killed: bool) -> Iterator[tuple[State, bool]]:
    """Every state that can be reached, and whether nothing can go on in it; with ``killed``, launches
    may end at any time before they run, and what they made counts no more.
    """
    seen, pending = {start}, [start]
    while pending:
        state = pending.pop()
        following = set()
        for number, launch in enumerate(state):
            went_on = after(state, number)
            following.add((*state[:number], went_on, *state[number + 1 :]))
            if killed and launch.step in {Step.STAMPED, Step.LISTED, Step.CLEARED}:
                following.add((*state[:number], replace(launch, step=Step.GONE), *state[number + 1 :]))
        following.discard(state)
        yield state, not following
        pending += following - seen
        seen |= following


def launches(*wanted: str) -> State:
    """Each wants the devices of one word, a letter each."""
    return tuple(Launch(frozenset(devices)) for devices in wanted)


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(
    "wanted", [("a", "a"), ("a", "a", "a"), ("ab", "bc", "cd"), ("ab", "bc", "ca"), ("ab", "a", "b")]
)
def test_no_two_run_with_one_device_and_all_come_to_an_end(wanted: Sequence[str], killed: bool) -> None:
    for state, at_rest in courses(launches(*wanted), killed=killed):
        running = [device for one in state if one.step is Step.RUNS for device in one.devices]
        assert len(running) == len(set(running)), state
        if at_rest:
            assert {one.step for one in state} <= {Step.RUNS, Step.GONE}, state


@pytest.mark.parametrize("wanted", [("a", "a"), ("a", "a", "a"), ("a", "b", "a", "b")])
def test_of_those_that_want_one_device_one_gets_it(wanted: Sequence[str]) -> None:
    for state, at_rest in courses(launches(*wanted), killed=False):
        if at_rest:
            running = [device for one in state if one.step is Step.RUNS for device in one.devices]
            assert sorted(running) == sorted(set(wanted)), state


def test_of_those_that_want_several_somebody_runs() -> None:
    for state, at_rest in courses(launches("ab", "bc", "ca"), killed=False):
        assert not at_rest or any(one.step is Step.RUNS for one in state), state


def test_who_is_in_the_way_is_told_by_device_and_once() -> None:
    mine = Launch(frozenset("ab"), age=3).claim(3)
    other = Launch(frozenset("bc"), age=2).claim(2)
    assert in_the_way(mine, [other, Launch(frozenset("c"), age=1).claim(1)]) == (other,)
    assert holders(mine, [other, other]) == {"b": (other.holder,)}


def test_who_shares_is_in_nobodys_way() -> None:
    mine = Launch(frozenset("a"), age=2).claim(2)
    lent = replace(mine, holder=replace(mine.holder, shared=True, uid=1001))
    other = Launch(frozenset("a"), step=Step.RUNS, age=1).claim(1)
    assert in_the_way(lent, [replace(other, holder=replace(other.holder, shared=True))]) == ()
    assert in_the_way(lent, [other]) == (other,)


def test_the_older_wins_where_neither_runs_and_what_runs_wins_at_any_age() -> None:
    older = Launch(frozenset("a"), age=1).claim(1)
    younger = Launch(frozenset("a"), age=2).claim(2)
    assert verdict(younger, [older]) is Verdict.YIELD
    assert verdict(older, [younger]) is Verdict.WAIT
    assert verdict(older, [replace(younger, held=True)]) is Verdict.YIELD
    assert verdict(older, [younger, replace(younger, held=True)]) is Verdict.YIELD
    assert verdict(older, []) is Verdict.GO
