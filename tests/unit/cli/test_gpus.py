"""What the command line tells of GPUs: `gpus`, and the devices of sessions in `ls`."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sessiontui import cli, wiring
from sessiontui.domain.errors import EngineUnreachable
from sessiontui.domain.gpu import (
    NO_SAMPLE,
    ComputeMode,
    Driver,
    Gpu,
    GpuProcess,
    GpuReading,
    GpuSample,
    Holder,
    Place,
    Vendor,
)
from sessiontui.domain.resources import Ask, Capacity
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB, MIB
from sessiontui.metering.amd import AmdSource
from sessiontui.metering.gpus import LocalGpus
from sessiontui.metering.scripted_gpus import ScriptedGpus
from tests.amd.machine import LIBRARY, AmdMachine
from tests.dialogs import World

BOB = Owner("bob", 1001, 1001)
TRAINING = GpuProcess(100, 31 * GIB, 0.87, 1, Place.CONTAINER, "c-train", "python train.py", "work")
STRANGER = GpuProcess(4711, 2 * GIB, None, 7, Place.HOST, "", "python -m http", "bob")
HIDDEN = GpuProcess(4712)
WHOLE = Gpu("GPU-0", 0, "NVIDIA H100", 80 * GIB, numa=0, island=1)
SPLIT = Gpu("GPU-1", 1, "NVIDIA A100", 40 * GIB, divided=True)
PART = Gpu("MIG-1", 1, "NVIDIA A100 MIG 1g.5gb", 5 * GIB, parent="GPU-1", part=0)
FREE = Gpu("GPU-2", 2, "NVIDIA H100", 80 * GIB)
NVIDIA = Driver(Vendor.NVIDIA, "550.54.15", expected=True)
NO_AMD = Driver(Vendor.AMD, "", "amdsmi is not installed")
SAMPLE = GpuSample(
    {
        "GPU-0": GpuReading(
            "GPU-0", 9.0, 0.87, 33 * GIB, 80 * GIB, 0.0, 0.5, 310.4, 700.0, 64, 0, (TRAINING, STRANGER)
        ),
        "GPU-1": GpuReading("GPU-1", 9.0, None, 5 * GIB, 40 * GIB, power=50.0, temperature=30),
        "MIG-1": GpuReading("MIG-1", 9.0, None, 4 * GIB, 5 * GIB, processes=()),
        "GPU-2": GpuReading("GPU-2", 9.0, 0.0, 0, 80 * GIB, errors=3, processes=()),
    },
    (NVIDIA, NO_AMD),
)

Machine = Callable[..., None]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The command line works on an engine in memory."""
    world = World(tmp_path)
    monkeypatch.setattr(wiring, "ports", lambda settings, environ: world.ports)
    monkeypatch.setenv("HOME", str(tmp_path))
    handlers = [(one, signal.getsignal(one)) for one in (signal.SIGTERM, signal.SIGHUP)]
    yield world
    for one, handler in handlers:
        signal.signal(one, handler)


@pytest.fixture
def machine(world: World) -> Machine:
    """Gives the world these devices."""

    def furnish(devices: Sequence[Gpu] = (PART, FREE, WHOLE, SPLIT), sample: GpuSample = SAMPLE) -> None:
        world.ports = replace(world.ports, gpus=ScriptedGpus(devices, lambda sessions: sample))

    return furnish


@pytest.fixture
def training(world: World) -> Session:
    return world.session(
        "train", devices=("GPU-0",), ask=Ask(4, GIB, 1), container_id="c-train", gpu_shared=True
    )


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.run(words) == 0
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(said(capsys, *words, "--json"))


def cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise EngineUnreachable("no engine answers", "start it")

    for call in ("facts", "capacity", "sessions"):
        monkeypatch.setattr(world.engine, call, refuse)


