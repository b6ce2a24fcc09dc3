"""Which devices a session gets, and who may have one beside whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.allocation import choose, conflict, fits, may_share, most, named
from sessiontui.domain.errors import Refused
from sessiontui.domain.gpu import ComputeMode, Gpu, GpuProcess, GpuWish, Holder, Place, Vendor
from sessiontui.domain.units import GIB, MIB

ALICE, BOB = 1000, 1001
MINE = Holder("nifty-bohr", "alice", ALICE, "1")
HERS = Holder("train-7", "bob", BOB, "2")
LENT = replace(HERS, name="lent-out", shared=True)
WEB = Holder("web", container_id="c0ffee", why="privileged")
PYTHON = GpuProcess(4211, 3 * GIB, command="python", user="bob", place=Place.HOST)


def card(index: int, memory: int | None = 80, model: str = "H100", **more: object) -> Gpu:
    """A whole device of so many GiB."""
    gpu = Gpu(f"GPU-{index}a{index}", index, model, None if memory is None else memory * GIB)
    return replace(gpu, **more)  # type: ignore[arg-type]


def parts(index: int, count: int, memory: int = 10, **more: object) -> tuple[Gpu, ...]:
    """A divided device and its parts of so many GiB."""
    whole = card(index, divided=True)
    made = (
        Gpu(f"MIG-{index}-{part}", index, f"H100 MIG {memory}g", memory * GIB, parent=whole.uuid, part=part)
        for part in range(count)
    )
    return (whole, *(replace(one, **more) for one in made))  # type: ignore[arg-type]


def got(
    gpus: Sequence[Gpu],
    count: int = 0,
    *devices: str,
    memory: int | None = None,
    shared: bool = False,
    used: Mapping[str, int] | None = None,
    lot: Callable[[], float] | None = None,
) -> list[str]:
    """The numbers of the devices that alice gets."""
    wish = GpuWish(count, devices, None if memory is None else memory * GIB, shared)
    return [gpu.number for gpu in choose(wish, gpus, ALICE, used=used or {}, lot=lot)]


def refused(gpus: Sequence[Gpu], count: int = 0, *devices: str, **more: object) -> list[str]:
    """What alice is told instead."""
    with pytest.raises(Refused) as caught:
        got(gpus, count, *devices, **more)  # type: ignore[arg-type]
    assert {problem.field for problem in caught.value.problems} == {"gpu"}
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("shared", "holder", "expected"),
    [
        (False, MINE, True),
        (False, HERS, True),
        (True, MINE, False),
        (True, HERS, True),
        (True, LENT, False),
        (False, LENT, True),
        (False, replace(MINE, shared=True), False),
        (False, WEB, True),
        (True, WEB, False),
    ],
)
def test_two_have_a_device_together_only_where_that_was_asked_for(
    shared: bool, holder: Holder, expected: bool
) -> None:
    assert conflict(shared, ALICE, holder) is expected


def test_sessions_whose_user_nobody_knows_are_not_of_one_user() -> None:
    assert conflict(True, -1, replace(HERS, uid=-1))


def test_who_shares_may_join_their_own_the_sharing_and_what_is_no_session() -> None:
    assert [may_share(holder, ALICE) for holder in (MINE, LENT, WEB, HERS)] == [True, True, True, False]


class TestByHand:
    """Devices named by a person."""

    GPUS = (card(0), card(1), *parts(2, 2))

    @pytest.mark.parametrize(
        ("names", "numbers"),
        [
            (("1",), ["1"]),
            (("1", "0"), ["1", "0"]),
            (("2:1",), ["2:1"]),
            (("GPU-0a0",), ["0"]),
            (("gpu-1",), ["1"]),
            (("MIG-2-0", "0"), ["2:0", "0"]),
        ],
    )
    def test_is_by_number_by_uuid_or_by_a_beginning_that_is_its_own(
        self, names: tuple[str, ...], numbers: list[str]
    ) -> None:
        assert got(self.GPUS, 0, *names) == numbers

    @pytest.mark.parametrize(
        ("gpu", "message"),
        [
            (card(3, compute_mode=ComputeMode.PROHIBITED), "GPU 3 lets no program compute"),
            (card(3, trouble="GPU is lost"), "GPU 3 cannot be used: GPU is lost"),
            (card(3, holders=(HERS,)), "GPU 3 is held by train-7 of bob"),
            (card(3, holders=(MINE,)), "nifty-bohr of alice; it can be shared, if you ask for that"),
            (card(3, holders=(WEB,)), "GPU 3 is held by container web (privileged); it can be shared"),
        ],
    )
    def test_says_why_one_cannot_be_had(self, gpu: Gpu, message: str) -> None:
        (said,) = refused((*self.GPUS, gpu), 0, "3")
        assert message in said

    def test_tells_once_how_to_except_containers_that_only_watch(self) -> None:
        gpus = tuple(card(index, holders=(WEB,)) for index in range(3))
        assert refused(gpus, 0, "0", "1") == [
            "GPU 0 is held by container web (privileged); it can be shared, if you ask for that",
            "GPU 1 is held by container web (privileged); it can be shared, if you ask for that; "
            "containers that only watch can be named in the setting gpu_watchers",
        ]
        (said,) = refused(gpus, 1)
        assert said.count("gpu_watchers") == 1
        named = tuple(card(index, holders=(replace(WEB, why=""),)) for index in range(3))
        assert "gpu_watchers" not in "".join(refused(named, 1) + refused(named, 0, "0"))

    def test_says_everything_at_once(self) -> None:
        gpus = (*self.GPUS, card(3, holders=(HERS,)))
        assert refused(gpus, 3, "9", "GPU-", "0", "GPU-0a0", "2", "3") == [
            "there is no GPU '9': known are 0-2,2:0,2:1,3",
            "'GPU-' could be 0 (GPU-0a0), 1 (GPU-1a1), 2 (GPU-2a2) and 1 more: write more of the UUID",
            "GPU 0 is named twice",
            "GPU 2 is divided into parts: name one of 2:0,2:1",
            "GPU 3 is held by train-7 of bob",
            "6 named by hand, and 3 asked for",
        ]

    def test_takes_one_that_only_a_stranger_uses(self) -> None:
        assert got((card(0, strangers=(PYTHON,)),), 0, "0") == ["0"]

    def test_holds_them_to_the_memory_that_is_asked_for(self) -> None:
        assert got(self.GPUS, 0, "0", memory=80) == ["0"]
        assert refused(self.GPUS, 0, "0", memory=96) == ["GPU 0 has 80G: 96G are asked for"]
        assert "does not tell its memory" in refused((card(0, None),), 0, "0", memory=1)[0]

    def test_shares_where_the_holders_let_us(self) -> None:
        gpus = (card(0, holders=(MINE, WEB)), card(1, holders=(LENT,)), card(2, holders=(LENT, HERS)))
        assert got(gpus, 0, "0", "1", shared=True) == ["0", "1"]
        (said,) = refused(gpus, 0, "2", shared=True)
        assert said == "GPU 2 is held by lent-out of bob, train-7 of bob, not launched to share it"

    def test_a_number_of_two_vendors_is_told_apart_by_uuid(self) -> None:
        gpus = (card(0), replace(card(0), uuid="AMD-0", vendor=Vendor.AMD))
        assert "'0' could be 0 (AMD-0), 0 (GPU-0a0)" in refused(gpus, 0, "0")[0]
        assert refused(gpus, 0, "AMD-0", "GPU-0a0") == ["devices of two vendors do not go together"]

    def test_an_empty_name_is_nobodys(self) -> None:
        assert refused((card(0),), 0, "") == ["there is no GPU '': known are 0"]
        assert refused((), 0, "0") == ["this engine has no GPU"]


class TestAutomatically:
    """Devices chosen for a person."""

    def test_takes_none_where_none_is_wished_for(self) -> None:
        assert got((card(0),)) == []
        assert got((), shared=True) == []

    def test_takes_the_lowest_numbers_of_those_that_nobody_has_or_uses(self) -> None:
        gpus = (
            card(5),
            card(0, holders=(MINE,)),
            card(1, strangers=(PYTHON,)),
            card(2, trouble="GPU is lost"),
            card(3, compute_mode=ComputeMode.PROHIBITED),
            card(4),
        )
        assert got(gpus, 1) == ["4"]
        assert got(gpus, 2) == ["4", "5"]

    def test_takes_what_a_process_of_no_container_uses_only_to_share(self) -> None:
        used = card(0, strangers=(PYTHON,))
        with pytest.raises(Refused, match="0 can be shared, if you ask for that"):
            got((used,), 1)
        assert got((used,), 1, shared=True) == ["0"]
        assert got((used, card(1)), 1, shared=True) == ["1"]
        with pytest.raises(Refused):
            got((replace(used, compute_mode=ComputeMode.EXCLUSIVE),), 1, shared=True)

    def test_takes_the_smallest_that_has_the_memory(self) -> None:
        gpus = (card(0, 80), card(1, 24, "A10"), card(2, 40, "A100"), card(3, None, "unknown"))
        assert got(gpus, memory=30) == ["2"]
        assert got(gpus, 1, memory=24) == ["1"]
        assert got(gpus, 1) == ["1"]
        assert got((card(3, None),), 1) == ["3"]
        assert refused((card(3, None),), memory=1) == ["there is no GPU with 1G"]

    @pytest.mark.parametrize(
        ("mebibytes", "name"),
        [(81559, 80), (24564, 24), (23028, 24), (22731, 24), (15360, 16), (9728, 10), (4864, 5)],
    )
    def test_memory_is_what_a_device_is_sold_with(self, mebibytes: int, name: int) -> None:
        assert fits(mebibytes * MIB, name * GIB)

    @pytest.mark.parametrize(("has", "name"), [(11, 12), (22, 24), (16, 24), (40, 48), (80, 94)])
    def test_the_next_smaller_size_on_sale_is_not_enough(self, has: int, name: int) -> None:
        assert not fits(has * GIB, name * GIB)

    def test_takes_one_model_before_a_mix(self) -> None:
        gpus = (card(0, 24, "A10"), card(1), card(2, 24, "A10"), card(3), card(4))
        assert got(gpus, 2) == ["0", "2"]
        assert got(gpus, 3) == ["1", "3", "4"]
        assert got(gpus, 4) == ["0", "1", "3", "4"]
        assert got(gpus, 2, memory=30) == ["1", "3"]

    def test_takes_one_island_before_one_memory_node_before_low_numbers(self) -> None:
        linked = [card(index, island=index % 2, numa=index // 4) for index in range(8)]
        assert got(linked, 2) == ["0", "2"], "one island and one node"
        assert got(linked, 4) == ["0", "2", "4", "6"], "one island"
        assert got([card(index, numa=index % 2) for index in range(4)], 2) == ["0", "2"]

    def test_spreads_over_as_few_islands_as_can_be(self) -> None:
        pairs = [card(index, island=index // 2, holders=(HERS,) if index == 0 else ()) for index in range(8)]
        assert got(pairs, 4) == ["2", "3", "4", "5"]
        assert got(pairs, 3) == ["1", "2", "3"]
        assert got(pairs, 1) == ["1"], "whole islands are kept for those who want several"

    def test_a_count_asks_for_whole_devices_and_for_parts_where_all_are_divided(self) -> None:
        gpus = (*parts(0, 3), card(1), card(2, holders=(HERS,)))
        assert got(gpus, 1) == ["1"]
        assert got((*parts(0, 3), *parts(1, 2)), 2) == ["1:0", "1:1"]
        assert got((*parts(0, 3), card(1, trouble="lost")), 1) == ["0:0"]

    def test_memory_asks_for_parts_too(self) -> None:
        gpus = (card(0), *parts(1, 3), *parts(2, 2, 20))
        assert got(gpus, memory=10) == ["1:0"]
        assert got(gpus, 2, memory=15) == ["2:0", "2:1"]
        assert got(gpus, memory=40) == ["0"]

    def test_shares_what_is_free_first_then_what_is_used_least(self) -> None:
        gpus = (
            card(0, holders=(MINE,)),
            card(1, holders=(LENT,)),
            card(2),
            card(3, holders=(HERS,)),
            card(4, holders=(WEB,)),
        )
        used = {gpus[0].uuid: 30 * GIB, gpus[1].uuid: 2 * GIB}
        assert got(gpus, 1, shared=True, used=used) == ["2"]
        assert got(gpus, 2, shared=True, used=used) == ["1", "2"]
        assert got(gpus, 3, shared=True, used=used) == ["0", "1", "2"]
        assert got(gpus, 4, shared=True, used=used) == ["0", "1", "2", "4"], "of 4 nobody knows"

    def test_shares_what_has_the_memory_unused(self) -> None:
        gpus = (card(0, holders=(MINE,)), card(1, holders=(LENT,)))
        used = {gpus[0].uuid: 60 * GIB, gpus[1].uuid: 61 * GIB}
        assert got(gpus, memory=20, shared=True, used=used) == ["0"]
        assert refused(gpus, memory=40, shared=True, used=used) == [
            "0 of 2 GPUs with 40G are free or can be shared; 0: nifty-bohr of alice; 1: lent-out of bob; "
            "wait for others to end"
        ]

    def test_draws_lots_among_equals_alone(self) -> None:
        def lots(*shares: float) -> Callable[[], float]:
            drawn: Iterator[float] = iter(shares)
            return lambda: next(drawn)

        gpus = (card(0), card(1), card(2), card(3, 40, "A100"))
        assert got(gpus, 1, memory=80, lot=lots(0.9, 0.1, 0.5)) == ["1"]
        assert got(gpus, 2, memory=80, lot=lots(0.9, 0.1, 0.5)) == ["1", "2"]
        assert got(gpus, 1, lot=lots(0.1, 0.2, 0.3, 0.9)) == ["3"], "the smallest, whatever the lots say"


class TestTooFew:
    """What is said where there are not so many."""

    def test_says_who_has_which_and_what_hinders(self) -> None:
        gpus = (
            card(0, holders=(HERS,)),
            card(1, holders=(HERS,)),
            card(2),
            card(3, holders=(WEB,)),
            card(4),
            card(5, strangers=(PYTHON, GpuProcess(9))),
            card(6, compute_mode=ComputeMode.PROHIBITED),
            card(7, trouble="GPU is lost"),
        )
        assert refused(gpus, 4) == [
            "2 of 8 GPUs are free; 0,1: train-7 of bob; 3: container web (privileged); "
            "5 busy with python (4211) of bob and 1 more; 6 lets no program compute (compute mode "
            "prohibited); 7 cannot be used: GPU is lost; 3,5 can be shared, if you ask for that; "
            "containers that only watch can be named in the setting gpu_watchers"
        ]

    def test_says_what_could_be_shared_where_that_would_do(self) -> None:
        gpus = (card(0, holders=(MINE,)), card(1, holders=(LENT,)), card(2, holders=(HERS,)))
        assert refused(gpus, 2)[0].endswith("; 0,1 can be shared, if you ask for that")
        assert refused(gpus, 3)[0].endswith("; wait for others to end")

    def test_says_where_the_machine_has_not_so_many(self) -> None:
        assert refused((), 1) == ["this engine has no GPU"]
        assert refused((card(0),), 2) == ["there is only 1 GPU"]
        assert refused(parts(0, 7), 8) == ["there are only 7 parts of GPUs"]
        assert refused((card(0),), memory=200) == ["there is no GPU with 200G: the largest has 80G"]
        assert refused((card(0), card(1, 24, "A10")), 2, memory=40) == ["there is only 1 GPU with 40G"]

    def test_advises_to_wait_only_where_that_helps(self) -> None:
        gpus = (card(0, holders=(HERS,)), card(1, trouble="GPU is lost"))
        assert refused(gpus, 1)[0].endswith("; wait for others to end")
        assert refused(gpus, 2) == [
            "0 of 2 GPUs are free; 0: train-7 of bob; 1 cannot be used: GPU is lost",
        ]

    def test_says_that_there_are_parts(self) -> None:
        gpus = (*parts(0, 4), card(1, holders=(HERS,)))
        assert refused(gpus, 1) == [
            "0 of 1 GPU is free; 1: train-7 of bob; 0:0-3 are free parts of a device: choose them by hand"
        ]

    def test_says_what_does_not_go_together(self) -> None:
        gpus = (*parts(0, 1), card(1))
        assert "do not go together" in refused(gpus, 2, memory=10)[0]


_HOLDERS = st.lists(st.sampled_from((MINE, HERS, LENT, WEB)), max_size=2).map(tuple)


@st.composite
def _machines(draw: st.DrawFn) -> tuple[Gpu, ...]:
    made: list[Gpu] = []
    for index in range(draw(st.integers(0, 8))):
        model, memory = draw(st.sampled_from((("A10", 24), ("A100", 80), ("H100", 80), ("odd", None))))
        device = card(
            index,
            memory,
            model,
            holders=draw(_HOLDERS),
            island=draw(st.sampled_from((None, 0, 1))),
            numa=draw(st.sampled_from((None, 0, 1))),
            strangers=draw(st.sampled_from(((), (), (PYTHON,)))),
            trouble=draw(st.sampled_from(("", "", "", "GPU is lost"))),
        )
        if draw(st.booleans()):
            made.append(device)
            continue
        made.append(replace(device, divided=True, holders=(), strangers=()))
        for part in range(draw(st.integers(0, 7))):
            made.append(
                replace(
                    device,
                    uuid=f"MIG-{index}-{part}",
                    parent=device.uuid,
                    part=part,
                    memory=10 * GIB,
                    holders=draw(_HOLDERS),
                )
            )
    return tuple(draw(st.permutations(made)))


@given(
    _machines(),
    st.integers(1, 9),
    st.sampled_from((None, 10 * GIB, 24 * GIB, 80 * GIB)),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_what_is_chosen_can_be_had_and_is_enough(
    gpus: tuple[Gpu, ...], count: int, memory: int | None, shared: bool, random: Random
) -> None:
    wish = GpuWish(count, memory=memory, shared=shared)
    had = [
        gpu
        for gpu in gpus
        if fits(gpu.memory, memory)
        and (gpu.free or (shared and gpu.givable and all(may_share(one, ALICE) for one in gpu.holders)))
    ]
    whole, split = [gpu for gpu in had if gpu.part is None], [gpu for gpu in had if gpu.part is not None]
    if memory is None and any(gpu.givable and gpu.part is None for gpu in gpus):
        split = []
    try:
        chosen = choose(wish, gpus, ALICE)
    except Refused:
        assert max(len(whole), len(split)) < count
        assert most(gpus, wish, ALICE) < count
        return
    assert most(gpus, wish, ALICE) >= count
    assert len(set(chosen)) == len(chosen) == count
    pools = [pool for pool in (whole, split) if set(chosen) <= set(pool)]
    assert pools, "of one kind, and all of it to be had"
    assert choose(wish, tuple(reversed(gpus)), ALICE) == chosen, "whatever order they are told in"
    drawn = choose(wish, gpus, ALICE, lot=random.random)
    assert len({gpu.uuid for gpu in drawn}) == count

    def held(devices: Sequence[Gpu]) -> int:
        return sum(not gpu.free for gpu in devices)

    def memory_of(gpu: Gpu) -> float:
        return gpu.memory or float("inf")

    free = [gpu for gpu in pools[0] if gpu.free]
    assert held(drawn) == held(chosen) == max(0, count - len(free))
    if held(chosen) == 0 and memory is None:
        models = {gpu.model for gpu in free}
        if any(sum(gpu.model == model for gpu in free) >= count for model in models):
            assert len({gpu.model for gpu in chosen}) == 1
    if count == 1 and held(chosen) == 0:
        everything = [gpu for gpu in (*whole, *split) if gpu.free]
        assert memory_of(chosen[0]) == min(map(memory_of, everything))


def test_a_device_is_found_by_what_people_call_it() -> None:
    gpus = (card(0), card(1))
    assert named(" 1 ", gpus) is gpus[1]
    with pytest.raises(ValueError, match=r"there is no GPU '2': known are 0,1"):
        named("2", gpus)
