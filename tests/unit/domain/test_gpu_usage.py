"""What a session uses of its GPUs, and who else is on them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.gpu import (
    NO_SAMPLE,
    Driver,
    Gpu,
    GpuProcess,
    GpuReading,
    GpuSample,
    Holder,
    Place,
    Vendor,
)
from sessiontui.domain.gpu_usage import (
    GpuUse,
    in_somebodys_way,
    is_lost,
    others_on,
    strangers_on,
    use_of,
    with_strangers,
)
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB, MIB
from tests.sessions import session

OURS, THEIRS = "a" * 64, "b" * 64
ME = Holder("train", "alice", 1000, "idtrain", OURS)
OTHER = Holder("fit", "bob", 1001, "idfit", THEIRS)


def running(*devices: str) -> Session:
    return session("train", phase=Phase.RUNNING, container_id=OURS, devices=devices)


def gpu(number: int, *holders: Holder) -> Gpu:
    return Gpu(f"GPU-{number}", number, "H100", 80 * GIB, holders or (ME,))


def part(number: int) -> Gpu:
    return Gpu(f"MIG-{number}", 7, "H100 MIG 1g.10gb", 10 * GIB, holders=(ME,), parent="GPU-7", part=number)


def told(uuid: str, *processes: GpuProcess, busy: float | None = 0.9, memory: int = 9 * GIB) -> GpuReading:
    """A device's reading; without processes the driver says that there are none."""
    return GpuReading(uuid, 1.0, busy, memory, 80 * GIB, processes=processes)


def ours(pid: int, memory: int | None = GIB, busy: float | None = 0.25) -> GpuProcess:
    return GpuProcess(pid, memory, busy, 1, Place.CONTAINER, OURS)


def theirs(pid: int, memory: int | None = 2 * GIB, busy: float | None = 0.5) -> GpuProcess:
    return GpuProcess(pid, memory, busy, 1, Place.CONTAINER, THEIRS)


def of_nobody(pid: int, memory: int | None = 3 * GIB, busy: float | None = 0.1) -> GpuProcess:
    return GpuProcess(pid, memory, busy, 1, Place.HOST)


def unseen(pid: int) -> GpuProcess:
    return GpuProcess(pid, 4 * GIB, 0.3)


def sample(*readings: GpuReading) -> GpuSample:
    return GpuSample({one.uuid: one for one in readings})


def test_session_without_devices_uses_none() -> None:
    assert use_of(running(), [gpu(0)], sample(told("GPU-0", ours(1)))) is None


def test_device_of_its_own_is_as_busy_as_the_driver_says() -> None:
    use = use_of(running("GPU-0"), [gpu(0)], sample(told("GPU-0", ours(1), ours(2, 3 * GIB))))
    assert use == GpuUse(0.9, 4 * GIB, 80 * GIB)


def test_several_devices_are_added_up_and_their_busy_is_the_mean() -> None:
    seen = sample(told("GPU-0", ours(1), busy=1.0), told("GPU-1", busy=0.5))
    assert use_of(running("GPU-0", "GPU-1"), [gpu(0), gpu(1)], seen) == GpuUse(0.75, GIB, 160 * GIB)


@pytest.mark.parametrize("processes", [None, (unseen(1), ours(2)), (ours(1, memory=None),)])
def test_memory_of_its_own_device_is_what_is_in_use_where_no_process_tells(
    processes: tuple[GpuProcess, ...] | None,
) -> None:
    seen = sample(replace(told("GPU-0"), processes=processes))
    assert use_of(running("GPU-0"), [gpu(0)], seen) == GpuUse(0.9, 9 * GIB, 80 * GIB)


def test_of_a_shared_device_only_its_own_processes_count() -> None:
    seen = sample(told("GPU-0", ours(1), theirs(2), ours(3)))
    assert use_of(running("GPU-0"), [gpu(0, ME, OTHER)], seen) == GpuUse(0.5, 2 * GIB, 80 * GIB)
    idle = sample(told("GPU-0", theirs(2)))
    assert use_of(running("GPU-0"), [gpu(0, ME, OTHER)], idle) == GpuUse(0.0, 0, 80 * GIB)


def test_of_a_shared_device_nothing_is_guessed() -> None:
    shared = [gpu(0, OTHER, ME)]
    unlisted = sample(replace(told("GPU-0"), processes=None))
    assert use_of(running("GPU-0"), shared, unlisted) == GpuUse(None, None, 80 * GIB)
    somewhere = sample(told("GPU-0", ours(1), unseen(2)))
    assert use_of(running("GPU-0"), shared, somewhere) == GpuUse(None, None, 80 * GIB)
    half = sample(told("GPU-0", ours(1, busy=None), ours(2, memory=None), theirs(3)))
    assert use_of(running("GPU-0"), shared, half) == GpuUse(None, None, 80 * GIB)


