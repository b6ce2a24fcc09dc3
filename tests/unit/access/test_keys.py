"""Key files: whole, their owner's only, one directory a session."""

from __future__ import annotations

import os
import shlex
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sessiontui.access.keys import KeyFiles, KeyRing
from sessiontui.access.on_behalf import on_behalf
from sessiontui.domain.errors import StorageError
from sessiontui.domain.session import Owner

HOST_KEY = b"ssh-ed25519 AAAA comment\n"
NOBODY = Owner("nobody", 65534, 65534)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")


def test_what_is_kept_is_found_for_its_port_only(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys")
    files = ring.keep("id1", "nifty", b"key\n", HOST_KEY, 2201)
    assert ring.kept("id1", "nifty", 2201) == files
    assert ring.kept("id1", "nifty", 2202) is None
    assert ring.kept("id2", "nifty", 2201) is None


def test_a_key_that_is_a_link_counts_as_none(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys")
    files = ring.keep("id1", "nifty", b"key\n", HOST_KEY, 2201)
    files.private.unlink()
    files.private.symlink_to("/etc/hostname")
    assert ring.kept("id1", "nifty", 2201) is None


@pytest.mark.parametrize("host_key", [b"", b"nonsense", b"* ssh-ed25519 AAAA", b"@cert-authority * AAAA"])
def test_what_is_no_host_key_is_refused(tmp_path: Path, host_key: bytes) -> None:
    with pytest.raises(StorageError, match="no host key"):
        KeyRing(tmp_path / "keys").keep("id1", "nifty", b"key\n", host_key, 2201)


@pytest.mark.parametrize(
    ("session_id", "name"), [("../../thesis", "nifty"), ("id1", "any/name"), ("", "nifty")]
)
def test_what_labels_say_leads_out_of_no_directory(tmp_path: Path, session_id: str, name: str) -> None:
    (tmp_path / "thesis").write_text("mine")
    ring = KeyRing(tmp_path / "a" / "keys")
    with pytest.raises(StorageError, match="cannot be called"):
        ring.keep(session_id, name, b"key\n", HOST_KEY, 2201)
    with pytest.raises(StorageError, match="cannot be called"):
        ring.kept(session_id, name, 2201)
    assert (tmp_path / "thesis").read_text() == "mine"


def test_pruning_takes_what_is_of_no_session_and_follows_no_link(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys")
    kept = ring.keep("id1", "nifty", b"key\n", HOST_KEY, 2201)
    ring.keep("id2", "gone", b"key\n", HOST_KEY, 2202)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "keys" / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "keys" / "file").touch()
    ring.prune(["id1"])
    assert ring.ids() == {"id1"}
    assert kept.private.exists()
    assert (tmp_path / "precious" / "file").exists()


def test_two_at_once_leave_whole_files_and_wait_for_each_other(tmp_path: Path) -> None:
    rings = [KeyRing(tmp_path / "keys") for _ in range(4)]
    failures: list[Exception] = []
    inside: list[int] = []

    def work(ring: KeyRing) -> None:
        try:
            for number in range(20):
                with ring.alone():
                    inside.append(1)
                    assert len(inside) == 1
                    ring.keep(f"id{number}", "nifty", b"k" * 4000, HOST_KEY, 2201)
                    ring.prune([f"id{number}"])
                    inside.pop()
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(ring,)) for ring in rings]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []
    names = {path.name for path in (tmp_path / "keys" / "id19").iterdir()}
    assert names == {"st-nifty", "st-nifty.known_hosts"}


def test_a_path_with_a_space_stays_one_word() -> None:
    files = KeyFiles(Path("/a b/key"), Path("/a b/known"), "alias")
    words = shlex.split(files.ssh_command(2201))
    assert "/a b/key" in words
    assert 'UserKnownHostsFile="/a b/known"' in words


@as_root
def test_root_writes_as_the_one_who_called_sudo(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY.uid, NOBODY.gid)
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(path.stat().st_mode | 0o011)
    files = KeyRing(home / "keys", NOBODY).keep("id1", "nifty", b"key\n", HOST_KEY, 2201)
    for path in (files.private, files.known_hosts, files.private.parent, home / "keys"):
        assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY.uid, NOBODY.gid)


@as_root
def test_a_link_to_where_the_caller_may_not_write_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "roots").mkdir(mode=0o700)
    (tmp_path / "keys").symlink_to(tmp_path / "roots")
    with pytest.raises(StorageError, match="cannot write"):
        KeyRing(tmp_path / "keys", NOBODY).keep("id1", "nifty", b"key\n", HOST_KEY, 2201)
    assert list((tmp_path / "roots").iterdir()) == []


@as_root
def test_only_this_thread_acts_for_another_and_only_meanwhile(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(secret.read_text).result() == "root's"
        with on_behalf(NOBODY):
            with pytest.raises(PermissionError):
                secret.read_text()
            assert other.submit(secret.read_text).result() == "root's"
    assert secret.read_text() == "root's"
