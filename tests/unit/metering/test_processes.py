"""Processes of containers: in a tree of our own, and this machine's."""

from __future__ import annotations

import os
from pathlib import Path

from sessiontui.metering.kept_files import KeptFiles
from sessiontui.metering.processes import Process, Processes
from tests.unit.metering.machine import Machine
from tests.unit.metering.sessions import CONTAINER, OTHER_CONTAINER


def processes(machine: Machine) -> Processes:
    return Processes(str(machine.proc), KeptFiles().read)


def test_beginning_is_read_past_any_name(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    assert processes(machine).process(4321) == Process(4321, 500)


def test_process_of_the_same_number_that_began_later_is_another(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    found = Process(4321, 500)
    assert processes(machine).alive(found)
    machine.process(4321, CONTAINER, began=501)
    assert not processes(machine).alive(found)
    machine.end(4321)
    assert not processes(machine).alive(found)


def test_one_look_finds_the_first_process_of_each_container(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.process(20, CONTAINER, began=700)
    machine.process(30, OTHER_CONTAINER, began=600)
    machine.process(31, OTHER_CONTAINER, began=600)
    machine.process(40, "f" * 64, began=1)
    assert processes(machine).first_of({CONTAINER, OTHER_CONTAINER, "e" * 64}) == {
        CONTAINER: Process(4321, 500),
        OTHER_CONTAINER: Process(30, 600),
    }


def test_container_in_a_container_is_not_taken_for_the_outer_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 2)
    machine.process(20, OTHER_CONTAINER, began=700, path=f"/docker/{CONTAINER}/docker/{OTHER_CONTAINER}")
    found = processes(machine).first_of({CONTAINER, OTHER_CONTAINER})
    assert found == {CONTAINER: Process(4321, 500), OTHER_CONTAINER: Process(20, 700)}


def test_process_that_says_nonsense_is_passed_over(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1)
    machine.process(20, CONTAINER, began=1)
    (machine.proc / "20" / "stat").write_text("20 (")
    (machine.proc / "30").mkdir()
    assert processes(machine).first_of({CONTAINER}) == {CONTAINER: Process(4321, 500)}


def test_this_process_is_alive_and_its_machine_open_or_not() -> None:
    real = Processes("/proc", KeptFiles().read)
    ours = real.process(os.getpid())
    assert ours is not None
    assert ours.began > 0
    assert real.alive(ours)
    assert real.membership(ours.pid) == Path("/proc/self/cgroup").read_text()
    assert real.process(2**22 + 1) is None
    if os.geteuid() == 0:
        assert not real.hidden()
