"""Choosing a shell, a command or a window, and what opens."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from sessiontui.domain.errors import EngineError
from sessiontui.domain.session import Session
from sessiontui.engine.memory import MemoryEngine
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.screens.shell import ShellScreen
from sessiontui.ui.shell_choice import ShellSettings
from sessiontui.ui.widgets.choices import Choices
from sessiontui.ui.widgets.field import Field
from tests.pilot.stage import Stage, busy, lend_terminal, opened, select, until
from tests.pilot.test_dashboard import toasts


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lend_terminal(monkeypatch)


def in_tmux(stage: Stage) -> Stage:
    stage.environ = {"TERM": "tmux-256color", "TMUX": "/nonexistent/socket,1,0", "PATH": os.environ["PATH"]}
    return stage


def shells(app: SessiontuiApp) -> Choices:
    return app.screen.query_one("#shell-program", Choices)


def asked(app: SessiontuiApp) -> Callable[[], bool]:
    return lambda: isinstance(app.screen, ShellScreen) and shells(app).options == ("bash", "sh")


async def test_the_chosen_shell_opens_and_is_offered_first_the_next_time() -> None:
    stage = busy()
    stage.shell_settings = ShellSettings("ctrl-a,x")
    async with opened(stage, (80, 24)) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("S")
        await until(pilot, asked(app))
        assert shells(app).value == "bash"
        assert not app.screen.query("#shell-place")
        await pilot.press("right", "enter")
        await until(pilot, lambda: stage.shells)
        argv, banner = stage.shells[0]
        assert argv[0] == "/bin/sh"
        assert "ctrl-a x does too" in banner
        await until(pilot, lambda: isinstance(app.screen, MainScreen) and not app.desk.away.is_set())
        await pilot.press("S")
        await until(pilot, asked(app))
        assert shells(app).value == "sh"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert len(stage.shells) == 1


async def test_a_key_that_follows_a_shell_at_once_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        answers = threading.Event()
        glance = stage.engine.glance

        def slow_glance() -> tuple[Session, ...]:
            answers.wait(30)
            return glance()

        monkeypatch.setattr(stage.engine, "glance", slow_glance)
        await pilot.press("s")
        try:
            await until(pilot, lambda: len(stage.shells) == 1 and not app.desk.away.is_set())
            await pilot.press("s")
            await until(pilot, lambda: len(stage.shells) == 2)
        finally:
            answers.set()


async def test_a_line_is_run_as_it_was_typed() -> None:
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("S")
        await until(pilot, asked(app))
        await pilot.press("tab", *"echo", "space", *"$A", "enter")
        await until(pilot, lambda: stage.shells)
        argv, banner = stage.shells[0]
        assert argv[-1] == "echo $A"
        assert banner == "", "nothing is said of a shell where only a line runs"


async def test_the_usual_shell_opens_though_the_session_did_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> tuple[str, ...]:
        raise EngineError("no answer [b]")

    monkeypatch.setattr(MemoryEngine, "shells", fail)
    stage = busy()
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, ShellScreen))
        await until(pilot, lambda: app.screen.query_one("#field-shell", Field).problem == "no answer [b]")
        await pilot.press("enter")
        await until(pilot, lambda: stage.shells)


async def test_a_window_that_tmux_does_not_open_is_said_and_the_dashboard_stays() -> None:
    stage = in_tmux(busy())
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("S")
        await until(pilot, asked(app))
        await pilot.press("tab", "tab", "right", "enter")
        await until(pilot, lambda: "tmux opened no window" in toasts(app))
        assert not stage.shells


async def test_where_the_settings_say_so_the_usual_key_opens_a_window() -> None:
    stage = in_tmux(busy())
    stage.shell_settings = ShellSettings(in_window=True)
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("s")
        await until(pilot, lambda: "tmux opened no window" in toasts(app))
    stage.environ = {"TERM": "xterm"}
    async with opened(stage) as (pilot, app):
        await select(pilot, app, "nifty-bohr")
        await pilot.press("s")
        await until(pilot, lambda: stage.shells)
