"""The installed wheel, a home of its own, and a real engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessiontui.engine.docker import DockerEngine
from tests.e2e.terminal import Terminal
from tests.real import real_engine

PACKAGES = {
    "tmux": "tmux",
    "ssh": "openssh-client",
    "sftp": "openssh-client",
    "/usr/sbin/sshd": "openssh-server",
    "rsync": "rsync",
    "ip": "iproute2",
    "curl": "curl",
}
"""By the program that it brings."""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """What the tests drive, installed where it is missing."""
    missing = sorted({package for program, package in PACKAGES.items() if not shutil.which(program)})
    if not missing:
        return
    if os.geteuid() != 0:
        pytest.fail(f"these tests need: apt-get install {' '.join(missing)}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environ)
    subprocess.run(["apt-get", "install", "-y", "-qq", *missing], check=True, env=environ)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``sessiontui`` command of the wheel, installed into a virtual environment of its own."""
    where = tmp_path_factory.mktemp("installed")
    run = [sys.executable, "-m"]
    subprocess.run(
        [*run, "build", "--wheel", "--no-isolation", "--outdir", str(where), str(ROOT)],
        check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run([*run, "venv", str(where / "venv")], check=True)
    (wheel,) = where.glob("*.whl")
    subprocess.run([where / "venv/bin/pip", "install", "-q", str(wheel)], check=True)
    return where / "venv/bin/sessiontui"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The person's home directory."""
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def environ(home: Path, installed: Path) -> dict[str, str]:
    """The person's environment."""
    return {
        "HOME": str(home),
        "PATH": f"{installed.parent}:{os.environ['PATH']}",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "USER": "tester",
    }


@pytest.fixture
def terminals(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], Terminal]]:
    """Makes terminals; all are closed at the end."""
    made: list[Terminal] = []

    def make(name: str = "main") -> Terminal:
        made.append(Terminal(name, environ, tmp_path))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()


@pytest.fixture
def engine() -> Iterator[DockerEngine]:
    """The real engine; sessions named e2e-… are deleted at the end."""
    engine = real_engine()
    yield engine
    for session in engine.sessions():
        if session.name.startswith("e2e-"):
            engine.delete(session)
    engine.close()


@pytest.fixture
def empty_engine(engine: DockerEngine) -> DockerEngine:
    """The real engine without any session, as a person finds it who starts for the first time."""
    names = ", ".join(session.name for session in engine.sessions())
    if names:
        pytest.fail(f"this test needs an engine without sessions; delete first: {names}")
    return engine


@pytest.fixture
def sessiontui(environ: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line as a script would."""

    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sessiontui", *arguments],
            check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**environ, **changes}, timeout=300,
        )  # fmt: skip

    return run
