"""The launch dialog shows who has which GPU, and turns count, marks, memory and sharing into one wish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Checkbox, Input

from sessiontui.domain.gpu import ComputeMode, Gpu, GpuProcess, GpuWish
from sessiontui.domain.launch import Draft, Order
from sessiontui.domain.picture import Picture
from sessiontui.domain.resources import Ask, Capacity, Preset
from sessiontui.domain.session import Owner
from sessiontui.domain.units import GIB
from sessiontui.ui.widgets.amounts import Amounts
from sessiontui.ui.widgets.device_list import DeviceList
from sessiontui.ui.widgets.slider import Slider
from tests.dialogs import PYTHON, World, gpu_parts, plain_gpus, settle
from tests.pilot.test_launch_dialog import TALL, Dialog

BOB = Owner("bob", 1001, 1001)
STRANGER = GpuProcess(4211, 30 * GIB, command="python", user="bob")


def box() -> Sequence[Gpu]:
    """Two plain devices, one that a process of the host uses, one each that is taken and cannot be given."""
    gpus = list(plain_gpus(6))
    gpus[2] = replace(gpus[2], strangers=(STRANGER,))
    gpus[4] = replace(gpus[4], trouble="GPU is lost")
    gpus[5] = replace(gpus[5], compute_mode=ComputeMode.PROHIBITED)
    return gpus


@pytest.fixture
def dialog(tmp_path: Path) -> Dialog:
    """Of the box: 3 is taken by bob, who shares it."""
    world = World(tmp_path, gpus=box(), gpu_memory_used={"GPU-3": 31 * GIB})
    world.session("train-7", owner=BOB, devices=("GPU-3",), gpu_shared=True)
    return Dialog(world)


def rows(dialog: Dialog) -> list[str]:
    return [str(option.prompt) for option in dialog.screen.query_one(DeviceList).options]


def marks(dialog: Dialog) -> str:
    """The sign in each box, ``-`` where there is none."""
    return "".join(row[1] if row.startswith("[") else "-" for row in rows(dialog))


def fold_line(dialog: Dialog) -> str:
    return str(dialog.screen.query_one("#fold-devices").render())


def is_open(dialog: Dialog) -> bool:
    return dialog.screen.query_one("#devices").region.height > 0


async def launched(dialog: Dialog, pilot: Pilot[Order | None]) -> GpuWish:
    """What is asked for when it is launched now."""
    await pilot.press("ctrl+l")
    await settle(pilot)
    return dialog.order.wish


class TestWhoHasWhich:
    async def test_it_is_one_line_until_a_device_is_wanted(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            assert not is_open(dialog)
            assert "2 of 4 free" in fold_line(dialog)
            assert "3: train-7 of bob" in fold_line(dialog)
            dialog.focus("gpu")
            await pilot.press("right")
            assert is_open(dialog)
            await pilot.press("left")
            assert not is_open(dialog)

    async def test_each_device_says_in_words_what_it_is(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.click("#fold-devices")
            assert [row.split(maxsplit=4)[-1] for row in rows(dialog)[:4]] == [
                "80G  free",
                "80G  free",
                "80G  busy: python (4211) of bob",
                "31/80G  train-7 of bob (shared)",
            ]
            assert rows(dialog)[4].endswith("cannot be used: GPU is lost")
            assert "prohibited" in rows(dialog)[5]

    async def test_it_stays_as_the_person_folds_it(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("fold-devices")
            await pilot.press("enter")
            assert is_open(dialog)
            dialog.focus("gpu")
            await pilot.press("right")
            dialog.focus("fold-devices")
            await pilot.press("enter", "shift+tab", "right")
            assert dialog.amount("gpu") == 2
            assert not is_open(dialog)

    async def test_hostile_names_are_shown_as_they_are(self, tmp_path: Path) -> None:
        wild = replace(STRANGER, command="[b]py\x1b[31m", user="[@click=app.quit]x[/]")
        model = "[red]H\x1b[2J100"
        gpus = [
            Gpu("GPU-0", 0, model, 80 * GIB, strangers=(wild,)),
            Gpu("GPU-1", 1, model, trouble="[i]\x07no"),
        ]
        dialog = Dialog(World(tmp_path, gpus=gpus))
        dialog.world.session("s1", owner=Owner("\x1b[5m[b]eve", 7, 7), devices=("GPU-0",))
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            shown = fold_line(dialog)
            await pilot.click("#fold-devices")
            await settle(pilot)
            strips = dialog.screen._compositor.render_strips()
            shown += "".join(segment.text for strip in strips for segment in strip)
            assert not {"\x1b", "\x07"} & set(shown)
            for words in ("[red]H100", "s1 of [b]eve", "[b]py (4211) of [@click=app.quit]x[/]", "[i]no"):
                assert words in shown

    async def test_without_a_gpu_there_is_nothing_but_the_reason(self, tmp_path: Path) -> None:
        dialog = Dialog(World(tmp_path))
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            assert dialog.screen.query_one("#gpu", Slider).reason == "this engine has no GPU"
            assert dialog.screen.query_one("#field-gpu").region.height == 1

    async def test_an_engine_that_can_give_none_says_why_and_what_mends_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dialog = Dialog(World(tmp_path, gpus=2))
        plain = dialog.world.engine.capacity

        def capacity(devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
            found = plain(devices, glance=glance)
            return replace(found, gpu_trouble="no [b]nvidia runtime", gpu_remedy="install the toolkit\x1b[1m")

        monkeypatch.setattr(dialog.world.engine, "capacity", capacity)
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            slider = dialog.screen.query_one("#gpu", Slider)
            assert (slider.disabled, slider.reason) == (True, "no [b]nvidia runtime")
            assert dialog.text("#gpu-remedy") == "install the toolkit"
            assert dialog.screen.query_one("#gpu-remedy").region.height == 1
            assert not dialog.screen.query_one("#fold-devices").display
            assert await launched(dialog, pilot) == GpuWish()


class TestWhileItIsOpen:
    """What the dashboard sees behind the dialog shows in it."""

    async def test_a_device_that_is_taken_and_given_back_changes_its_line(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            self.see(dialog)
            name = dialog.screen.query_one("#name", Input)
            name.value = "mine"
            await pilot.click("#fold-devices")
            await pilot.click("#devices", offset=(2, 1))
            session = dialog.world.session("quick", owner=BOB, devices=("GPU-0",))
            self.see(dialog)
            await settle(pilot)
            assert rows(dialog)[0].endswith("quick of bob")
            assert (marks(dialog), name.value) == (" x  --", "mine"), "what was chosen stays"
            dialog.world.engine.delete(session)
            self.see(dialog)
            await settle(pilot)
            assert rows(dialog)[0].endswith("free")

    async def test_devices_of_a_driver_that_answers_late_come_when_they_come(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dialog = Dialog(World(tmp_path))
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            self.see(dialog)
            assert dialog.screen.query_one("#gpu", Slider).disabled
            monkeypatch.setattr(dialog.world.ports.gpus, "devices", lambda: plain_gpus(2))
            self.see(dialog)
            await settle(pilot)
            dialog.focus("gpu")
            await pilot.press("right")
            assert marks(dialog) == "› "

    async def test_an_engine_that_dies_meanwhile_leaves_what_is_known(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            self.see(dialog)
            await pilot.click("#fold-devices")
            dialog.world.session("quick", owner=BOB, devices=("GPU-0",))
            self.see(dialog)
            dialog.world.engine.down = True
            await settle(pilot)
            assert len(rows(dialog)) == 6
            assert not dialog.screen.query_one("#trouble").display

    @staticmethod
    def see(dialog: Dialog) -> None:
        dialog.app.picture = Picture(capacity=dialog.world.launcher.capacity())


class TestByItself:
    async def test_the_list_shows_which_would_be_taken(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("gpu")
            await pilot.press("right")
            assert marks(dialog) == "›   --"
            await pilot.press("right")
            assert marks(dialog) == "››  --"
            assert "2 GPU (0,1)" in dialog.text("#will")
            await pilot.press("right")
            assert marks(dialog) == "    --", "three are not to be had"
            assert "Not yet. GPU: 2 of" in dialog.text("#will")
            await pilot.press("left")
            assert await launched(dialog, pilot) == GpuWish(2)
            assert dialog.order.devices == ("GPU-0", "GPU-1")

    async def test_a_preset_shows_its_own(self, tmp_path: Path) -> None:
        world = World(tmp_path, gpus=box())
        world.ports = replace(
            world.ports, presets=(Preset("plain", Ask(1, GIB)), Preset("two", Ask(2, GIB, 2)))
        )
        dialog = Dialog(world)
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("preset")
            await pilot.press("right")
            assert marks(dialog) == "››  --"
            await pilot.click("#gpu-shared")
            assert dialog.preset == "two", "how it is had is no other amount"
            dialog.focus("gpu")
            await pilot.press("left")
            assert dialog.preset == "custom"

    async def test_as_many_as_the_environment_needs_are_shown(self, tmp_path: Path) -> None:
        two = replace(PYTHON, minimum=Ask(1, GIB, 2))
        world = World(tmp_path, gpus=4, environments=[two])
        world.ports = replace(world.ports, presets=())
        dialog = Dialog(world)
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            assert marks(dialog) == "››  "
            dialog.focus("devices")
            await pilot.press("end", "space")
            assert "needs at least 2 GPU" in dialog.text("#will")
            await pilot.press("up", "space")
            assert await launched(dialog, pilot) == GpuWish(2, ("GPU-2", "GPU-3"))


class TestByHand:
    async def test_marks_set_the_count_and_choose(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("fold-devices")
            await pilot.press("enter", "tab")
            assert dialog.focused == "devices"
            await pilot.press("down", "space")
            assert (marks(dialog), dialog.amount("gpu"), dialog.preset) == (" x  --", 1, "custom")
            await pilot.press("up", "enter")
            assert (marks(dialog), dialog.amount("gpu")) == ("xx  --", 2)
            assert await launched(dialog, pilot) == GpuWish(2, ("GPU-0", "GPU-1"))
            assert dialog.order.devices == ("GPU-0", "GPU-1")

    async def test_without_marks_the_count_is_what_it_was(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("gpu")
            await pilot.press("right", "right")
            dialog.focus("devices")
            await pilot.press("home", "space")
            assert (marks(dialog), dialog.amount("gpu")) == ("x   --", 1)
            await pilot.press("space")
            assert (marks(dialog), dialog.amount("gpu")) == ("››  --", 2)
            assert await launched(dialog, pilot) == GpuWish(2)

    async def test_a_number_takes_the_marks_back(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.click("#fold-devices")
            await pilot.click("#devices", offset=(2, 1))
            assert marks(dialog) == " x  --"
            dialog.focus("gpu")
            await pilot.press("right")
            assert (marks(dialog), dialog.amount("gpu")) == ("››  --", 2)
            dialog.focus("preset")
            await pilot.press("home")
            assert (marks(dialog), dialog.amount("gpu")) == ("    --", 0)
            assert await launched(dialog, pilot) == GpuWish()

    async def test_what_cannot_be_given_is_passed_over(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.click("#fold-devices")
            await pilot.click("#devices", offset=(2, 4))
            assert marks(dialog) == "    --"
            dialog.focus("devices")
            await pilot.press("end", "space")
            assert marks(dialog) == "   x--"

    async def test_one_that_is_taken_is_refused_beside_all_else(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            dialog.type_name("x!")
            dialog.focus("fold-devices")
            await pilot.press("enter", "tab", "end", "space", "ctrl+l")
            await settle(pilot)
            problems = dialog.problems()
            assert list(problems) == ["name", "gpu"]
            assert problems["gpu"].startswith("GPU 3 is held by train-7 of bob")
            dialog.type_name("train-8")
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert dialog.focused == "gpu"
            form, told = (
                dialog.screen.query_one("#form"),
                dialog.screen.query_one("#field-gpu .field--problem"),
            )
            assert told.region.height > 0
            assert form.region.contains_region(told.region), "the problem is in view"

    async def test_one_that_a_process_of_the_host_uses_is_had_with_a_caution(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.click("#fold-devices")
            await pilot.click("#devices", offset=(2, 2))
            assert "python (4211) of bob" in dialog.text("#cautions")
            assert await launched(dialog, pilot) == GpuWish(1, ("GPU-2",))

    async def test_one_that_somebody_took_meanwhile_is_shown_as_theirs(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.click("#fold-devices")
            await pilot.click("#devices", offset=(2, 0))
            dialog.world.session("quick", owner=BOB, devices=("GPU-0",))
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert "held by quick of bob" in dialog.problems()["gpu"]
            assert rows(dialog)[0].endswith("quick of bob")
            assert marks(dialog) == "x   --", "whoever marked it takes the mark back"
            dialog.focus("devices")
            await pilot.press("space", "down", "space")
            assert dialog.problems() == {}
            assert await launched(dialog, pilot) == GpuWish(1, ("GPU-1",))


class TestSharing:
    async def test_it_is_only_had_when_asked_for(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("gpu")
            await pilot.press("3", "enter")
            assert "can be shared, if you ask for that" in dialog.text("#will")
            await pilot.click("#gpu-shared")
            assert marks(dialog) == "›› ›--"
            assert "train-7 of bob" in dialog.text("#cautions")
            assert await launched(dialog, pilot) == GpuWish(3, shared=True)
            assert dialog.order.devices == ("GPU-0", "GPU-1", "GPU-3")

    async def test_whoever_does_not_share_is_left_alone(self, dialog: Dialog) -> None:
        dialog.world.session("solo", owner=BOB, devices=("GPU-0",))
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.click("#fold-devices")
            await pilot.click("#gpu-shared")
            await pilot.click("#devices", offset=(2, 0))
            assert "solo of bob, not launched to share" in dialog.text("#will")


class TestMemory:
    async def test_the_smallest_that_fits_is_taken(self, tmp_path: Path) -> None:
        sizes = (80, 40, 24, 12)
        gpus = [Gpu(f"GPU-{index}", index, "X", size * GIB) for index, size in enumerate(sizes)]
        dialog = Dialog(World(tmp_path, gpus=gpus))
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            await pilot.click("#fold-devices")
            dialog.focus("gpu-memory")
            await pilot.press(*"30g")
            assert (dialog.amount("gpu"), marks(dialog)) == (1, " ›  "), "who says how large wants one"
            assert await launched(dialog, pilot) == GpuWish(1, memory=30 * GIB)

    async def test_a_bare_number_is_so_many_gib_and_nonsense_is_said(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("gpu")
            await pilot.press("right")
            entry = dialog.screen.query_one("#gpu-memory", Input)
            entry.value = "much"
            await pilot.press("ctrl+l")
            await settle(pilot)
            assert "'much' is not an amount of memory" in dialog.problems()["gpu"]
            entry.value = "24"
            await settle(pilot)
            assert dialog.problems() == {}
            assert await launched(dialog, pilot) == GpuWish(1, memory=24 * GIB)

    async def test_without_a_gpu_it_asks_for_nothing(self, dialog: Dialog) -> None:
        async with dialog.app.run_test(size=TALL) as pilot:
            await settle(pilot)
            dialog.focus("gpu")
            await pilot.press("right")
            dialog.screen.query_one("#gpu-memory", Input).value = "24g"
            await settle(pilot)
            dialog.focus("gpu")
            await pilot.press("home")
            assert await launched(dialog, pilot) == GpuWish()


class TestParts:
    async def test_fifty_six_of_them_scroll(self, tmp_path: Path) -> None:
        gpus = [gpu for index in range(8) for gpu in gpu_parts(index, 7, f"GPU-{index}")]
        dialog = Dialog(World(tmp_path, gpus=gpus))
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            assert "56 of 56 parts free" in fold_line(dialog)
            dialog.focus("fold-devices")
            await pilot.press("enter", "tab", "end", "space")
            listing = dialog.screen.query_one(DeviceList)
            assert rows(dialog)[-1].startswith("[x] 7:6  MIG 1g.10gb")
            form = dialog.screen.query_one("#form")
            assert form.region.contains_region(listing.region)
            assert listing.size.height == 8
            assert listing.scroll_offset.y == len(gpus) - 8
            assert await launched(dialog, pilot) == GpuWish(1, ("MIG-7-6",))

    async def test_those_taken_by_themselves_come_into_view(self, tmp_path: Path) -> None:
        gpus = [gpu for index in range(8) for gpu in gpu_parts(index, 7, f"GPU-{index}")]
        dialog = Dialog(World(tmp_path, gpus=gpus))
        taken = tuple(gpu.uuid for gpu in gpus if gpu.part is not None and gpu.index < 6)
        dialog.world.session("all", owner=BOB, devices=taken)
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            dialog.focus("gpu")
            await pilot.press("right")
            await settle(pilot)
            listing = dialog.screen.query_one(DeviceList)
            first = next(index for index, row in enumerate(rows(dialog)) if row.startswith("[›]"))
            assert rows(dialog)[first].startswith("[›] 6:0")
            assert listing.scroll_offset.y <= first < listing.scroll_offset.y + listing.size.height


async def test_what_was_launched_before_is_asked_for_by_number_and_not_by_device(dialog: Dialog) -> None:
    before = Draft(gpu=2, devices=("GPU-3", "GPU-2"), gpu_memory=24 * GIB, gpu_shared=True)
    async with dialog.app.run_test(size=TALL) as pilot:
        amounts = dialog.screen.query_one(Amounts)
        amounts.fill(before)
        await settle(pilot)
        assert dialog.screen.query_one("#gpu-memory", Input).value == "24g"
        assert dialog.screen.query_one("#gpu-shared", Checkbox).value
        assert marks(dialog) == "››  --"
        assert await launched(dialog, pilot) == GpuWish(2, memory=24 * GIB, shared=True)


async def test_tab_goes_through_it_from_top_to_bottom(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        dialog.focus("gpu")
        seen = []
        form = dialog.screen.query_one("#form")
        await pilot.press("right")
        for _ in range(5):
            await pilot.press("tab")
            await settle(pilot)
            seen.append(dialog.focused)
            assert dialog.app.focused is not None
            assert form.region.contains_region(dialog.app.focused.region)
        assert seen == ["fold-devices", "devices", "gpu-memory", "gpu-shared", "folders"]
