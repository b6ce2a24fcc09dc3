"""What one thread prints is swallowed; what others print, and who else takes the output over, is not."""

from __future__ import annotations

import io
import sys
import threading
from contextlib import redirect_stdout

import pytest

from sessiontui.metering.quiet_thread import quiet_thread


def print_elsewhere(text: str) -> None:
    thread = threading.Thread(target=print, args=(text,))
    thread.start()
    thread.join()


def test_only_what_the_thread_itself_prints_is_swallowed(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with quiet_thread():
        print("noise")
        sys.stdout.writelines(["more ", "noise"])
        print_elsewhere("figures")
        assert sys.stdout.encoding == before.encoding
    assert sys.stdout is before
    print("after")
    assert capsys.readouterr().out == "figures\nafter\n"


def test_who_takes_the_output_over_meanwhile_keeps_it() -> None:
    screen, terminal = io.StringIO(), io.StringIO()
    dashboard = redirect_stdout(screen)
    with redirect_stdout(terminal):
        with quiet_thread():
            dashboard.__enter__()
        print("on the screen")
        dashboard.__exit__(None, None, None)
        # What the dashboard found before it, and gives back, is open by now to this thread, too.
        print("after it")
    assert (screen.getvalue(), terminal.getvalue()) == ("on the screen\n", "after it\n")


def test_who_gives_the_output_back_meanwhile_is_not_undone() -> None:
    screen, terminal = io.StringIO(), io.StringIO()
    dashboard = redirect_stdout(screen)
    with redirect_stdout(terminal):
        dashboard.__enter__()
        with quiet_thread():
            dashboard.__exit__(None, None, None)
        print("after it")
    assert (screen.getvalue(), terminal.getvalue()) == ("", "after it\n")


def test_a_program_without_output_stays_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with quiet_thread():
        print("noise")
        print_elsewhere("nowhere")
    assert sys.stdout is None
