"""What a row of the app dialog says of its app."""

from __future__ import annotations

import pytest

from sessiontui.actions.app_life import OfferedApp
from sessiontui.domain.environment import App, AppPhase, AppState
from sessiontui.ui.screens.apps_text import rows

BOARD = App("tensorboard", "TensorBoard", "http", 6006)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (AppState(AppPhase.RUNNING), "● running"),
        (AppState(AppPhase.RUNNING, answer="/runs"), "● running · /runs"),
        (AppState(AppPhase.RUNNING, "started by other means", "/runs"), "● running, started by other means"),
        (AppState(AppPhase.FAILED, "no \x1b[31mlog"), "✗ failed: no log"),
    ],
)
def test_a_row_says_the_state_and_what_is_known_of_it(state: AppState, said: str) -> None:
    (row,) = (one for one in rows([OfferedApp(BOARD, state)], busy=None, doing="") if one.app)
    assert row.text.plain.endswith(f"TensorBoard   {said}")
