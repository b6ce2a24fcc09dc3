"""What a person sees of folders: the tab, the browser, an image, the trash, the import."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from textual.pilot import Pilot

from sessiontui.actions import copy
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.files import Entry, Head, Kind, Listing
from sessiontui.domain.folder import Discarded, Extent, Folder, Mount
from sessiontui.domain.session import Phase
from sessiontui.domain.units import GIB, KIB, MIB
from sessiontui.storage.local_tree import LocalTree
from sessiontui.ui.screens import trash as trash_screen
from sessiontui.ui.screens.folder_files import FolderFilesScreen
from sessiontui.ui.screens.import_folder import ImportScreen
from sessiontui.ui.screens.preview import PreviewScreen
from sessiontui.ui.screens.trash import TrashScreen
from tests import dialogs
from tests.dialogs import World, settle
from tests.pilot.stage import DATA, NOW, Stage, TwoFolders, settled, until

Compare = Callable[..., bool]
NOON = 1_772_366_400.0
HOME = "/home/alice/sessiontui"

EXTENTS = {
    ".cache": Extent(int(2.4 * GIB), 18_220, NOW.timestamp() - 300),
    "data": Extent(int(61.5 * GIB), 1_204_311, NOW.timestamp() - 7200),
    "models": Extent(int(12.2 * GIB), 41, NOW.timestamp() - 90_000),
    "imagenet": Extent(int(140 * GIB), 1_281_167, NOW.timestamp() - 9e7, complete=False),
    "results": Extent(830 * KIB, 12, NOW.timestamp() - 60),
}


class ShownFolders(TwoFolders):
    """Folders of a person who has worked for a while."""

    def folders(self) -> tuple[Folder, ...]:
        return (
            Folder(".cache", f"{HOME}/.cache", owner="alice"),
            Folder("data", DATA.source, owner="alice"),
            Folder("imagenet", "/mnt/shared/imagenet", writable=False, owner="root", imported=True),
            Folder("lost", "/mnt/gone/lost", owner="", imported=True, trouble="/mnt/gone is not there"),
            Folder("models", f"{HOME}/models", owner="bob", writable=False),
            Folder("results", f"{HOME}/results", owner="alice"),
        )

    def trash(self) -> tuple[Discarded, ...]:
        place = f"{HOME}/.sessiontui-trash"
        return (
            Discarded("a", "old-results", f"{place}/a", NOW.timestamp() - 3 * 3600),
            Discarded("b", "scratch [tmp]", f"{place}/b", NOW.timestamp() - 20 * 86_400),
        )

    def measure(self, name: str, cancellation: Cancellation, report: Callable[[Extent], None]) -> Extent:
        return EXTENTS.get(name, Extent(complete=False))


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.get("TZ")
    time.tzset()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["usual", "wide"])
def test_the_tab(snap_compare: Compare, size: tuple[int, int]) -> None:
    shelf = Stage(storage=ShownFolders())
    shelf.put("nifty-bohr", mounts=(DATA, Mount("models", f"{HOME}/models", "/models", read_only=True)))
    shelf.put("train-7", mounts=(DATA,))
    shelf.put("old-run", phase=Phase.FINISHED, hours=50, mounts=(Mount("results", f"{HOME}/results", "/r"),))

    async def shown(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("3")
        app = pilot.app
        await until(pilot, lambda: app.screen.query("#folder-facts") and "counting" not in _text(app))
        await pilot.press("down")
        await pilot.pause()

    assert snap_compare(shelf.app(), terminal_size=size, run_before=shown)


def _text(app: Any) -> str:
    rows = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in row) for row in rows)


HERE = Listing(
    "/home/alice",
    (
        Entry("project", Kind.DIRECTORY, changed_at=NOON, enters=True),
        Entry("sets", Kind.LINK, 9, NOON, "/mnt/sets", enters=True),
        Entry("train.py", Kind.FILE, 4096, NOON),
    ),
)
THERE = Listing(
    f"{HOME}/data",
    (
        Entry("runs", Kind.DIRECTORY, changed_at=NOON, enters=True),
        Entry("away", Kind.LINK, 4, NOON, "/etc", outside=True),
        Entry("loss.png", Kind.FILE, 48_211, NOON),
        Entry("weights [final].bin", Kind.FILE, 3 * MIB, NOON),
    ),
)


@pytest.fixture
def world(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(copy, "local_listing", lambda path: HERE)
    monkeypatch.setattr(LocalTree, "listing", lambda tree, path: THERE)
    return World(tmp_path)


def test_the_browser(snap_compare: Compare, world: World) -> None:
    folder = Folder("data", f"{HOME}/data")
    screen = FolderFilesScreen(world.ports, folder, "/home/alice", clock=lambda: 0.0)

    async def walked(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("down")
        await settle(pilot)

    assert snap_compare(dialogs.Stage(screen), terminal_size=(120, 24), run_before=walked)


def test_an_image(snap_compare: Compare) -> None:
    image = Image.new("RGB", (64, 40), (24, 26, 34))
    for x in range(64):
        for y in range(40):
            if abs(y - 34 + 30 * (1 - 0.94**x)) < 1.2:
                image.putpixel((x, y), (90, 200, 250))
    data = io.BytesIO()
    image.save(data, "PNG", compress_level=0)
    whole = data.getvalue()
    screen = PreviewScreen("loss.png", lambda limit: Head(whole[:limit], len(whole), 0.0))
    assert snap_compare(dialogs.Stage(screen), terminal_size=(80, 24), run_before=settle)


def test_the_trash(snap_compare: Compare, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"a": Extent(int(1.5 * GIB), 310), "b": Extent(0, 0)}
    monkeypatch.setattr(trash_screen, "count_at", lambda path, *rest: found[path.rpartition("/")[2]])
    object.__setattr__(world.ports, "storage", ShownFolders())
    screen = TrashScreen(world.ports, NOW.timestamp)
    assert snap_compare(dialogs.Stage(screen), terminal_size=(80, 24), run_before=settle)


def test_the_import(snap_compare: Compare, world: World) -> None:
    screen = ImportScreen(world.ports, "/home/alice")

    async def refused(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("down", "down", "i", "backspace", *"data", "enter")
        await settle(pilot)

    assert snap_compare(dialogs.Stage(screen), terminal_size=(80, 24), run_before=refused)
