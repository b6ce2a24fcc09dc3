"""Whatever strangers wrote is shown harmlessly by every command; a later version's sessions are let be."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from sessiontui.domain.errors import AppFailed, EngineError
from sessiontui.domain.folder import Mount
from sessiontui.domain.launch import Preparation, Progress, Step
from sessiontui.domain.session import SCHEMA, Phase
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.commands import COMMANDS, Command
from sessiontui.ui.commands.base import SESSIONS, OnSession
from tests.pilot.stage import JUPYTER, NOW, Stage, lend_terminal, opened, order, select, until
from tests.pilot.test_dashboard import main, toasts

BEGIN = "[red]日本[/]"
EVIL = f"{BEGIN}\x1b[31m\x1b]0;title\x07\u202egnp\r\n\t\x00\x9b1m\u200b" + "界x" * 5_120
"""Markup, escape sequences, marks of direction, lines, wide signs, nothing to see, ten kilobytes."""

ASIDE = {"quit", "toggle-mouse", "open-palette"}
"""Commands that show nothing of a session."""
HERE = [one for one in COMMANDS if one.name not in ASIDE and one.tab in ("", SESSIONS)]
"""Those that a person can ask for beside the sessions."""


def hostile() -> Stage:
    """A session that is hostile in all that others can write."""
    stage = Stage()
    apps = (replace(JUPYTER, label=EVIL, group=EVIL), replace(JUPYTER, name=EVIL, label=EVIL, port=8889))
    mounts = (Mount(EVIL, f"/{EVIL}", f"/home/work/{EVIL}"),)
    session = stage.put("evil", mounts=mounts, environment="other", image=f"evil.example/{EVIL}")
    changes = {"name": EVIL, "apps": apps, "env": ((EVIL, EVIL),), "ports": ((8888, 1),), "id": "id-evil"}
    stage.engine.put(replace(session, **changes))  # type: ignore[arg-type] # by name
    stage.put("ended", phase=Phase.FAILED, reason=EVIL, mounts=mounts, environment=EVIL, version=EVIL)
    stage.use("evil", 0.5, 2**30)
    stage.engine.write("id-evil", f"{EVIL}\n{EVIL}\n".encode())
    for path in (EVIL.replace("/", ""), "plain"):
        stage.engine.write_file("id-evil", f"/home/work/{path}", b"x")
    stage.engine._images[EVIL] = ""
    stage.engine.image_labels[EVIL] = {"org.opencontainers.image.title": EVIL}
    return stage


def drawn(app: SessiontuiApp) -> list[str]:
    """The lines on the screen."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def assert_harmless(app: SessiontuiApp, size: tuple[int, int]) -> None:
    """Every line is as wide as the terminal, and nothing in it acts on one or misleads an eye."""
    lines = drawn(app)
    assert len(lines) == size[1]
    for line in lines:
        assert not [sign for sign in line if unicodedata.category(sign)[0] == "C"], repr(line)
        assert cell_len(line) == size[0], repr(line)


async def quiet(pilot: Pilot[None], app: SessiontuiApp) -> None:
    """Nothing is asked for any more that a dialog waits for."""
    await until(
        pilot,
        lambda: (
            not [
                one
                for one in app.workers
                if one.group not in ("poller", "commands", "logs") and one.is_running
            ]
        ),
    )


@pytest.mark.parametrize("one", HERE, ids=lambda one: one.name)
async def test_every_command_shows_hostile_text_harmlessly(
    monkeypatch: pytest.MonkeyPatch, one: Command
) -> None:
    size = (80, 24)
    lend_terminal(monkeypatch)
    stage = hostile()
    async with opened(stage, size) as (pilot, app):
        app.screen.query_one("SessionList").select("id-evil")  # type: ignore[attr-defined]
        await pilot.pause(0.1)
        assert_harmless(app, size)
        assert BEGIN in "".join(drawn(app)), "its markup is text"
        before = app.screen
        main(app).action_command(one.name)
        await until(pilot, lambda: True)
        await quiet(pilot, app)
        assert_harmless(app, size)
        if app.screen is not before:
            for key in ("down", "tab", "enter"):
                await pilot.press(key)
                await quiet(pilot, app)
                assert_harmless(app, size)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["small", "large"])
async def test_what_goes_wrong_is_told_harmlessly(size: tuple[int, int]) -> None:
    stage = hostile()
    stage.engine.failing["stop"] = EngineError(EVIL, EVIL)
    stage.engine.failing[JUPYTER.name] = AppFailed(EVIL, EVIL, output=EVIL)
    stage.engine.failing["pull"] = EngineError(EVIL, EVIL)
    async with opened(stage, size) as (pilot, app):
        app.screen.query_one("SessionList").select("id-evil")  # type: ignore[attr-defined]
        app.desk.observer.prepare(
            Preparation(order(EVIL), Progress(Step.PULLING, EVIL, 0.5), NOW.timestamp())
        )
        app.desk.redraw()
        main(app).launch(order(EVIL, image=EVIL + ":2"))
        await until(pilot, lambda: BEGIN in toasts(app))
        assert_harmless(app, size)
        await pilot.press("2", "x")
        await pilot.pause(0.1)
        assert_harmless(app, size)
        await pilot.press("y")
        await pilot.pause(0.1)
        assert_harmless(app, size)
        stage.engine.down = True
        app.desk.observer.lost(EngineError(EVIL, EVIL))
        app.desk.redraw()
        await until(pilot, lambda: main(app).query_one("#banner").display)
        assert_harmless(app, size)


# --- labels of a later version -------------------------------------------------------------------------

SHOWING = {"read-logs", "show-charts", "repeat-session"}
"""Commands about a session that change nothing of it."""


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.STOPPED])
async def test_a_session_of_a_later_version_is_shown_and_every_command_about_it_says_why_not(
    phase: Phase,
) -> None:
    stage = Stage()
    later = stage.engine.put(replace(stage.put("later", phase=phase), schema=SCHEMA + 1))
    async with opened(stage) as (pilot, app):
        await pilot.press("2")
        await select(pilot, app, "later")
        about = [one for one in COMMANDS if isinstance(one, OnSession)]
        assert {one.name for one in about} >= {"stop-session", "delete-session", "open-apps", *SHOWING}
        for one in about:
            reason = one.why_not(app.picture, main(app).selected, app.desk.ports.owner)
            if one.name in SHOWING:
                assert "newer" not in (reason or "")
            else:
                assert reason == "later was made by a newer sessiontui: use that version"
            main(app).action_command(one.name) if one.name not in SHOWING else None
        await pilot.pause(0.1)
        assert app.screen is main(app), "no dialog opens"
        assert stage.engine.sessions() == (later,)
