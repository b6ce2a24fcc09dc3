"""What a person sees of the file dialog."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sessiontui.actions import copy
from sessiontui.domain.files import Copying, Entry, Kind, Listing
from sessiontui.ui.screens.files import FilesScreen
from tests.dialogs import Stage, World, settle

Compare = Callable[..., bool]
NOON = 1_772_366_400.0

HERE = Listing(
    "/home/alice/project",
    (
        Entry("data", Kind.DIRECTORY, changed_at=NOON, enters=True),
        Entry("notebooks", Kind.DIRECTORY, changed_at=NOON - 86_400, enters=True),
        Entry("latest", Kind.LINK, 9, NOON, "runs/2026-03-01", enters=True),
        Entry("model [final].safetensors", Kind.FILE, 5_368_709_120, NOON),
        Entry("日本語の長い名前のファイル.csv", Kind.FILE, 123_456, NOON),
        Entry("evil\x1b[31m\nname", Kind.FILE, 12, None),
        Entry("train.py", Kind.FILE, 4096, NOON),
        Entry("worker.sock", Kind.OTHER, 0, NOON),
        Entry(".git", Kind.DIRECTORY, changed_at=NOON, enters=True),
    ),
)
THERE = Listing(
    "/home/work",
    (
        Entry("data", Kind.DIRECTORY, changed_at=NOON, enters=True),
        Entry("results.json", Kind.FILE, 830, NOON),
    ),
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage[None]]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(copy, "local_listing", lambda path: HERE)
    monkeypatch.setattr(copy, "session_listing", lambda ports, session, path: THERE)
    world = World(tmp_path)
    yield Stage(FilesScreen(world.ports, world.session(), "/home/alice/project", clock=lambda: 0.0))
    monkeypatch.undo()
    os.environ.get("TZ")
    time.tzset()


async def marked(pilot: Pilot[None]) -> None:
    await settle(pilot)
    for key in ("down", "space", "down", "down", "space"):
        await pilot.press(key)
    await settle(pilot)


async def under_way(pilot: Pilot[None]) -> None:
    await marked(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, FilesScreen)
    screen._source, screen._queue = screen._here, ["model [final].safetensors", "data"]
    screen._copying = Copying("model [final].safetensors", 1_932_735_283, 5_368_709_120)
    screen._since = -9.0
    screen._show_keys()
    screen._show_progress()
    await pilot.pause()


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (160, 45)], ids=["small", "usual", "large"])
def test_two_sides(snap_compare: Compare, stage: Stage[None], size: tuple[int, int]) -> None:
    assert snap_compare(stage, terminal_size=size, run_before=marked)


def test_a_copy_under_way(snap_compare: Compare, stage: Stage[None]) -> None:
    assert snap_compare(stage, terminal_size=(80, 24), run_before=under_way)
