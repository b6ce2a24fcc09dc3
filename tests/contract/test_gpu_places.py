"""Processes that a driver lists, found in the containers of a real engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sessiontui.domain.gpu import GpuProcess, Place
from sessiontui.domain.session import Session
from sessiontui.engine.link import Link
from sessiontui.metering.gpus import LocalGpus
from sessiontui.metering.nvml import NvmlSource
from tests.contract.conftest import Bench
from tests.nvml import devices
from tests.nvml.stub import NvmlStub
from tests.real import prepared_environment, real_engine
from tests.unit.metering.test_gpu_processes import Tree

pytestmark = pytest.mark.beside

PATIENCE = 60.0


@dataclass
class Scene:
    """A session with a device, its process, one of this machine, and one that has ended."""

    session: Session
    link: Link
    ours: int
    hosts: int
    ended: int

    def script(self) -> str:
        """What the driver tells: that all of them compute."""
        computing = " ".join(f"{pid},{devices.GIB}" for pid in (self.ours, self.hosts, self.ended))
        return devices.machine(devices.device(0, compute=computing))

    def processes(self, gpus: LocalGpus) -> tuple[GpuProcess, ...]:
        sample = gpus.sample([self.session], patience=PATIENCE)
        assert not any(driver.trouble for driver in sample.drivers)
        return sample.readings[devices.uuid(0)].processes or ()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    engine = real_engine()
    bench = Bench(engine, prepared_environment(engine)[1].image, tmp_path_factory.mktemp("gpus"), real=True)
    link = Link(os.environ)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    try:
        session = bench.launch(bench.order(apps=()))
        assert session.pid is not None
        held = replace(session, devices=(devices.uuid(0),))
        yield Scene(held, link, session.pid, os.getpid(), ended.pid)
    finally:
        for one in engine.sessions():
            if one.id in bench.ids:
                engine.delete(one)
        link.drop()
        engine.close()


def test_the_kernel_tells_which_container_a_process_is_in(scene: Scene, nvml_stub: NvmlStub) -> None:
    nvml_stub.write(scene.script())
    gpus = LocalGpus([NvmlSource()])
    found = {one.pid: one for one in scene.processes(gpus)}
    gpus.close()
    assert found.keys() == {scene.ours, scene.hosts}, "what has ended is nobody's"
    ours, hosts = found[scene.ours], found[scene.hosts]
    assert (ours.place, ours.container_id) == (Place.CONTAINER, scene.session.container_id)
    assert ours.command
    assert ours.user
    assert (hosts.place, hosts.container_id) == (Place.HOST, "")
    assert {one.memory for one in found.values()} == {devices.GIB}


def test_the_engine_tells_it_where_the_kernel_does_not(
    scene: Scene, nvml_stub: NvmlStub, tmp_path: Path
) -> None:
    """As in a container, whose numbers of processes are its own."""
    nvml_stub.write(scene.script())
    gpus = LocalGpus([NvmlSource()], scene.link.top, proc=Tree(tmp_path, pid="4026532777").root)
    found = {one.pid: one for one in scene.processes(gpus)}
    gpus.close()
    ours = found.pop(scene.ours)
    assert (ours.place, ours.container_id) == (Place.CONTAINER, scene.session.container_id)
    assert ours.command
    assert {one.place for one in found.values()} == {Place.UNKNOWN}, "the engine knows its containers alone"
