"""A session is saved while its engine or who saves it is killed, and from an image of next to no tools."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sessiontui.actions import rescue
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.files import Copying
from sessiontui.engine.stand_in import STAND_IN_LABEL
from tests.contract.conftest import Bench
from tests.contract.test_lost_engine import bench, private
from tests.contract.test_rescue import HOME, current, in_folder, ports_of, save
from tests.private_engine import PrivateEngine

__all__ = ["bench", "private"]


def stand_ins(private: PrivateEngine) -> list[Any]:
    client = private.client()._link.client
    return list(client.containers(all=True, filters={"label": STAND_IN_LABEL}))


def test_an_engine_that_is_killed_in_a_copy_loses_no_file(bench: Bench, private: PrivateEngine) -> None:
    session = bench.launch(bench.order(apps=()))
    bench.engine.run(session, ["sh", "-c", "head -c 6000000 /dev/urandom >model; md5sum <model >sum"])
    killed: list[Copying] = []

    def kill(copying: Copying) -> None:
        if copying.done and not killed:
            killed.append(copying)
            private.signal(signal.SIGKILL)

    with pytest.raises(SessiontuiError):
        save(bench, session, kill)
    assert killed
    assert in_folder(bench) == []
    private.start()
    left = current(bench, session)
    assert left is not None
    rescue.sweep(ports_of(bench))
    assert not stand_ins(private)
    there = Path(save(bench, left).path)
    assert (there / "model").stat().st_size == 6_000_000
    assert current(bench, session) is None


KILLED = """
import os, signal, sys
from pathlib import Path
from sessiontui.actions import rescue
from sessiontui.engine.containers import Containers
from sessiontui.storage.keeping import Keeping
from tests.contract.test_rescue import Bench, ports_of, save
from tests.real import real_engine

step, session_id, place = sys.argv[1:]

def dies(kind, name, after=False):
    method = getattr(kind, name)
    def dying(*words, **more):
        if after:
            method(*words, **more)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(kind, name, dying)

match step:
    case "copying": dies(Keeping, "_write")
    case "verified": dies(Keeping, "settle")
    case "moved": dies(Keeping, "settle", after=True)
    case "deleting": dies(Containers, "remove_home")
bench = Bench(real_engine(), "", Path(place), True)
save(bench, next(one for one in bench.engine.sessions() if one.id == session_id))
"""


def test_one_that_is_killed_at_any_step_loses_no_file_and_leaves_nothing(
    bench: Bench, private: PrivateEngine
) -> None:
    session = bench.launch(bench.order("killed", apps=()))
    assert bench.engine.run(session, ["sh", "-c", HOME]).exit_code == 0
    before = bench.engine.losses(bench.engine.stop(session))
    ports = ports_of(bench)
    copies = 0
    for step in ("copying", "verified", "moved", "deleting"):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, step, session.id, str(bench.tmp_path)],
            env={**os.environ, **private.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        rescue.sweep(ports)
        assert not stand_ins(private), step
        left = current(bench, session)
        assert left is not None, step
        told = bench.engine.losses(left)
        assert (told.files, told.bytes) >= (before.files, before.bytes), step
        copies += step in ("moved", "deleting")
        assert in_folder(bench) == ["killed", "killed-2"][:copies], step
    for name in in_folder(bench):
        there = bench.tmp_path / "folders" / "keep" / name
        assert (there / "runs" / "1" / "model").read_bytes() == b"weights"


def test_an_image_with_next_to_no_tools_is_counted_and_saved(bench: Bench) -> None:
    session = bench.launch(bench.order(apps=()))
    assert bench.engine.run(session, ["sh", "-c", HOME]).exit_code == 0
    running = bench.engine.losses(session)
    stopped = bench.engine.stop(session)
    told = bench.engine.losses(stopped)
    assert told.complete
    assert (told.files, told.bytes) == (running.files, running.bytes)
    with bench.engine.remains(stopped) as remains:
        census = remains.census()
    assert census is not None
    assert census.others == ("pipe",)
    saved = save(bench, stopped)
    assert (Path(saved.path) / "runs" / "1" / "model").read_bytes() == b"weights"
