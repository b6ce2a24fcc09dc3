"""What only the real engine's own objects can show: limits, hardening, what is left and what is not."""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import docker
import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App
from sessiontui.domain.errors import Cancelled, EngineUnreachable, SessionGone, StartFailed
from sessiontui.domain.launch import Progress, Step
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase
from sessiontui.domain.units import GIB, MIB
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.labels import ID_LABEL, labels_of
from sessiontui.engine.payload import container_name, create_payload, home_volume
from sessiontui.engine.pipe import DockerPipe
from sessiontui.engine.port import Build
from tests.contract.conftest import Bench

pytestmark = pytest.mark.beside

JUPYTER = App("jupyterlab", "JupyterLab", "http", 8888, "/lab", "exit 1", secret=True)


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


def names_of_volumes(client: docker.APIClient) -> set[str]:
    return {volume["Name"] for volume in client.volumes()["Volumes"] or []}


def test_a_pipe_that_is_closed_leaves_nothing_open_to_be_flushed_later(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order())
    pipe = docker_bench.engine.pipe(session, ["cat"])
    assert isinstance(pipe, DockerPipe)
    answer = pipe._response._response.raw._fp
    assert not answer.closed
    pipe.close()
    assert answer.closed


def test_the_ask_is_the_containers_limit(docker_bench: Bench, client: docker.APIClient) -> None:
    session = docker_bench.launch(docker_bench.order(ask=Ask(1.5, 4 * GIB)))
    host = client.inspect_container(session.container_id or "")["HostConfig"]
    assert host["NanoCpus"] == 1_500_000_000
    assert host["Memory"] == host["MemorySwap"] == 4 * GIB
    assert host["ShmSize"] == GIB
    assert host["PidsLimit"] == 4096
    threads = docker_bench.engine.run(session, ["sh", "-c", "echo $OMP_NUM_THREADS $COLOUR"])
    assert threads.output == b"2 deep blue\n"


