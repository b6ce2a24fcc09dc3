"""The dashboard on a machine whose GPU driver takes seconds for every call, beside one without a driver."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal
from tests.nvml.devices import eight
from tests.nvml.stub import NvmlStub

pytestmark = pytest.mark.beside

SLOW = "wait 2"
"""Every call takes that many seconds."""
ROUNDS = 5


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Callable[[str, Mapping[str, str]], Terminal]]:
    """Opens a terminal of that name and environment."""
    opened = []

    def open_one(name: str, environ: Mapping[str, str]) -> Terminal:
        terminal = Terminal(name, environ, tmp_path)
        opened.append(terminal)
        return terminal

    yield open_one
    for terminal in opened:
        terminal.close()


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def opened(terminal: Terminal) -> None:
    """From the command to a screen that takes keys."""
    terminal.start("sessiontui")
    terminal.wait("START")
    terminal.keys("?")
    terminal.wait("esc closes")
    terminal.keys("Escape")
    terminal.wait_gone("esc closes")


def answered(terminal: Terminal) -> None:
    """Keys, each after the last was answered."""
    for _ in range(ROUNDS):
        terminal.keys("?")
        terminal.wait("esc closes")
        terminal.keys("Escape")
        terminal.wait_gone("esc closes")


def test_a_driver_that_takes_seconds_for_every_call_delays_neither_the_first_frame_nor_a_key(
    environ: dict[str, str],
    nvml_stub: NvmlStub,
    open_terminal: Callable[[str, Mapping[str, str]], Terminal],
) -> None:
    nvml_stub.write(f"{eight()}{SLOW}\n")
    without = open_terminal("no-driver", environ)
    slow = open_terminal("slow-driver", {**environ, **nvml_stub.environ})
    # Who comes first warms the machine's caches for the other.
    usual, delayed = seconds(lambda: opened(without)), seconds(lambda: opened(slow))
    assert delayed < 3 * usual
    slow.wait("NVIDIA GPUs cannot be read: the driver has not")
    usual, delayed = seconds(lambda: answered(without)), seconds(lambda: answered(slow))
    assert delayed < 3 * usual
    assert nvml_stub.calls(), "it is the driver that was waited for"
    nvml_stub.write(eight())
    slow.wait(r"GPU .*\d/8")
    without.wait_gone("GPU")
    for terminal in (slow, without):
        terminal.keys("q")
        terminal.wait("ended with 0")
