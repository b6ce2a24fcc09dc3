"""From a laptop through a real sshd into a session: the printed lines, run as printed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessiontui.engine.docker import DockerEngine
from tests.e2e.laptop import Person, Place, place

SessionTui = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.beside


BATCH = "-o BatchMode=yes"
FILE = "報告 für 'you' 1.txt"
CONTENT = os.urandom(300_000)
CONFIG = b"# mine\r\nServerAliveInterval 60\n\nHost other\n  User zoe\n\nHost *\n  ProxyJump nowhere.invalid"
"""A file as people have them: for all hosts first and last, and no line break at the end."""


@pytest.fixture(scope="module")
def outside() -> Iterator[Place]:
    """A box with an sshd and a laptop."""
    with place() as made:
        yield made


@pytest.fixture
def box(sessiontui: SessionTui, outside: Place) -> Callable[..., str]:
    """Runs the command line on the box, for the person who logged in from the laptop; what it prints."""

    def run(*arguments: str) -> str:
        done = sessiontui(*arguments, **outside.environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def session(box: Callable[..., str], engine: DockerEngine) -> str:
    """A session of the box's person."""
    return box("launch", "python", "--name", "e2e-Ssh_1.x", "--memory", "600m").strip()


def well(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"{done.args[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def copies_both_ways(person: Person, name: str, work: str) -> None:
    """Every program carries a file with a hostile name there and back."""
    person.write(f"{work}/{FILE}", CONTENT)
    there = f"{work} {FILE}"
    well(person.sh(f"ssh {BATCH} {name} mkdir -p {shlex.quote(shlex.quote(work))}"))
    quoted = shlex.quote(f"{work}/{FILE}")
    well(person.sh(f"scp {BATCH} {quoted} {name}:{shlex.quote(there)}"))
    well(person.sh(f"scp {BATCH} {name}:{shlex.quote(there)} {shlex.quote(work)}/scp"))
    rsync = f"rsync -a -e 'ssh {BATCH}'"
    well(person.sh(f"{rsync} {shlex.quote(work)}/ {name}:{work}/"))
    well(person.sh(f"{rsync} {name}:{work}/ rsync-{work}/"))
    person.write("batch", f'get "{there}" "{work}/sftp"\nput "{work}/sftp" "{work}/ü b"\n'.encode())
    well(person.sh(f"sftp {BATCH} -b batch {name}"))
    well(person.sh(f"scp {BATCH} {name}:{work}/'ü b' {work}/again"))
    for path in (f"{work}/scp", f"rsync-{work}/{FILE}", f"{work}/sftp", f"{work}/again"):
        assert (person.home / path).read_bytes() == CONTENT, path


def new_host_key(box: Callable[..., str], session: str) -> None:
    """Somebody else answers at the session's port."""
    box(
        "shell", session, "--", "sh", "-c",
        "cd /opt/sessiontui/session/ssh && rm host host.pub && ssh-keygen -q -t ed25519 -N '' -f host &&"
        " pkill -x sshd",
    )  # fmt: skip
    box("open", session, "ssh")


def test_the_printed_line_carries_a_page_to_the_laptop(
    box: Callable[..., str], session: str, outside: Place
) -> None:
    url, line = box("open", session, "jupyterlab").splitlines()[:2]
    laptop = outside.laptop

    def status(address: str) -> str:
        return laptop.sh(f"curl -s -o /dev/null -w '%{{http_code}}' {shlex.quote(address)}").stdout

    assert status(url) == "000"
    tunnel = laptop.start(f"exec {line}")
    try:
        end = time.monotonic() + 15
        while status(url) == "000" and time.monotonic() < end:
            assert tunnel.poll() is None
            time.sleep(0.1)
        assert status(url) == "200"
        assert status(url.partition("?")[0]) == "302"
        api = url.partition("/lab")[0] + "/api/contents"
        assert status(api) == "403"
    finally:
        os.killpg(tunnel.pid, signal.SIGTERM)
        tunnel.wait()


def test_the_printed_block_gives_the_laptop_the_name(
    box: Callable[..., str], session: str, outside: Place
) -> None:
    laptop, name = outside.laptop, f"st-{session}"
    printed = box("ssh-config", "--laptop", session)
    fetch = next(line[1:].strip() for line in printed.splitlines() if line.startswith("#   scp "))
    well(laptop.sh(fetch))
    key = laptop.home / ".ssh" / name
    assert key.stat().st_mode & 0o777 == 0o600
    own = b"ServerAliveInterval 60\nHost *\n  User nobody\n"
    laptop.write(".ssh/config", printed.encode() + own)
    well(laptop.sh(f"ssh {BATCH} {name} true"))
    copies_both_ways(laptop, name, "work")
    # What stood first in the file still holds for all hosts.
    assert "serveraliveinterval 60" in well(laptop.sh("ssh -G elsewhere"))

    new_host_key(box, session)
    refused = laptop.sh(f"ssh {BATCH} {name} true")
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr
    well(laptop.sh(fetch))
    well(laptop.sh(f"ssh {BATCH} {name} true"))


def test_the_setting_names_the_place_for_the_laptop(
    box: Callable[..., str], session: str, outside: Place, home: Path
) -> None:
    settings = home / "settings.toml"
    settings.write_text(f'ssh_destination = "{outside.box.name}@gpu-box:{outside.port}"\n')
    laptop = outside.laptop
    known = f"Host gpu-box\n  HostName {outside.address}\n  HostKeyAlias [{outside.address}]:{outside.port}\n"
    laptop.write(".ssh/config", known.encode())
    endpoint = json.loads(box("--config", str(settings), "open", session, "ssh", "--json"))
    assert {"app", "url", "host", "port", "ssh_command"} <= endpoint.keys()
    lines = {one["label"]: one["line"] for one in endpoint["lines"]}
    well(laptop.sh(lines["On your laptop, once: fetch its keys"]))
    block = lines["On your laptop, once: at the top of ~/.ssh/config"]
    laptop.write(".ssh/config", f"{block}{known}".encode())
    assert well(laptop.sh(f"ssh {BATCH} st-{session} id -un")) == "work\n"


def test_on_the_box_one_command_gives_every_session_a_name(
    box: Callable[..., str], session: str, outside: Place, sessiontui: SessionTui
) -> None:
    person, name = outside.box, f"st-{session}"
    file = person.write(".ssh/config", CONFIG, 0o644)
    refused = sessiontui("ssh-config", **outside.environ)
    assert refused.returncode == 1
    assert "Include " in refused.stderr
    assert file.read_bytes() == CONFIG

    assert f"ssh {name}\n" in box("ssh-config", "--yes")
    assert file.read_bytes().endswith(CONFIG)
    assert file.stat().st_mode & 0o777 == 0o644
    assert file.owner() == person.name
    assert "already" in box("ssh-config")
    assert well(person.sh(f"ssh {BATCH} {name} id -un")) == "work\n"
    copies_both_ways(person, name, "work")
    assert box("ssh-config", "--key", session) == well(person.sh(f"ssh {BATCH} {name} cat id_container"))

    keys = person.home / ".local/state/sessiontui/keys"
    second = box("launch", "python", "--name", "e2e-ssh-2", "--memory", "600m").strip()
    well(person.sh(f"ssh {BATCH} st-{second} true"))
    assert len(list(keys.glob("*/st-*.known_hosts"))) == 2
    box("rm", second, "--yes")
    unknown = person.sh(f"ssh -G st-{second}")
    assert "hostname 127.0.0.1" not in unknown.stdout
    assert len(list(keys.glob("*/st-*.known_hosts"))) == 1

    printed = dict(
        part.split("\n", 1) for part in box("open", session, "ssh").split("\n# ")[1:] if "\n" in part
    )
    assert printed["Log in"].strip() == f"ssh {name}"
    login = printed["Log in (no set-up needed)"].strip()
    assert well(person.sh(f"{login} id -un")) == "work\n"
    person.write("up/a b.txt", b"up")
    up = printed["Copy a directory into it, or what changed (no set-up needed)"].strip()
    well(person.sh(up.replace("DIRECTORY", "up")))
    assert well(person.sh(f"ssh {BATCH} {name} cat \"'up/a b.txt'\"")) == "up"

    box("ssh-config", "--remove")
    assert file.read_bytes() == CONFIG
    assert file.stat().st_mode & 0o777 == 0o644
    assert {one.name for one in keys.parent.iterdir()} <= {"keys", "history", ".history.lock"}
    assert [one.name for one in file.parent.iterdir() if "config" in one.name] == ["config"]


def test_a_changed_host_key_is_refused_on_the_box(
    box: Callable[..., str], session: str, outside: Place
) -> None:
    person = outside.box
    box("ssh-config", "--yes")
    known = next((person.home / ".local/state/sessiontui/keys").glob(f"*/st-{session}.known_hosts"))
    before = known.read_bytes()
    new_host_key(box, session)
    assert known.read_bytes() != before
    well(person.sh(f"ssh {BATCH} st-{session} true"))
    known.write_bytes(before)
    refused = person.sh(f"ssh {BATCH} st-{session} true")
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr
    box("ssh-config", "--remove")