def test_work_of_a_process_of_nobody_is_not_the_sessions() -> None:
    seen = sample(told("GPU-0", ours(1), of_nobody(2)))
    assert use_of(running("GPU-0"), [gpu(0)], seen) == GpuUse(0.25, GIB, 80 * GIB)


def test_display_beside_it_takes_nothing_from_a_session() -> None:
    seen = sample(told("GPU-0", ours(1, busy=None), of_nobody(2, 4 * MIB, None)))
    assert use_of(running("GPU-0"), [gpu(0)], seen) == GpuUse(0.9, GIB, 80 * GIB)


def test_processes_together_are_never_busier_than_the_device() -> None:
    seen = sample(told("GPU-0", ours(1, busy=0.7), ours(2, busy=0.7), theirs(3)))
    use = use_of(running("GPU-0"), [gpu(0, ME, OTHER)], seen)
    assert use is not None
    assert use.busy == 1.0


def test_part_has_memory_and_no_driver_tells_how_busy_it_is() -> None:
    seen = sample(GpuReading("MIG-0", 1.0, memory=GIB, memory_total=10 * GIB))
    assert use_of(running("MIG-0"), [part(0)], seen) == GpuUse(None, GIB, 10 * GIB, divided=True)
    assert use_of(running("MIG-0"), [], seen) == GpuUse(None, None, 10 * GIB, divided=True)


def test_parts_and_devices_together_are_as_busy_as_nobody_knows() -> None:
    seen = sample(GpuReading("MIG-0", 1.0, memory=GIB, memory_total=10 * GIB), told("GPU-0", ours(1)))
    use = use_of(running("GPU-0", "MIG-0"), [gpu(0), part(0)], seen)
    assert use == GpuUse(None, 2 * GIB, 90 * GIB, divided=True)


def test_device_that_is_lost_makes_the_whole_unknown() -> None:
    lost = GpuReading("GPU-1", 1.0, trouble="GPU is lost")
    seen = sample(told("GPU-0", ours(1)), lost)
    assert use_of(running("GPU-0", "GPU-1"), [gpu(0), gpu(1)], seen) == GpuUse(None, None, 160 * GIB)
    assert use_of(running("GPU-0"), [gpu(0)], NO_SAMPLE) == GpuUse(None, None, 80 * GIB)


def test_of_a_device_that_nobody_lists_only_its_own_processes_count() -> None:
    seen = sample(told("GPU-9", ours(1), theirs(2)))
    assert use_of(running("GPU-9"), [], seen) == GpuUse(0.25, GIB, 80 * GIB)
    assert use_of(running("GPU-9"), [], NO_SAMPLE) == GpuUse()


def test_session_that_does_not_run_uses_nothing_that_is_known() -> None:
    stopped = replace(running("GPU-0"), phase=Phase.STOPPED)
    assert use_of(stopped, [gpu(0)], sample(told("GPU-0", theirs(1)))) == GpuUse(None, None, 80 * GIB)


def test_session_without_a_container_has_no_process() -> None:
    seen = sample(told("GPU-0", of_nobody(1), theirs(2)))
    assert use_of(replace(running("GPU-0"), container_id=None), [gpu(0, ME, OTHER)], seen) == GpuUse(
        0.0, 0, 80 * GIB
    )


def test_others_are_the_processes_of_no_container_asked_about() -> None:
    seen = sample(told("GPU-0", ours(1), theirs(2), of_nobody(3), unseen(4)))
    assert [one.pid for one in others_on("GPU-0", seen, {OURS})] == [2, 3, 4]
    assert [one.pid for one in others_on("GPU-0", seen, {OURS, THEIRS})] == [3, 4]
    assert others_on("GPU-1", seen, ()) == ()
    assert others_on("GPU-0", sample(replace(told("GPU-0"), processes=None)), ()) == ()


SEEN = sample(told("GPU-0", ours(1), theirs(2), of_nobody(3), unseen(4)))


@pytest.mark.parametrize(
    ("holders", "strangers"),
    [
        ((ME,), [2, 3]),
        ((ME, OTHER), [3]),
        ((Holder("unseen"),), [3]),
        ((), [1, 2, 3, 4]),
    ],
    ids=["another engine's container", "shared", "holder without a container", "held by nobody"],
)
def test_strangers_are_who_uses_a_device_and_holds_it_not(
    holders: tuple[Holder, ...], strangers: list[int]
) -> None:
    device = replace(gpu(0), holders=holders)
    assert [one.pid for one in strangers_on(device, SEEN)] == strangers


def test_devices_are_the_same_object_while_the_same_strangers_use_them() -> None:
    before = (gpu(0), gpu(1))
    seen = sample(told("GPU-0", of_nobody(3)), told("GPU-1"))
    used = with_strangers(before, seen)
    assert [[one.pid for one in device.strangers] for device in used] == [[3], []]
    later = sample(told("GPU-0", of_nobody(3, 9 * GIB, 0.9)), told("GPU-1"))
    assert with_strangers(used, later) is used
    assert with_strangers(used, sample(told("GPU-0"), told("GPU-1"))) == before
    another = replace(of_nobody(3), began=2)
    assert with_strangers(used, sample(told("GPU-0", another)))[0].strangers == (another,)


