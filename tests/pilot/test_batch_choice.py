"""The switch for a command, secret variables, and a launch once more, in the launch dialog."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Checkbox, Input, OptionList, Select, TextArea

from sessiontui.domain.batch import Batch
from sessiontui.domain.environment import OTHER
from sessiontui.domain.folder import HOME, Mount
from sessiontui.domain.own_ports import own_apps
from sessiontui.domain.record import record_of
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB
from sessiontui.ui.screens.last_launches import LastLaunchesScreen
from sessiontui.ui.screens.launch import LaunchScreen
from sessiontui.ui.widgets.batch_choice import BatchChoice
from sessiontui.ui.widgets.extras import ports_text, variables_text
from tests.dialogs import NOW, OWNER, Stage, World, settle
from tests.pilot.test_launch_dialog import TALL, Dialog
from tests.sessions import session


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def again(world: World, repeated: Session) -> Dialog:
    """The dialog, opened to launch that once more."""
    dialog = Dialog(world)
    dialog.screen = LaunchScreen(world.launcher, world.ports, frozenset, repeated)
    dialog.app = Stage(dialog.screen)
    return dialog


def train(**changes: object) -> Session:
    """A session of the world's Python."""
    values: dict[str, object] = {"owner": OWNER, "version": "3.12", "image": "sessiontui/python:3.12"}
    return session("train", **{**values, **changes})


async def test_the_switch_opens_a_command_and_what_is_typed_is_ordered(world: World) -> None:
    dialog = Dialog(world)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        dialog.screen.query_one("#more").press()  # type: ignore[attr-defined] # a button
        await pilot.pause()
        choice = dialog.screen.query_one(BatchChoice)
        assert choice.chosen is None
        assert not dialog.screen.query_one("#command").display
        dialog.screen.query_one("#batch", Checkbox).toggle()
        await pilot.pause()
        assert dialog.screen.query_one("#command").display
        assert "write the command" in dialog.text("#will")
        dialog.screen.query_one("#command", TextArea).text = "make\nmake check"
        dialog.screen.query_one("#time-limit", Input).value = "90"
        await pilot.pause()
        assert "is not a duration" in dialog.text("#will")
        dialog.screen.query_one("#time-limit", Input).value = "1h30m"
        dialog.screen.query_one("#delete-finished", Checkbox).toggle()
        dialog.screen.query_one("#secrets", TextArea).text = "TOKEN=a=b"
        await pilot.pause()
        assert "ends with its command within 1h30m; deleted with its home" in dialog.text("#will")
        await pilot.press("ctrl+l")
        await settle(pilot)
    assert dialog.order.batch == Batch("make\nmake check", 5400, delete=True)
    assert dialog.order.secrets == (("TOKEN", "a=b"),)
    assert "a=b" not in repr(dialog.order)


async def test_an_empty_command_is_refused_at_its_field(world: World) -> None:
    dialog = Dialog(world)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        dialog.screen.query_one("#batch", Checkbox).toggle()
        dialog.screen.query_one("#secrets", TextArea).text = "nothing"
        await pilot.press("ctrl+l")
        await settle(pilot)
        problems = dialog.problems()
        assert "write the command" in problems["batch"]
        assert "write KEY=VALUE" in problems["secrets"]
        assert dialog.screen.query_one("#command").is_on_screen


async def test_a_launch_once_more_is_filled_in_and_asks_for_secrets(world: World) -> None:
    one = train(
        ask=Ask(3, 6 * GIB),
        env=(("URL", "http://x/?a=b"),),
        secret_names=("TOKEN",),
        mounts=(Mount("data", "/f/data", f"{HOME}/sets/raw", read_only=True),),
        apps=own_apps((5000, 5001, 8000), ()),
        batch=Batch("make", 60),
    )
    dialog = again(world, one)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        assert dialog.screen.query_one("#version", Select).value == "3.12"
        assert dialog.screen.query_one("#name", Input).value == "train"
        assert dialog.screen.query_one("#ports", Input).value == "5000:5001, 8000"
        assert "TOKEN has no value" in dialog.text("#will")
        dialog.screen.query_one("#secrets", TextArea).text = "TOKEN=now"
        await pilot.press("ctrl+l")
        await settle(pilot)
    order = dialog.order
    assert (order.name, order.version, order.ask) == ("train", "3.12", Ask(3, 6 * GIB))
    assert (order.env, order.secrets, order.batch) == (one.env, (("TOKEN", "now"),), one.batch)
    places = [(mount.target, mount.read_only) for mount in order.mounts]
    assert places == [(f"{HOME}/.cache", False), (f"{HOME}/sets/raw", True)]
    assert [app.port for app in order.apps if app.own] == [5000, 5001, 8000]


async def test_what_is_not_there_any_more_is_said_under_its_field(world: World) -> None:
    one = train(
        version="2.7",
        ask=Ask(2, 4 * GIB, 5),
        mounts=(Mount("gone", "/f/gone", f"{HOME}/gone"),),
    )
    dialog = again(world, one)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        problems = dialog.problems()
        assert "2.7 is not there any more" in problems["version"]
        assert "gone is not there any more" in problems["mounts"]
        assert "it had 5 GPU" in problems["gpu"]


async def test_an_environment_that_is_gone_is_said_too(world: World) -> None:
    dialog = again(world, train(environment="fortran"))
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        assert "fortran is not there any more" in dialog.problems()["environment"]


async def test_an_image_is_named_once_more(world: World) -> None:
    dialog = again(world, train(environment=OTHER, version="", image="registry.example:5000/x:1"))
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        assert dialog.screen.query_one("#environment", Select).value == OTHER
        assert dialog.screen.query_one("#image", Input).value == "registry.example:5000/x:1"


async def test_a_name_that_is_taken_is_numbered(world: World) -> None:
    one = world.engine.put(train(phase=Phase.RUNNING))
    dialog = again(world, one)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        assert dialog.screen.query_one("#name", Input).value == "train-2"


async def test_the_last_launches_are_one_key_away(world: World) -> None:
    world.engine.put(train(ask=Ask(1, GIB), created_at=NOW))
    world.ports.records.add(record_of(replace(train(), id="older", name="older"), NOW, "alice"))
    dialog = Dialog(world)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+o")
        await settle(pilot)
        last = dialog.app.screen_stack[-1]
        assert isinstance(last, LastLaunchesScreen)
        listing = last.query_one(OptionList)
        shown = [str(listing.get_option_at_index(at).prompt) for at in range(listing.option_count)]
        assert sorted("older" in line for line in shown) == [False, True]
        await pilot.press("down" if "older" in shown[1] else "home", "enter")
        await settle(pilot)
        assert dialog.screen.query_one("#name", Input).value == "older"
        await pilot.press("ctrl+o", "escape")
        await settle(pilot)
        assert dialog.app.screen_stack[-1] is dialog.screen


def test_what_is_filled_in_reads_back() -> None:
    assert ports_text((8000, 5000, 5001, 5003)) == "5000:5001, 5003, 8000"
    assert ports_text(()) == ""
    assert variables_text((("A", "b=c"), ("D", ""))) == "A=b=c\nD=\n"


async def test_a_switch_says_by_a_sign_whether_it_is_on(world: World) -> None:
    dialog = Dialog(world)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        box = dialog.screen.query_one("#delete-finished", Checkbox)
        off = str(box.render())
        box.toggle()
        assert [off, str(box.render())] == [
            f"[{sign}] Delete the session when it ended well " for sign in " x"
        ]
