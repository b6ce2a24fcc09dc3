"""Opening an app: started where needed, and told where it is reached."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiontui.access.keys import KeyRing
from sessiontui.actions.app_life import app_output, end_app, offered_apps
from sessiontui.actions.open_app import open_app
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.environment import App, AppPhase
from sessiontui.domain.errors import AppFailed, EngineError, NotYours, Unknown
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.engine.memory import MemoryEngine
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from tests.unit.actions.test_launch import PaperHost

OWNER = Owner("alice", 1000, 1000)
SESSION = Session(
    id="0123456789ab", name="nifty-bohr", owner=OWNER, phase=Phase.RUNNING, environment="python",
    version="3.12", image="i:1", ask=Ask(1, 2**30), created_at=datetime(2026, 1, 1, tzinfo=UTC),
    apps=FileCatalogue().environments()[0].apps, ports=((2200, 20001), (8888, 20002)),
)  # fmt: skip
LAPTOP = {"USER": "alice", "SSH_CONNECTION": "10.0.0.9 50000 10.0.0.1 22"}


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    engine, meter = MemoryEngine(), ScriptedMeter(lambda: 0.0)
    engine.put(SESSION)
    engine.write_file(SESSION.id, "/opt/sessiontui/session/ssh/id_container", b"a private key\n")
    engine.write_file(SESSION.id, "/opt/sessiontui/session/ssh/host.pub", b"ssh-ed25519 AAAA comment\n")
    storage = Directories(tmp_path / "folders", OWNER)
    return Ports(engine, meter, meter, storage, FileCatalogue(), PaperHost(), OWNER, MemoryRecords())


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


@pytest.mark.parametrize(
    ("app", "page"),
    [
        ("jupyterlab", "/lab?"),
        ("jupyter", "/tree?"),
        ("terminal", "/terminals/work?"),
        ("tensorboard", "/proxy/6006/?"),
        ("marimo", "/proxy/absolute/2718/?"),
        ("novnc", "/proxy/6080/?"),
    ],
)
def test_a_page_is_told_with_its_secret_and_the_line_that_forwards_it(
    ports: Ports, keys: KeyRing, app: str, page: str
) -> None:
    endpoint = open_app(ports, SESSION, app, keys=keys, environ=LAPTOP)
    assert endpoint.url == f"http://127.0.0.1:20002{page}token=secret-of-{SESSION.id}"
    assert endpoint.ssh_command == "ssh -N -L 20002:127.0.0.1:20002 alice@10.0.0.1"


def test_what_another_app_carries_starts_both(ports: Ports, keys: KeyRing) -> None:
    open_app(ports, SESSION, "tensorboard", keys=keys, environ={})
    running = [one.app.name for one in offered_apps(ports, SESSION) if one.state.phase is AppPhase.RUNNING]
    assert running == ["jupyterlab", "jupyter", "terminal", "tensorboard"]


def test_a_path_from_a_strangers_label_stays_behind_the_host(ports: Ports, keys: KeyRing) -> None:
    app = replace(SESSION.apps[0], path="@evil.example/")
    endpoint = open_app(ports, replace(SESSION, apps=(app,)), app.name, keys=keys, environ={})
    assert endpoint.url.startswith("http://127.0.0.1:20002/@evil.example/")


def test_ssh_is_told_with_a_key_only_its_owner_reads_and_a_known_host(
    ports: Ports, keys: KeyRing, tmp_path: Path
) -> None:
    endpoint = open_app(ports, SESSION, "ssh", keys=keys, environ={})
    directory = tmp_path / "keys" / SESSION.id
    key, known = directory / "st-nifty-bohr", directory / "st-nifty-bohr.known_hosts"
    assert (endpoint.url, endpoint.port) == ("", 20001)
    assert f"-i {key}" in endpoint.ssh_command
    assert endpoint.ssh_command.endswith("-p 20001 work@127.0.0.1")
    assert "StrictHostKeyChecking=yes" in endpoint.ssh_command
    assert key.read_bytes() == b"a private key\n"
    assert known.read_bytes() == b"[127.0.0.1]:20001,sessiontui-0123456789ab ssh-ed25519 AAAA\n"
    modes = [path.stat().st_mode & 0o777 for path in (key, known, directory, tmp_path / "keys")]
    assert modes == [0o600, 0o600, 0o700, 0o700]


def test_a_link_planted_at_the_keys_place_is_not_written_through(
    ports: Ports, keys: KeyRing, tmp_path: Path
) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    target.write_text("precious")
    elsewhere.mkdir()
    directory = tmp_path / "keys" / SESSION.id
    directory.mkdir(parents=True)
    (directory / "st-nifty-bohr").symlink_to(target)
    open_app(ports, SESSION, "ssh", keys=keys, environ={})
    assert target.read_text() == "precious"
    shutil.rmtree(directory)
    directory.symlink_to(elsewhere)
    open_app(ports, SESSION, "ssh", keys=keys, environ={})
    assert list(elsewhere.iterdir()) == []
    assert (directory / "st-nifty-bohr").read_bytes() == b"a private key\n"


def test_an_app_nobody_knows_names_the_nearest(ports: Ports, keys: KeyRing) -> None:
    with pytest.raises(Unknown, match="did you mean jupyterlab"):
        open_app(ports, SESSION, "jupyter-lab", keys=keys, environ={})


def test_an_app_that_does_not_come_up_says_why(ports: Ports, keys: KeyRing) -> None:
    assert isinstance(ports.engine, MemoryEngine)
    ports.engine.failing["jupyterlab"] = AppFailed("JupyterLab did not come up", output="Traceback")
    with pytest.raises(AppFailed) as caught:
        open_app(ports, SESSION, "jupyterlab", keys=keys, environ={})
    assert caught.value.output == "Traceback"


def test_a_session_that_does_not_run_serves_nothing(ports: Ports, keys: KeyRing) -> None:
    stopped = replace(SESSION, phase=Phase.STOPPED)
    for call in (
        lambda: offered_apps(ports, stopped),
        lambda: end_app(ports, stopped, "ssh"),
        lambda: app_output(ports, stopped, "ssh"),
        lambda: open_app(ports, stopped, "ssh", keys=keys, environ={}),
    ):
        with pytest.raises(EngineError, match="stopped"):
            call()


def test_a_colleagues_session_is_left_alone(ports: Ports, keys: KeyRing) -> None:
    theirs = replace(SESSION, owner=Owner("bob", 1001, 1001))
    with pytest.raises(NotYours, match="belongs to bob"):
        open_app(ports, theirs, "ssh", keys=keys, environ={})


BARE = replace(SESSION, apps=tuple(app for app in SESSION.apps if app.server != "jupyterlab"))
"""A session whose image has no Jupyter."""


class Tunnel:
    """Holds a way open to an app, and remembers to which."""

    def __init__(self) -> None:
        self.held: list[str] = []

    def __call__(self, session: Session, app: App) -> int:
        self.held.append(f"{session.name} {app.name}")
        return 30001


def test_a_page_without_a_secret_is_refused_where_nothing_can_stand_before_it(
    ports: Ports, keys: KeyRing
) -> None:
    with pytest.raises(AppFailed, match="asks nobody for a secret") as caught:
        open_app(ports, BARE, "tensorboard", keys=keys, environ={})
    assert caught.value.hint == "hold a way open: sessiontui forward nifty-bohr tensorboard"
    assert not [one for one in offered_apps(ports, BARE) if one.state.phase is AppPhase.RUNNING]


def test_such_a_page_is_reached_by_the_way_that_is_held_open_at_its_own_root(
    ports: Ports, keys: KeyRing
) -> None:
    tunnel = Tunnel()
    endpoint = open_app(ports, BARE, "tensorboard", keys=keys, environ=LAPTOP, hold=tunnel)
    assert endpoint.url == "http://127.0.0.1:30001/"
    assert endpoint.held
    assert endpoint.ssh_command == "ssh -N -L 30001:127.0.0.1:30001 alice@10.0.0.1"
    assert tunnel.held == ["nifty-bohr tensorboard"]


def test_the_secret_follows_what_an_address_asks_already(ports: Ports, keys: KeyRing) -> None:
    app = replace(SESSION.apps[0], path="/lab?reset", parameter="key")
    endpoint = open_app(ports, replace(SESSION, apps=(app,)), app.name, keys=keys, environ={})
    assert endpoint.url == f"http://127.0.0.1:20002/lab?reset&key=secret-of-{SESSION.id}"


def test_a_carrier_that_cannot_carry_is_none(
    ports: Ports, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offers(session: Session) -> tuple[App, ...]:
        return tuple(app for app in session.apps if "jupyter_server_proxy" not in app.needs)

    monkeypatch.setattr(ports.engine, "offers", offers)
    assert open_app(ports, SESSION, "jupyterlab", keys=keys, environ={}).port == 20002
    with pytest.raises(AppFailed, match="asks nobody for a secret"):
        open_app(ports, SESSION, "tensorboard", keys=keys, environ={})


def test_a_client_without_a_secret_is_only_reached_by_a_way_held_open(ports: Ports, keys: KeyRing) -> None:
    with pytest.raises(AppFailed, match="no published port"):
        open_app(ports, SESSION, "vnc", keys=keys, environ={})
    endpoint = open_app(ports, SESSION, "vnc", keys=keys, environ={}, hold=Tunnel())
    assert (endpoint.url, endpoint.port, endpoint.held) == ("", 30001, True)


OWN = App("port-5000", "Port 5000", "http", 5000, own=True, group="Your ports")


def test_a_program_of_the_persons_own_is_never_started(ports: Ports, keys: KeyRing) -> None:
    session = replace(SESSION, apps=(*SESSION.apps, OWN))
    with pytest.raises(AppFailed, match="nothing listens on port 5000") as caught:
        open_app(ports, session, "port-5000", keys=keys, environ={}, hold=Tunnel())
    assert "127.0.0.1:5000" in caught.value.hint
    with pytest.raises(AppFailed, match="your own"):
        end_app(ports, session, "port-5000")


def test_a_program_of_the_persons_own_is_reached_behind_the_secret_or_by_a_way_held_open(
    ports: Ports, keys: KeyRing
) -> None:
    ports.engine.serve(SESSION, OWN)
    session = replace(SESSION, apps=(*SESSION.apps, OWN))
    endpoint = open_app(ports, session, "port-5000", keys=keys, environ={})
    assert endpoint.url == f"http://127.0.0.1:20002/proxy/5000/?token=secret-of-{SESSION.id}"
    alone = replace(session, apps=(OWN,))
    tunnel = Tunnel()
    held = open_app(ports, alone, "port-5000", keys=keys, environ={}, hold=tunnel)
    assert (held.url, held.held) == ("http://127.0.0.1:30001/", True)
    assert tunnel.held == ["nifty-bohr port-5000"]


def test_an_answer_is_remembered_and_another_starts_the_app_again(ports: Ports, keys: KeyRing) -> None:
    def state() -> str:
        states = {one.app.name: one.state for one in offered_apps(ports, SESSION)}
        return f"{states['tensorboard'].phase} {states['tensorboard'].answer}"

    assert state() == "stopped /home/work/logs"
    open_app(ports, SESSION, "tensorboard", keys=keys, environ={}, answer="/home/work/data")
    assert state() == "running /home/work/data"
    end_app(ports, SESSION, "tensorboard")
    assert state() == "stopped /home/work/data"
    with pytest.raises(AppFailed, match="one line"):
        open_app(ports, SESSION, "tensorboard", keys=keys, environ={}, answer="two\nlines")
