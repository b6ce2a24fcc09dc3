"""What of a line is drawn again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessiontui.ui import present
from sessiontui.ui.changed import changed_runs
from sessiontui.ui.present import Cell, Span

BEFORE = (Span("name  ", "name"), Span("0.1/4", "plain"), Span("  end", "muted"))


def test_an_equal_line_is_not_drawn_again() -> None:
    assert changed_runs(BEFORE, BEFORE) == ()


def test_only_the_signs_that_differ_are_drawn_again() -> None:
    assert changed_runs(BEFORE, (BEFORE[0], Span("0.2/4", "plain"), BEFORE[2])) == ((8, 9),)
    assert changed_runs(BEFORE, (BEFORE[0], Span("0.1/4", "warning"), BEFORE[2])) == ((6, 11),)


def test_how_a_line_is_cut_into_spans_is_no_change() -> None:
    assert changed_runs((Span("ab"), Span("c")), (Span("a"), Span("bc"))) == ()


def test_wide_signs_and_marks_are_drawn_whole() -> None:
    assert changed_runs((Span("日本x"),), (Span("日本y"),)) == ((4, 5),)
    assert changed_runs((Span("日本x"),), (Span("日木x"),)) == ((2, 4),)
    assert changed_runs((Span("日\u0301x"),), (Span("日x"),)) == ((0, 2),)
    assert changed_runs((Span("e\u0301日x"),), (Span("e日x"),)) == ((0, 1),)


def test_a_row_of_equal_wide_signs_that_moves_by_half_of_one_is_drawn_whole() -> None:
    assert changed_runs((Span("日日日日日 "),), (Span(" 日日日日日"),)) == ((0, 11),)


def test_changes_far_from_each_other_are_drawn_apart() -> None:
    long = (Span("a"), Span("-" * 20), Span("b"))
    assert changed_runs(long, (Span("A"), Span("-" * 20), Span("B"))) == ((0, 1), (21, 22))
    near = (Span("a"), Span("-"), Span("b"))
    assert changed_runs(near, (Span("A"), Span("-"), Span("B"))) == ((0, 3),)


def test_a_line_that_became_shorter_is_drawn_up_to_its_former_end() -> None:
    assert changed_runs(BEFORE, BEFORE[:2]) == ((11, 16),)
    assert changed_runs(BEFORE[:2], BEFORE) == ((11, 16),)


def columns(cell: Cell) -> list[tuple[str, str]]:
    """One entry a column: a wide sign holds two."""
    return [
        (sign, span.style) for span in cell for sign in span.text for _ in range(present.width((Span(sign),)))
    ]


spans = st.builds(Span, st.text("ab日", max_size=4), st.sampled_from(["plain", "name"]))
cells = st.lists(spans, max_size=6).map(tuple)


@given(cells, cells)
def test_outside_of_them_nothing_differs(before: Cell, after: Cell) -> None:
    runs = changed_runs(before, after)
    old, new = columns(before), columns(after)
    length = max(len(old), len(new))
    blank = [("", "")]
    old, new = old + blank * (length - len(old)), new + blank * (length - len(new))
    drawn = {at for start, end in runs for at in range(start, end)}
    assert all(old[at] == new[at] for at in range(length) if at not in drawn)
    assert bool(runs) == (old != new)
