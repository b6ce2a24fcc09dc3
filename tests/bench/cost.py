"""What running programs cost, from ``/proc`` (proc(5)): CPU seconds and resident bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spent:
    """One process and the CPU seconds it has had; ``of_children`` are those of children that ended."""

    name: str
    parent: int
    own: float
    of_children: float

    @property
    def is_daemon(self) -> bool:
        """Whether it is one of the engine's daemons."""
        return self.name in ("dockerd", "containerd")

    @property
    def is_shim(self) -> bool:
        """Whether it is the engine's keeper of one container."""
        return self.name.startswith("containerd-shim")


Processes = Mapping[int, Spent]
"""Every process of the machine by its id, at one moment."""


def processes() -> Processes:
    """What every process has spent so far."""
    found = {}
    for directory in _PROC.iterdir():
        if directory.name.isdigit():
            try:
                one = _spent((directory / "stat").read_text(errors="replace"))
                if one.is_daemon or one.is_shim:
                    one = replace(one, own=_exactly(directory))
            except OSError:  # it ended meanwhile
                continue
            found[int(directory.name)] = one
    return found


def _exactly(process: Path) -> float:
    """CPU seconds of a process whose threads stay: a shim has less in a window than a tick, 10 ms."""
    return (
        sum(int((thread / "schedstat").read_text().split()[0]) for thread in (process / "task").iterdir())
        / 1e9
    )


def _spent(stat: str) -> Spent:
    # The name may hold anything, brackets and blanks too: fields are counted from its end.
    head, _, tail = stat.rpartition(")")
    fields = tail.split()
    own, of_children = (sum(map(int, fields[at : at + 2])) / _TICKS for at in (11, 13))
    return Spent(head.partition("(")[2], int(fields[1]), own, of_children)


def tree(root: int, of: Processes) -> set[int]:
    """A process and its living descendants."""
    found: set[int] = set()
    generation = {root} & of.keys()
    while generation:
        found |= generation
        generation = {pid for pid, one in of.items() if one.parent in generation} - found
    return found


def tree_seconds(root: int, of: Processes) -> float:
    """CPU seconds of a process with all its descendants, ended ones too."""
    return sum(of[pid].own + of[pid].of_children for pid in tree(root, of))


def engine_seconds(moments: Sequence[Processes]) -> float:
    """CPU seconds that the engine had from the first to the last of evenly spaced moments.

    All that the daemons had, and for each shim its middle window times their number: every two
    minutes a shim collects its garbage, which in a fleet comes to more than what is looked for here,
    and is nobody's asking.
    """
    windows = list(pairwise(moments))
    last = moments[-1]
    daemons = [pid for pid, one in last.items() if one.is_daemon]
    shims = [pid for pid, one in last.items() if one.is_shim]
    return sum(_had(pid, moments[0], last) for pid in daemons) + sum(
        len(windows) * median(_had(pid, *window) for window in windows) for pid in shims
    )


def _had(pid: int, before: Processes, after: Processes) -> float:
    return after[pid].own - before[pid].own if pid in before and pid in after else 0.0


def tree_resident(root: int) -> int:
    """Resident bytes of a process with its descendants."""
    return sum(_resident(pid) for pid in tree(root, processes()))


def _resident(pid: int) -> int:
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    return 0
