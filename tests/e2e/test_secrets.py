"""The secret of a session reaches the person who opens an app, and nobody who only looks around."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import docker
import pytest

from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.payload import home_volume
from tests.e2e.terminal import Terminal
from tests.real import prepared_environment

SessionTui = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.beside

NAME = "e2e-secrets"


@pytest.fixture
def session(sessiontui: SessionTui, engine: DockerEngine) -> str:
    """A running session."""
    environment, version = prepared_environment(engine)
    launched = sessiontui("launch", f"{environment.name}:{version.name}", "--name", NAME)
    assert launched.returncode == 0, launched.stderr
    return NAME


def secret_of(url: str) -> str:
    """What a browser is to send."""
    (secret,) = parse_qs(urlsplit(url).query)["token"]
    assert len(secret) >= 32
    return secret


def arguments_on_the_host() -> set[bytes]:
    """The argument list of every process, those in containers among them."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(path.read_bytes())
        except OSError:
            continue
    return found


@contextmanager
def watched() -> Iterator[set[bytes]]:
    """All argument lists seen while the body runs; some live for a moment only."""
    seen: set[bytes] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            seen.update(arguments_on_the_host())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def test_the_secret_is_where_its_owner_looks_and_nowhere_else(
    session: str, sessiontui: SessionTui, engine: DockerEngine, home: Path
) -> None:
    client = docker.APIClient(version="auto")
    (running,) = (one for one in engine.sessions() if one.name == session)
    container = running.container_id or ""
    execs: set[str] = set()
    with watched() as seen:
        urls = {}
        for app in ("jupyterlab", "tensorboard", "terminal", "ssh"):
            opened = sessiontui("open", session, app, "--json")
            assert opened.returncode == 0, opened.stderr
            urls[app] = json.loads(opened.stdout)["url"]
            execs.update(client.inspect_container(container)["ExecIDs"] or [])
            if urls[app]:
                # A browser's visit is what servers write down.
                with urllib.request.urlopen(urls[app], timeout=30) as answer:
                    assert answer.status == 200
    secret = secret_of(urls["jupyterlab"])
    assert {secret_of(url) for url in urls.values() if url} == {secret}
    assert any(b"jupyterlab" in one for one in seen)
    assert not [one for one in seen if secret.encode() in one]

    assert secret not in json.dumps(client.inspect_container(container))
    assert secret not in json.dumps([client.exec_inspect(one) for one in execs])
    assert secret not in json.dumps(client.inspect_volume(home_volume(running.id)))

    log = sessiontui("logs", session).stdout
    assert "http" in log
    assert secret not in log
    for app in ("jupyterlab", "tensorboard", "ssh"):
        output = sessiontui("logs", session, "--app", app).stdout
        assert output
        assert secret not in output

    state = home / ".local/state/sessiontui"
    kept = [path for path in state.rglob("*") if path.is_file()]
    assert kept
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in kept} == {0o700}
    assert not [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_the_secret_is_not_in_the_title_of_the_terminal(
    session: str, terminals: Callable[[str], Terminal]
) -> None:
    terminal = terminals("title")
    terminal.start("sessiontui")
    terminal.wait(rf"{session} .*● running", 60)
    terminal.click(session)
    terminal.keys("w")
    terminal.wait(f"Apps of {session}")
    terminal.wait("JupyterLab .*stopped")
    terminal.keys("Enter")
    url = terminal.wait(r"http://127\.0\.0\.1:\d+/lab\?token=\S+", 90)[0]
    assert secret_of(url) not in terminal.title()
    assert re.search(r"\S", terminal.title())
