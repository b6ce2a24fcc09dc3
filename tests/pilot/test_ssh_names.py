"""Setting up ``ssh st-NAME`` from the dashboard, and its staying current by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessiontui.access.ssh_config import SshConfig
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.main import MainScreen
from tests.pilot.stage import BOB, Stage, opened, until

INSIDE = "/opt/sessiontui/session"


def toasts(app: SessiontuiApp) -> str:
    return "\n".join(one.message for one in app._notifications)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".ssh").mkdir()
    return tmp_path


@pytest.fixture
def stage(home: Path) -> Stage:
    stage = Stage(keys=home / "keys", config=SshConfig(home, home / "ssh_config"))
    arrive(stage, "nifty-bohr")
    stage.put("bold-euler", owner=BOB)
    return stage


def arrive(stage: Stage, name: str) -> None:
    session = stage.put(name)
    stage.engine.write_file(session.id, f"{INSIDE}/sshd_config", b"Port 2200\n")
    stage.engine.write_file(session.id, f"{INSIDE}/ssh/id_container", b"key\n")
    stage.engine.write_file(session.id, f"{INSIDE}/ssh/host.pub", b"ssh-ed25519 AAAA x\n")


def hosts(home: Path) -> list[str]:
    file = home / "ssh_config"
    text = file.read_text() if file.exists() else ""
    return [line.removeprefix("Host ") for line in text.splitlines() if line.startswith("Host ")]


async def test_it_asks_does_it_follows_the_sessions_and_ends_it(stage: Stage, home: Path) -> None:
    config = home / ".ssh" / "config"
    config.write_text("Host *\n")
    async with opened(stage) as (pilot, app):
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert config.read_text() == "Host *\n"
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "set up: ssh st-nifty-bohr" in toasts(app))
        assert f"Include {home}/ssh_config\nHost *\n" in config.read_text()
        assert hosts(home) == ["st-nifty-bohr"]
        arrive(stage, "calm-curie")
        # As the engine tells it: the keys are there once the session is.
        stage.put("calm-curie")
        await until(pilot, lambda: hosts(home) == ["st-calm-curie", "st-nifty-bohr"])
        stage.engine.remove("id-nifty-bohr")
        await until(pilot, lambda: hosts(home) == ["st-calm-curie"])
        await until(pilot, lambda: not (home / "keys" / "id-nifty-bohr").exists())
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "is as it was" in toasts(app))
        assert config.read_text() == "Host *\n"


async def test_what_cannot_be_written_is_told_and_the_launch_is_not_spoilt(stage: Stage, home: Path) -> None:
    assert stage.config is not None
    stage.config.install()
    (home / "ssh_config").mkdir()
    async with opened(stage) as (pilot, app):
        await until(pilot, lambda: "the names for ssh are not up to date" in toasts(app))
        arrive(stage, "calm-curie")
        await until(pilot, lambda: app.picture.session("id-calm-curie"))


async def test_a_demo_has_no_names_and_touches_nothing(home: Path) -> None:
    stage = Stage(keys=home / "keys")
    (home / "keys" / "stray").mkdir(parents=True)
    async with opened(stage) as (pilot, app):
        await pilot.press("h")
        await until(pilot, lambda: "demo" in toasts(app))
    assert (home / "keys" / "stray").exists()
