"""Columns come and go with the room, and rows of folders say what is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sessiontui.domain.folder import Extent, Folder, Mount
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.ui import folder_rows, table
from sessiontui.ui.folder_rows import COLUMNS, FolderLine
from sessiontui.ui.present import Cell, Span, width
from sessiontui.ui.table import Column, Row

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ALICE, BOB = Owner("alice", 1000, 1000), Owner("bob", 1001, 1001)

THREE = (
    Column("name", "NAME", least=6),
    Column("size", "SIZE", rank=1, right=True),
    Column("note", "NOTE", rank=2, least=5, sorts=False),
)
ROWS = (
    Row("a", {"name": (Span("a-long-name"),), "size": (Span("10G"),), "note": (Span("some words"),)}),
    Row("b", {"name": (Span("b"),), "size": (Span("1K"),)}),
)


def text(cell: Cell) -> str:
    return "".join(span.text for span in cell)


@pytest.mark.parametrize(
    ("room", "heading", "first"),
    [
        (40, "  NAME ▴         SIZE  NOTE      ", "▸ a-long-name     10G  some words"),
        (24, "  NAME ▴     SIZE  NOTE", "▸ a-long…     10G  some…"),
        (21, "  NAME ▴         SIZE", "▸ a-long-name     10G"),
        (14, "  NAME ▴      ", "▸ a-long-name"),
        (6, "  NAM…", "▸ a-l…"),
    ],
)
def test_what_has_no_room_leaves_by_its_rank(room: int, heading: str, first: str) -> None:
    placed = table.layout(THREE, ROWS, room)
    head, line = table.heading(placed, "name", False), table.line(ROWS[0], placed, selected=True)
    assert text(head).rstrip() == heading.rstrip()
    assert text(line).rstrip() == first.rstrip()
    assert max(width(head), width(line)) <= room


def test_an_empty_table_has_its_titles() -> None:
    assert text(table.heading(table.layout(THREE, (), 40), "size", True)) == "  NAME    SIZE ▾  NOTE"


def session(name: str, phase: Phase, owner: Owner = ALICE, *mounts: Mount) -> Session:
    created = NOW - timedelta(hours=3)
    return Session(name, name, owner, phase, "python", "3.12", "i", Ask(1, 1), created, mounts=mounts)


def cells(line: FolderLine) -> dict[str, str]:
    row = folder_rows.row(line, ALICE, NOW.timestamp())
    return {key: text(cell) for key, cell in row.cells.items()}


def test_a_row_says_no_more_than_is_known() -> None:
    folder = Folder("data", "/f/data", owner="alice")
    assert cells(FolderLine(folder, counting=True))["size"] == "counting…"
    assert cells(FolderLine(folder))["files"] == "—"
    assert cells(FolderLine(folder, Extent(2048, 3, None, complete=False), counting=True))["size"] == "2K…"
    assert cells(FolderLine(folder, Extent(2048, 3, None, complete=False)))["files"] == "3+"
    whole = cells(FolderLine(folder, Extent(2048, 3)))
    assert (whole["size"], whole["files"], whole["users"], whole["used"]) == ("2K", "3", "—", "—")


def test_a_row_names_who_mounts_it() -> None:
    users = (session("old", Phase.STOPPED), session("hers", Phase.STOPPED, BOB))
    used = NOW - timedelta(hours=3)
    folder = Folder("data", "/f/data", imported=True, trouble="gone")
    found = cells(FolderLine(folder, users=users, last_used=used))
    assert (found["users"], found["used"]) == ("old, bob/hers", "3h ago")
    assert (found["name"], found["where"]) == ("! data ↗", "/f/data")
    assert cells(FolderLine(folder, users=(session("n", Phase.RUNNING),), last_used=used))["used"] == "now"


def test_names_from_elsewhere_are_cleaned() -> None:
    folder = Folder("data", "/f/\x1b[31mred\n", owner="\x1b[2Jroot", imported=True)
    found = cells(FolderLine(folder, users=(session("a\x1b[m\u202eb", Phase.RUNNING),)))
    assert (found["where"], found["owner"], found["users"]) == ("/f/red ", "root", "ab")


def test_every_sort_is_a_column_and_orders_the_largest_first() -> None:
    assert set(folder_rows.SORTS) == {one.key for one in COLUMNS if one.sorts}
    lines = [
        FolderLine(Folder("a", "/a"), Extent(1, 9)),
        FolderLine(Folder("b", "/b"), Extent(5, 2)),
        FolderLine(Folder("c", "/c")),
        FolderLine(Folder("d", "/d"), users=(session("s", Phase.RUNNING),)),
    ]

    def order(by: str, *, reverse: bool = False) -> str:
        return "".join(one.folder.name for one in folder_rows.ordered(lines, by, reverse))

    assert order("size") == "bacd"
    assert order("files") == "abcd"
    assert order("users") == "dabc"
    assert order("used")[0] == "d"
    assert order("name", reverse=True) == "dcba"


def test_the_filter_looks_at_names_places_and_sessions() -> None:
    lines = [
        FolderLine(Folder("data", "/f/data", owner="alice")),
        FolderLine(Folder("sets", "/mnt/Imagenet", imported=True)),
        FolderLine(Folder("x", "/f/x"), users=(session("train-7", Phase.RUNNING),)),
    ]

    def found(words: str) -> list[str]:
        return [one.folder.name for one in folder_rows.matching(lines, words)]

    assert found("DATA") == ["data"]
    assert found("imagenet") == ["sets"]
    assert found("train rw") == ["x"]
    assert found("") == ["data", "sets", "x"]
    assert found("/f/") == []


def test_details_name_the_place_of_each_mount() -> None:
    mounts = (Mount("data", "/f/data", "/home/work/data"), Mount("data", "/f/data", "/lake", read_only=True))
    line = FolderLine(
        Folder("data", "/f/data"), Extent(5, 1), users=(session("s", Phase.RUNNING, ALICE, *mounts),)
    )
    said = [text(one) for one in folder_rows.details(line, ALICE, NOW.timestamp(), "t")]
    assert said[0] == "path     /f/data"
    assert said[2] == "used by  s running rw ro → /lake"
    assert "t shows it" in said[3]
