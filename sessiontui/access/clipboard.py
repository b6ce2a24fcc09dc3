"""Puts text into the clipboard of the person's own machine, wherever that is.

A terminal never confirms a copy, so every sentence returned here also says how to get the text by hand.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, get_args

import pyperclip

from sessiontui.access.display import at_a_display

Mode = Literal["auto", "osc52", "native", "off"]
"""``osc52`` asks the terminal, ``native`` this machine's own clipboard, ``auto`` chooses."""

MODES: tuple[Mode, ...] = get_args(Mode)

LIMIT = 74_994
"""Encoded bytes a terminal takes in one OSC 52 sequence at most (xterm's and hterm's buffer)."""

_SCREEN_CHUNK = 252
"""GNU screen drops longer strings inside its pass-through sequence."""

_TMUX_PATIENCE = 2.0
"""Seconds to wait for tmux, which answers at once unless its server hangs."""

_BY_HAND = "select the text with shift and the mouse"


class Clipboard:
    """Copies by the way that reaches the person.

    ``write`` is given escape sequences for the terminal; ``environ`` tells how the person is connected.
    """

    def __init__(self, mode: Mode, environ: Mapping[str, str], write: Callable[[str], None]) -> None:
        self._mode = mode
        self._environ = environ
        self._write = write

    def copy(self, text: str) -> str:
        """Copy, and return the sentence to show. May wait for a program: call it off the UI's thread."""
        if self._mode == "off":
            return f"Copying is switched off: {_BY_HAND}"
        if not text:
            return "Nothing to copy"
        if self._mode == "native" or (self._mode == "auto" and at_a_display(self._environ)):
            try:
                pyperclip.copy(text)
            except (pyperclip.PyperclipException, OSError):
                if self._mode == "native":
                    return f"This machine has no clipboard program (xclip, wl-copy): {_BY_HAND}"
            else:
                return f"Copied. If it is not there, {_BY_HAND}"
        return self._ask_terminal(text)

    def _ask_terminal(self, text: str) -> str:
        encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
        if len(encoded) > LIMIT:
            return f"Too long for a terminal's clipboard ({len(encoded)} of {LIMIT} bytes): {_BY_HAND}"
        in_tmux = bool(self._environ.get("TMUX"))
        if in_tmux:
            self._load_tmux_buffer(text)
        sequence = f"\x1b]52;c;{encoded}\x07"
        if self._environ.get("STY") and not in_tmux:
            sequence = "".join(_through_screen(sequence))
        self._write(sequence)
        paste = " or paste tmux's buffer (prefix ])" if in_tmux else ""
        return f"Sent to your terminal's clipboard. If it is not there, {_BY_HAND}{paste}"

    def _load_tmux_buffer(self, text: str) -> None:
        # tmux by default ignores OSC 52 from the programs in it and only sends on what it is given
        # itself; -w (tmux 3.2) is that, and without it the buffer can at least be pasted.
        program = shutil.which("tmux", path=self._environ.get("PATH"))
        if program is None:
            return
        for arguments in (["load-buffer", "-w", "-"], ["load-buffer", "-"]):
            try:
                subprocess.run(
                    [program, *arguments],
                    input=text.encode("utf-8", "replace"),
                    env=dict(self._environ),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=_TMUX_PATIENCE,
                    check=True,
                )
            except subprocess.CalledProcessError:
                continue
            except (OSError, subprocess.TimeoutExpired):
                return
            return


def _through_screen(sequence: str) -> Iterator[str]:
    for start in range(0, len(sequence), _SCREEN_CHUNK):
        yield f"\x1bP{sequence[start : start + _SCREEN_CHUNK]}\x1b\\"
