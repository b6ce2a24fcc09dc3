"""The rules of the house, held by tools: walls, types, style, and what a start does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str) -> None:
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [str(tools / command[0]), *command[1:]], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize(
    "command",
    ["ruff check .", "ruff format --check .", "lint-imports --no-cache", "mypy"],
)
def test_the_tools_find_nothing(command: str) -> None:
    run(*command.split())


def loaded_by(statement: str) -> set[str]:
    """The top-level modules a clean interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_domain_loads_neither_the_screen_nor_the_engine() -> None:
    loaded = loaded_by("import sessiontui.domain.picture, sessiontui.domain.launch, sessiontui.domain.errors")
    assert not loaded & {"textual", "rich", "docker", "requests", "psutil", "pynvml"}


def test_the_command_lines_help_loads_neither_the_screen_nor_the_engine() -> None:
    loaded = loaded_by("from sessiontui.cli.parser import parser; parser().format_help()")
    assert not loaded & {"textual", "rich", "docker", "requests", "psutil", "pynvml"}


def test_the_command_line_does_not_load_the_screen() -> None:
    modules = ("verbs", "listing", "gpus")
    loaded = loaded_by("import " + ", ".join(f"sessiontui.cli.{one}" for one in modules))
    assert not loaded & {"textual", "rich"}


def test_no_gpu_library_is_loaded_before_a_gpu_is_asked_for() -> None:
    make = "wiring.ports(config.load(None, os.environ), os.environ)"
    loaded = loaded_by(f"import os\nfrom sessiontui import config, wiring\n{make}")
    assert not loaded & {"pynvml", "amdsmi"}


def test_the_app_stays_short() -> None:
    assert len((ROOT / "sessiontui/ui/app.py").read_text().splitlines()) <= 150


def test_nothing_is_called_by_a_word_that_says_nothing() -> None:
    names = {path.stem for path in (ROOT / "sessiontui").rglob("*.py")}
    assert not {name for name in names if any(word in name for word in ("manager", "helper", "util"))}


def test_the_top_level_holds_what_was_agreed() -> None:
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    entries = {name for name in listed.stdout.split() if not name.startswith(".")}
    assert entries == {"LICENSE", "README.md", "pyproject.toml", "sessiontui", "styles", "tests"}
