"""What a person is told whose GPUs others have."""

from __future__ import annotations

from sessiontui.domain.gpu import Gpu, Holder
from sessiontui.engine.taken import devices_taken

GPUS = tuple(Gpu(f"GPU-{index}", index, "an H100") for index in range(3))
TRAIN, EVAL = Holder("train", "alice", 1000, "a"), Holder("eval", "bob", 1001, "b")


def test_each_device_is_told_with_who_has_it() -> None:
    error = devices_taken("mine", {"GPU-2": (EVAL,), "GPU-0": (TRAIN,), "GPU-1": (TRAIN,)}, GPUS)
    assert error.message == "mine: GPUs 0,1 are held by train of alice; GPU 2 is held by eval of bob"
    assert error.holders["GPU-2"] == (EVAL,)
    assert error.hint.startswith("stop what holds them or wait for its end")


def test_devices_are_told_as_people_count_them() -> None:
    many = tuple(Gpu(f"GPU-{index}", index, "an H100") for index in range(12))
    held = {gpu.uuid: (EVAL if gpu.index == 2 else TRAIN,) for gpu in many if gpu.index in (2, 9, 10, 11)}
    assert devices_taken("mine", held, many).message == (
        "mine: GPU 2 is held by eval of bob; GPUs 9-11 are held by train of alice"
    )


def test_a_device_with_several_holders_names_all_and_one_that_is_gone_goes_by_the_start_of_its_name() -> None:
    holders = {"GPU-1": (TRAIN, EVAL, Holder("postgres", why="privileged")), "GPU-0123456789abcdef": (TRAIN,)}
    assert devices_taken("mine", holders, GPUS).message == (
        "mine: GPU 1 is held by train of alice and eval of bob and container postgres (privileged); "
        "GPU GPU-01234567 is held by train of alice"
    )


def test_the_hint_tells_how_to_except_a_container_that_only_watches() -> None:
    setting = "; containers that only watch can be named in the setting gpu_watchers"
    watching = {
        "GPU-0": (Holder("exporter", why="all GPUs"),),
        "GPU-1": (Holder("exporter", why="all GPUs"),),
    }
    assert devices_taken("mine", watching, GPUS).hint.endswith(f"takes a free GPU{setting}")
    assert devices_taken("mine", {"GPU-0": (TRAIN,)}, GPUS).hint.endswith("takes a free GPU")
