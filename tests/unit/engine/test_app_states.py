"""What a look inside says of the apps."""

from __future__ import annotations

from sessiontui.domain.environment import App, AppPhase, AppState
from sessiontui.engine.app_states import parse_states, plain_lines

JUPYTER = App("jupyterlab", "JupyterLab", "http", 8888)
BOARD = App("tensorboard", "TensorBoard", "http", 6006, question="Log directory", answer="/home/work/logs")


def test_each_line_tells_of_the_app_of_its_number() -> None:
    output = b"0 running\n1 failed\n1 reason ModuleNotFoundError: no module\n1 answer /home/work/my logs\n"
    assert parse_states(output, (JUPYTER, BOARD)) == {
        "jupyterlab": AppState(AppPhase.RUNNING),
        "tensorboard": AppState(AppPhase.FAILED, "ModuleNotFoundError: no module", "/home/work/my logs"),
    }


def test_what_is_not_told_is_stopped_with_its_own_answer() -> None:
    states = parse_states(b"", (JUPYTER, BOARD))
    assert states["jupyterlab"] == AppState(AppPhase.STOPPED)
    assert states["tensorboard"] == AppState(AppPhase.STOPPED, "", "/home/work/logs")


def test_what_is_garbled_or_hostile_is_skipped_or_cleaned() -> None:
    output = b"0 flying\n99999 running\nx\n\n7\n0 reason \x1b]0;title\x07red\x1b[31m\n" + b"\xff\xfe\n"
    state = parse_states(output, (JUPYTER,))["jupyterlab"]
    assert state == AppState(AppPhase.STOPPED, "red")
    long = parse_states(b"0 failed\n0 reason " + b"a" * 10_000, (JUPYTER,))["jupyterlab"]
    assert len(long.reason) == 300


def test_output_is_lines_that_no_terminal_obeys() -> None:
    output = b"10%\r50%\r100%\r\n\x1b[31mred\x1b[0m\nlast"
    assert plain_lines(output) == "100%\nred\nlast"