def test_a_table_of_devices_with_holders_strangers_parts_and_what_is_wrong(
    machine: Machine, training: Session, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    machine()
    world.session("part", devices=("MIG-1",), owner=BOB, container_id="c-part")
    assert said(capsys, "gpus").splitlines() == [
        "GPU    MODEL       HELD BY                  MEMORY  BUSY       TEMP  POWER",
        "0      H100        train of alice (shared)  33/80G  87%        64°C  310/700W",
        "1      A100        divided                  5/40G   n/a (MIG)  30°C  50W",
        "  1:0  MIG 1g.5gb  part of bob              4/5G    n/a (MIG)  —     —",
        "2      H100        free                     0/80G   0%         —     —",
        "",
        "*unattributed*: processes of no session or container that has the device",
        "GPU  PID   USER  MEMORY  WHERE  COMMAND",
        "0    4711  bob   2G      host   python -m http",
        "",
        "NVIDIA driver 550.54.15",
        "",
        "GPU 2: 3 memory errors could not be corrected since the driver was loaded",
        "  what computed on it may be wrong; it wants a reset once nobody uses it",
    ]


@pytest.mark.parametrize(
    ("room", "row"),
    [
        (80, "0    H100 80GB HBM3  train of alice (shared)  33/80G  87%   64°C  310/700W"),
        (70, "0    H100 80GB HBM3  train of alice (sh…  33/80G  87%   64°C  310/700W"),
        (40, "0    H100 80GB HBM3  train of al…"),
    ],
)
def test_who_holds_a_device_gives_way_in_a_terminal_and_is_the_last_to_leave(
    machine: Machine,
    training: Session,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    room: int,
    row: str,
) -> None:
    machine((replace(WHOLE, model="NVIDIA H100 80GB HBM3"),))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(room))
    assert said(capsys, "gpus").splitlines()[1] == row


