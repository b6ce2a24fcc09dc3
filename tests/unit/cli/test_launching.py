"""GPUs on the command line: what is asked for, and what is said of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui import cli, wiring
from sessiontui.access.keys import KeyRing
from sessiontui.access.ssh_config import SshConfig
from sessiontui.domain.gpu import Gpu, GpuProcess
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner
from sessiontui.domain.units import GIB
from sessiontui.metering.scripted_gpus import ScriptedGpus
from tests.dialogs import OWNER, World

GPUS = (
    Gpu("GPU-aa", 0, "H100", 80 * GIB),
    Gpu("GPU-ab", 1, "A10", 24 * GIB),
    Gpu("GPU-bb", 2, "A10", 24 * GIB, strangers=(GpuProcess(4211, command="python", user="bob"),)),
    Gpu("GPU-cc", 3, "H100", 80 * GIB),
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The command line works on an engine in memory with four devices, of which bob has one."""
    world = World(tmp_path)
    world.ports = replace(world.ports, gpus=ScriptedGpus(GPUS))
    config = SshConfig(tmp_path, tmp_path / "ssh_config", OWNER)
    monkeypatch.setattr(wiring, "ports", lambda settings, environ: world.ports)
    monkeypatch.setattr(wiring, "keys", lambda environ: KeyRing(tmp_path / "keys", OWNER, config))
    monkeypatch.setenv("HOME", str(tmp_path))
    handlers = [(one, signal.getsignal(one)) for one in (signal.SIGTERM, signal.SIGHUP)]
    world.session("train-7", owner=Owner("bob", 7, 7), devices=("GPU-cc",), ask=Ask(1, GIB, 1))
    yield world
    for one, handler in handlers:
        signal.signal(one, handler)


def launched(world: World, *options: str) -> tuple[tuple[str, ...], bool]:
    """The devices of what was launched, and whether it shares them."""
    name = f"session-{len(world.engine.sessions())}"
    assert cli.run(["launch", "python:3.12", "--name", name, *options]) == 0
    session = next(one for one in world.engine.sessions() if one.name == name)
    assert session.ask.gpu == len(session.devices)
    return session.devices, session.gpu_shared


@pytest.mark.parametrize(
    ("line", "devices"),
    [
        ("", ()),
        ("--gpu 1", ("GPU-ab",)),
        ("--gpu 2", ("GPU-aa", "GPU-ab")),
        ("--gpu-memory 24g", ("GPU-ab",)),
        ("--gpu-memory 40g", ("GPU-aa",)),
        ("--gpu 1 --gpu-memory 40g", ("GPU-aa",)),
        ("--gpu-device 1,GPU-aa", ("GPU-ab", "GPU-aa")),
        ("--gpu-device 1 --gpu-device 0 --gpu 2", ("GPU-ab", "GPU-aa")),
    ],
)
def test_gpus_are_asked_for_by_count_by_list_or_by_memory(
    world: World, line: str, devices: tuple[str, ...]
) -> None:
    assert launched(world, *line.split()) == (devices, False)


def test_to_share_is_asked_for_and_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert launched(world, "--gpu-device", "0", "--gpu-shared") == (("GPU-aa",), True)
    assert launched(world, "--gpu-device", "0", "--gpu-shared") == (("GPU-aa",), True)
    assert "GPU 0 is shared with session-1 of alice" in capsys.readouterr().err


def test_who_could_share_is_told_how(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    launched(world, "--gpu-device", "0,1,2")
    for wish in ("--gpu 1", "--gpu-device 0"):
        assert cli.run(["launch", "python:3.12", "--name", "refused", *wish.split()]) == 1
        assert "can be shared: add --gpu-shared" in capsys.readouterr().err


def test_a_strangers_process_is_a_caution(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    launched(world, "--gpu-device", "2")
    assert "GPU 2 is busy with python (4211) of bob, in no session" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "--gpu 3",
            "gpu: 2 of 4 GPUs are free; 2 busy with python (4211) of bob; 3: train-7 of bob; "
            "2 can be shared: add --gpu-shared",
        ),
        ("--gpu-device 3", "gpu: GPU 3 is held by train-7 of bob"),
        ("--gpu-device GPU-a", "gpu: 'GPU-a' could be 0 (GPU-aa), 1 (GPU-ab): write more of the UUID"),
        ("--gpu-device 0,", "gpu: there is no GPU '': known are 0-3"),
        ("--gpu-device 0 --gpu 2", "gpu: 1 named by hand, and 2 asked for"),
        ("--gpu-memory 24", "gpu: --gpu-memory 24 is so many bytes: write it like 24g"),
        ("--gpu-memory 0", "gpu: --gpu-memory 0 is so many bytes: write it like 24g"),
        ("--gpu-shared", "gpu: --gpu-shared is about GPUs: add --gpu N, --gpu-device or --gpu-memory"),
        ("--gpu 0 --gpu-shared", "gpu: --gpu-shared is about GPUs"),
        ("--gpu-memory 200g", "gpu: there is no GPU with 200G: the largest has 80G"),
        ("--gpu 0 --gpu-memory 24g", "gpu: --gpu 0 asks for none"),
        ("--gpu 1 --env NVIDIA_VISIBLE_DEVICES=all", "env: NVIDIA_VISIBLE_DEVICES decides which"),
    ],
)
def test_a_refusal_says_who_has_what(
    world: World, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    assert cli.run(["launch", "python:3.12", "--name", "refused", *line.split()]) == 1
    assert said in capsys.readouterr().err
    assert [one.name for one in world.engine.sessions()] == ["train-7"]


@pytest.mark.parametrize(
    ("options", "devices", "shared"),
    [
        ((), ("GPU-aa",), True),
        (("--gpu", "0"), (), False),
        (("--gpu-device", "1"), ("GPU-ab",), True),
        (("--gpu", "2", "--gpu-memory", "20g"), ("GPU-aa", "GPU-ab"), True),
        (("--no-gpu-shared",), ("GPU-aa",), False),
    ],
)
def test_a_launch_is_repeated_with_its_kind_of_gpus(
    world: World, options: tuple[str, ...], devices: tuple[str, ...], shared: bool
) -> None:
    assert launched(world, "--gpu-device", "0", "--gpu-shared") == (("GPU-aa",), True)
    assert cli.run(["rm", "--yes", "session-1"]) == 0
    assert cli.run(["launch", "--repeat", "session-1", "--name", "once-more", *options]) == 0
    again = next(one for one in world.engine.sessions() if one.name == "once-more")
    assert (again.devices, again.gpu_shared) == (devices, shared)
