"""What only a real engine shows of batch sessions: signals, users, processes, the kernel's limits."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sessiontui.domain.batch import Batch
from sessiontui.domain.errors import StartFailed
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase
from sessiontui.domain.units import MIB
from sessiontui.engine.labels import labels_of
from sessiontui.engine.payload import container_name, create_payload, home_volume
from tests.contract.conftest import Bench
from tests.contract.test_batch import ended, launch, output
from tests.real import linked

pytestmark = pytest.mark.beside


def test_it_runs_as_the_user_in_the_home_with_what_a_login_has(docker_bench: Bench) -> None:
    command = """echo "$(id -un) $PWD $HOME $COLOUR" >/dev/stdout; echo "wrong" >/dev/stderr; pwd >made"""
    session = ended(docker_bench, launch(docker_bench, command))
    said = output(docker_bench, session)
    assert b"work /home/work /home/work deep blue\n" in said
    assert b"wrong\n" in said
    assert docker_bench.engine.read_file(session, "/home/work/made") == b"/home/work\n"


def test_what_does_not_listen_ends_with_it(docker_bench: Bench) -> None:
    """The time is up: neither a deaf command nor what it started in a group of its own goes on."""
    stubborn = "trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 99' & while :; do sleep 1; done"
    session = launch(docker_bench, stubborn, seconds=1)
    session = ended(docker_bench, session)
    assert session.reason == "ran out of its time (1s)"
    assert session.ended_at is not None
    assert session.started_at is not None
    assert 8 <= (session.ended_at - session.started_at).total_seconds() < 20


def test_its_end_is_its_own_also_where_the_code_is_a_time_limits(docker_bench: Bench) -> None:
    session = ended(docker_bench, launch(docker_bench, "exit 124", seconds=3600))
    assert session.reason.startswith("exit code 124 after ")


@pytest.mark.parametrize("by_us", [True, False])
def test_stopping_lets_it_end_in_order(docker_bench: Bench, by_us: bool) -> None:
    """Also where the engine does it, which is going down itself."""
    command = "trap 'echo tidied up >>~/done; exit 0' TERM; echo on; while :; do sleep 0.1; done"
    session = launch(docker_bench, command)
    while b"on\n" not in output(docker_bench, session):
        time.sleep(0.05)
    if by_us:
        stopped = docker_bench.engine.stop(session)
    else:
        with linked() as link:
            link.client.stop(session.container_id or "", timeout=10)
        stopped = ended(docker_bench, session)
        assert stopped.reason.startswith("stopped by the engine")
    assert (stopped.phase, stopped.exit_code) == (Phase.STOPPED, 143 if by_us else 158)
    assert docker_bench.engine.read_file(stopped, "/home/work/done") == b"tidied up\n"


def test_killed_and_out_of_memory_read_as_ever(docker_bench: Bench) -> None:
    session = launch(docker_bench, "sleep 100")
    with linked() as link:
        link.client.kill(session.container_id or "")
    killed = ended(docker_bench, session)
    assert killed.phase is Phase.STOPPED
    assert killed.reason.startswith("killed")
    greedy = "exec python3 -c 'x = bytearray(400 << 20); print(len(x))'"
    hungry = ended(docker_bench, launch(docker_bench, greedy, ask=Ask(0.5, 128 * MIB)))
    assert hungry.phase is Phase.FAILED
    assert hungry.reason.startswith("out of memory (limit 128M")


def test_the_log_of_a_running_command_is_followed_to_its_end(docker_bench: Bench) -> None:
    session = launch(docker_bench, "echo one; sleep 1; echo two")
    chunks: list[bytes] = []
    reader = threading.Thread(target=lambda: chunks.extend(docker_bench.engine.logs(session, follow=True)))
    reader.start()
    reader.join(20)
    assert not reader.is_alive()
    assert b"one\ntwo\n" in b"".join(chunks)


def test_ctrl_c_reaches_what_the_command_starts(docker_bench: Bench) -> None:
    session = ended(docker_bench, launch(docker_bench, "timeout -s INT 0.2 sleep 5; echo code $?"))
    assert b"code 124\n" in output(docker_bench, session)


def test_secret_variables_are_in_the_session_s_programs_and_in_nothing_that_tells_of_it(
    docker_bench: Bench,
) -> None:
    value = "s3cr3t 'quoted' \"twice\" $HOME `id`\nsecond line"
    session = docker_bench.launch(docker_bench.order(secrets=(("TOKEN", value), ("OTHER", "plain-s3cr3t"))))
    engine = docker_bench.engine
    assert session.secret_names == ("TOKEN", "OTHER")
    assert engine.run(session, ["printenv", "TOKEN"]).output.decode() == value + "\n"
    # Whoever writes the file from inside, as the user, could have root read it at the next start.
    outcome = engine.run(session, ["sh", "-c", "echo x >>/opt/sessiontui/session/variables"])
    assert outcome.exit_code != 0
    with linked() as link:
        told = [
            link.client.inspect_container(session.container_id or ""),
            link.client.inspect_volume(home_volume(session.id)),
            link.client.containers(all=True, filters={"id": session.container_id}),
            link.client.history(session.image),
        ]
    text = json.dumps(told) + output(docker_bench, session).decode(errors="replace")
    assert "s3cr3t" not in text
    again = engine.start(engine.stop(session))
    assert engine.run(again, ["printenv", "TOKEN"]).output.decode() == value + "\n"
    # A login by ssh has them as well: its settings are as closed as the file.
    modes = engine.run(again, ["stat", "-c", "%a %U", "/opt/sessiontui/session/variables"]).output
    assert modes == b"440 root\n"
    settings = engine.run(again, ["stat", "-c", "%a %U", "/opt/sessiontui/session/sshd_config"])
    assert settings.exit_code != 0 or settings.output == b"440 root\n"


def test_a_launch_cut_off_before_its_secrets_arrived_says_so_instead_of_running_without(
    docker_bench: Bench,
) -> None:
    order = docker_bench.order(secrets=(("TOKEN", "s3cr3t"),), batch=Batch("echo ran"))
    dead = subprocess.run(
        [sys.executable, "-c", "from sessiontui.engine.launcher_mark import mark; print(mark())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    labels = labels_of(order, created_at=datetime.now(UTC), launcher=dead.stdout.strip())
    user = (order.owner.uid, order.owner.gid)
    payload = create_payload(replace(order, apps=()), labels=labels, ports={}, user_in_container=user)
    with linked() as link:
        link.client.create_container_from_config(payload, container_name(order))
    (session,) = (one for one in docker_bench.engine.sessions() if one.id == order.id)
    assert session.interrupted
    with pytest.raises(StartFailed, match=r"secret variables \(TOKEN\) were lost.*launch it again"):
        docker_bench.engine.start(session)
    assert b"ran" not in output(docker_bench, session)
