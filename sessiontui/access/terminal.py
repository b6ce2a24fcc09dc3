"""Lends this terminal to another program and gets it back in order, whatever the program did."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from types import FrameType

from sessiontui.domain.errors import HostError

_KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
"""What Ctrl+C, Ctrl+\\ and Ctrl+Z send to every program of the terminal while it is not raw."""

RESET = (
    "\x1b[?1047l"  # the normal screen, without moving the cursor
    "\x1b[!p"  # soft reset: scroll region, origin, insert, keypad and character set, where known
    "\x1b7\x1b[r\x1b8"  # scroll region, where soft reset is not known; it would home the cursor
    "\x1b(B\x0f"  # ASCII, not line drawing
    "\x1b[?1l\x1b>"  # cursor keys and keypad send what they say
    "\x1b[?9l\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l"  # no mouse reports
    "\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # nor their encodings
    "\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?2031l\x1b[?2048l"  # focus, paste, batched, theme, size reports
    "\x1b[=0;1u\x1b[>4m"  # plain keyboard: kitty's protocol and modifyOtherKeys off
    "\x1b[?7h\x1b[4l\x1b[?25h\x1b[m"  # wrap, overwrite, show the cursor, no colour
)
"""Undoes what a killed full-screen program leaves behind; harmless where nothing was left."""


@contextlib.contextmanager
def keys_left_to_the_child() -> Iterator[None]:
    """Make this process deaf to Ctrl+C and its kin. Does nothing outside the main thread.

    Handlers that do nothing are set, not SIG_IGN: a program started meanwhile begins with the
    defaults again, while an ignored signal would stay ignored in it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear_nothing(number: int, frame: FrameType | None) -> None:
        pass

    before = {number: signal.signal(number, hear_nothing) for number in _KEYS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: set by something other than Python, which cannot be put back.
            if handler is not None:
                signal.signal(number, handler)


def terminal_is_gone() -> bool:
    """Whether the terminal this process was started in has been closed (a dropped line, say)."""
    try:
        termios.tcgetattr(0)
    except termios.error as error:
        # Any other error means that there was none to begin with.
        return bool(error.args[0] == errno.EIO)
    return False


def run_in_terminal(argv: list[str], banner: str) -> int:
    """Run a program in the foreground of this terminal to its end and return its exit code.

    The banner is printed first and tells the way back. Called outside the main thread, the main
    thread has to be inside :func:`keys_left_to_the_child`. A program ended by a signal returns 128
    and the signal's number, as shells have it. Raises HostError without a terminal or the program.
    """
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stdout__ and sys.__stdout__.isatty()):
        raise HostError("there is no terminal to put it in", "over ssh, ask for one: ssh -t HOST sessiontui")
    terminal, out = sys.__stdin__.fileno(), sys.__stdout__
    before = termios.tcgetattr(terminal)
    with keys_left_to_the_child():
        try:
            if banner:
                out.write(f"{banner}\n")
                out.flush()
            return _run(argv)
        finally:
            # The terminal itself may be gone by now (a dropped connection).
            with _in_the_foreground(terminal), contextlib.suppress(OSError, ValueError, termios.error):
                out.write(RESET)
                out.flush()
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)
                termios.tcflush(terminal, termios.TCIFLUSH)


@contextlib.contextmanager
def _in_the_foreground(terminal: int) -> Iterator[None]:
    """Make this the terminal's program again, though a killed shell left the place to another.

    A background program that touches the terminal is stopped by SIGTTOU, so it is held off meanwhile.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(terminal, os.getpgrp())
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_children: list[subprocess.Popen[bytes]] = []
"""The program that has the terminal now; at most one."""


def end_child(*, by_force: bool = False) -> None:
    """Have the program that has the terminal end, so that this one can. Safe from any thread."""
    for child in list(_children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL if by_force else signal.SIGHUP)


def _run(argv: list[str]) -> int:
    try:
        child = subprocess.Popen(argv)
    except FileNotFoundError as error:
        raise HostError(f"{argv[0]} is not installed here", f"install {argv[0]}") from error
    except OSError as error:
        raise HostError(f"cannot start {argv[0]}: {error.strerror}") from error
    _children.append(child)
    try:
        while True:
            _, status = os.waitpid(child.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                break
            # Nobody could ever bring it to the foreground again: there is no shell around it.
            os.kill(child.pid, signal.SIGCONT)
    finally:
        _children.remove(child)
    code = os.waitstatus_to_exitcode(status)
    # Told to Popen, which would otherwise wait for a process that is gone.
    child.returncode = code
    return code if code >= 0 else 128 - code
