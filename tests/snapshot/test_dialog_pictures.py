"""What a person sees of the dialogs, on small, usual and large terminals, dark and light."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from sessiontui.access.keys import KeyRing
from sessiontui.domain.errors import AppFailed
from sessiontui.domain.gpu import Gpu, GpuProcess
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner
from sessiontui.domain.units import GIB
from sessiontui.ui.screens.apps import AppsScreen
from sessiontui.ui.screens.launch import LaunchScreen
from tests.dialogs import Stage, World, gpu_parts, settle

Compare = Callable[..., bool]
Steps = Callable[[Pilot[object]], Awaitable[None]]

OVER_SSH = {"USER": "alice", "SSH_CONNECTION": "198.51.100.4 50123 gpu-box-1 22", "PATH": ""}
SIZES = {"small": (60, 20), "usual": (80, 24), "large": (160, 45)}


def still(*then: str) -> Steps:
    """Everything answered, no cursor that blinks, and these keys pressed."""

    async def steps(pilot: Pilot[object]) -> None:
        await settle(pilot)
        for one in pilot.app.screen.query(Input):
            one.cursor_blink = False
        for area in pilot.app.screen.query(TextArea):
            area.cursor_blink = False
        for key in then:
            await pilot.press(key)
            await settle(pilot)

    return steps


class TestLaunch:
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        world = World(tmp_path, gpus=8)
        world.session("calm-curie", ask=Ask(52, 430 * GIB), devices=("GPU-0", "GPU-3"))
        return world

    @pytest.fixture
    def shared_box(self, tmp_path: Path) -> World:
        """Eight devices: free, taken, shared, busy for the host, lost, and one in parts."""
        gpus = [Gpu(f"GPU-{index}", index, "NVIDIA H100 80GB HBM3", 80 * GIB) for index in range(7)]
        gpus[2] = replace(gpus[2], strangers=(GpuProcess(4211, 30 * GIB, command="python", user="bob"),))
        gpus[4] = replace(gpus[4], trouble="GPU is lost")
        used = {"GPU-0": 31 * GIB, "GPU-1": 0, "GPU-2": 30 * GIB, "GPU-3": 0, "GPU-5": 0, "GPU-6": 12 * GIB}
        world = World(tmp_path, gpus=(*gpus, *gpu_parts(7, 2, "GPU-7")), gpu_memory_used=used)
        bob = Owner("bob", 1001, 1001)
        world.session("calm-curie", devices=("GPU-0",))
        world.session("train-7", owner=bob, devices=("GPU-1", "GPU-6"), gpu_shared=True)
        return world

    def stage(self, world: World, *, light: bool = False) -> Stage[object]:
        return Stage(LaunchScreen(world.launcher, world.ports, frozenset), light=light)  # type: ignore[arg-type]

    @pytest.mark.parametrize("size", SIZES)
    def test_as_it_opens(self, snap_compare: Compare, world: World, size: str) -> None:
        assert snap_compare(self.stage(world), terminal_size=SIZES[size], run_before=still())

    @pytest.mark.parametrize("size", SIZES)
    def test_with_problems(self, snap_compare: Compare, world: World, size: str) -> None:
        async def steps(pilot: Pilot[object]) -> None:
            await still()(pilot)
            pilot.app.screen.query_one("#name", Input).value = "x!"
            pilot.app.screen.query_one("#ports", Input).value = "5000, 80, http, 8888"
            pilot.app.screen.query_one("#variables", TextArea).text = "A=1\nnonsense\n9x=2"
            await still("ctrl+l")(pilot)

        assert snap_compare(self.stage(world), terminal_size=SIZES[size], run_before=steps)

    @pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
    def test_beyond_what_is_free(self, snap_compare: Compare, world: World, light: bool) -> None:
        async def steps(pilot: Pilot[object]) -> None:
            await still()(pilot)
            pilot.app.screen.query_one("#folders").focus()
            await still("space", "down", "r")(pilot)
            pilot.app.screen.query_one("#cpu").focus()
            await still("2", "0", "enter")(pilot)

        assert snap_compare(self.stage(world, light=light), terminal_size=SIZES["usual"], run_before=steps)

    def test_choosing_an_environment(self, snap_compare: Compare, world: World) -> None:
        assert snap_compare(self.stage(world), terminal_size=SIZES["usual"], run_before=still("enter"))

    @pytest.mark.parametrize("size", ["small", "usual"])
    def test_choosing_a_version_of_an_image_on_the_engine(
        self, snap_compare: Compare, tmp_path: Path, size: str
    ) -> None:
        repository = "registry.example/stable/python-tensorflow"
        tags = ("2.15.1-py310-cuda12.4-ubuntu22.04", "2.15.1-py39-cuda12.4-ubuntu20.04", "2.2")
        images = [f"{repository}:{tag}" for tag in tags]
        world = World(tmp_path, gpus=2, images=images)
        labels = {"ai.backend.kernelspec": "1", "ai.backend.resource.max.mem": "8g"}
        world.engine.image_labels |= dict.fromkeys(images, labels)
        keys = ("enter", "end", "up", "enter", "tab", "enter")
        assert snap_compare(self.stage(world), terminal_size=SIZES[size], run_before=still(*keys))

    def test_naming_an_image_on_an_engine_without_gpu_and_folders(
        self, snap_compare: Compare, tmp_path: Path
    ) -> None:
        stage = self.stage(World(tmp_path, folders=()))
        keys = ("enter", "end", "enter", "tab", *"busybox")
        assert snap_compare(stage, terminal_size=SIZES["usual"], run_before=still(*keys))

    def test_while_the_engine_is_down(self, snap_compare: Compare, world: World) -> None:
        world.engine.down = True
        assert snap_compare(self.stage(world), terminal_size=SIZES["usual"], run_before=still())

    @pytest.mark.parametrize("size", ["usual", "large"])
    def test_choosing_among_gpus_in_every_state(
        self, snap_compare: Compare, shared_box: World, size: str
    ) -> None:
        async def steps(pilot: Pilot[object]) -> None:
            await still()(pilot)
            pilot.app.screen.query_one("#gpu").focus()
            await still("right", "right")(pilot)

        assert snap_compare(self.stage(shared_box), terminal_size=SIZES[size], run_before=steps)

    @pytest.mark.parametrize("light", [False, True], ids=["dark", "light"])
    def test_gpus_marked_by_hand_to_share(
        self, snap_compare: Compare, shared_box: World, light: bool
    ) -> None:
        async def steps(pilot: Pilot[object]) -> None:
            await still()(pilot)
            pilot.app.screen.query_one("#fold-devices").focus()
            await still("enter", "tab", "down", "space", "down", "space", "tab", *"40g", "tab", "space")(
                pilot
            )

        stage = self.stage(shared_box, light=light)
        assert snap_compare(stage, terminal_size=SIZES["usual"], run_before=steps)

    def test_a_new_folder_with_a_bad_name(self, snap_compare: Compare, world: World) -> None:
        async def steps(pilot: Pilot[object]) -> None:
            await still()(pilot)
            await pilot.click("#new")
            await still("full_stop", *"ssh", "enter")(pilot)

        assert snap_compare(self.stage(world), terminal_size=SIZES["usual"], run_before=steps)


class TestApps:
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return World(tmp_path)

    def stage(
        self, world: World, *, environ: dict[str, str] | None = None, light: bool = False
    ) -> Stage[object]:
        screen = AppsScreen(
            world.ports,
            world.session(),
            KeyRing(Path("/nowhere")),
            OVER_SSH if environ is None else environ,
            lambda text: "",
            clock=lambda: 0.0,
        )
        return Stage(screen, light=light)  # type: ignore[arg-type]

    @pytest.mark.parametrize("size", SIZES)
    def test_an_app_that_is_ready(self, snap_compare: Compare, world: World, size: str) -> None:
        assert snap_compare(self.stage(world), terminal_size=SIZES[size], run_before=still("enter"))

    def test_lines_longer_than_the_dialog(self, snap_compare: Compare, world: World) -> None:
        assert snap_compare(self.stage(world), terminal_size=SIZES["usual"], run_before=still("end", "enter"))

    def test_on_this_machine_in_light(self, snap_compare: Compare, world: World) -> None:
        stage = self.stage(world, environ={"USER": "alice", "BROWSER": "/bin/true"}, light=True)
        assert snap_compare(stage, terminal_size=SIZES["usual"], run_before=still("down", "enter"))

    @pytest.mark.parametrize("size", ["small", "usual"])
    def test_an_app_that_failed(self, snap_compare: Compare, world: World, size: str) -> None:
        world.engine.failing["jupyterlab"] = AppFailed(
            "JupyterLab did not open its port in 60 s",
            "its last output is below",
            output="\n".join(
                f"[I 2026-03-01 09:00:{one:02}] extension {one} \x1b[31mloaded" for one in range(40)
            ),
        )
        assert snap_compare(self.stage(world), terminal_size=SIZES[size], run_before=still("enter"))
