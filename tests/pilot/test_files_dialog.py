"""The file dialog copies what is marked to the side it is not on, and loses nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sessiontui.domain.errors import AlreadyThere
from sessiontui.domain.files import Copying, Entry, Kind, Listing
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner, Session
from sessiontui.engine.port import Pipe
from sessiontui.ui.copying import progress_cell
from sessiontui.ui.screens.confirm import ConfirmScreen
from sessiontui.ui.screens.files import FilesScreen
from sessiontui.ui.screens.preview import PreviewScreen
from sessiontui.ui.widgets.command_bar import CommandBar
from sessiontui.ui.widgets.file_list import FileList
from tests.dialogs import Gate, Stage, World, settle


class Dialog:
    """The opened dialog, in a test's words."""

    def __init__(self, root: Path) -> None:
        world = World(root / "world")
        self.session = world.session(owner=Owner("alice", os.geteuid() or 1000, 1000))
        object.__setattr__(world.ports, "owner", self.session.owner)
        self.engine = world.engine
        self.here = root / "here"
        self.here.mkdir()
        self.home = world.engine.files(self.session.id).home
        self.screen = FilesScreen(world.ports, self.session, str(self.here), clock=lambda: 0.0)
        self.app = Stage(self.screen)

    def side(self, name: str) -> FileList:
        return self.screen.query_one(f"#files-{name}", FileList)

    def names(self, name: str) -> list[str]:
        return [one.name for one in self.side(name)._rows]

    def toasts(self) -> str:
        return "\n".join(one.message for one in self.app._notifications)


@pytest.fixture
def dialog(tmp_path: Path) -> Dialog:
    dialog = Dialog(tmp_path)
    (dialog.here / "data").mkdir()
    (dialog.here / "data" / "a [b]").write_text("1")
    (dialog.here / "model.bin").write_bytes(b"x" * 5000)
    (dialog.here / ".hidden").write_text("1")
    (dialog.home / "results 日本").mkdir()
    (dialog.home / "results 日本" / "r.csv").write_text("1,2")
    return dialog


async def press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def test_both_sides_are_listed_directories_first(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        assert dialog.names("here") == ["..", "data", "model.bin"]
        assert dialog.names("there") == ["results 日本"]
        await press(pilot, "full_stop")
        assert dialog.names("here") == ["..", "data", ".hidden", "model.bin"]


async def test_c_copies_to_the_other_side_and_back(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "down", "space", "space", "c")
        assert (dialog.home / "data" / "a [b]").read_text() == "1"
        assert (dialog.home / "model.bin").stat().st_size == 5000
        assert dialog.names("there") == ["data", "results 日本", "model.bin"]
        assert dialog.side("here").facts == "2 of 3"
        await press(pilot, "tab", "home", "down", "enter", "down", "c")
        assert dialog.side("there").path == "/home/work/results 日本"
        assert (dialog.here / "r.csv").read_text() == "1,2"
        await press(pilot, "backspace")
        above = dialog.side("there").selected
        assert above is not None
        assert above.name == "results 日本"
        await press(pilot, "backspace")
        assert dialog.side("there").path == "/home/work"


async def test_nothing_is_replaced_unasked(dialog: Dialog) -> None:
    (dialog.home / "model.bin").write_text("mine")
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "end", "c")
        assert isinstance(dialog.app.screen, ConfirmScreen)
        await press(pilot, "enter")
        assert (dialog.home / "model.bin").read_text() == "mine"
        await press(pilot, "c", "y")
        assert (dialog.home / "model.bin").stat().st_size == 5000


async def test_what_is_copied_goes_where_it_was_sent_though_the_person_walks_on(dialog: Dialog) -> None:
    gate = Gate()
    pipe = dialog.engine.pipe
    asked: list[str] = []

    def slow(session: Session, command: Sequence[str]) -> Pipe:
        if "receive" in command:
            asked.append(command[command.index("receive") + 1])
            gate()
        return pipe(session, command)

    dialog.engine.pipe = slow  # type: ignore[method-assign]
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("down", "space", "space", "c", "tab", "end", "enter")
        end = time.monotonic() + 10
        while not dialog.side("there").path.startswith("/home/work/results"):
            assert time.monotonic() < end
            await pilot.pause(0.05)
        gate.open()
        await settle(pilot)
    assert asked == ["/home/work/", "/home/work/"]
    assert {one.name for one in dialog.home.iterdir()} >= {"data", "model.bin"}


