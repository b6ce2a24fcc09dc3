"""The tab of folders: what it says, and what becomes of real directories by its keys."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.folder import Extent, Mount
from sessiontui.domain.record import record_of
from sessiontui.domain.session import Owner, Phase
from sessiontui.storage.directories import Directories
from sessiontui.ui.app import SessiontuiApp
from sessiontui.ui.panes.folders import FoldersPane, FolderTable
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.folder_files import FolderFilesScreen
from sessiontui.ui.screens.import_folder import ImportScreen, suggested_name
from sessiontui.ui.screens.main import MainScreen
from sessiontui.ui.screens.new_folder import FolderNameScreen
from sessiontui.ui.screens.trash import TrashScreen
from sessiontui.ui.screens.type_to_confirm import TypeToConfirm
from sessiontui.ui.widgets.command_bar import CommandBar
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.filter_box import FilterBox
from sessiontui.ui.widgets.tab_line import Tabs
from sessiontui.ui.widgets.table_list import TableList
from tests.dialogs import Gate
from tests.pilot.stage import NOW, Stage, opened, settled, until

ME = Owner("alice", os.geteuid(), os.getegid())


@dataclass
class Shelf(Stage):
    """A stage whose folders are real."""

    root: Path = Path("/nonexistent")


def with_root(root: Path) -> Shelf:
    return Shelf(owner=ME, storage=Directories(root, ME, now=NOW.timestamp), root=root)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = with_root(tmp_path / "folders")
    for name in ("data", "models", ".cache"):
        shelf.storage.create(name)
    (shelf.root / "data" / "sub").mkdir()
    (shelf.root / "data" / "sub" / "a.bin").write_bytes(b"x" * 2048)
    (shelf.root / "data" / "b.bin").write_bytes(b"x" * 1024)
    elsewhere = tmp_path / "elsewhere" / "Image Net (2012)"
    elsewhere.mkdir(parents=True)
    (elsewhere / "c.bin").write_bytes(b"x" * 512)
    return shelf


async def show(pilot: Pilot[None], app: SessiontuiApp) -> FoldersPane:
    """Open the tab and wait for its figures."""
    await pilot.press("3")
    screen = app.screen
    assert isinstance(screen, MainScreen)
    await until(pilot, lambda: isinstance(screen.pane, FoldersPane))
    pane = screen.pane
    assert isinstance(pane, FoldersPane)
    await until(pilot, lambda: pane._read_once and all(not one.counting for one in pane._lines))
    return pane


def table(app: SessiontuiApp) -> TableList:
    return app.screen_stack[1].query_one(FolderTable)


def names(app: SessiontuiApp) -> list[str]:
    return [row.key for row in table(app).rows]


def drawn(app: SessiontuiApp) -> str:
    rows = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in row) for row in rows)


def line(app: SessiontuiApp, name: str) -> str:
    return " ".join(next(one for one in drawn(app).splitlines() if f" {name} " in one).split())


def toasts(app: SessiontuiApp) -> str:
    return "\n".join(one.message for one in app._notifications)


async def on(pilot: Pilot[None], app: SessiontuiApp, name: str) -> None:
    table(app).select(name)
    await pilot.pause()


def mounted(shelf: Shelf, name: str, **more: Any) -> Mount:
    return replace(Mount(name, str((shelf.root / name).resolve()), f"/home/work/{name}"), **more)


async def test_the_tab_says_what_there_is(shelf: Shelf) -> None:
    shelf.put("train-7", owner=ME, mounts=(mounted(shelf, "data", target="/data"),))
    shelf.put("old-run", owner=ME, phase=Phase.FINISHED, hours=50, mounts=(mounted(shelf, "models"),))
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        user = shelf.storage.folders()[0].owner
        assert names(app) == [".cache", "data", "models"]
        assert "Folders 3" in str(app.screen.query_one(Tabs).content)
        assert line(app, "data") == f"data {user} rw 3K 2 train-7 now"
        assert line(app, "models") == f"models {user} rw 0B 0 old-run 2d ago"
        await on(pilot, app, "data")
        assert "path     " + str((shelf.root / "data").resolve()) in drawn(app)
        assert "used by  train-7 running rw → /data" in drawn(app)
        assert "puts it into the trash" in drawn(app)


async def test_deleted_sessions_tell_when_a_folder_was_last_used(shelf: Shelf) -> None:
    old = shelf.put("old-run", owner=ME, phase=Phase.FINISHED, hours=50, mounts=(mounted(shelf, "models"),))
    shelf.records.add(record_of(old, NOW, "alice"))
    shelf.engine.remove(old.id)
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        assert "2d ago" in line(app, "models")
        assert "old-run" not in line(app, "models"), "it is not mounted"


async def test_sorting_and_the_filter_are_about_the_folders(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        pane = await show(pilot, app)
        while pane.sorting != "size":
            await pilot.press("o")
        assert names(app)[0] == "data"
        await pilot.press("r")
        assert names(app)[-1] == "data"
        await pilot.press("slash", *"mod", "enter")
        assert names(app) == ["models"]
        await pilot.press("escape")
        assert len(names(app)) == 3
        await pilot.press("slash", *"zzz", "enter")
        assert "nothing matches zzz" in drawn(app)
        await pilot.press("escape", "1")
        await settled(pilot)
        assert isinstance(app.screen, MainScreen)
        assert app.screen.pane is None


async def test_a_folder_is_created_and_renamed(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        await pilot.press("a", *"results", "enter")
        await until(pilot, lambda: "results" in names(app))
        row = table(app).selected
        assert row is not None
        assert row.key == "results"
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, FolderNameScreen))
        name = app.screen.query_one("#folder-name", Input)
        assert name.value == "results"
        name.value = "data"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query_one(Field).problem)
        assert "data" in app.screen.query_one(Field).problem
        name.value = "outcome"
        await pilot.press("enter")
        await until(pilot, lambda: "outcome" in names(app))
        assert (shelf.root / "outcome").is_dir()
        assert not (shelf.root / "results").exists()


async def test_what_a_session_mounts_is_neither_renamed_nor_deleted(shelf: Shelf) -> None:
    shelf.put("train-7", owner=ME, phase=Phase.STOPPED, mounts=(mounted(shelf, "data"),))
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        await on(pilot, app, "data")
        await pilot.press("d")
        await until(pilot, lambda: "cannot delete data: mounted by train-7; delete it first" in toasts(app))
        await pilot.press("e")
        await until(pilot, lambda: "cannot rename data: mounted by train-7" in toasts(app))
        assert isinstance(app.screen, MainScreen)
        usable = {one.command: one.usable for one in app.screen.query_one(CommandBar)._hints}
        assert (usable["delete-folder"], usable["open-folder"]) == (False, True)


async def test_one_that_came_to_be_mounted_meanwhile_is_not_deleted(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        await on(pilot, app, "data")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, TypeToConfirm))
        shelf.put("train-7", owner=ME, mounts=(mounted(shelf, "data"),))
        await pilot.press(*"data", "enter")
        await until(pilot, lambda: "mounted by train-7" in toasts(app))
        assert (shelf.root / "data" / "b.bin").exists()


async def test_a_delete_is_typed_and_can_be_taken_back(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        await on(pilot, app, "data")
        await pilot.press("d")
        await until(pilot, lambda: "2 files, 3K" in drawn(app))
        await pilot.press(*"dat", "enter")
        assert isinstance(app.screen, TypeToConfirm)
        assert app.screen.query_one("#yes", Button).disabled
        await pilot.press("a", "enter")
        await until(pilot, lambda: names(app) == [".cache", "models"])
        assert not (shelf.root / "data").exists()
        assert "data is in the trash" in toasts(app)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TrashScreen))
        await until(pilot, lambda: "3K" in drawn(app))
        assert "0s ago" in drawn(app)
        await pilot.press("r")
        await until(pilot, lambda: "nothing is in it" in drawn(app))
        await pilot.press("escape")
        await until(pilot, lambda: "data" in names(app))
        assert (shelf.root / "data" / "sub" / "a.bin").stat().st_size == 2048
        row = table(app).selected
        assert row is not None
        assert row.key == "data"


async def trashed(pilot: Pilot[None], app: SessiontuiApp, shelf: Shelf, *which: str) -> None:
    """Discard these folders and open the trash."""
    for name in which:
        shelf.storage.discard(name)
    await show(pilot, app)
    await pilot.press("t")
    await until(pilot, lambda: isinstance(app.screen, TrashScreen))
    await until(pilot, lambda: len(app.screen.query_one("#trash-list", TableList).rows) == len(which))


async def test_what_is_in_the_trash_goes_for_good_once_its_name_is_typed(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        await trashed(pilot, app, shelf, "data", "models")
        screen = app.screen
        assert isinstance(screen, TrashScreen)
        one = screen.selected
        assert one is not None
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, TypeToConfirm))
        await pilot.press("enter", "escape")
        await until(pilot, lambda: app.screen is screen)
        assert Path(one.path).exists()
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, TypeToConfirm))
        await pilot.press(*one.name, "enter")
        await until(pilot, lambda: len(screen.query_one("#trash-list", TableList).rows) == 1)
        assert not Path(one.path).exists()
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, TypeToConfirm))
        await pilot.press(*"empty", "enter")
        await until(pilot, lambda: "nothing is in it" in drawn(app))
        assert shelf.storage.trash() == ()


async def test_a_folder_whose_name_is_taken_stays_in_the_trash(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        shelf.storage.discard("data")
        shelf.storage.create("data")
        await show(pilot, app)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TrashScreen) and app.screen.selected)
        await pilot.press("r")
        await until(pilot, lambda: "there is" in toasts(app) or "data" in toasts(app))
        assert len(shelf.storage.trash()) == 1


async def test_a_directory_is_imported_without_a_copy_and_let_go_of(shelf: Shelf, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "Image Net (2012)"
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ImportScreen))
        path = app.screen.query_one("#import-path", Input)
        path.focus()
        path.value = str(place)
        await pilot.press("enter")
        name = app.screen.query_one("#import-name", Input)
        assert name.value == "Image-Net-2012"
        assert app.screen.focused is name
        name.value = "data"
        await pilot.press("enter")
        await until(pilot, lambda: any(one.problem for one in app.screen.query(Field)))
        name.value = "imagenet"
        await pilot.press("enter")
        await until(pilot, lambda: "imagenet" in names(app))
        await until(pilot, lambda: "512B" in drawn(app))
        await on(pilot, app, "imagenet")
        assert f"imported {place}" in drawn(app)
        assert "only lets go of it" in drawn(app)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await until(pilot, lambda: "imagenet" not in names(app))
        assert (place / "c.bin").exists()


async def test_the_import_follows_the_cursor_and_refuses_the_system(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, ImportScreen))
        screen = app.screen
        assert isinstance(screen, ImportScreen)
        screen._list.go("/", "etc")
        path = screen.query_one("#import-path", Input)
        await until(pilot, lambda: path.value == "/etc")
        await pilot.press("i", "enter")
        await until(pilot, lambda: any("system" in one.problem for one in screen.query(Field)))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen))
        assert names(app) == [".cache", "data", "models"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/Image Net (2012)/", "Image-Net-2012"),
        ("/a/.hidden", "hidden"),
        ("/", ""),
        ("/a/日本", ""),
        ("/" + "x" * 100, "x" * 64),
    ],
)
def test_a_name_is_suggested_for_a_directory(path: str, name: str) -> None:
    assert suggested_name(path) == name


async def test_a_folder_opens_in_the_browser_and_is_counted_anew(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        await on(pilot, app, "data")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FolderFilesScreen))
        (shelf.root / "data" / "b.bin").write_bytes(b"x" * 4096)
        await pilot.press("escape")
        await until(pilot, lambda: "6K" in drawn(app))


async def test_counting_ends_with_the_tab_and_goes_on_with_it(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    seen: list[Cancellation] = []
    real = Directories.measure

    def slow(
        self: Directories, name: str, cancellation: Cancellation, report: Callable[[Extent], None]
    ) -> Extent:
        seen.append(cancellation)
        if not gate._open.is_set():
            report(Extent(7, 3, None, complete=False))
            gate()
        cancellation.check()
        return real(self, name, cancellation, report)

    monkeypatch.setattr(Directories, "measure", slow)
    async with opened(shelf) as (pilot, app):
        await pilot.press("3")
        await until(pilot, lambda: "7B…" in drawn(app))
        assert "counting…" in line(app, "models")
        assert len(seen) == 1, "one folder after the other"
        await pilot.press("1")
        await until(pilot, lambda: seen[0].requested)
        gate.open()
        await pilot.press("3")
        await until(pilot, lambda: "3K" in drawn(app))
        await until(pilot, lambda: "counting…" not in drawn(app))


async def test_without_folders_it_says_how_to_get_some(tmp_path: Path) -> None:
    async with opened(with_root(tmp_path / "none")) as (pilot, app):
        await show(pilot, app)
        assert "No folders yet." in drawn(app)
        assert "Press a to create one" in drawn(app)
        await pilot.press("a", *"first", "enter")
        await until(pilot, lambda: names(app) == ["first"])


async def test_folders_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with opened(with_root(tmp_path / "file")) as (pilot, app):
        await pilot.press("3")
        await until(pilot, lambda: "is not a directory" in " ".join(drawn(app).split()))


async def test_a_folder_that_appears_by_other_means_is_shown(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(shelf) as (pilot, app):
        pane = await show(pilot, app)
        shelf.storage.create("new-one")
        pane.look()
        await until(pilot, lambda: "new-one" in names(app))
        assert "Folders 4" in str(app.screen.query_one(Tabs).content)


async def test_a_key_of_the_tab_typed_right_after_the_way_to_another_touches_nothing(shelf: Shelf) -> None:
    shelf.put("train-7", owner=ME)
    async with opened(shelf) as (pilot, app):
        await show(pilot, app)
        await on(pilot, app, "data")
        screen = app.screen
        assert isinstance(screen, MainScreen)
        # Both arrive before either is done.
        screen.action_command("show-running")
        screen.action_command("delete-folder")
        await settled(pilot)
        assert screen.pane is None
        assert app.screen is screen
        assert "data" in [one.name for one in shelf.storage.folders()]


async def test_the_filter_says_what_it_is_about(shelf: Shelf) -> None:
    shelf.put("train-7", owner=ME)
    async with opened(shelf) as (pilot, app):
        for tab, word in (("3", "permission"), ("4", "image"), ("5", "folders"), ("1", "phase")):
            await pilot.press(tab)
            await settled(pilot)
            await pilot.press("slash")
            await until(pilot, lambda: isinstance(app.focused, FilterBox))
            box = app.focused
            assert isinstance(box, FilterBox)
            assert word in box.placeholder
            assert len(box.placeholder) < 76
            await pilot.press("escape")


async def test_a_tab_that_is_left_before_it_is_drawn_ends_nothing(shelf: Shelf) -> None:
    async with opened(shelf) as (pilot, app):
        screen = app.screen
        assert isinstance(screen, MainScreen)
        # All of these arrive before any is done.
        for name in ("environments", "history", "folders"):
            screen.action_command(f"show-{name}")
        await until(pilot, lambda: isinstance(screen.pane, FoldersPane) and screen.pane._read_once)
        assert names(app) == [".cache", "data", "models"]
