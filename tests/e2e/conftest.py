"""The installed wheel, a home of its own, and a real engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessiontui.engine.docker import DockerEngine
from tests.debian import install, one_at_a_time
from tests.e2e.browser import Browser
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
BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """What all the tests drive, installed where it is missing."""
    install(PACKAGES)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``sessiontui`` command of the wheel, installed into a virtual environment of its own.

    One for all the workers of a run: who comes first makes it.
    """
    base = tmp_path_factory.getbasetemp()
    where = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed"
    where.mkdir(exist_ok=True)
    with one_at_a_time(where / "lock"):
        if not (where / "made").exists():
            _install_wheel(where)
            (where / "made").touch()
    return where / "venv/bin/sessiontui"


def _install_wheel(where: Path) -> None:
    run = [sys.executable, "-m"]
    subprocess.run(
        [*run, "build", "--wheel", "--no-isolation", "--outdir", str(where), str(ROOT)],
        check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run([*run, "venv", str(where / "venv")], check=True)
    (wheel,) = where.glob("*.whl")
    subprocess.run([where / "venv/bin/pip", "install", "-q", str(wheel)], check=True)


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
def browser(tmp_path: Path) -> Iterator[Browser]:
    """The person's browser, which has never been anywhere."""
    install(BROWSER)
    browser = Browser(tmp_path)
    yield browser
    browser.close()


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[DockerEngine]:
    """The real engine; sessions whose names (e2e-…) stand in the test's own module are deleted at the end.

    Others have sessions on it, too: no two modules write the same name.
    """
    engine = real_engine()
    yield engine
    written = set(re.findall(r"\be2e-[\w.-]+", request.path.read_text()))
    # A text that ends with a hyphen begins names that are put together.
    beginnings = tuple(name for name in written if name.endswith("-"))
    for session in engine.sessions():
        if session.name in written or session.name.startswith(beginnings):
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