def test_strangers_are_not_gone_since_a_driver_is_silent() -> None:
    used = with_strangers((gpu(0),), sample(told("GPU-0", of_nobody(3))))
    assert with_strangers(used, NO_SAMPLE) is used
    assert with_strangers(used, sample(replace(told("GPU-0"), processes=None))) is used


def test_strangers_are_felt() -> None:
    display, trainer = of_nobody(5, 40 * MIB, 0.0), of_nobody(6, 40 * MIB, 0.2)
    seen = sample(told("GPU-0", of_nobody(3), display, trainer))
    assert [one.pid for one in strangers_on(gpu(0), seen)] == [3, 6]


@pytest.mark.parametrize(
    ("memory", "busy", "felt"),
    [
        (None, None, True),
        (64 * MIB, None, True),
        (64 * MIB - 1, None, False),
        (64 * MIB - 1, 0.0, False),
        (None, 0.0, False),
        (None, 0.01, True),
        (0, 0.01, False),
        (64 * MIB - 1, 0.049, False),
        (64 * MIB - 1, 0.05, True),
        (64 * MIB, 0.01, True),
    ],
)
def test_display_server_is_in_nobodys_way(memory: int | None, busy: float | None, felt: bool) -> None:
    assert in_somebodys_way(of_nobody(1, memory, busy)) is felt


def test_a_display_server_that_draws_now_and_then_changes_no_device() -> None:
    ticks = [sample(told("GPU-0", of_nobody(3, 10 * MIB, busy))) for busy in (0.0, 0.01, 0.0, 0.03)]
    gpus = (gpu(0),)
    assert all(with_strangers(gpus, tick) is gpus for tick in ticks)


WELL = Driver(Vendor.NVIDIA, "570", expected=True)
HANGS = Driver(Vendor.NVIDIA, "570", "it does not answer", True)
NO_AMD = Driver(Vendor.AMD, "", "it is not there")
AMD = Driver(Vendor.AMD, "6.12", expected=True)


@pytest.mark.parametrize(
    ("uuid", "listed", "read", "drivers", "lost"),
    [
        ("GPU-0", "GPU-0", "", (WELL,), False),
        ("GPU-9", "GPU-0", "", (WELL, NO_AMD), True),
        ("GPU-9", "GPU-0", "", (HANGS, AMD), False),
        ("MIG-9", "", "", (WELL,), True),
        ("GPU-9", "", "GPU-9", (WELL,), False),
        ("40ff-1", "GPU-0", "", (WELL, NO_AMD), False),
        ("40ff-1", "GPU-0", "", (HANGS, AMD), True),
        ("GPU-9", "GPU-0", "", (), True),
        ("GPU-9", "", "", (), False),
    ],
    ids=[
        "listed",
        "another is",
        "another vendor's is",
        "none is",
        "listed later",
        "no driver of it",
        "another of it is",
        "drivers not asked now",
        "no drivers here",
    ],
)
def test_lost_is_what_a_driver_that_answers_does_not_list(
    uuid: str, listed: str, read: str, drivers: tuple[Driver, ...], lost: bool
) -> None:
    gpus = [replace(gpu(0), uuid=listed)] if listed else []
    seen = GpuSample({read: told(read)} if read else {}, drivers)
    assert is_lost(uuid, gpus, seen) is lost


processes = st.builds(
    GpuProcess,
    pid=st.integers(1, 99),
    memory=st.none() | st.integers(0, 2**40),
    busy=st.none() | st.floats(0, 1),
    place=st.sampled_from(Place),
    container_id=st.sampled_from([OURS, THEIRS, ""]),
)
readings = st.lists(
    st.builds(
        GpuReading,
        uuid=st.sampled_from(["GPU-0", "GPU-1", "MIG-0"]),
        at=st.just(1.0),
        busy=st.none() | st.floats(0, 1),
        memory=st.none() | st.integers(0, 2**40),
        processes=st.none() | st.lists(processes, max_size=4).map(tuple),
        trouble=st.sampled_from(["", "lost"]),
    ),
    max_size=3,
)


@given(readings, st.lists(st.sampled_from(["GPU-0", "GPU-1", "MIG-0", "GPU-9"]), min_size=1, unique=True))
def test_whatever_a_driver_tells_a_use_is_within_its_bounds(
    seen: list[GpuReading], devices: list[str]
) -> None:
    use = use_of(running(*devices), [gpu(0), gpu(1, ME, OTHER), part(0)], sample(*seen))
    assert use is not None
    assert use.busy is None or 0 <= use.busy <= 1
    assert use.memory is None or use.memory >= 0
    assert use.divided == ("MIG-0" in devices)
