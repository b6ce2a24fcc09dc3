"""What a session looks like, as text and styles, with no app."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from sessiontui.domain.gpu import Gpu
from sessiontui.domain.launch import Preparation, Progress, Step
from sessiontui.domain.picture import Picture
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import GIB, MIB
from sessiontui.domain.usage import Usage
from sessiontui.ui import present, row_columns, rows
from sessiontui.ui.commands import COMMANDS
from sessiontui.ui.log_text import LONGEST, LogText
from sessiontui.ui.present import Span
from sessiontui.ui.widgets.command_bar import Hint, place
from tests.pilot.stage import ALICE, NOW, busy, order


def text(cell: present.Cell) -> str:
    return "".join(span.text for span in cell)


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("\x9b31mred", "red"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("two\nlines\r\nand\ta tab", "two lines and a tab"),
        ("bell\a\x00\x7f", "bell"),
        ("[bold]markup[/]", "[bold]markup[/]"),
        ("日本語", "日本語"),
        ("lone \ud800 surrogate", "lone  surrogate"),
    ],
)
def test_what_could_act_on_a_terminal_is_taken_out(hostile: str, harmless: str) -> None:
    assert present.clean(hostile) == harmless


@given(st.text())
def test_cleaned_text_is_printable_and_stays_so(any_text: str) -> None:
    cleaned = present.clean(any_text)
    assert "\x1b" not in cleaned
    assert all(one == " " or one.isprintable() or one.isspace() for one in cleaned)
    assert present.clean(cleaned) == cleaned


@given(st.lists(st.text("ab日本 é"), max_size=4), st.integers(0, 30))
def test_a_fitted_cell_is_exactly_as_wide_as_told(texts: list[str], cells: int) -> None:
    assert present.width(present.fit(tuple(Span(one) for one in texts), cells)) == cells


def test_a_cut_is_marked_and_never_splits_a_wide_character() -> None:
    assert text(present.fit((Span("日本語"),), 4)) == "日… "
    assert text(present.fit((Span("alice/"), Span("calm-curie")), 10)) == "alice/cal…"
    assert text(present.fit((Span("alice/"), Span("calm")), 6)) == "alice…"


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        (0.0, "▕    ▏"),
        (0.001, "▕▏   ▏"),
        (0.5, "▕██  ▏"),
        (0.53125, "▕██▏ ▏"),
        (1.0, "▕████▏"),
        (7.0, "▕████▏"),
    ],
)
def test_bars(share: float, drawn: str) -> None:
    assert text(present.bar(share, 4)) == drawn


def test_what_is_promised_is_shaded_under_what_is_used() -> None:
    assert text(present.bar(0.25, 4, promised=0.75)) == "▕█░░ ▏"
    assert text(present.bar(None, 4, promised=0.5)) == "▕░░  ▏"


def test_figures() -> None:
    assert present.cpu_text(2.13, 4) == "2.1/4"
    assert present.cpu_text(0, 0.5) == "0.0/0.5"
    assert present.cpu_text(None, 2) == "—/2"
    assert present.memory_text(int(6.2 * GIB), 16 * GIB) == "6.2/16G"
    assert present.memory_text(200 * MIB, 4 * GIB) == "200M/4G"
    assert present.memory_text(None, 4 * GIB) == "—/4G"


def test_memory_near_its_limit_is_marked_by_sign_and_style() -> None:
    assert present.memory_cell(15 * GIB, 16 * GIB, 0) == (Span("15/16G!", "warning"),)
    assert present.memory_cell(14 * GIB, 16 * GIB, 0) == (Span("14/16G", "plain"),)


def test_a_session_held_back_by_its_limit_is_marked_by_sign_and_colour() -> None:
    assert present.cpu_cell(2.0, 2, 0, 0.1) == (Span("2.0/2!", "warning"),)
    assert present.cpu_cell(2.0, 2, 0, 0.09) == (Span("2.0/2", "plain"),)
    assert present.cpu_cell(2.0, 2, 0, None) == (Span("2.0/2", "plain"),)
    assert {span.style for span in present.cpu_cell(2.0, 2, 4, 0.5)} == {"bar-rest", "warning", "plain"}


def test_every_phase_has_a_sign_of_its_own_kind() -> None:
    signs = {phase: text(present.phase_cell(phase))[0] for phase in Phase}
    told_apart = (Phase.RUNNING, Phase.STOPPED, Phase.FINISHED, Phase.FAILED, Phase.PULLING, Phase.STOPPING)
    assert len({signs[phase] for phase in told_apart}) == len(told_apart)


def picture() -> Picture:
    stage = busy()
    gpus = tuple(Gpu(f"GPU-{index}", index, "H100") for index in range(4))
    return Picture(
        NOW.timestamp(),
        stage.engine.facts(),
        Capacity(64, 512 * GIB, gpus),
        sessions=stage.engine.sessions(),
        preparations=(Preparation(order("new-one"), Progress(Step.PULLING, "7/12", 0.41), NOW.timestamp()),),
        usage={"id-nifty-bohr": Usage(2.1, 6 * GIB)},
    )


def listed(*, live: bool = False) -> tuple[rows.Row, ...]:
    every = rows.rows_of(picture(), ALICE, {"python": "Python"})
    return tuple(row for row in every if row.live or not live)


def line_of(row: rows.Row, layout: row_columns.Layout, *, selected: bool = False) -> str:
    usage = rows.usage_of(row, picture().usage)
    return text(row_columns.line(row, layout, usage, NOW.timestamp(), selected=selected))


@pytest.mark.parametrize("columns", range(20, 200, 3))
def test_no_line_is_ever_wider_than_its_room_and_columns_do_not_overlap(columns: int) -> None:
    layout = row_columns.layout(listed(), columns, gpus=True)
    for left, right in itertools.pairwise(layout):
        assert left.end < right.start
    assert layout[-1].end <= columns
    assert present.width(row_columns.heading(layout, "name", False)) <= columns
    for row in listed():
        line = line_of(row, layout, selected=True)
        assert cell_len(line) <= columns
        assert "\x1b" not in line


@pytest.mark.parametrize(
    ("columns", "keys"),
    [
        (158, "name environment phase age cpu memory gpu mounts control"),
        (78, "name phase age cpu memory control"),
        (62, "name phase age cpu memory control"),
        (58, "name phase cpu memory control"),
    ],
)
def test_columns_leave_from_the_right_and_the_controls_stay(columns: int, keys: str) -> None:
    nobody = [
        replace(row, subject=replace(row.subject, devices=()))
        for row in listed(live=True)
        if isinstance(row.subject, Session)
    ]
    layout = row_columns.layout(nobody, columns, gpus=True)
    assert [column.key for column in layout] == keys.split()


def test_another_users_session_names_its_owner() -> None:
    row = next(row for row in listed() if row.name == "bold-euler")
    line = line_of(row, row_columns.layout(listed(), 140, gpus=True))
    assert "bob/bold-euler" in line


def test_a_launch_shows_how_far_it_is_in_place_of_figures() -> None:
    row = next(row for row in listed() if row.name == "new-one")
    line = line_of(row, row_columns.layout(listed(), 140, gpus=True))
    assert "◐ pulling" in line
    assert "41%  7/12" in line


def test_an_ended_session_says_why() -> None:
    row = next(row for row in listed() if row.name == "too-big")
    line = line_of(row, row_columns.layout(listed(), 120, gpus=True))
    assert "✖ failed" in line
    assert "out of memory (limit 16G)" in line


def test_the_filter_wants_every_word_somewhere() -> None:
    assert [row.name for row in rows.matching(listed(), "PYTHON bohr")] == ["nifty-bohr"]
    assert [row.name for row in rows.matching(listed(), "bob/")] == ["bold-euler"]
    assert len(rows.matching(listed(), "")) == len(listed())


def test_sorting_puts_the_busiest_first_and_reverses() -> None:
    usage = picture().usage
    assert rows.ordered(listed(), "cpu", False, usage)[0].name == "nifty-bohr"
    assert rows.ordered(listed(), "cpu", True, usage)[-1].name == "nifty-bohr"
    names = [row.name for row in rows.ordered(listed(), "name", False, usage)]
    assert names == sorted(names, key=str.casefold)


def test_the_bottom_line_keeps_help_and_quit_whatever_the_room() -> None:
    hints = [Hint("a", "a", "alpha"), Hint("b", "b", "beta"), Hint("?", "?", "help"), Hint("q", "q", "quit")]
    assert [one.hint.key for one in place(hints, 80)] == ["a", "b", "?", "q"]
    assert [one.hint.key for one in place(hints, 24)] == ["a", "?", "q"]
    assert [one.hint.key for one in place(hints, 15)] == ["?", "q"]
    assert [one.hint.key for one in place(hints, 5)] == ["q"]
    assert place([], 5) == ()


@pytest.mark.parametrize("by", list(rows.SORTS))
@pytest.mark.parametrize("columns", [78, 118, 158])
def test_the_sorted_column_carries_its_mark(columns: int, by: str) -> None:
    layout = row_columns.layout(listed(), columns, gpus=True)
    if by in [column.key for column in layout]:
        assert "▴" in text(row_columns.heading(layout, by, False))
        assert "▾" in text(row_columns.heading(layout, by, True))


def test_every_command_has_a_name_a_label_a_help_and_keys_of_its_own() -> None:
    for tab in {one.tab for one in COMMANDS} - {""}:
        keys = [key for one in COMMANDS if one.tab in ("", tab) for key in one.keys.split(",")]
        assert len(keys) == len(set(keys)), tab
    assert len({one.name for one in COMMANDS}) == len(COMMANDS)
    assert all(one.label and one.help.endswith(".") for one in COMMANDS)


def test_without_an_engine_nothing_is_asked_of_it_and_the_reason_is_said() -> None:
    reasons = {one.name: one.why_not(Picture(trouble="gone"), None, ALICE) for one in COMMANDS}
    assert "gone" in str(reasons["start-session"])
    assert reasons["delete-session"] == "no session is selected"
    assert reasons["show-help"] is None


def test_log_lines_lose_escapes_and_overwrites() -> None:
    log = LogText()
    assert log.feed(b"\x1b[32mgreen\x1b[0m\r\n10%\r50%\r") == ["green"]
    assert log.partial == "50%"
    assert log.feed(b"100%\nnext \xe6\x97") == ["100%"]
    assert log.feed(b"\xa5\n") == ["next 日"]


def test_a_line_without_end_does_not_grow_without_end() -> None:
    log = LogText()
    for _ in range(50):
        assert log.feed(b"x" * LONGEST) == []
    assert len(log.partial) <= LONGEST


figures = st.none() | st.floats(0, 20)
usages = st.builds(
    Usage, cpu=figures, memory=st.none() | st.integers(0, 20 * GIB), throttled=st.none() | st.floats(0, 1)
)


@given(usages, usages, st.floats(0, 9), st.sampled_from([58, 78, 118, 158]))
def test_what_looks_alike_is_drawn_alike(one: Usage, other: Usage, later: float, columns: int) -> None:
    row = next(row for row in listed() if row.name == "nifty-bohr")
    layout, now = row_columns.layout(listed(), columns, gpus=True), NOW.timestamp()
    alike = row_columns.look_of(row, one, now) == row_columns.look_of(row, other, now + later)
    lines = [row_columns.line(row, layout, usage, now, selected=False) for usage in (one, other)]
    assert not alike or lines[0] == lines[1]
    assert row_columns.look_of(row, one, now) == row_columns.look_of(row, one, now)
