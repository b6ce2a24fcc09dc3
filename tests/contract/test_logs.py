"""The log of a session on a real engine: after its end, and while it comes as fast as it can."""

from __future__ import annotations

import threading
from pathlib import Path

import docker
import pytest

from sessiontui.actions import logs
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.session import Phase
from sessiontui.domain.units import MIB
from sessiontui.ui.log_reader import LogReader
from tests.contract.conftest import Bench
from tests.contract.test_docker import client as client

pytestmark = pytest.mark.beside

_LOG = "/opt/sessiontui/session/log/session.log"
"""What is written here becomes the session's output."""


def test_the_log_is_there_whole_after_a_flood_and_after_stop_and_kill(
    docker_bench: Bench, client: docker.APIClient, tmp_path: Path
) -> None:
    """One session tries it all: followed while it floods, saved, and read when it is over."""
    engine = docker_bench.engine
    session = docker_bench.launch(docker_bench.order())
    reader = LogReader(engine, session, 1000)
    following = threading.Thread(target=reader.read, daemon=True)
    following.start()
    flood = "yes 'step of a training that tells all it does' | head -c 2000000; echo; echo the end"
    assert engine.run(session, ["sh", "-c", f"({flood}) >>{_LOG}"]).exit_code == 0
    # Whoever draws takes what there is now and then; nothing that was printed last is missed.
    last: list[str] = []
    for _ in range(600):
        lines, _ = reader.take()
        assert len(lines) <= 1000
        assert reader._size < 9 * MIB
        last = lines or last
        if last and last[-1] == "the end":
            break
        following.join(0.1)
    assert last[-1] == "the end"

    engine.stop(session)
    following.join(30)
    assert not following.is_alive()
    file = tmp_path / "whole.log"
    size = logs.save(engine, session, logs.Place(str(file)), session.owner, lambda done: None, Cancellation())
    assert size == file.stat().st_size >= 2_000_000
    # What is stopped with the session may say so after it.
    assert b"\nthe end\n" in file.read_bytes()[-500:]

    engine.start(session)
    client.kill(session.container_id or "")
    client.wait(session.container_id or "")
    (found,) = (one for one in engine.sessions() if one.id == session.id)
    assert found.phase in (Phase.FAILED, Phase.STOPPED)
    assert b"the end\n" in b"".join(engine.logs(found, tail=50))
