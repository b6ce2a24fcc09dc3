"""Writes what strangers print to a person's terminal, so that the terminal obeys none of it."""

from __future__ import annotations

import codecs
import re
from typing import TextIO

from sessiontui.engine.text import plain

_UNFINISHED = re.compile(r"(?:\r|\x1b[^\x1b]{0,200})\Z")
"""What the next chunk may complete: a line end, or an escape sequence."""
_FINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*\x07|[^\[\]])")


class TerminalText:
    """Takes chunks of bytes as they come and writes lines without escape sequences and control characters."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def write(self, chunk: bytes, *, final: bool = False) -> None:
        """Write all of it that can be told yet; what is left goes with the final one."""
        text = self._rest + self._decoder.decode(chunk, final)
        self._rest = ""
        held = _UNFINISHED.search(text)
        if held is not None and not final and _FINISHED.match(held[0]) is None:
            text, self._rest = text[: held.start()], held[0]
        self._stream.write(plain(text))
        self._stream.flush()
