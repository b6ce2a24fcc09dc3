"""Turns the bytes a session prints into lines a terminal can safely show, purely."""

from __future__ import annotations

import codecs

from sessiontui.ui.present import clean

LONGEST = 4000
"""Characters kept of one line: a line without an end must not eat the memory."""


class LogText:
    """Cuts chunks into lines. What a program overwrites with carriage returns shows its last state."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def partial(self) -> str:
        """The line that has not ended yet."""
        return _line(self._rest)

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that end in this chunk."""
        *ended, rest = (self._rest + self._decoder.decode(chunk)).split("\n")
        if len(rest) > 2 * LONGEST:
            # Kept from the last overwrite on; an escape sequence cut here is cleaned as text.
            rest = rest[rest.rfind("\r") + 1 :][-LONGEST:]
        self._rest = rest
        return [_line(one) for one in ended]


def _line(text: str) -> str:
    shown = text.rstrip("\r")
    return clean(shown[shown.rfind("\r") + 1 :].expandtabs(8)[:LONGEST])
