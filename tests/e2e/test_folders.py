"""Folders in a real terminal on a real engine: made, mounted where the person says, kept, had back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sessiontui.engine.docker import DockerEngine
from tests.e2e.terminal import Terminal
from tests.real import prepared_environment

pytestmark = pytest.mark.beside

SessionTui = Callable[..., subprocess.CompletedProcess[str]]


def test_a_folder_from_its_making_to_the_trash_and_back(
    terminals: Callable[[str], Terminal], engine: DockerEngine, home: Path, sessiontui: SessionTui
) -> None:
    prepared_environment(engine)
    place = home / "sessiontui" / "lake"
    terminal = terminals("folders")
    terminal.start("sessiontui")
    terminal.wait("Docker")

    # Made in the tab.
    terminal.keys("3")
    terminal.wait("No folders yet")
    terminal.keys("a")
    terminal.wait("Create +Cancel")
    terminal.type("lake")
    terminal.keys("Enter")
    terminal.wait(r"▸ lake +\S+ +rw +0B +0 ")
    assert place.is_dir()

    # Mounted at the launch, where the person says.
    terminal.keys("n")
    terminal.wait(r"Name +[a-z]+-[a-z]+")
    terminal.wait("● ready")
    terminal.keys("Tab", "Tab")
    terminal.wait(r"█ *Name")
    terminal.keys("C-u")
    terminal.type("e2e-lake")
    terminal.wait(r"Name +e2e-lake ")
    terminal.click("     lake")
    terminal.wait(r"\[x\] rw +lake")
    terminal.keys("e")
    terminal.wait("where lake appears")
    terminal.type("/etc/lake")
    terminal.wait("is the system's: choose a place")
    terminal.keys("C-u")
    terminal.wait("where lake appears")
    terminal.type("/lake")
    terminal.wait(r"\[x\] rw +lake → /lake")
    terminal.keys("Enter", "C-l")
    terminal.wait(r"e2e-lake +Python \S+ +● running", 120)

    # In use it is neither renamed nor deleted; what the session writes is there to be seen.
    script = "echo caught > /lake/fish.txt && id -un"
    written = sessiontui("shell", "e2e-lake", "--", "sh", "-c", script)
    assert written.returncode == 0, written.stderr
    assert (place / "fish.txt").read_text() == "caught\n"
    terminal.keys("3")
    terminal.wait(r"▸ lake .* e2e-lake +now")
    terminal.wait(r"used by +e2e-lake running rw → /lake")
    terminal.keys("d")
    terminal.wait("cannot delete lake: mounted by e2e-lake")
    terminal.keys("e")
    terminal.wait("cannot rename lake: mounted by e2e-lake")
    terminal.keys("Enter")
    terminal.wait("fish.txt")
    terminal.keys("Enter")
    terminal.wait(r"^ ?caught")
    terminal.keys("Escape")
    terminal.wait("other side")
    terminal.keys("Escape")
    terminal.wait("Folders 1")

    # Free again it goes into the trash once its name is typed, and comes back whole.
    assert sessiontui("rm", "--yes", "e2e-lake").returncode == 0
    terminal.wait(r"used by +no session")
    terminal.keys("d")
    terminal.wait("1 file, 7B")
    terminal.type("lake")
    terminal.keys("Enter")
    terminal.wait("lake is in the trash")
    terminal.wait("No folders yet")
    assert not place.exists()
    terminal.keys("t")
    terminal.wait(r"lake +\d+s ago +7B +1")
    terminal.keys("r")
    terminal.wait("nothing is in it")
    terminal.keys("Escape")
    terminal.wait(r"▸ lake +\S+ +rw ")
    assert (place / "fish.txt").read_text() == "caught\n"
    terminal.keys("q")
    terminal.wait("ended with 0")
