"""How far a launch is, on one line of a terminal, or one line a step elsewhere."""

from __future__ import annotations

import shutil
from types import TracebackType
from typing import TextIO

from sessiontui.domain.launch import Progress, Step


class ProgressLine:
    """A report for launches that writes to a stream; leaves the terminal's line clean."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._step: tuple[Step, str] | None = None

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._write("\r\x1b[K")

    def __call__(self, progress: Progress) -> None:
        """Show one progress."""
        text = "".join(sign if sign.isprintable() else " " for sign in progress.text)
        if self._live:
            percent = f" {progress.fraction:4.0%}" if progress.fraction is not None else ""
            width = shutil.get_terminal_size().columns - 1
            self._write("\r\x1b[K" + f"{progress.step}{percent} {text}"[:width])
            return
        # A log wants a line when something new begins, not one a chunk.
        new = (progress.step, text.split(" · ")[0] if progress.step is Step.BUILDING else "")
        if new != self._step:
            self._step = new
            self._write(f"{progress.step} {text}".rstrip() + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
