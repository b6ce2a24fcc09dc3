"""What of a line is drawn again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessiontui.ui import present
from sessiontui.ui.changed import changed_run
from sessiontui.ui.present import Cell, Span

BEFORE = (Span("name  ", "name"), Span("0.1/4", "plain"), Span("  end", "muted"))


def test_an_equal_line_is_not_drawn_again() -> None:
    assert changed_run(BEFORE, BEFORE) == (0, 0)


def test_only_the_span_that_differs_is_drawn_again() -> None:
    after = (BEFORE[0], Span("0.2/4", "plain"), BEFORE[2])
    assert changed_run(BEFORE, after) == (6, 11)
    assert changed_run(BEFORE, (BEFORE[0], Span("0.1/4", "warning"), BEFORE[2])) == (6, 11)


def test_a_line_that_became_shorter_is_drawn_up_to_its_former_end() -> None:
    assert changed_run(BEFORE, BEFORE[:2]) == (11, 16)
    assert changed_run(BEFORE[:2], BEFORE) == (11, 16)


def columns(cell: Cell) -> list[tuple[str, str]]:
    """One entry a column: a wide sign holds two."""
    return [
        (sign, span.style) for span in cell for sign in span.text for _ in range(present.width((Span(sign),)))
    ]


spans = st.builds(Span, st.text("ab日", max_size=4), st.sampled_from(["plain", "name"]))
cells = st.lists(spans, max_size=6).map(tuple)


@given(cells, cells)
def test_outside_of_it_nothing_differs(before: Cell, after: Cell) -> None:
    start, end = changed_run(before, after)
    old, new = columns(before), columns(after)
    assert old[:start] == new[:start]
    assert old[end:] == new[end:]
    assert (start, end) == (0, 0) or end <= max(len(old), len(new))
