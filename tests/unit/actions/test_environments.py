"""The environments of the catalogue and of the engine's images, joined."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessiontui.actions.environments import environments, named
from sessiontui.actions.launch import Launcher
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineUnreachable, Refused, Unknown
from sessiontui.domain.launch import Draft
from sessiontui.domain.units import MIB
from tests.dialogs import World

KERNEL = {"ai.backend.kernelspec": "1", "ai.backend.resource.min.mem": "128m"}
LUA = "registry.example/stable/lua:5.3-alpine3.8"
SYSTEM = {**KERNEL, "ai.backend.role": "SYSTEM"}
PRIVATE = {**KERNEL, "ai.backend.features": "batch private"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    labels = {LUA: KERNEL, "x/sftp:1": SYSTEM, "x/files:2": PRIVATE, "x/files:1": KERNEL, "busybox:1": {}}
    world = World(tmp_path, images=("sessiontui/python:3.12", *labels))
    world.engine.image_labels |= labels
    return world


def test_those_of_images_come_after_the_catalogues(world: World) -> None:
    names = [one.name for one in environments(world.ports)]
    assert names == ["python", "pytorch", "jupyter-scipy", "files", "lua"]


def test_what_is_private_or_the_systems_is_there_for_who_asks(world: World) -> None:
    def versions(*, hidden: bool) -> list[str]:
        found = environments(world.ports, hidden=hidden)
        return [version.image for one in found if one.source == "image" for version in one.versions]

    assert versions(hidden=False) == ["x/files:1", LUA]
    assert sorted(versions(hidden=True)) == sorted(["x/files:2", "x/files:1", "x/sftp:1", LUA])


def test_an_image_also_goes_by_its_whole_repository(world: World) -> None:
    known = environments(world.ports)
    for name in ("lua", "registry.example/stable/lua"):
        found = named(known, name)
        assert found is not None
        assert found.name == "lua"
    assert named(known, "sessiontui/python") is None
    assert named(known, "stable/lua") is None


def test_it_is_launched_by_its_name(world: World) -> None:
    order = world.launcher.order(Draft(environment="registry.example/stable/lua", name="nifty-bohr"))
    assert (order.environment, order.version, order.image) == ("lua", "5.3-alpine3.8", LUA)
    session = world.launcher.launch(order, lambda progress: None, Cancellation())
    assert session.environment == "lua"


def test_a_hidden_one_is_launched_by_who_names_it(world: World) -> None:
    order = world.launcher.order(Draft(environment="sftp", name="nifty-bohr", memory=128 * MIB))
    assert order.image == "x/sftp:1"


def test_gpus_are_for_who_can_use_them(tmp_path: Path) -> None:
    world = World(tmp_path, gpus=2, images=(LUA,))
    world.engine.image_labels[LUA] = KERNEL
    with pytest.raises(Refused, match="uses no GPU"):
        world.launcher.order(Draft(environment="lua", name="nifty-bohr", gpu=1))


def test_an_image_that_goes_between_order_and_launch_is_missed(world: World) -> None:
    order = world.launcher.order(Draft(environment="lua", name="nifty-bohr"))
    del world.engine._images[LUA]
    with pytest.raises(Unknown, match="not there any more"):
        Launcher(world.ports).launch(order, lambda progress: None, Cancellation())


def test_an_engine_that_is_gone_is_said(world: World) -> None:
    world.engine.down = True
    with pytest.raises(EngineUnreachable):
        environments(world.ports)
