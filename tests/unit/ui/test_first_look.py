"""What holds the parts together lets go of them in time."""

from __future__ import annotations

import threading
import time

from sessiontui.actions.ports import Ports
from sessiontui.engine.memory import MemoryEngine
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.storage.memory_records import MemoryRecords
from sessiontui.ui.first_look import FirstLook
from tests.pilot.stage import ALICE, ListedEnvironments, QuietHost, ScriptedMachine, ScriptedMeter, TwoFolders


class ClingingEngine(MemoryEngine):
    """Does not let go of its connection before somebody frees it."""

    def __init__(self) -> None:
        super().__init__()
        self.freed = threading.Event()

    def close(self) -> None:
        self.freed.wait(10)


class NotingGpus(ScriptedGpus):
    """Notes that it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()


def test_an_engine_that_hangs_does_not_hold_up_the_end() -> None:
    engine, gpus = ClingingEngine(), NotingGpus()
    first = FirstLook(
        lambda: Ports(
            engine,
            ScriptedMeter(),
            ScriptedMachine(),
            TwoFolders(),
            ListedEnvironments(),
            QuietHost(),
            ALICE,
            MemoryRecords(),
            gpus,
        )
    )
    first.taken()
    began = time.monotonic()
    first.close()
    assert time.monotonic() - began < 3
    assert gpus.closed.is_set()
    engine.freed.set()
