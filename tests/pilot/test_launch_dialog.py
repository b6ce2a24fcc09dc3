"""The launch dialog turns keys and clicks into one checked order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Select, Static, TextArea

from sessiontui.domain.environment import OTHER
from sessiontui.domain.errors import EngineError, StorageError
from sessiontui.domain.folder import Folder, MountChoice
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask, Capacity
from sessiontui.domain.units import GIB, MIB
from sessiontui.ui.screens.launch import LaunchScreen
from sessiontui.ui.screens.new_folder import NewFolderScreen
from sessiontui.ui.widgets.choices import Choices
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.folder_list import FolderList
from sessiontui.ui.widgets.slider import Slider
from tests.dialogs import PYTHON, Gate, Stage, World, settle

TALL = (100, 45)


class Dialog:
    """The opened dialog, in a test's words."""

    def __init__(self, world: World, names: frozenset[str] = frozenset()) -> None:
        self.world = world
        self.screen = LaunchScreen(world.launcher, world.ports, lambda: names)
        self.app = Stage(self.screen)

    @property
    def order(self) -> Order:
        """What it was dismissed with."""
        assert self.app.closed
        assert self.app.outcome is not None
        return self.app.outcome

    @property
    def focused(self) -> str | None:
        return self.app.focused.id if self.app.focused else None

    def text(self, selector: str) -> str:
        return str(self.screen.query_one(selector, Static).render())

    def problems(self) -> dict[str, str]:
        return {field.field: field.problem for field in self.screen.query(Field) if field.problem}

    def amount(self, name: str) -> float:
        return self.screen.query_one(f"#{name}", Slider).value

    @property
    def preset(self) -> str:
        return self.screen.query_one("#preset", Choices).value

    def focus(self, name: str) -> None:
        self.screen.query_one(f"#{name}").focus()

    def type_name(self, name: str) -> None:
        self.screen.query_one("#name", Input).value = name


@pytest.fixture
def dialog(tmp_path: Path) -> Dialog:
    return Dialog(World(tmp_path, gpus=2))


async def tab_to(pilot: Pilot[Order | None], dialog: Dialog, name: str) -> None:
    for _ in range(30):
        if dialog.focused == name:
            return
        await pilot.press("tab")
    pytest.fail(f"tab never reaches {name}")


