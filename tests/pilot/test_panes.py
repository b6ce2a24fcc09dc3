"""Tabs that show something else than sessions: their keys, their focus, what they are told."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.widgets import OptionList

from sessiontui.domain.picture import Picture
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.panes import Pane, PaneKind
from sessiontui.ui.screens import main as main_screen
from sessiontui.ui.widgets.session_list import SessionList
from sessiontui.ui.widgets.styled import Styled
from sessiontui.ui.widgets.tab_line import Tabs
from tests.pilot.stage import lived_in, opened, settled
from tests.pilot.test_dashboard import main


class Fruits(Pane):
    """A pane that notes what it is told."""

    listing = OptionList
    told: ClassVar[list[str]] = []

    def compose(self) -> ComposeResult:
        yield OptionList("apple", "pear")

    @property
    def under_cursor(self) -> object:
        return "apple"

    def enter(self) -> None:
        self.told.append("enter")
        self.post_message(self.Counted(self.name or "", 2))

    def leave(self) -> None:
        self.told.append("leave")

    def see(self, picture: Picture) -> None:
        self.told.append(f"{len(picture.sessions)} sessions")

    def show_matching(self, words: str) -> None:
        self.told.append(f"words {words}")


@pytest.fixture(autouse=True)
def fruits(monkeypatch: pytest.MonkeyPatch) -> type[Fruits]:
    Fruits.told = []
    monkeypatch.setattr(main_screen, "PANES", (PaneKind("fruits", "Fruits", lambda: Fruits),))
    return Fruits


def words() -> str:
    """What the pane was last told to filter by."""
    return [one.removeprefix("words ") for one in Fruits.told if one.startswith("words ")][-1]


def tabs(app: SessiontuiApp) -> str:
    return str(main(app).query_one(Tabs).content)


async def test_a_pane_takes_the_place_of_the_sessions_and_gives_it_back() -> None:
    async with opened(lived_in()) as (pilot, app):
        assert not Fruits.told, "nothing of it is made before it is shown"
        assert "Fruits" in tabs(app)
        await pilot.press("left_square_bracket")
        await settled(pilot)
        screen = main(app)
        assert isinstance(screen.pane, Fruits)
        assert isinstance(screen.focused, OptionList)
        assert not screen.query_one(SessionList).display
        assert not screen.query_one("#notice", Styled).display
        assert Fruits.told[:3] == ["enter", f"{len(app.picture.sessions)} sessions", "words "]
        assert "Fruits 2" in tabs(app)
        await pilot.press("1")
        await settled(pilot)
        assert screen.pane is None
        assert screen.query_one(SessionList).display
        assert isinstance(screen.focused, SessionList)
        assert Fruits.told[-1] == "leave"


async def test_keys_of_sessions_touch_none_while_a_pane_is_shown() -> None:
    stage = lived_in()
    async with opened(stage) as (pilot, app):
        await pilot.press("left_square_bracket")
        await settled(pilot)
        assert main(app).selected is None
        assert main(app).under_cursor == "apple"
        for key in ("d", "x", "s", "l"):
            await pilot.press(key)
            await settled(pilot)
            assert app.screen is main(app), key
        assert main(app).shown == frozenset(), "nobody sees figures of sessions"


async def test_the_filter_is_about_the_pane_that_is_shown() -> None:
    async with opened(lived_in()) as (pilot, app):
        await pilot.press("left_square_bracket")
        await settled(pilot)
        await pilot.press("slash", *"pe")
        await settled(pilot)
        assert words() == "pe"
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(main(app).focused, OptionList)
        await pilot.press("escape")
        await settled(pilot)
        assert words() == ""