def test_each_holder_of_a_shared_device_has_a_line(
    machine: Machine, training: Session, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    machine((WHOLE, FREE))
    world.session("more", devices=("GPU-0",), owner=BOB, container_id="c-more", gpu_shared=True)
    assert [line.split() for line in said(capsys, "gpus").splitlines()[1:4]] == [
        ["0", "H100", "train", "of", "alice", "(shared)", "33/80G", "87%", "64°C", "310/700W"],
        ["more", "of", "bob", "(shared)"],
        ["2", "H100", "free", "0/80G", "0%", "—", "—"],
    ]


def test_json_tells_all_of_a_device_in_stable_keys(
    machine: Machine, training: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    machine((WHOLE,))
    found = told(capsys, "gpus")
    assert found == {
        "gpus": [
            {
                "uuid": "GPU-0", "number": "0", "model": "NVIDIA H100", "busy": 0.87,
                "memory": 33 * GIB, "memory_total": 80 * GIB, "power": 310.4, "temperature": 64,
                "index": 0, "part": None, "parent": None, "divided": False, "vendor": "nvidia",
                "compute_mode": "default", "numa": 0, "island": 1, "encoder": 0.0, "decoder": 0.5,
                "power_limit": 700.0, "errors": 0, "free": False,
                "holders": [
                    {
                        "name": "train", "owner": "alice", "uid": 1000, "session_id": "train",
                        "container_id": "c-train", "shared": True, "why": "",
                    }
                ],
                "processes": [
                    {
                        "pid": 100, "command": "python train.py", "user": "work", "memory": 31 * GIB,
                        "busy": 0.87, "place": "container", "container_id": "c-train", "attributed": True,
                    },
                    {
                        "pid": 4711, "command": "python -m http", "user": "bob", "memory": 2 * GIB,
                        "busy": None, "place": "host", "container_id": None, "attributed": False,
                    },
                ],
                "trouble": "",
            }
        ],
        "drivers": [
            {"vendor": "nvidia", "version": "550.54.15", "expected": True, "trouble": ""},
            {"vendor": "amd", "version": None, "expected": False, "trouble": "amdsmi is not installed"},
        ],
        "troubles": [],
        "holders_known": True,
    }  # fmt: skip


def test_what_is_not_told_is_null_and_a_device_without_a_reading_keeps_its_keys(
    machine: Machine, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    machine((FREE, PART))
    measured = told(capsys, "gpus")["gpus"]
    machine((replace(FREE, memory=None),), NO_SAMPLE)
    (bare,) = told(capsys, "gpus")["gpus"]
    assert {tuple(one) for one in (*measured, bare)} == {tuple(bare)}
    assert measured[0]["busy"] is None
    assert (measured[0]["part"], measured[0]["parent"]) == (0, "GPU-1")
    unknown = (
        "busy memory memory_total power temperature encoder decoder power_limit errors processes".split()
    )
    assert {key: bare[key] for key in unknown} == dict.fromkeys(unknown)
    assert bare["free"] is True


@pytest.mark.parametrize(
    ("process", "free"),
    [
        (STRANGER, False),
        (replace(STRANGER, memory=MIB), True),
        (HIDDEN, False),
        (replace(TRAINING, container_id="c-other"), False),
    ],
    ids=["in the way", "idle", "hidden", "in another engine's container"],
)
def test_a_device_is_free_as_a_launch_sees_it_and_whoever_else_is_on_it_is_listed(
    machine: Machine, capsys: pytest.CaptureFixture[str], process: GpuProcess, free: bool
) -> None:
    machine((FREE,), GpuSample({"GPU-2": GpuReading("GPU-2", 1.0, processes=(process,))}, (NVIDIA,)))
    device, _, _, _, listed = said(capsys, "gpus").splitlines()[1:6]
    assert device.split()[2] == ("free" if free else "*unattributed*")
    assert listed.split()[1] == str(process.pid)
    (one,) = told(capsys, "gpus")["gpus"]
    assert (one["free"], one["processes"][0]["attributed"]) == (free, False)


def test_a_driver_that_lists_nothing_has_not_lost_what_sessions_have(
    machine: Machine, training: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    machine((), GpuSample({}, (Driver(Vendor.NVIDIA, trouble="the driver has not answered yet"),)))
    assert said(capsys, "gpus") == "no GPU: NVIDIA: the driver has not answered yet\n"


def test_without_a_gpu_it_says_what_was_tried_and_that_is_no_failure(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    none = GpuSample({}, (replace(NVIDIA, version="", trouble="libnvidia-ml.so.1 is not there"), NO_AMD))
    machine((), none)
    words = "no GPU: NVIDIA: libnvidia-ml.so.1 is not there; AMD: amdsmi is not installed\n"
    assert said(capsys, "gpus") == words
    found = told(capsys, "gpus")
    assert found["gpus"] == []
    (trouble,) = found["troubles"]
    assert trouble == {
        "vendor": "nvidia",
        "uuid": None,
        "message": "NVIDIA driver: libnvidia-ml.so.1 is not there",
        "remedy": "",
    }
    assert [one["trouble"] for one in found["drivers"]] == [
        "libnvidia-ml.so.1 is not there",
        "amdsmi is not installed",
    ]


def test_a_driver_that_nobody_misses_is_no_trouble(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine((WHOLE,))
    assert told(capsys, "gpus")["troubles"] == []


def test_without_an_engine_holders_are_unknown_and_that_is_said(
    machine: Machine,
    world: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine((FREE, WHOLE))
    cut_off(world, monkeypatch)
    assert cli.run(["gpus"]) == 0
    out, err = capsys.readouterr()
    assert ["  unknown  " in line for line in out.splitlines()[:3]] == [False, True, True]
    assert err == "sessiontui: who holds them is unknown: no engine answers\n  start it\n"
    found = told(capsys, "gpus")
    assert found["holders_known"] is False
    assert [(one["free"], one["holders"]) for one in found["gpus"]] == [(None, None)] * 2


def test_an_engine_elsewhere_tells_nothing_of_the_devices_here(
    machine: Machine,
    training: Session,
    world: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine((WHOLE,))
    facts = replace(world.engine.facts(), local=False, host="gpu-box-9")
    monkeypatch.setattr(world.engine, "facts", lambda: facts)
    assert cli.run(["gpus"]) == 0
    out, err = capsys.readouterr()
    assert "unknown" in out
    assert "the engine is on gpu-box-9" in err
    (one,) = told(capsys, "ls")
    assert one["gpus"][0]["uuid"] == "GPU-0"
    assert one["gpus"][0]["number"] is None
    assert one["gpu_use"] == {"busy": None, "memory": None, "memory_total": None}


def test_a_missing_toolkit_a_lost_device_and_a_prohibited_one_are_said_in_words(
    machine: Machine,
    world: World,
    training: Session,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(
        (
            replace(FREE, compute_mode=ComputeMode.PROHIBITED),
            replace(SPLIT, divided=False, trouble="GPU is lost"),
        ),
        GpuSample({}, (NVIDIA,)),
    )
    give = world.engine.capacity

    def without_toolkit(devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
        return replace(give(devices, glance=glance), gpu_trouble="no toolkit", gpu_remedy="install it")

    monkeypatch.setattr(world.engine, "capacity", without_toolkit)
    assert said(capsys, "gpus").splitlines()[3:] == [
        "",
        "NVIDIA driver 550.54.15",
        "",
        "no toolkit",
        "  install it",
        "",
        "GPU 1: GPU is lost",
        "",
        "GPU 2: its compute mode lets no program compute on it",
        "  as root: nvidia-smi -i 2 -c DEFAULT",
        "",
        "train of alice has GPU-0, which no driver lists any more",
        "  stop it, and launch it anew with devices that are there",
    ]


@pytest.mark.parametrize(
    ("driver", "lost"),
    [
        (NVIDIA, True),
        (Driver(Vendor.NVIDIA, trouble="the driver has not answered yet"), False),
        (replace(NVIDIA, trouble="the driver has not answered in time since 12:00"), False),
    ],
    ids=["lists none", "did not answer", "hangs"],
)
def test_no_device_is_called_lost_while_its_driver_does_not_tell(
    machine: Machine, training: Session, capsys: pytest.CaptureFixture[str], driver: Driver, lost: bool
) -> None:
    machine((), GpuSample({}, (driver, NO_AMD)))
    assert ("train of alice has GPU-0" in said(capsys, "gpus")) is lost


def test_another_vendors_devices_come_by_the_same_way(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = AmdMachine(tmp_path)
    machine.plug("0000:03:00.0", drm__renderD128__dev="", hwmon__hwmon1__power1_average="310000000")
    machine.tell("0000:03:00.0", "40ff-1", processes=None)
    monkeypatch.syspath_prepend(LIBRARY)
    monkeypatch.setenv("AMDSMI_STAND_IN", str(machine.script))
    gpus = LocalGpus([AmdSource(machine.bus)])
    world.ports = replace(world.ports, gpus=gpus)
    world.session("train", devices=("40ff-1",), container_id="c-train")
    try:
        assert said(capsys, "gpus").splitlines()[1:] == [
            "0    Instinct MI300X  train of alice  20/192G  43%   —     310W",
            "",
            "AMD driver 6.10.5",
        ]
        (one,) = told(capsys, "ls")
        assert one["gpu_use"] == {"busy": 0.43, "memory": 20 * GIB, "memory_total": 192 * GIB}
    finally:
        gpus.close()
        sys.modules.pop("amdsmi", None)


# --- ls ------------------------------------------------------------------------------------------------


def test_ls_tells_of_a_session_with_devices_what_they_do_and_what_it_uses_itself(
    machine: Machine, training: Session, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    machine()
    world.session("plain")
    plain, train = told(capsys, "ls")
    assert "gpus" not in plain
    assert train["gpus"] == [
        {
            "uuid": "GPU-0", "number": "0", "model": "NVIDIA H100", "busy": 0.87, "memory": 33 * GIB,
            "memory_total": 80 * GIB, "power": 310.4, "temperature": 64, "shared": True,
            "use": {"busy": 0.87, "memory": 31 * GIB, "memory_total": 80 * GIB},
        }
    ]  # fmt: skip
    assert train["gpu_use"] == {"busy": 0.87, "memory": 31 * GIB, "memory_total": 80 * GIB}
    assert list(train) == [*plain, "gpus", "gpu_use"]


def test_ls_has_a_column_of_gpus_where_some_session_has_any(
    machine: Machine, training: Session, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    machine()
    world.session("plain")
    world.session("part", devices=("MIG-1", "GPU-9"), owner=BOB, container_id="c-part")
    world.session("over", devices=("GPU-2",), phase=Phase.STOPPED, container_id="c-over")
    lines = [line.split("  ") for line in said(capsys, "ls", "--all").splitlines()]
    column = {line[0]: [cell for cell in line if cell.strip()][5].strip() for line in lines}
    assert column == {
        "NAME": "GPU",
        "train": "0 87% 31/80G shared",
        "plain": "—",
        "part": "1:0,?",
        "over": "2",
    }


def test_ls_asks_no_driver_where_no_session_has_a_device(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    class Untouchable(ScriptedGpus):
        def devices(self) -> tuple[Gpu, ...]:
            raise AssertionError("the driver was asked")

    world.ports = replace(world.ports, gpus=Untouchable())
    world.session("plain")
    assert "GPU" not in said(capsys, "ls").splitlines()[0].split()
    assert [one["name"] for one in told(capsys, "ls")] == ["plain"]


def test_how_to_except_what_only_watches_is_told_once(
    machine: Machine, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine()
    hint = "containers that only watch can be named in the setting gpu_watchers"
    assert hint not in said(capsys, "gpus")
    given = world.engine.capacity

    def watched(*words: Any, **options: Any) -> Any:
        found = given(*words, **options)
        exporter = Holder("exporter", container_id="c0ffee", why="privileged")
        return replace(found, gpus=tuple(replace(gpu, holders=(exporter,)) for gpu in found.gpus))

    monkeypatch.setattr(world.engine, "capacity", watched)
    assert said(capsys, "gpus").splitlines()[-2:] == ["", hint]
    assert said(capsys, "gpus").count("gpu_watchers") == 1
