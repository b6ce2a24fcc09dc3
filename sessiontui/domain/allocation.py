"""Which devices a session gets, and who may have one beside whom: pure rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sessiontui.domain.errors import Problem, Refused
from sessiontui.domain.gpu import NO_GPU, ComputeMode, Gpu, GpuWish, Holder
from sessiontui.domain.gpu_words import holders_in_words, in_order, numbers, ungivable, watchers_hint, who_has
from sessiontui.domain.units import format_bytes

NOMINAL = 0.92
"""The share of its name that a device has at least: one sold with 24 GB tells 22.2 to 24 GiB, for its
firmware and its error correction keep some. The next smaller size on sale has less than that."""

NONE_HERE = "this engine has no GPU"
IF_ASKED = "can be shared, if you ask for that"
"""How a sentence ends about devices that others have: who knows how to ask says it in its place."""

_NOTHING: Mapping[str, int] = MappingProxyType({})


def conflict(shared: bool, uid: int, holder: Holder) -> bool:
    """Whether a holder keeps a device from a session of that user, launched to share its GPUs or not.

    Two sessions have one device only where both were launched to share, or where they are of one user
    and one of them was: each of them sees it alike. A container that is no session knows nothing of
    sharing: who asked to share puts up with it.
    """
    if not holder.session_id:
        return not shared
    # A session whose labels do not tell its user (-1) is nobody's in particular.
    same = uid == holder.uid and uid >= 0
    return not (shared and holder.shared) and not (same and (shared or holder.shared))


def may_share(holder: Holder, uid: int) -> bool:
    """Whether a session of that user that is launched to share can have a device beside the holder."""
    return not conflict(True, uid, holder)


def wanted(wish: GpuWish) -> int:
    """How many devices are wished for: those named by hand, else so many, else one where memory is named."""
    return len(wish.devices) or max(0, wish.count) or (1 if wish.memory is not None and not wish.count else 0)


def fits(memory: int | None, wished: int | None) -> bool:
    """Whether a device with so many bytes is one *of so much* as people say; an unknown amount is none."""
    return wished is None or (memory is not None and memory >= wished * NOMINAL)


def choose(
    wish: GpuWish,
    gpus: Sequence[Gpu],
    uid: int,
    *,
    used: Mapping[str, int] = _NOTHING,
    lot: Callable[[], float] | None = None,
) -> tuple[Gpu, ...]:
    """The devices for a wish of that user.

    By hand: the devices named, in that order, also those that only a process of no container uses.

    Else only such as are free; to share, free ones first, then those whose holders let us and those
    that a process of no container uses, the least used first. All are of one kind: a count asks for
    whole devices and, where all are divided, for parts; memory asks for the smallest that have it,
    whole or part. Of several ways the first that is better at: one model, (where memory is named:
    least memory,) fewest islands of links, fewest memory nodes, least memory, the island with the
    fewest left, the lowest numbers.

    ``used`` are the bytes in use by UUID, as far as they are known; ``lot`` draws lots (shares of 1)
    in place of the lowest numbers. Raises Refused, with all problems of the field ``gpu``.
    """
    if wish.devices:
        return _by_hand(wish, gpus, uid)
    count = wanted(wish)
    if not count:
        return ()
    pool = _pool(wish, gpus)
    able = [gpu for gpu in pool if _can_be_had(gpu, wish, uid, used)]
    if lot is None:
        ranks: Mapping[str, float] = {gpu.uuid: at for at, gpu in enumerate(sorted(able, key=in_order))}
    else:
        ranks = {gpu.uuid: lot() for gpu in able}
    search = _Search(wish, used, ranks)
    ways = [search.best(count, kind) for kind in _grouped(able, _kind) if len(kind) >= count]
    if not ways:
        raise Refused([Problem("gpu", _too_few(wish, count, pool, able, gpus, uid))])
    chosen = min(ways, key=search.order)
    return tuple(sorted(chosen, key=in_order))


def most(gpus: Sequence[Gpu], wish: GpuWish = NO_GPU, uid: int = -1) -> int:
    """How many devices such a wish can get at most now, whatever its count: those of one kind."""
    able = [gpu for gpu in _pool(wish, gpus) if _can_be_had(gpu, wish, uid, _NOTHING)]
    return max((len(kind) for kind in _grouped(able, _kind)), default=0)


@dataclass(frozen=True, slots=True)
class _Search:
    wish: GpuWish
    used: Mapping[str, int]
    ranks: Mapping[str, float]

    def best(self, count: int, kind: Sequence[Gpu]) -> list[Gpu]:
        """The best so many of the devices, which are enough."""
        free = [gpu for gpu in kind if gpu.free]
        if len(free) >= count:
            return self._take(count, free, [], _LEVELS)
        held = [gpu for gpu in kind if not gpu.free]
        return free + self._take(count - len(free), held, free, _LEVELS)

    def order(self, chosen: Sequence[Gpu]) -> tuple[tuple[float, ...], list[float]]:
        """What ways are compared by, the least is the best."""
        return self._quality(chosen), sorted(self.ranks[gpu.uuid] for gpu in chosen)

    def _take(self, count: int, members: list[Gpu], beside: list[Gpu], levels: Sequence[_Level]) -> list[Gpu]:
        """So many of the members, out of as few groups as can be on each level; ``beside`` are taken."""
        if not levels:
            return sorted(members, key=self._worth)[:count]
        groups = _grouped(members, levels[0])
        ways = [
            (self._take(count, group, beside, levels[1:]), len(group))
            for group in groups
            if len(group) >= count
        ]
        if ways:
            taken, _ = min(
                ways, key=lambda way: (self._quality([*beside, *way[0]]), way[1], self.order(way[0]))
            )
            return taken
        largest = min(groups, key=lambda group: (-len(group), self.order([*beside, *group])))
        rest = [gpu for gpu in members if gpu not in largest]
        return largest + self._take(count - len(largest), rest, [*beside, *largest], levels)

    def _quality(self, chosen: Sequence[Gpu]) -> tuple[float, ...]:
        memory = sum(math.inf if gpu.memory is None else gpu.memory for gpu in chosen)
        return (
            sum(not gpu.free for gpu in chosen),
            len({gpu.model for gpu in chosen}),
            memory if self.wish.memory is not None else 0,
            len({gpu.uuid if _link(gpu) is None else _link(gpu) for gpu in chosen}),
            len({gpu.numa for gpu in chosen}),
            sum(self._in_use(gpu) for gpu in chosen),
            memory,
        )

    def _worth(self, gpu: Gpu) -> tuple[float, float, float]:
        return self._in_use(gpu), math.inf if gpu.memory is None else gpu.memory, self.ranks[gpu.uuid]

    def _in_use(self, gpu: Gpu) -> float:
        return 0 if gpu.free else self.used.get(gpu.uuid, math.inf)


_Level = Callable[[Gpu], Hashable]


def _kind(gpu: Gpu) -> Hashable:
    """Devices of one kind go together into a session."""
    return gpu.vendor, gpu.part is None


def _model(gpu: Gpu) -> Hashable:
    return gpu.model


def _link(gpu: Gpu) -> Hashable:
    """What joins it to others: the device it is part of, or its island."""
    return gpu.parent or gpu.island


def _numa(gpu: Gpu) -> Hashable:
    return gpu.numa


_LEVELS: Sequence[_Level] = (_model, _link, _numa)


def _grouped(gpus: Iterable[Gpu], key: _Level) -> list[list[Gpu]]:
    groups: dict[Hashable, list[Gpu]] = {}
    for gpu in gpus:
        groups.setdefault(key(gpu), []).append(gpu)
    return list(groups.values())


def _pool(wish: GpuWish, gpus: Sequence[Gpu]) -> list[Gpu]:
    """The devices such a wish is about, had or not."""
    undivided = [gpu for gpu in gpus if not gpu.divided and fits(gpu.memory, wish.memory)]
    whole = [gpu for gpu in undivided if gpu.part is None]
    return whole if wish.memory is None and any(gpu.givable for gpu in whole) else undivided


def _can_be_had(gpu: Gpu, wish: GpuWish, uid: int, used: Mapping[str, int]) -> bool:
    if not gpu.givable:
        return False
    if gpu.free:
        return True
    if gpu.compute_mode is ComputeMode.EXCLUSIVE:
        # Where somebody computes, nobody else can.
        return False
    if not wish.shared or not all(may_share(holder, uid) for holder in gpu.holders):
        return False
    left = None if gpu.memory is None else gpu.memory - used.get(gpu.uuid, 0)
    return fits(left, wish.memory)


def _too_few(
    wish: GpuWish, count: int, pool: Sequence[Gpu], able: Sequence[Gpu], gpus: Sequence[Gpu], uid: int
) -> str:
    """Why there are not so many, who has them, and what can be done."""
    if not gpus:
        return NONE_HERE
    size = "" if wish.memory is None else f" with {format_bytes(wish.memory)}"
    if not pool:
        largest = max((gpu.memory or 0 for gpu in gpus if not gpu.divided), default=0)
        return f"there is no GPU{size}" + (f": the largest has {format_bytes(largest)}" if largest else "")
    parts = [gpu for gpu in gpus if gpu.free and gpu.part is not None and gpu not in pool]
    besides = f"{numbers(parts)} are free parts of a device: choose them by hand" if parts else ""
    if len(pool) < count:
        said = [f"there {_are(pool)} only {_counted(pool)}{size}", besides]
        return "; ".join(filter(None, said))
    state = "free or can be shared" if wish.shared else "free"
    lent = [] if wish.shared else _could_be_shared(wish, pool, uid)
    if len(able) >= count:
        remedy = "a device and a part of one do not go together, nor do those of two vendors"
    elif len(able) + len(lent) >= count:
        remedy = f"{numbers(lent)} {IF_ASKED}"
    elif besides or len([gpu for gpu in pool if gpu.givable]) < count:
        remedy = besides
    else:
        remedy = "wait for others to end"
    said = [f"{len(able)} of {_counted(pool)}{size} {_are(able, pool)} {state}"]
    unable = [gpu for gpu in pool if gpu not in able]
    hint = watchers_hint(holder for gpu in unable for holder in gpu.holders)
    return "; ".join(filter(None, (*said, who_has(unable), remedy, hint)))


def _could_be_shared(wish: GpuWish, pool: Sequence[Gpu], uid: int) -> list[Gpu]:
    sharing = GpuWish(memory=wish.memory, shared=True)
    return [gpu for gpu in pool if not gpu.free and _can_be_had(gpu, sharing, uid, _NOTHING)]


def _are(*counted: Sequence[Gpu]) -> str:
    return "is" if any(len(gpus) == 1 for gpus in counted) else "are"


def _counted(gpus: Sequence[Gpu]) -> str:
    """``1 GPU``, ``8 GPUs``; ``56 parts of GPUs`` where all are parts."""
    s = "" if len(gpus) == 1 else "s"
    if gpus and all(gpu.part is not None for gpu in gpus):
        return f"{len(gpus)} part{s} of GPUs"
    return f"{len(gpus)} GPU{s}"


def _by_hand(wish: GpuWish, gpus: Sequence[Gpu], uid: int) -> tuple[Gpu, ...]:
    if not gpus:
        raise Refused([Problem("gpu", NONE_HERE)])
    wrong: list[str] = []
    chosen: list[Gpu] = []
    holders: list[Holder] = []
    for name in wish.devices:
        try:
            gpu = named(name, gpus)
        except ValueError as error:
            wrong.append(str(error))
            continue
        if gpu in chosen:
            wrong.append(f"GPU {gpu.number} is named twice")
            continue
        chosen.append(gpu)
        if words := _unhad(gpu, wish, gpus, uid):
            wrong.append(f"GPU {gpu.number} {words}")
            holders += gpu.holders
    if wish.count not in (0, len(wish.devices)):
        wrong.append(f"{len(wish.devices)} named by hand, and {wish.count} asked for")
    if len({gpu.vendor for gpu in chosen}) > 1:
        wrong.append("devices of two vendors do not go together")
    if wrong:
        said = list(dict.fromkeys(wrong))
        said[-1] = "; ".join(filter(None, (said[-1], watchers_hint(holders))))
        raise Refused([Problem("gpu", one) for one in said])
    return tuple(chosen)


def named(name: str, gpus: Sequence[Gpu]) -> Gpu:
    """The device of a number (``0``, ``0:1``), a UUID or the beginning of one.

    Raises ValueError, with a sentence for the person, where there is none or more than one.
    """
    sought = name.strip().lower()
    found = [gpu for gpu in gpus if sought in (gpu.number, gpu.uuid.lower())]
    if not found and sought and not sought.replace(":", "").isdigit():
        found = [gpu for gpu in gpus if gpu.uuid.lower().startswith(sought)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError(f"there is no GPU {name!r}: known are {numbers(gpus) or 'none'}")
    which = ", ".join(f"{gpu.number} ({gpu.uuid})" for gpu in sorted(found, key=in_order)[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    raise ValueError(f"{name!r} could be {which}{more}: write more of the UUID")


def _unhad(gpu: Gpu, wish: GpuWish, gpus: Sequence[Gpu], uid: int) -> str:
    """Why it cannot be had, as the end of a sentence about it."""
    if words := ungivable(gpu, [part for part in gpus if part.parent == gpu.uuid]):
        return words
    if not fits(gpu.memory, wish.memory):
        known = f"has {format_bytes(gpu.memory)}" if gpu.memory else "does not tell its memory"
        return f"{known}: {format_bytes(wish.memory)} are asked for"
    if not gpu.holders:
        return ""
    refusing = [holder for holder in gpu.holders if not may_share(holder, uid)]
    if wish.shared and not refusing:
        return ""
    held = f"is held by {holders_in_words(gpu)}"
    if refusing:
        return f"{held}{', not launched to share it' if wish.shared else ''}"
    return f"{held}; it {IF_ASKED}"
