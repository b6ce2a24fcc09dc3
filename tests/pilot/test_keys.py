"""Keys: those a person sets, and those that arrive faster than dialogs open."""

from __future__ import annotations

import pytest

from sessiontui.domain.errors import ConfigError
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.commands import command
from sessiontui.ui.keyboard import Keyboard
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.delete import DeleteScreen
from sessiontui.ui.screens.help import CommandHelp, HelpScreen
from sessiontui.ui.screens.launch import LaunchScreen
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.widgets.command_bar import CommandBar
from sessiontui.ui.widgets.tab_line import StartButton
from tests.pilot.stage import Stage, busy, opened, until


def shown(app: SessiontuiApp, kind: type[CommandBar] | type[StartButton]) -> str:
    return str(app.screen_stack[1].query_one(kind).render())


async def test_keys_typed_ahead_open_one_dialog_and_nothing_behind_it() -> None:
    async with opened(busy()) as (pilot, app):
        # As a slow line delivers them: all at once.
        for key in ("n", "d", "x", "slash", "s"):
            app.simulate_key(key)
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        await pilot.pause()
        assert [type(one) for one in app.screen_stack[1:]] == [MainScreen, LaunchScreen]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert not app.screen.query_one("#filter").display


async def test_the_keys_of_the_settings_do_it_and_are_shown() -> None:
    stage = busy()
    stage.keymap = {"delete-session": "ctrl+d", "start-session": "+", "stop-session": "d"}
    async with opened(stage) as (pilot, app):
        bar = shown(app, CommandBar)
        assert "^d delete" in bar
        assert "d stop" in bar
        assert "+ start" in bar
        assert shown(app, StartButton).strip() == "+  START"
        await pilot.press("ctrl+d")
        await until(pilot, lambda: isinstance(app.screen, DeleteScreen))
        await pilot.press("escape", "d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("escape", "plus")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        await pilot.press("x", "n")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        deletes = command("delete-session").help
        assert [one._keys for one in app.screen.query(CommandHelp) if one._text == deletes] == ["^d"]


async def test_an_empty_list_names_the_key_that_starts() -> None:
    stage = Stage(keymap={"start-session": "f2"})
    async with opened(stage) as (_, app):
        assert "Press f2 or click START" in str(app.screen.query_one("#notice").render())


@pytest.mark.parametrize(
    ("keymap", "said"),
    [
        (
            {"delete-sesion": "ctrl+d"},
            "keys.delete-sesion: there is no such command; did you mean delete-session?",
        ),
        ({"delete-session": "x"}, "keys.delete-session: x is the key of stop-session"),
        ({"delete-session": "j"}, "keys.delete-session: j cannot be given away"),
        ({"delete-session": ""}, "keys.delete-session: no key is named"),
        ({"open-apps": "f5", "read-logs": "f5"}, "keys.read-logs: f5 is the key of open-apps"),
    ],
)
def test_keys_that_cannot_be_meant_are_refused(keymap: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Keyboard(keymap)
    assert said in caught.value.message


async def test_the_help_begins_with_the_keys_of_the_tab_that_is_shown() -> None:
    async with opened(busy()) as (pilot, app):
        for tab, first in (("2", "Session"), ("3", "Folders"), ("4", "Environments"), ("5", "History")):
            await pilot.press(tab)
            await pilot.pause()
            await pilot.press("question_mark")
            await until(pilot, lambda: isinstance(app.screen, HelpScreen))
            assert str(app.screen.query(".help--group").first().render()) == first
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
