"""Opening an app: started where needed, and told where it is reached."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessiontui.access.keys import KeyRing
from sessiontui.actions.open_app import offered, open_app
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.errors import AppFailed, EngineError, NotYours, Unknown
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.engine.memory import MemoryEngine
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.storage.directories import Directories
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
    return Ports(engine, meter, meter, storage, FileCatalogue(), PaperHost(), OWNER)


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys")


@pytest.mark.parametrize(
    ("app", "page"), [("jupyterlab", "/lab"), ("notebook", "/tree"), ("tensorboard", "/proxy/6006/")]
)
def test_a_page_is_told_with_its_secret_and_the_line_that_forwards_it(
    ports: Ports, keys: KeyRing, app: str, page: str
) -> None:
    endpoint = open_app(ports, SESSION, app, keys=keys, environ=LAPTOP)
    assert endpoint.url == f"http://127.0.0.1:20002{page}?token=secret-of-{SESSION.id}"
    assert endpoint.ssh_command == "ssh -N -L 20002:127.0.0.1:20002 alice@10.0.0.1"


def test_what_another_app_carries_starts_both(ports: Ports, keys: KeyRing) -> None:
    open_app(ports, SESSION, "tensorboard", keys=keys, environ={})
    assert isinstance(ports.engine, MemoryEngine)
    assert ports.engine._served[SESSION.id] == {"jupyterlab", "tensorboard"}


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
        lambda: offered(ports, stopped),
        lambda: open_app(ports, stopped, "ssh", keys=keys, environ={}),
    ):
        with pytest.raises(EngineError, match="stopped"):
            call()


def test_a_colleagues_session_is_left_alone(ports: Ports, keys: KeyRing) -> None:
    theirs = replace(SESSION, owner=Owner("bob", 1001, 1001))
    with pytest.raises(NotYours, match="belongs to bob"):
        open_app(ports, theirs, "ssh", keys=keys, environ={})
