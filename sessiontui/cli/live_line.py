"""The one line of a terminal that says how far something is, and is gone when it is done."""

from __future__ import annotations

import shutil
from types import TracebackType
from typing import Self, TextIO

_ANEW = "\r\x1b[K"
"""Back to the line's beginning, and nothing on it."""


class LiveLine:
    """Writes one line over and over; ``live`` says whether the stream is a terminal, which alone shows it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.live = stream.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, text: str) -> None:
        """Put this text, as far as the terminal is wide, in the place of the last."""
        if self.live:
            self.write(_ANEW + text[: shutil.get_terminal_size().columns - 1])

    def clear(self) -> None:
        """Leave the terminal's line clean."""
        if self.live:
            self.write(_ANEW)

    def write(self, text: str) -> None:
        """Write at once, on any stream."""
        self._stream.write(text)
        self._stream.flush()
