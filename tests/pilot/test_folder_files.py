"""The browser of a folder: what is in it is looked at, copied, renamed and removed, and nothing else."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual.pilot import Pilot

from sessiontui.domain.session import Owner
from sessiontui.ui.screens.folder_files import FolderFilesScreen
from sessiontui.ui.screens.preview import PreviewScreen
from sessiontui.ui.screens.remove_files import RemoveScreen
from sessiontui.ui.widgets.file_list import FileList
from sessiontui.ui.widgets.image_view import ImageView
from sessiontui.ui.widgets.log_view import LogView
from sessiontui.ui.widgets.styled import Styled
from tests.dialogs import Gate, Stage, World, settle


class Browser:
    """The opened browser, in a test's words."""

    def __init__(self, root: Path) -> None:
        world = World(root / "world", folders=())
        object.__setattr__(world.ports, "owner", Owner("alice", os.geteuid() or 1000, 1000))
        self.folder = world.storage.create("data")
        self.path = Path(self.folder.path)
        self.here = root / "here"
        self.here.mkdir()
        self.screen = FolderFilesScreen(world.ports, self.folder, str(self.here), clock=lambda: 0.0)
        self.app = Stage(self.screen)

    @property
    def shown(self) -> FileList:
        return self.screen.query_one("#files-there", FileList)

    def names(self) -> list[str]:
        return [one.name for one in self.shown._rows]

    def toasts(self) -> str:
        return "\n".join(one.message for one in self.app._notifications)

    def drawn(self) -> str:
        rows = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in row) for row in rows)


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    browser = Browser(tmp_path)
    (browser.path / "runs" / "1").mkdir(parents=True)
    (browser.path / "runs" / "1" / "log.txt").write_text("x" * 2048)
    (browser.path / "notes.md").write_text("# Results\n\x1b[31mred\x1b[0m [bold]\n")
    (browser.path / "away").symlink_to("/etc")
    (tmp_path / "here" / "model.bin").write_bytes(b"\x80\x04\x95" + b"\0" * 5000)
    return browser


async def press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def at(pilot: Pilot[Any], browser: Browser, name: str) -> None:
    await press(pilot, "home", *["down"] * browser.names().index(name))


async def test_it_opens_on_the_folder_and_goes_no_higher(browser: Browser) -> None:
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        assert browser.app.screen.focused is browser.shown
        assert browser.names() == ["runs", "away", "notes.md"]
        await press(pilot, "backspace")
        assert browser.shown.path == str(browser.path)
        await press(pilot, "enter")
        assert browser.names() == ["..", "1"]


async def test_a_link_that_leads_outside_is_shown_and_not_followed(browser: Browser) -> None:
    async with browser.app.run_test(size=(120, 24)) as pilot:
        await settle(pilot)
        assert "away → /etc  leads outside" in browser.drawn()
        await at(pilot, browser, "away")
        await press(pilot, "enter")
        assert browser.shown.path == str(browser.path)
        assert "leads out of the folder, to /etc" in browser.toasts()


async def test_text_is_previewed_without_its_escape_codes(browser: Browser) -> None:
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await at(pilot, browser, "notes.md")
        await press(pilot, "enter")
        assert isinstance(browser.app.screen, PreviewScreen)
        drawn = browser.drawn()
        assert "# Results" in drawn
        assert "red [bold]" in drawn
        assert "\x1b" not in drawn
        assert "notes.md  30B" in drawn
        await press(pilot, "escape")
        assert not isinstance(browser.app.screen, PreviewScreen | RemoveScreen)


async def test_what_is_no_text_says_what_it_is(browser: Browser) -> None:
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "tab", "end", "enter")
        assert "a Python pickle · 4.9K" in browser.drawn()
        assert "8004 9500" in browser.drawn()


async def test_an_image_is_drawn_in_half_blocks(browser: Browser) -> None:
    data = io.BytesIO()
    Image.new("RGB", (30, 20), (255, 0, 0)).save(data, "PNG")
    (browser.path / "plot.png").write_bytes(data.getvalue())
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await at(pilot, browser, "plot.png")
        await press(pilot, "enter")
        view = browser.app.screen.query_one(ImageView)
        assert view.display
        assert not browser.app.screen.query_one(LogView).display
        assert "PNG · 30 × 20" in browser.drawn()
        line = view.render_line(view.size.height // 2)
        blocks = [segment for segment in line if "▀" in segment.text]
        assert blocks[0].style is not None
        assert blocks[0].style.color is not None
        assert blocks[0].style.color.triplet == (255, 0, 0)


async def test_files_come_in_and_go_out(browser: Browser) -> None:
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "tab", "end", "c")
        assert (browser.path / "model.bin").stat().st_size == 5003
        await press(pilot, "tab")
        await at(pilot, browser, "runs")
        await press(pilot, "c")
        assert (browser.here / "runs" / "1" / "log.txt").exists()
        assert "runs copied" in browser.toasts()


async def test_a_name_is_changed_in_place(browser: Browser) -> None:
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await at(pilot, browser, "notes.md")
        await press(pilot, "e", *["backspace"] * 3, *".txt", "enter")
        assert (browser.path / "notes.txt").exists()
        assert browser.shown.selected is not None
        assert browser.shown.selected.name == "notes.txt"
        await press(pilot, "e", *["backspace"] * 9, *"runs", "enter")
        assert "is there already" in browser.toasts()
        await press(pilot, "e", "x", "escape")
        assert (browser.path / "notes.txt").exists()
        assert browser.names() == ["runs", "away", "notes.txt"]


async def test_what_is_deleted_is_counted_and_asked_for(browser: Browser) -> None:
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "home", "space", "space", "d")
        assert isinstance(browser.app.screen, RemoveScreen)
        said = str(browser.app.screen.query_one("#removed", Styled).content)
        assert "runs/" in said
        assert "2 files, 2K" in said
        await press(pilot, "enter")
        assert (browser.path / "runs").exists()
        await press(pilot, "d", "right", "enter")
        assert browser.names() == ["notes.md"]
        assert Path("/etc/passwd").exists()


async def test_nothing_of_this_machine_is_deleted_or_renamed(browser: Browser) -> None:
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "tab", "end", "d")
        assert not isinstance(browser.app.screen, PreviewScreen | RemoveScreen)
        await press(pilot, "e")
        assert not browser.screen.query_one("#files-words").display
        assert "only what is in data is deleted here" in browser.toasts()
        assert (browser.here / "model.bin").exists()


async def test_a_removal_can_be_stopped(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from sessiontui.actions import sides

    gate = Gate()
    real = sides.remove

    def slow(*args: Any) -> None:
        gate()
        real(*args)

    monkeypatch.setattr(sides, "remove", slow)
    async with browser.app.run_test(size=(100, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "home", "d")
        await pilot.press("right", "enter")
        while not gate.waiting.is_set():
            await pilot.pause(0.01)
        await pilot.press("d", "e", "c", "escape")
        await pilot.pause()
        gate.open()
        await settle(pilot)
        assert "cancelled" in browser.toasts()
        assert (browser.path / "runs" / "1" / "log.txt").exists()
        await press(pilot, "escape")
        assert browser.app.closed
