"""What programs in a session printed, for this terminal: coloured as it was, and without power over it."""

from __future__ import annotations

import codecs
import re

_COLOURS = r"\x1b\[[0-9;:]*m"
_OTHERS = (
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: cursor, modes, reports
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS and their kin: titles, links, the clipboard
    r"|\x1b[ -/]*[0-~]?"  # the short ones, and an escape alone
    r"|[\x80-\x9f]"  # the same in one character
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # marks of direction
)
_SIGNS = re.compile(f"({_COLOURS})|{_OTHERS}")
_CUT = re.compile("\x1b[^\x1b]*\\Z")
_LONGEST = 4096
"""Characters of an escape sequence that are waited for."""


class Harmless:
    """Takes chunks as they come; a sequence that is cut by the end of one goes with the next."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self.coloured = False
        """Whether colours were among it: they hold until somebody ends them."""

    def feed(self, chunk: bytes, *, last: bool = False) -> str:
        """What of it may be written to a terminal."""
        text = self._rest + self._decoder.decode(chunk, last)
        self._rest = ""
        cut = None if last else _CUT.search(text)
        if cut is not None and not _whole(cut[0]) and len(cut[0]) < _LONGEST:
            self._rest, text = cut[0], text[: cut.start()]
        return _SIGNS.sub(self._kept, text)

    def _kept(self, found: re.Match[str]) -> str:
        self.coloured |= bool(found[1])
        return found[1] or ""


def _whole(text: str) -> bool:
    """Whether the escape sequence that the text begins with has come to its end."""
    if text[1:2] in ("]", "P", "X", "^", "_"):
        return "\x07" in text
    if text[1:2] == "[":
        return re.match(r"\x1b\[[0-?]*[ -/]*[@-~]", text) is not None
    return re.match(r"\x1b[ -/]*[0-~]", text) is not None