def test_a_session_is_hardened_and_listens_on_loopback_only(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    attributes = client.inspect_container(session.container_id or "")
    host = attributes["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Init"] is True
    bindings = [one for port in attributes["NetworkSettings"]["Ports"].values() for one in port]
    assert {one["HostIp"] for one in bindings} == {"127.0.0.1"}
    if session.owner.uid != 0:
        status = docker_bench.engine.run(session, ["grep", "CapEff", "/proc/self/status"]).output
        assert int(status.split()[1], 16) == 0


def test_the_secret_is_in_nothing_the_engine_shows(docker_bench: Bench, client: docker.APIClient) -> None:
    session = docker_bench.launch(docker_bench.order())
    secret = docker_bench.engine.secret(session)
    assert len(secret) >= 32
    assert secret not in json.dumps(client.inspect_container(session.container_id or ""))
    mode = docker_bench.engine.run(session, ["stat", "-c", "%a %U", "/opt/sessiontui/session/secret"])
    assert mode.output == b"400 work\n"


@pytest.mark.parametrize("uid", [0, 1000, 54321])
def test_the_session_is_the_launching_user_in_its_home(docker_bench: Bench, uid: int) -> None:
    order = docker_bench.order(owner=Owner("somebody", uid, uid), mounts=(docker_bench.mount("data"),))
    session = docker_bench.launch(order)
    said = docker_bench.engine.run(session, ["sh", "-c", "id -un; id -u; id -g; pwd; touch data/made"])
    assert said.output.decode().split() == ["work", str(uid), str(uid), "/home/work"]
    made = Path(order.mounts[0].source, "made").stat()
    assert (made.st_uid, made.st_gid) == (uid, uid)


def test_a_read_only_mount_cannot_be_written(docker_bench: Bench) -> None:
    mount = docker_bench.mount("models", read_only=True)
    session = docker_bench.launch(docker_bench.order(mounts=(mount,)))
    outcome = docker_bench.engine.run(session, ["touch", "models/new"])
    assert outcome.exit_code != 0
    assert b"Read-only file system" in outcome.errors


def test_delete_takes_home_and_anonymous_volumes_and_leaves_the_folder(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    tag = "sessiontui-test/volume:1"
    built = client.build(
        fileobj=_dockerfile(f"FROM {docker_bench.image}\nVOLUME /scratch\n"), tag=tag, rm=True, decode=True
    )
    assert not [message for message in built if "error" in message]
    mount = docker_bench.mount("data")
    session = docker_bench.launch(docker_bench.order(image=tag, mounts=(mount,)))
    docker_bench.engine.run(session, ["sh", "-c", "echo kept >data/file; echo lost >file"])
    mounts = client.inspect_container(session.container_id or "")["Mounts"]
    volumes = {one["Name"] for one in mounts if one["Type"] == "volume"}
    assert len(volumes) == 3
    assert volumes <= names_of_volumes(client)
    docker_bench.engine.delete(session)
    assert not volumes & names_of_volumes(client)
    assert not [name for name in names_of_volumes(client) if session.id in name]
    assert Path(mount.source, "file").read_text() == "kept\n"
    client.remove_image(tag)


def test_labels_that_lie_hide_no_session(docker_bench: Bench, client: docker.APIClient) -> None:
    victim = docker_bench.launch(docker_bench.order())
    labels = labels_of(docker_bench.order(), created_at=victim.created_at, launcher="")
    labels[ID_LABEL] = victim.id
    home = client.create_host_config(binds=[f"{home_volume(victim.id)}:/home/work"])
    liars = [
        client.create_container(docker_bench.image, ["sleep", "60"], labels=labels, host_config=config)["Id"]
        for config in (None, home)
    ]
    try:
        assert not {one.container_id for one in docker_bench.engine.sessions()} & set(liars)
        assert victim.container_id in {one.container_id for one in docker_bench.engine.sessions()}
    finally:
        for liar in liars:
            client.remove_container(liar, force=True)


def test_a_launch_killed_before_its_start_is_shown_as_interrupted_and_can_be_finished(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    order = docker_bench.order(apps=(JUPYTER,))
    dead = subprocess.run(
        [sys.executable, "-c", "from sessiontui.engine.launcher_mark import mark; print(mark())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    labels = labels_of(order, created_at=datetime.now(UTC), launcher=dead.stdout.strip())
    payload = create_payload(
        order, labels=labels, ports={8888: _free_port()}, user_in_container=(order.owner.uid, order.owner.gid)
    )
    client.create_container_from_config(payload, container_name(order))
    session = next(one for one in docker_bench.engine.sessions() if one.id == order.id)
    assert session.phase is Phase.FAILED
    assert session.interrupted
    assert docker_bench.engine.start(session).phase is Phase.RUNNING


def test_a_launch_that_is_under_way_elsewhere_is_preparing(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    order = docker_bench.order()
    other = subprocess.Popen(
        [sys.executable, "-c",
         "from sessiontui.engine.launcher_mark import mark; print(mark(), flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with other:
        assert other.stdout is not None
        assert other.stdin is not None
        labels = labels_of(order, created_at=datetime.now(UTC), launcher=other.stdout.readline().strip())
        payload = create_payload(order, labels=labels, ports={}, user_in_container=(1000, 1000))
        client.create_container_from_config(payload, container_name(order))
        session = next(one for one in docker_bench.engine.sessions() if one.id == order.id)
        assert session.phase is Phase.PREPARING
        other.stdin.close()
    session = next(one for one in docker_bench.engine.sessions() if one.id == order.id)
    assert session.interrupted


@pytest.mark.parametrize("step", ["creating", "starting"])
def test_a_launcher_killed_with_nine_leaves_a_session_that_can_be_cleaned_up(
    docker_bench: Bench, client: docker.APIClient, step: str
) -> None:
    order = docker_bench.order()
    killed = subprocess.run(
        [sys.executable, "-c", _SUICIDE, step, order.id, order.name, docker_bench.image],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = [one for one in docker_bench.engine.sessions() if one.id == order.id]
    for session in left:
        assert session.interrupted
        docker_bench.engine.delete(session)
    assert home_volume(order.id) not in names_of_volumes(client)
    assert not [one for one in docker_bench.engine.sessions() if one.id == order.id]


def test_a_home_whose_container_was_removed_by_other_means_is_shown_and_can_be_deleted(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    client.remove_container(session.container_id or "", force=True)
    left = next(one for one in docker_bench.engine.sessions() if one.id == session.id)
    assert (left.phase, left.container_id, left.name) == (Phase.FAILED, None, session.name)
    assert "its home is volume" in left.reason
    docker_bench.engine.delete(left)
    assert home_volume(session.id) not in names_of_volumes(client)
    with pytest.raises(SessionGone):
        docker_bench.engine.delete(left)


def test_a_folder_that_vanished_is_named_and_nothing_is_left(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    mount = docker_bench.mount("data")
    Path(mount.source).rmdir()
    order = docker_bench.order(mounts=(mount,))
    with pytest.raises(StartFailed, match="data vanished"):
        docker_bench.launch(order)
    assert home_volume(order.id) not in names_of_volumes(client)
    assert not [one for one in docker_bench.engine.sessions() if one.id == order.id]


def test_an_image_that_lacks_what_a_session_needs_says_what(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    tag = "sessiontui-test/no-shell:1"
    built = client.build(fileobj=_dockerfile("FROM scratch\nLABEL empty=1\n"), tag=tag, rm=True, decode=True)
    assert not [message for message in built if "error" in message]
    order = docker_bench.order(image=tag)
    with pytest.raises(StartFailed, match="/bin/sh"):
        docker_bench.launch(order)
    assert home_volume(order.id) not in names_of_volumes(client)
    client.remove_image(tag)


def test_a_port_that_is_taken_between_choice_and_start_is_chosen_anew(
    docker_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        choices = iter([[busy], [_free_port()]])
        monkeypatch.setattr("sessiontui.engine.docker.pick_ports", lambda *_, **__: next(choices))
        session = docker_bench.launch(docker_bench.order(apps=(JUPYTER,)))
    assert session.phase is Phase.RUNNING
    assert session.ports[0][1] != busy


def test_a_program_that_eats_all_memory_dies_and_the_session_lives(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order(ask=Ask(1, 64 * MIB)))
    eat = "hoard = []\nwhile True: hoard.append('a' * 2**20)"
    assert docker_bench.engine.run(session, ["python3", "-c", eat]).exit_code == 137
    seen = next(one for one in docker_bench.engine.sessions() if one.id == session.id)
    assert seen.phase is Phase.RUNNING


def test_losses_tell_size_and_newest_files_without_mounts(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order(mounts=(docker_bench.mount("data"),)))
    script = "printf %1000s >old; sleep 1.1; printf %50s >'new\n\tname'; printf %9s >data/x"
    docker_bench.engine.run(session, ["sh", "-c", script])
    losses = docker_bench.engine.losses(session)
    assert losses.complete
    assert losses.bytes is not None
    assert losses.bytes >= 1050
    assert [(file.path, file.bytes) for file in losses.newest[:2]] == [("new\n\tname", 50), ("old", 1000)]


def test_an_engine_that_is_not_there_is_unreachable_and_says_what_was_tried() -> None:
    engine = DockerEngine({"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    with pytest.raises(EngineUnreachable, match="DOCKER_HOST"):
        engine.sessions()


def test_a_build_is_cancelled_at_once_and_leaves_no_container(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    cancellation = Cancellation()

    def builds() -> list[str]:
        return [item["Id"] for item in client.containers(all=True) if "echo begun" in item["Command"]]

    def report(progress: Progress) -> None:
        assert progress.step is Step.BUILDING
        if "begun" in progress.text:
            cancellation.request()

    recipe = f"FROM {docker_bench.image}\nRUN echo begun && sleep 60\n"
    build = Build("sessiontui-test/cancelled:1", {"Dockerfile": recipe.encode()})
    started = time.monotonic()
    with pytest.raises(Cancelled):
        docker_bench.engine.build(build, report, cancellation)
    assert time.monotonic() - started < 30
    deadline = time.monotonic() + 20
    while builds():
        assert time.monotonic() < deadline, "the build's container stays"
        time.sleep(0.2)
    assert not docker_bench.engine.has_image("sessiontui-test/cancelled:1")


_SUICIDE = """
import os, signal, sys
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner
from sessiontui.engine.containers import Containers
from sessiontui.engine.docker import DockerEngine
step, session_id, name, image = sys.argv[1:]
Containers.start = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
def report(progress):
    if progress.step == "creating" and step == "creating":
        os.kill(os.getpid(), signal.SIGKILL)
DockerEngine(os.environ).launch(
    Order(session_id, name, Owner("x", 1000, 1000), "python", "1", image, Ask(0.5, 2**28)),
    report,
    Cancellation(),
)
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _dockerfile(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())