async def test_a_directory_that_cannot_be_made_does_not_disturb_a_copy(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        dialog.screen.post_message(FilesScreen.NotMade(AlreadyThere("there is a data already", "")))
        await settle(pilot)
        assert "there is a data already" in dialog.toasts()
        assert not isinstance(dialog.app.screen, ConfirmScreen)


async def test_a_name_that_is_in_the_way_keeps_no_other_from_its_copy(dialog: Dialog) -> None:
    (dialog.home / "data").mkdir()
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "down", "space", "space", "c", "escape")
        assert list((dialog.home / "data").iterdir()) == []
        assert (dialog.home / "model.bin").exists()


async def test_links_are_shown_and_not_followed(dialog: Dialog) -> None:
    (dialog.here / "zz").symlink_to("/etc")
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "end")
        line = "".join(segment.text for segment in dialog.side("here").render_line(3))
        assert "zz → /etc" in line
        await press(pilot, "c")
        assert "is a link" in dialog.toasts()
        assert not (dialog.home / "zz").exists()
        await press(pilot, "enter")
        assert dialog.side("here").path == "/etc"


async def test_escape_cancels_the_copy_and_leaves_nothing(
    dialog: Dialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    from sessiontui.actions import copy

    real = copy.upload

    def slow(*args: Any, **more: Any) -> tuple[str, ...]:
        ports, session, path, to, report, cancellation = args

        def wait(copying: Copying) -> None:
            report(copying)
            if copying.done:
                gate()

        return real(ports, session, path, to, wait, cancellation, **more)

    monkeypatch.setattr(copy, "upload", slow)
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("end", "c")
        while not gate.waiting.is_set():
            await pilot.pause(0.01)
        assert [one.label for one in dialog.screen.query_one(CommandBar)._hints] == ["cancel the copy"]
        await pilot.press("c", "escape")
        await pilot.pause()
        gate.open()
        await settle(pilot)
        assert "cancelled" in dialog.toasts()
        assert [one.name for one in dialog.home.iterdir()] == ["results 日本"]
        assert not dialog.app.closed
        await press(pilot, "escape")
        assert dialog.app.closed


async def test_a_file_is_looked_at_on_either_side(dialog: Dialog) -> None:
    (dialog.here / "a.txt").write_text("of this machine")
    (dialog.home / "b.txt").write_text(("of the session " * 20 + "\n") * 5_000)
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        for keys, name, facts in (
            (["home", "down", "down"], "of this machine", "15B"),
            (["tab", "end"], "of the session", "the first 256K of 1.4M"),
        ):
            await press(pilot, *keys, "enter")
            assert isinstance(dialog.app.screen, PreviewScreen)
            rows = dialog.app.screen._compositor.render_strips()
            drawn = "\n".join("".join(segment.text for segment in row) for row in rows)
            assert name in drawn
            assert facts in drawn
            await press(pilot, "escape")
            assert not isinstance(dialog.app.screen, PreviewScreen)


async def test_a_directory_is_made_on_the_side_with_the_keys(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "n", *"new", "enter")
        assert (dialog.here / "new").is_dir()
        selected = dialog.side("here").selected
        assert selected is not None
        assert selected.name == "new"
        await press(pilot, "tab", "n", *"inside", "enter")
        assert (dialog.home / "inside").is_dir()
        await press(pilot, "n", *"inside", "enter")
        assert "already" in dialog.toasts()
        await press(pilot, "n", *"a/b", "enter")
        assert "no /" in dialog.toasts()


async def test_typing_narrows_the_list_and_escape_shows_all(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"MOD", "enter")
        assert dialog.names("here") == ["..", "model.bin"]
        assert dialog.screen.focused is dialog.side("here")
        selected = dialog.side("here").selected
        assert selected is not None
        assert selected.name == "model.bin"
        await press(pilot, "escape")
        assert dialog.names("here") == ["..", "data", "model.bin"]
        assert not dialog.app.closed


async def test_on_a_narrow_terminal_tab_shows_the_other_side(dialog: Dialog) -> None:
    async with dialog.app.run_test(size=(60, 20)) as pilot:
        await settle(pilot)
        assert (dialog.side("here").region.width, dialog.side("there").display) == (60, False)
        await press(pilot, "tab")
        assert (dialog.side("there").region.width, dialog.side("here").display) == (60, False)
        assert dialog.screen.focused is dialog.side("there")
        await press(pilot, "end", "c")
        assert (dialog.here / "results 日本" / "r.csv").exists()


async def test_the_mouse_marks_enters_and_presses_keys(dialog: Dialog) -> None:
    async with dialog.app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await pilot.click("#files-here", offset=(2, 3))
        await settle(pilot)
        assert [one.name for one in dialog.side("here").chosen] == ["model.bin"]
        keys = dialog.screen.query_one(CommandBar)
        await pilot.click(keys, offset=(30, 0))
        await settle(pilot)
        assert (dialog.home / "model.bin").exists()
        await pilot.click("#files-there", offset=(10, 2), times=2)
        await settle(pilot)
        assert dialog.screen.focused is dialog.side("there")


async def test_hostile_names_reach_neither_the_terminal_nor_the_markup(dialog: Dialog) -> None:
    (dialog.here / "\x1b[31mred\x07 [bold]x\n").write_text("1")
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        drawn = "\n".join(
            "".join(segment.text for segment in row) for row in dialog.screen._compositor.render_strips()
        )
        assert "red [bold]x" in drawn
        assert "\x1b" not in drawn


async def test_a_directory_that_cannot_be_listed_leaves_the_one_before(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        (dialog.home / "results 日本" / "r.csv").unlink()
        (dialog.home / "results 日本").rmdir()
        await press(pilot, "tab", "enter")
        assert "no directory" in dialog.toasts()
        assert dialog.side("there").path == "/home/work"


async def test_many_thousand_entries_are_drawn_as_far_as_they_are_seen(
    dialog: Dialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessiontui.actions import copy
    from sessiontui.ui import file_rows

    many = tuple(Entry(f"file-{number:06}", Kind.FILE, number) for number in range(50_000))
    monkeypatch.setattr(copy, "local_listing", lambda path: Listing("/many", many))
    drawn: list[Entry] = []
    row: Callable[..., Any] = file_rows.row

    def counting(entry: Entry, *rest: Any, **more: Any) -> Any:
        drawn.append(entry)
        return row(entry, *rest, **more)

    monkeypatch.setattr(file_rows, "row", counting)
    screen = FilesScreen(dialog.screen.here.ports, dialog.session, "/many")
    app: Stage[None] = Stage(screen)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "end")
        side = screen.query_one("#files-here", FileList)
        assert side.selected == many[-1]
        await press(pilot, "slash", *"49999", "enter")
        assert side.selected == many[-1]
        assert side.facts == "1 of 50000"
    assert len(drawn) < 3000


async def test_it_closes_with_its_session(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        dialog.app.picture = Picture(sessions=(dialog.session,))
        await pilot.pause()
        assert not dialog.app.closed
        dialog.app.picture = Picture(trouble="nothing answers")
        await pilot.pause()
        assert not dialog.app.closed
        dialog.app.picture = Picture()
        await pilot.pause()
        assert dialog.app.closed


def test_progress_says_share_rate_and_what_is_left() -> None:
    def text(copying: Copying, seconds: float, left: int) -> str:
        return "".join(span.text for span in progress_cell(copying, seconds, left, "→"))

    assert text(Copying("a", 512, 1024), 1.0, 3) == (
        " → ▕██████████          ▏  50% 512B of 1K · 512B/s  a  (2 more)"
    )
    assert text(Copying("a\x1b[m", 512, None), 0.0, 1) == " → 512B  a"
