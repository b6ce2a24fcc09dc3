"""Sessions saved to a folder and deleted, as a person does it: at the prompt and on the dashboard."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal
from tests.real import real_engine

pytestmark = pytest.mark.beside

SessionTui = Callable[..., subprocess.CompletedProcess[str]]
FIRST, SECOND = "e2e-rescue-prompt", "e2e-rescue-dashboard"


@pytest.fixture
def two_sessions(sessiontui: SessionTui) -> Iterator[None]:
    """Two sessions with a file each, deleted at the end, and a folder."""
    assert sessiontui("folders", "create", "keep").returncode == 0
    for name in (FIRST, SECOND):
        launched = sessiontui("launch", "python", "--name", name)
        assert launched.returncode == 0, launched.stderr
        assert sessiontui("shell", name, "--", "sh", "-c", "echo words >thesis.tex").returncode == 0
    assert sessiontui("stop", FIRST).returncode == 0
    yield
    engine = real_engine()
    for session in engine.sessions():
        if session.name in (FIRST, SECOND):
            engine.delete(session)
    engine.close()


def test_at_the_prompt_and_on_the_dashboard(
    sessiontui: SessionTui, terminals: Callable[[str], Terminal], two_sessions: None, home: Path
) -> None:
    keep = home / "sessiontui" / "keep"
    prompt = terminals("prompt")
    prompt.start(f"sessiontui rm {FIRST} e2e-rescue-absent --save-to keep")
    prompt.wait(r"Save to keep and delete\? \[y/N\]", 60)
    shown = prompt.screen()
    assert "no session 'e2e-rescue-absent'" in shown
    assert f"{FIRST}  stopped" in shown
    assert "1 file, 6B" in shown
    prompt.keys("y", "Enter")
    # One of the two could not be deleted.
    prompt.wait("ended with 1", 60)
    assert (keep / FIRST / "thesis.tex").read_text() == "words\n"
    assert FIRST not in sessiontui("ls", "--all", "-q").stdout.split()

    dashboard = terminals("dashboard")
    dashboard.start("sessiontui")
    dashboard.wait(SECOND, 60)
    dashboard.keys("/")
    dashboard.wait("filter: words")
    dashboard.type(SECOND)
    dashboard.keys("Enter")
    dashboard.wait(rf"▸ +{SECOND}")
    dashboard.keys("d")
    dashboard.wait("1 file, 6B", 60)
    dashboard.keys("Right", "Enter")
    dashboard.wait("New folder…")
    dashboard.keys("Enter")
    dashboard.wait(f"{SECOND} is deleted", 120)
    assert (keep / SECOND / "thesis.tex").read_text() == "words\n"
    assert sorted(one.name for one in keep.iterdir()) == [SECOND, FIRST]
    assert SECOND not in sessiontui("ls", "--all", "-q").stdout.split()
    dashboard.keys("q")
    dashboard.wait("ended with 0")
