"""What others do to the engine and inside sessions: our promises hold, and what is shown is harmless."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import docker
import pytest

from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App
from sessiontui.domain.errors import AppFailed, EngineError, NameTaken, SessionGone, StartFailed
from sessiontui.domain.launch import Progress, Step
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import MIB
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.labels import PREFIX, labels_of
from sessiontui.engine.payload import container_name, create_payload, home_volume
from sessiontui.engine.port import Change
from tests.contract.conftest import HTTP, Bench
from tests.contract.test_docker import names_of_volumes

pytestmark = pytest.mark.beside


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


def find(bench: Bench, session_id: str) -> list[Session]:
    return [one for one in bench.engine.sessions() if one.id == session_id]


# --- other containers --------------------------------------------------------------------------------


def test_a_container_of_an_image_made_of_a_session_is_no_session(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    image = client.commit(session.container_id or "", "sessiontui-test/copy", "1")["Id"]
    copy = client.create_container("sessiontui-test/copy:1", ["sleep", "60"])["Id"]
    try:
        (listed,) = find(docker_bench, session.id)
        assert listed.container_id == session.container_id
        # A session of that image is one, with an id of its own.
        order = docker_bench.order(image="sessiontui-test/copy:1")
        assert docker_bench.launch(order).id == order.id
        docker_bench.engine.delete(find(docker_bench, order.id)[0])
    finally:
        client.remove_container(copy, force=True)
        client.remove_image(image, force=True)


def test_a_foreign_container_that_has_the_name_is_said_and_nothing_is_left(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    order = docker_bench.order()
    foreign = client.create_container(docker_bench.image, ["true"], name=container_name(order))["Id"]
    try:
        with pytest.raises(NameTaken, match=container_name(order)):
            docker_bench.launch(order)
        assert home_volume(order.id) not in names_of_volumes(client)
        assert client.inspect_container(foreign)["State"]["Status"] == "created"
    finally:
        client.remove_container(foreign)


def test_garbled_labels_are_shown_harmlessly(docker_bench: Bench, client: docker.APIClient) -> None:
    order = docker_bench.order()
    labels = labels_of(order, created_at=datetime.now(UTC), launcher="")
    labels |= {
        PREFIX + "name": "\x1b[31mred\n" + "x" * 10_240,
        PREFIX + "owner": "\x1b]0;title\x07",
        PREFIX + "uid": "-5",
        PREFIX + "order": '{"ask": [1], "mounts": [1, {"folder": 2}], "env": [["x"]]}',
        PREFIX + "apps": '[{"name": 1}, "x"]',
        PREFIX + "created-at": "yesterday",
    }
    payload = create_payload(order, labels=labels, ports={}, user_in_container=(1000, 1000))
    client.create_container_from_config(payload, container_name(order))
    (session,) = find(docker_bench, order.id)
    assert session.name.isprintable()
    assert len(session.name) <= 128
    assert session.owner.uid == -1
    assert (session.mounts, session.apps, session.env) == ((), (), ())


def test_a_home_that_another_container_uses_is_kept_and_deleted_when_it_is_free(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    home = client.create_host_config(binds=[f"{home_volume(session.id)}:/theirs"])
    foreign = client.create_container(docker_bench.image, ["true"], host_config=home)["Id"]
    try:
        with pytest.raises(EngineError, match="another container uses its home") as caught:
            docker_bench.engine.delete(session)
        assert home_volume(session.id) in caught.value.hint
    finally:
        client.remove_container(foreign)
    (left,) = find(docker_bench, session.id)
    docker_bench.engine.delete(left)
    assert not find(docker_bench, session.id)


def test_a_session_that_runs_is_not_started_once_more(
    docker_bench: Bench, client: docker.APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = docker_bench.engine
    assert isinstance(engine, DockerEngine)
    session = docker_bench.launch(docker_bench.order())
    asked: list[str] = []
    monkeypatch.setattr(engine._containers, "start", lambda name, container_id: asked.append(name))
    assert engine.start(session).phase is Phase.RUNNING
    client.pause(session.container_id or "")
    assert engine.start(session).phase is Phase.RUNNING
    assert not asked


def test_a_session_paused_by_others_is_started_again(docker_bench: Bench, client: docker.APIClient) -> None:
    session = docker_bench.launch(docker_bench.order())
    client.pause(session.container_id or "")
    (paused,) = find(docker_bench, session.id)
    assert paused.phase is Phase.STOPPED
    assert docker_bench.engine.start(paused).phase is Phase.RUNNING


def test_a_port_that_was_taken_while_the_session_was_stopped_is_named(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order(apps=(HTTP,)))
    stopped = docker_bench.engine.stop(session)
    port = session.ports[0][1]
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(StartFailed, match=f"port {port}"):
            docker_bench.engine.start(stopped)
        (failed,) = find(docker_bench, session.id)
        assert f"port {port} that it keeps is used" in failed.reason
    again = docker_bench.engine.start(failed)
    assert (again.phase, again.ports) == (Phase.RUNNING, session.ports)


# --- several at once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [Step.CREATING, Step.STARTING])
def test_a_session_deleted_while_it_is_launched_is_gone_without_a_trace(
    docker_bench: Bench, client: docker.APIClient, at: Step
) -> None:
    order = docker_bench.order()
    gone = threading.Event()

    def delete() -> None:
        while not gone.is_set():
            for session in find(docker_bench, order.id):
                docker_bench.engine.delete(session)
                gone.set()

    other = threading.Thread(target=delete, daemon=True)

    def report(progress: Progress) -> None:
        if progress.step is at:
            other.start()
            if at is Step.STARTING:
                gone.wait(10)

    with pytest.raises(SessionGone):
        docker_bench.engine.launch(order, report, Cancellation())
    other.join(10)
    assert not find(docker_bench, order.id)
    assert home_volume(order.id) not in names_of_volumes(client)


def test_of_several_deletes_at_once_none_fails_otherwise_than_gone(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    outcomes: list[str] = []

    def delete() -> None:
        try:
            docker_bench.engine.delete(session)
            outcomes.append("deleted")
        except SessionGone:
            outcomes.append("gone")

    threads = [threading.Thread(target=delete) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert "deleted" in outcomes
    assert home_volume(session.id) not in names_of_volumes(client)


# --- what is asked of the engine -----------------------------------------------------------------------


def test_details_are_asked_for_once_while_events_tell_what_changes(
    docker_bench: Bench, client: docker.APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = docker_bench.engine
    assert isinstance(engine, DockerEngine)
    session = docker_bench.launch(docker_bench.order())
    asked: list[str] = []
    read: Callable[..., object] = engine._link.reader.get

    def noted(path: str, parameters: Mapping[str, object] | None = None) -> object:
        asked.append(path.removeprefix("/containers/").removesuffix("/json"))
        return read(path, parameters)

    monkeypatch.setattr(engine._link.reader, "get", noted)

    def pid() -> int | None:
        return find(docker_bench, session.id)[0].pid

    assert pid() == pid()
    assert asked.count(session.container_id or "") == 2
    events = engine.events()
    heard: list[Change] = []
    listener = threading.Thread(target=lambda: heard.extend(events))
    listener.start()
    while not engine._inspected._followers:
        time.sleep(0.01)
    before = pid()
    asked.clear()
    engine.capacity()
    assert pid() == before
    assert session.container_id not in asked
    client.restart(session.container_id or "", timeout=0)
    now = client.inspect_container(session.container_id or "")["State"]["Pid"]
    for _ in range(50):
        if pid() == now:
            break
        time.sleep(0.1)
    assert pid() == now != before
    events.close()
    listener.join()


# --- programs inside -----------------------------------------------------------------------------------


def strange(name: str, port: int, command: str, timeout: float = 10) -> App:
    """An app of that behaviour."""
    return App(name, name, "http", port, command=command, secret=True, timeout=timeout)


SERVED = (
    strange("background", 8001, "(sleep 0.7; exec python3 -m http.server 8001) & exit 0"),
    strange("detached", 8002, "setsid python3 -m http.server 8002 >/dev/null 2>&1 & exit 0"),
    strange("late", 8003, "sleep 1; exec python3 -m http.server 8003"),
)
EXPLAINED = (
    (strange("deaf", 8004, "echo waiting; sleep 60", timeout=1), "did not open port 8004"),
    (strange("binary", 8005, r"head -c 3000 /dev/urandom; printf '\033]0;x\007'; exit 3"), "status 3"),
    (strange("flood", 8006, r"head -c 5000000 /dev/zero | tr '\0' x; exit 1"), "status 1"),
)


def test_apps_that_behave_strangely_are_served_or_explained(docker_bench: Bench) -> None:
    engine = docker_bench.engine
    session = docker_bench.launch(docker_bench.order(ask=Ask(1, 256 * MIB)))
    for app in SERVED:
        engine.serve(session, app)
    for app, words in EXPLAINED:
        with pytest.raises(AppFailed, match=words) as caught:
            engine.serve(session, app)
        assert len(caught.value.message) < 400
        assert len(caught.value.output) <= 8000
        assert all(sign.isprintable() or sign in "\n\t" for sign in caught.value.output)


def test_an_app_whose_session_is_stopped_meanwhile_says_so(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order())
    stop = threading.Timer(0.5, docker_bench.engine.stop, [session])
    stop.start()
    with pytest.raises(AppFailed, match="killed, perhaps with its session"):
        docker_bench.engine.serve(session, App("slow", "Slow", "http", 8001, command="sleep 60"))
    stop.join()


def test_a_file_that_grew_beyond_reason_is_not_read(docker_bench: Bench) -> None:
    session = docker_bench.launch(docker_bench.order())
    docker_bench.engine.run(session, ["sh", "-c", "head -c 9000000 /dev/zero >big"])
    with pytest.raises(EngineError, match="too big"):
        docker_bench.engine.read_file(session, "/home/work/big")


def test_jupyter_lets_nobody_in_without_the_secret_and_never_writes_it_down(docker_bench: Bench) -> None:
    engine = docker_bench.engine
    apps = FileCatalogue().environments()[0].apps
    session = docker_bench.launch(docker_bench.order(apps=apps, ask=Ask(1, 512 * MIB)))
    jupyter = session.app("jupyterlab")
    assert jupyter is not None
    engine.serve(session, jupyter)
    secret, port = engine.secret(session), session.host_port(8888)

    def status(path: str, **headers: str) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    for path in ("/lab", "/tree", "/api/contents", "/api/terminals", "/api/kernels", "/files/id_container",
                 "/proxy/6006/", "/lab?token=", "/lab?token=wrong"):  # fmt: skip
        assert status(path) in (302, 403), path
    assert status("/terminals/websocket/1", **upgrade) == 403
    assert status(f"/lab?token={secret}") == 200
    # Answers that the server logs with the whole address.
    assert status(f"/api/contents/none?token={secret}") == 404
    assert status(f"/proxy/9/?token={secret}") == 500
    log = b""
    for _ in range(50):
        log = b"".join(engine.logs(session))
        if b"/proxy/9/" in log:
            break
        time.sleep(0.1)
    assert b"token=[secret]" in log
    assert secret.encode() not in log


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, *_: object) -> None:
        """Nowhere to."""


def test_what_only_another_app_may_carry_is_not_published(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    apps = FileCatalogue().environments()[0].apps
    session = docker_bench.launch(docker_bench.order(apps=apps, ask=Ask(1, 512 * MIB)))
    tensorboard = session.app("tensorboard")
    assert tensorboard is not None
    assert session.host_port(tensorboard.port) is None
    docker_bench.engine.serve(session, tensorboard)
    networks = client.inspect_container(session.container_id or "")["NetworkSettings"]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((networks["IPAddress"], tensorboard.port), 5)
