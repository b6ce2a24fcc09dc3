"""Who gets a GPU that several want at once: pure rules.

An engine gives a device to every container that asks for it. So whoever launches makes a claim that all
others can see, looks at the claims of the others, and only then starts:

1. Create the container, or for a stopped session a container in its place (:mod:`.docker_claims`). From
   then on the engine's list has the claim.
2. Look at the list. Claims that conflict with ours are in the way.
3. Nobody in the way: start. An older one, or one that has what it claims: yield, which is to take ours
   back and say who has it. None but younger ones that have nothing yet: look again.

*No two get it.* Each starts after a last look that found nobody in its way, and its claim was in the list
before that look. Of two in conflict one had its last look later: then the claim of the other was in the
list, or what it claimed was running. That look found it.

*One gets it.* The age of a claim is told by what its creator and the engine wrote before it came into the
list, so an older one may come into it after a younger one has looked and gone on. Hence the older one
yields to what runs; and it waits for a younger one that does not run yet, which either saw it and yields,
or did not and runs in a moment. Of those that want one device, the oldest yields to nobody but to one that
has it. Who wants several devices may yield to one that yields itself, for another of them: then one device
is left over that somebody could have had.

*All come to an end.* Waiting goes from older to younger only, so never in a circle, and no longer than a
launch takes from its look to its start.

Age decides who yields, never who may start: that clocks differ costs fairness and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from sessiontui.domain.allocation import conflict
from sessiontui.domain.gpu import Holder

Age = tuple[float, float, str]
"""When by the engine's clock, to the second; when by its creator's; the container's id. Less is older."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Devices that somebody has, or is about to have."""

    holder: Holder
    devices: frozenset[str]
    """UUIDs."""
    age: Age
    held: bool
    """Whether it has them, or goes for them without a look at others: it yields to nobody."""


class Verdict(Enum):
    """What a look says to whoever looked."""

    GO = auto()
    """Nobody is in the way, and nobody who comes will not see us."""
    WAIT = auto()
    YIELD = auto()


def in_the_way(mine: Claim, others: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims that conflict with ours."""
    shared, uid = mine.holder.shared, -1 if mine.holder.uid is None else mine.holder.uid
    return tuple(one for one in others if one.devices & mine.devices and conflict(shared, uid, one.holder))


def verdict(mine: Claim, rivals: Iterable[Claim]) -> Verdict:
    """What to do about those in the way."""
    found = Verdict.GO
    for one in rivals:
        if one.held or one.age < mine.age:
            return Verdict.YIELD
        found = Verdict.WAIT
    return found


def holders(mine: Claim, rivals: Iterable[Claim]) -> Mapping[str, tuple[Holder, ...]]:
    """Who is in the way, by UUID of the device; each is named once, however many containers it has."""
    found: dict[str, dict[Holder, None]] = {}
    for one in rivals:
        for uuid in sorted(one.devices & mine.devices):
            found.setdefault(uuid, {})[one.holder] = None
    return {uuid: tuple(of_it) for uuid, of_it in found.items()}