async def test_the_quick_way_is_one_key(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("ctrl+l")
        await settle(pilot)
        order = dialog.order
        assert (order.name, order.environment, order.version) == ("nifty-bohr", "python", "3.12")
        assert order.ask == Ask(1, 2 * GIB)
        assert [mount.folder for mount in order.mounts] == [".cache"]


async def test_everything_is_reached_and_set_by_keyboard(dialog: Dialog) -> None:
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        assert dialog.focused == "environment"
        await pilot.press("enter", *"pyt", "o", "r", "enter")
        await tab_to(pilot, dialog, "name")
        await pilot.press(*"train-7")
        await tab_to(pilot, dialog, "cpu")
        await pilot.press("1", "2", "enter")
        await tab_to(pilot, dialog, "memory")
        await pilot.press("2", "4", "g", "enter")
        await tab_to(pilot, dialog, "gpu")
        await pilot.press("right")
        await tab_to(pilot, dialog, "folders")
        await pilot.press("space", "down", "space", "r")
        await tab_to(pilot, dialog, "more")
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.focused == "ports"
        await pilot.press(*"5000", "comma", *"8000:8001")
        await tab_to(pilot, dialog, "variables")
        await pilot.press(*"SEED", "equals_sign", *"42")
        await tab_to(pilot, dialog, "go")
        await pilot.press("enter")
        await settle(pilot)
        order = dialog.order
        assert (order.environment, order.version, order.name) == ("pytorch", "2.6", "train-7")
        assert order.ask == Ask(12, 24 * GIB, 1)
        assert order.devices == ("GPU-0",)
        assert [str(mount) for mount in order.mounts] == [".cache rw", "data rw", "models ro"]
        assert order.env == (("SEED", "42"),)
        own = [(app.name, app.via) for app in order.apps if app.own]
        assert own == [(f"port-{port}", "jupyterlab") for port in (5000, 8000, 8001)]


async def test_everything_is_reached_by_mouse(dialog: Dialog) -> None:
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        await pilot.click("#preset", offset=(13, 0))
        await pilot.click("#folders", offset=(1, 0))
        await pilot.click("#folders", offset=(4, 0))
        await pilot.click("#folders", offset=(10, 1))
        await pilot.click("#go")
        await settle(pilot)
        assert dialog.order.ask == Ask(2, 8 * GIB)
        assert [str(mount) for mount in dialog.order.mounts] == [".cache rw", "data ro", "models rw"]


async def test_escape_and_the_button_cancel(dialog: Dialog, tmp_path: Path) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("escape")
        assert dialog.app.closed
        assert dialog.app.outcome is None
    other = Dialog(World(tmp_path / "other"))
    async with other.app.run_test() as pilot:
        await settle(pilot)
        await pilot.click("#cancel")
        assert other.app.closed
        assert other.app.outcome is None


class TestProblems:
    async def test_all_are_shown_at_once_each_under_its_field(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.type_name("x!")
            dialog.screen.query_one("#variables", TextArea).text = "A=1\nnonsense\n9x=2"
            await pilot.press("ctrl+l")
            await settle(pilot)
            problems = dialog.problems()
            assert list(problems) == ["name", "env"]
            assert "4 to 64" in problems["name"]
            assert "line 2 has no =" in problems["env"]
            assert "'9x' is not a variable name" in problems["env"]
            assert not dialog.app.closed
            assert dialog.screen.query_one("#variables").region.height > 0

    async def test_ports_are_judged_word_by_word_under_their_field(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            ports = dialog.screen.query_one("#ports", Input)
            assert ports.region.height == 0
            ports.value = "5000, 80, http, 8888"
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert list(dialog.problems()) == ["ports"]
            for words in ("8888 is used by JupyterLab", "80: ports go from", "'http' is not a port"):
                assert words in dialog.problems()["ports"]
            assert dialog.focused == "ports"
            assert ports.region.height == 1
            assert not dialog.app.closed
            ports.value = "5000, 5000"
            await settle(pilot)
            assert dialog.problems() == {"ports": "5000 is named twice"}
            ports.value = "5000"
            await settle(pilot)
            assert dialog.problems() == {}
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert [app.port for app in dialog.order.apps if app.own] == [5000]

    async def test_the_focus_goes_to_the_first(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=(60, 20)) as pilot:
            await settle(pilot)
            dialog.type_name("x!")
            dialog.focus("go")
            await pilot.press("enter")
            await settle(pilot)
            assert dialog.focused == "name"
            form = dialog.screen.query_one("#form")
            assert form.region.contains_region(dialog.screen.query_one("#name").region)

    async def test_a_field_mended_loses_its_problem_and_a_new_one_appears(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.type_name("x!")
            await pilot.press("ctrl+l")
            await settle(pilot)
            dialog.type_name("train-7")
            await pilot.pause()
            assert dialog.problems() == {}
            dialog.type_name("y!")
            await pilot.pause()
            assert list(dialog.problems()) == ["name"]

    async def test_nothing_is_red_before_the_first_try(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.type_name("x!")
            await pilot.pause()
            assert dialog.problems() == {}
            assert "Not yet. Name: use 4 to 64" in dialog.text("#will")

    async def test_what_changed_on_the_engine_meanwhile_is_found(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.world.session("nifty-bohr")
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert dialog.problems() == {"name": "nifty-bohr is taken by another session of yours"}
            assert not dialog.app.closed

    async def test_a_folder_that_vanished_is_named(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("folders")
            await pilot.press("space")
            dialog.world.storage.discard("data")
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert "no folder 'data'" in dialog.problems()["mounts"]
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert [mount.folder for mount in dialog.order.mounts] == [".cache"]

    async def test_an_other_image_needs_a_name(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.press("enter", "end", "enter")
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert list(dialog.problems()) == ["image"]
            assert dialog.focused == "image"
            await pilot.press(*"python", "colon", *"3")
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert (dialog.order.environment, dialog.order.image) == (OTHER, "python:3")


class SlowLauncherWorld(World):
    """A world whose engine answers the final check only when a gate is opened."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = Gate()
        self.checks = 0
        plain = self.launcher.order

        def order(*arguments: object, **more: object) -> Order:
            self.checks += 1
            self.gate()
            return plain(*arguments, **more)  # type: ignore[arg-type]

        self.launcher.order = order  # type: ignore[method-assign]


async def test_a_double_press_launches_once(tmp_path: Path) -> None:
    world = SlowLauncherWorld(tmp_path)
    dialog = Dialog(world)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+l", "ctrl+l")
        await pilot.click("#go")
        button = dialog.screen.query_one("#go", Button)
        assert button.disabled
        assert str(button.label) == "checking…"
        world.gate.open()
        await settle(pilot)
        assert dialog.order.name == "nifty-bohr"
        assert world.checks == 1


async def test_leaving_while_it_is_checked_launches_nothing(tmp_path: Path) -> None:
    world = SlowLauncherWorld(tmp_path)
    dialog = Dialog(world)
    async with dialog.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+l", "escape")
        world.gate.open()
        await settle(pilot)
        assert dialog.app.closed
        assert dialog.app.outcome is None


class TestAmounts:
    async def test_only_presets_that_fit_are_offered(self, tmp_path: Path) -> None:
        dialog = Dialog(World(tmp_path, cpu=4, memory=16 * GIB))
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            assert dialog.screen.query_one("#preset", Choices).options == ("small", "medium", "custom")

    async def test_moving_a_slider_is_custom_and_a_preset_moves_the_sliders(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            dialog.focus("cpu")
            await pilot.press("right")
            assert (dialog.preset, dialog.amount("cpu")) == ("custom", 1.5)
            dialog.focus("preset")
            await pilot.press("home", "right")
            assert dialog.preset == "medium"
            assert (dialog.amount("cpu"), dialog.amount("memory")) == (2, 8 * GIB)

    async def test_another_environment_enforces_its_minimum(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            await pilot.press("enter", "down", "enter")
            await settle(pilot)
            assert dialog.preset == "medium"
            dialog.focus("memory")
            await pilot.press("home")
            assert dialog.amount("memory") == 8 * GIB

    async def test_amounts_set_by_hand_survive_another_environment(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            dialog.focus("cpu")
            await pilot.press("9", "enter")
            dialog.focus("environment")
            await pilot.press("enter", "down", "enter")
            await settle(pilot)
            assert (dialog.amount("cpu"), dialog.amount("memory")) == (9, 8 * GIB)

    async def test_a_preset_somebody_else_took_is_kept_as_amounts(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            dialog.focus("preset")
            await pilot.press("right", "right")
            assert dialog.preset == "large"
            dialog.world.session("calm-curie", ask=Ask(60, 500 * GIB))
            dialog.type_name("x!")
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert (dialog.preset, dialog.amount("cpu"), dialog.amount("memory")) == ("custom", 8, 32 * GIB)

    async def test_no_gpu_is_said_and_not_set(self, tmp_path: Path) -> None:
        dialog = Dialog(World(tmp_path))
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            slider = dialog.screen.query_one("#gpu", Slider)
            assert slider.disabled
            assert slider.reason == "this engine has no GPU"

    async def test_an_environment_too_large_for_the_engine_says_so(self, tmp_path: Path) -> None:
        large = replace(PYTHON, minimum=Ask(1, 64 * GIB))
        dialog = Dialog(World(tmp_path, memory=16 * GIB, environments=[large]))
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            assert "needs 64G; the engine has 16G" in dialog.screen.query_one("#memory", Slider).reason
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert dialog.problems() == {"memory": "the machine has 16G"}

    async def test_beyond_free_is_allowed_and_explained(self, dialog: Dialog) -> None:
        dialog.world.session("calm-curie", ask=Ask(60, 500 * GIB))
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("cpu")
            await pilot.press("8", "enter")
            assert "only 4 of 64 cores free" in dialog.text("#cautions")
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert dialog.order.ask.cpu == 8


class TestVersions:
    async def test_a_prepared_version_is_preferred_and_marked(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            chooser = dialog.screen.query_one("#version", Select)
            assert chooser.value == "3.12"
            dialog.focus("version")
            await pilot.press("enter")
            prompts = [str(one.prompt) for one in chooser.query_one(OptionList).options]
            assert prompts == [
                "3.13   ○ built at the first launch",
                "3.12   ● ready",
                "3.11   ○ built at the first launch",
            ]

    async def test_what_has_to_be_built_is_said(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            assert dialog.text("#will") == "Python 3.12 as nifty-bohr with 1 CPU · 2G and 1 folder"
            dialog.focus("version")
            await pilot.press("enter", "up", "enter")
            await pilot.pause()
            assert dialog.text("#will").startswith("Python 3.13 as")
            assert dialog.text("#will").endswith("its image is built first (some minutes)")

    async def test_thirty_environments_are_searched_by_typing(self, tmp_path: Path) -> None:
        many = [replace(PYTHON, name=f"env-{one}", label=f"Kind {one:02}") for one in range(30)]
        dialog = Dialog(World(tmp_path, environments=many))
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            await pilot.press("enter", *"27", "enter")
            assert dialog.screen.query_one("#environment", Select).value == "env-27"


class TestFolders:
    async def test_a_new_folder_is_made_and_mounted(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("folders")
            await pilot.press("n")
            await pilot.press(*"results", "enter")
            await settle(pilot)
            assert dialog.screen.query_one(FolderList).taken == (MountChoice("results", False),)
            assert (Path(dialog.world.storage.folders()[-1].path)).is_dir()
            assert dialog.focused == "folders"

    async def test_a_bad_name_is_explained_under_it(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.click("#new")
            await pilot.press(*"data", "enter")
            await settle(pilot)
            asking = dialog.app.screen
            assert isinstance(asking, NewFolderScreen)
            assert "already" in asking.query_one(Field).problem
            await pilot.press("2")
            assert asking.query_one(Field).problem == ""
            await pilot.press("escape")
            assert dialog.app.screen is dialog.screen

    async def test_a_folder_appears_where_the_person_says(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            dialog.focus("folders")
            await pilot.press("e", *"/data", "enter")
            await settle(pilot)
            listing = dialog.screen.query_one(FolderList)
            assert listing.taken == (MountChoice("data", False, "/data"),)
            assert dialog.focused == "folders"
            assert not dialog.screen.query_one("#target").display
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert dialog.order is not None
            assert ("data", "/data") in [(one.folder, one.target) for one in dialog.order.mounts]

    async def test_a_place_that_cannot_be_is_told_at_once(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            dialog.focus("folders")
            await pilot.press("e", *"/etc/x")
            await settle(pilot)
            assert "is the system's" in dialog.problems()["mounts"]
            await pilot.press("escape")
            await settle(pilot)
            assert dialog.problems() == {}
            assert dialog.screen.query_one(FolderList).taken == (MountChoice("data", False, ""),)
            await pilot.press("down", "e", *"data/below", "enter")
            await settle(pilot)
            assert "which is in data at /home/work/data" in dialog.problems()["mounts"]
            await pilot.press("e", *["backspace"] * len("data/below"), "m", "enter")
            await settle(pilot)
            assert dialog.problems() == {}
            assert [one.target for one in dialog.screen.query_one(FolderList).taken] == ["", "m"]

    async def test_without_folders_the_loss_is_foretold(self, tmp_path: Path) -> None:
        dialog = Dialog(World(tmp_path, folders=()))
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            assert "No folder is mounted" in dialog.text("#cautions")

    async def test_folders_that_cannot_be_read_say_so(
        self, dialog: Dialog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def folders() -> Sequence[Folder]:
            raise StorageError("cannot read /folders: permission denied", "ask for it")

        monkeypatch.setattr(dialog.world.storage, "folders", folders)
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            assert dialog.text("#trouble-text") == "✗ cannot read /folders: permission denied — ask for it"
            monkeypatch.undo()
            await pilot.press("ctrl+r")
            await settle(pilot)
            assert not dialog.screen.query_one("#trouble").display
            assert dialog.screen.query_one(FolderList).option_count == 2


class TestEngine:
    async def test_the_dialog_opens_before_the_engine_answers(
        self, dialog: Dialog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate = Gate()
        plain = dialog.world.engine.capacity

        def capacity(devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
            gate()
            return plain(devices)

        monkeypatch.setattr(dialog.world.engine, "capacity", capacity)
        async with dialog.app.run_test() as pilot:
            await pilot.pause()
            assert dialog.text("#will") == "asking the engine…"
            assert dialog.screen.query_one("#cpu", Slider).reason == "asking the engine…"
            dialog.focus("name")
            await pilot.press(*"mine")
            gate.open()
            await settle(pilot)
            assert dialog.screen.query_one("#name", Input).value == "mine"
            assert dialog.amount("cpu") == 1

    async def test_an_engine_that_is_down_is_told_and_asked_again(self, dialog: Dialog) -> None:
        dialog.world.engine.down = True
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            assert dialog.text("#trouble-text") == "✗ nothing answers at memory:// — start the engine"
            assert dialog.screen.query_one("#cpu", Slider).disabled
            dialog.world.engine.down = False
            await pilot.click("#retry")
            await settle(pilot)
            assert not dialog.screen.query_one("#trouble").display
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert dialog.order.name == "nifty-bohr"

    async def test_an_engine_that_dies_before_the_launch_keeps_the_dialog(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            dialog.world.engine.down = True
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert not dialog.app.closed
            assert "nothing answers" in dialog.text("#trouble-text")
            assert not dialog.screen.query_one("#go", Button).disabled

    async def test_hostile_words_are_shown_as_they_are(self, tmp_path: Path) -> None:
        hostile = replace(PYTHON, label="[b]bold[/] \x1b[31mred\x1b[0m [@click=app.quit]go[/]")
        dialog = Dialog(World(tmp_path, environments=[hostile]))
        dialog.world.engine.failing = {}

        def images() -> frozenset[str]:
            raise EngineError("bad [b]news\x1b[2J", "[@click=app.quit]go[/]")

        dialog.world.engine.images = images  # type: ignore[method-assign]
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            assert dialog.text("#trouble-text") == "✗ bad [b]news — [@click=app.quit]go[/]"
            rows = dialog.screen._compositor.render_strips()
            shown = "\n".join("".join(segment.text for segment in row) for row in rows)
            assert "[b]bold[/] red [@click=app.quit]go[/]" in shown
            assert "\x1b" not in shown


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (160, 45)])
async def test_the_launch_button_is_always_in_view(tmp_path: Path, size: tuple[int, int]) -> None:
    folders = [f"folder-{one}" for one in range(40)]
    dialog = Dialog(World(tmp_path, folders=folders))
    dialog.world.session("calm-curie", ask=Ask(63, 511 * GIB + 512 * MIB))
    async with dialog.app.run_test(size=size) as pilot:
        await settle(pilot)
        dialog.focus("cpu")
        await pilot.press("end")
        dialog.focus("more")
        await pilot.press("enter")
        dialog.type_name("x!")
        await pilot.press("ctrl+l")
        await settle(pilot)
        button = dialog.screen.query_one("#go").region
        assert dialog.screen.region.contains_region(button)
        assert button.height >= 1
        assert dialog.screen.query_one("#launch").region.contains_region(button)


LUA = "registry.example/stable/lua:5.3-alpine3.8"


@pytest.fixture
def labelled(tmp_path: Path) -> Dialog:
    """A dialog on an engine with an image that describes itself, a hidden one, and one that says nothing."""
    world = World(tmp_path, gpus=2, images=("sessiontui/python:3.12", LUA, "x/sftp:1", "busybox:1"))
    kernel = {"ai.backend.kernelspec": "1"}
    world.engine.image_labels |= {
        LUA: {**kernel, "ai.backend.resource.min.mem": "64m", "ai.backend.resource.max.mem": "256m"},
        "x/sftp:1": {**kernel, "ai.backend.features": "private"},
    }
    return Dialog(world)


async def test_images_on_the_engine_can_be_chosen_and_their_bounds_hold(labelled: Dialog) -> None:
    async with labelled.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        chooser = labelled.screen.query_one("#environment", Select)
        options = [str(label) for label, _ in chooser._options]
        assert options[-2:] == ["Lua · lua", "Other image…"], "what is private is not offered"
        chooser.value = "lua"
        await settle(pilot)
        (version,) = [str(label) for label, _ in labelled.screen.query_one("#version", Select)._options]
        assert version.split("   ") == ["5.3 Alpine Linux 3.8", "● ready"]
        memory = labelled.screen.query_one("#memory", Slider)
        assert (memory.minimum, memory.maximum) == (64 * MIB, 256 * MIB)
        assert labelled.screen.query_one("#gpu", Slider).reason == "this environment uses no GPU"
        await pilot.press("ctrl+l")
        await settle(pilot)
    assert (labelled.order.environment, labelled.order.image) == ("lua", LUA)
    assert labelled.order.ask.memory == 256 * MIB


async def test_the_name_of_an_image_is_completed_from_those_there_are(labelled: Dialog) -> None:
    async with labelled.app.run_test(size=TALL) as pilot:
        await settle(pilot)
        labelled.screen.query_one("#environment", Select).value = OTHER
        await settle(pilot)
        labelled.screen.query_one("#image", Input).focus()
        await pilot.press("b", "u", "s", "y")
        await settle(pilot)
        await pilot.press("right", "ctrl+l")
        await settle(pilot)
    assert (labelled.order.environment, labelled.order.image) == (OTHER, "busybox:1")
