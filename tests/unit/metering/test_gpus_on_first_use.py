"""The meter of GPUs is made once, by whoever asks first, and its parts are not loaded before."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from sessiontui.metering.gpus_on_first_use import GpusOnFirstUse
from sessiontui.metering.port import GpuMeter
from sessiontui.metering.scripted_gpus import ScriptedGpus
from tests.unit.metering.drivers import device

PARTS = ("gpus", "nvml", "nvml_calls", "amd")
LOADED = f"""
import sys
from pathlib import Path
from sessiontui import wiring
from sessiontui.config import Settings
ports = wiring.ports(Settings(Path(sys.argv[1])), {{"HOME": sys.argv[1]}})
print([part for part in {PARTS} if f"sessiontui.metering.{{part}}" in sys.modules])
ports.gpus.devices()
print([part for part in {PARTS} if f"sessiontui.metering.{{part}}" in sys.modules])
ports.gpus.close()
"""


class Maker:
    """Makes meters of one device, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> GpuMeter:
        self.made += 1
        return ScriptedGpus((device(0),))


def test_it_is_made_once_whoever_asks_meanwhile() -> None:
    make = Maker()
    others: list[threading.Thread] = []

    def make_while_another_asks() -> GpuMeter:
        if not others:
            others.append(threading.Thread(target=meter.devices))
            others[0].start()
            # It waits for what is being made here: as long as this is not done, it has nothing.
            others[0].join(0.05)
        return make()

    meter = GpusOnFirstUse(make_while_another_asks)
    assert (make.made, others) == (0, [])
    assert meter.devices() == (device(0),)
    others[0].join()
    assert make.made == 1


def test_one_that_nobody_asked_is_not_made_to_be_closed() -> None:
    make = Maker()
    meter = GpusOnFirstUse(make)
    meter.close()
    assert (meter.devices(), make.made) == ((), 0)


def test_a_command_that_asks_for_no_devices_does_not_load_what_asks_drivers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["[]", str(list(PARTS))]
