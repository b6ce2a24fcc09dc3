"""Which sessions get a name for ssh, and what becomes of the keys of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.access.keys import KeyRing
from sessiontui.access.ssh_config import SshConfig
from sessiontui.actions import ssh_config
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import AppFailed, EngineUnreachable, NotYours
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.engine.memory import MemoryEngine
from tests.unit.actions.test_open_app import SESSION, ports

__all__ = ["ports"]

INSIDE = "/opt/sessiontui/session"


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys", config=SshConfig(tmp_path, tmp_path / "ssh_config"))


def engine(ports: Ports) -> MemoryEngine:
    assert isinstance(ports.engine, MemoryEngine)
    return ports.engine


def put(ports: Ports, session: Session, *, sshd: bool = True) -> None:
    engine(ports).put(session)
    engine(ports).write_file(session.id, f"{INSIDE}/ssh/id_container", b"a private key\n")
    engine(ports).write_file(session.id, f"{INSIDE}/ssh/host.pub", b"ssh-ed25519 AAAA comment\n")
    if sshd:
        engine(ports).write_file(session.id, f"{INSIDE}/sshd_config", b"Port 2200\n")


@pytest.fixture
def sessions(ports: Ports) -> None:
    mine = replace(SESSION, container_id="c")
    put(ports, mine)
    put(ports, replace(mine, id="bobs", name="bobs-own", owner=Owner("bob", 1001, 1001)))
    put(ports, replace(mine, id="bare", name="no-sshd"), sshd=False)
    put(ports, replace(mine, id="none", name="no-app", apps=(), ports=()))
    put(ports, replace(mine, id="evil", name="x\n    ProxyCommand sh"))
    put(ports, replace(mine, id="home", name="home-only", container_id=None))
    put(ports, replace(mine, id="ended", name="ended-run", phase=Phase.STOPPED))


@pytest.mark.usefixtures("sessions")
def test_own_sessions_that_take_ssh_have_a_block(ports: Ports, keys: KeyRing, tmp_path: Path) -> None:
    assert ssh_config.install(ports, keys) == ("ended-run", "nifty-bohr")
    text = (tmp_path / "ssh_config").read_text()
    assert text.count("\nHost ") == 2
    assert "ProxyCommand" not in text
    assert keys.ids() == {SESSION.id, "ended"}


@pytest.mark.usefixtures("sessions")
def test_where_it_was_not_asked_for_nothing_is_written(ports: Ports, keys: KeyRing, tmp_path: Path) -> None:
    assert ssh_config.refresh(ports, keys) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("sessions")
def test_keys_of_what_is_no_more_go_even_so(ports: Ports, keys: KeyRing, tmp_path: Path) -> None:
    (tmp_path / "keys" / "gone").mkdir(parents=True)
    (tmp_path / "keys" / "bobs").mkdir()
    ssh_config.refresh(ports, keys)
    assert keys.ids() == {"bobs"}


@pytest.mark.usefixtures("sessions")
def test_a_session_that_goes_takes_block_and_keys_with_it(
    ports: Ports, keys: KeyRing, tmp_path: Path
) -> None:
    ssh_config.install(ports, keys)
    engine(ports).remove(SESSION.id)
    assert ssh_config.refresh(ports, keys) == ("ended-run",)
    assert keys.ids() == {"ended"}
    assert SESSION.id not in (tmp_path / "ssh_config").read_text()


@pytest.mark.usefixtures("sessions")
def test_an_engine_that_is_gone_takes_nothing_with_it(ports: Ports, keys: KeyRing, tmp_path: Path) -> None:
    ssh_config.install(ports, keys)
    before = (tmp_path / "ssh_config").read_bytes()
    engine(ports).down = True
    with pytest.raises(EngineUnreachable):
        ssh_config.refresh(ports, keys)
    assert (tmp_path / "ssh_config").read_bytes() == before
    assert keys.ids() == {SESSION.id, "ended"}


def test_an_engine_that_is_gone_is_told_before_anything_is_touched(
    ports: Ports, keys: KeyRing, tmp_path: Path
) -> None:
    engine(ports).down = True
    with pytest.raises(EngineUnreachable):
        ssh_config.install(ports, keys)
    assert not (tmp_path / ".ssh").exists()


@pytest.mark.usefixtures("sessions")
def test_one_session_is_asked_for_its_keys_with_a_reason_where_it_has_none(
    ports: Ports, keys: KeyRing
) -> None:
    with pytest.raises(AppFailed, match="takes no SSH"):
        ssh_config.ssh_host(ports, keys, replace(SESSION, apps=()))
    with pytest.raises(NotYours):
        ssh_config.ssh_host(ports, keys, replace(SESSION, owner=Owner("bob", 1001, 1001)))
