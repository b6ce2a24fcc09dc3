"""The line of tabs, as wide as there is room for."""

from __future__ import annotations

import pytest

from sessiontui.ui import present
from sessiontui.ui.widgets.tab_line import fitted

TITLES = [("Running", 3), ("Sessions", 12), ("Folders", 5), ("Environments", 18), ("History", 400)]


def line(columns: int) -> str:
    cells, gap = fitted(TITLES, 1, columns)
    return (" " * gap).join("".join(span.text for span in cell) for cell in cells)


@pytest.mark.parametrize("columns", [200, 78, 70, 66, 60, 58])
def test_every_tab_is_whole_where_there_is_room(columns: int) -> None:
    shown = line(columns)
    assert present.width((present.Span(shown),)) <= columns
    assert all(title in shown for title, _ in TITLES)


def test_counts_go_before_titles_and_that_of_the_active_tab_stays() -> None:
    assert line(200) == "1 Running 3   2 Sessions 12   3 Folders 5   4 Environments 18   5 History 400"
    assert line(70) == "1 Running 3 2 Sessions 12 3 Folders 5 4 Environments 18 5 History 400"
    assert line(62) == "1 Running  2 Sessions 12  3 Folders  4 Environments  5 History"


@pytest.mark.parametrize("active", range(5))
def test_every_tab_is_in_view_on_a_narrow_terminal(active: int) -> None:
    titles = [("Running", 3), ("Sessions", 12), ("Folders", 1), ("Environments", 20), ("History", 5)]
    cells, gap = fitted(titles, active, 48)
    texts = ["".join(span.text for span in cell) for cell in cells]
    assert sum(map(len, texts)) + gap * 4 <= 48
    title, count = titles[active]
    assert texts[active] == f"{active + 1} {title} {count}"
    assert [text[:4] for text in texts] == [f"{at} {one[:2]}" for at, (one, _) in enumerate(titles, 1)]
