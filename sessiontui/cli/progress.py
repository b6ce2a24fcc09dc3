"""How far a launch is, on one line of a terminal, or one line a step elsewhere."""

from __future__ import annotations

from typing import TextIO

from sessiontui.cli.live_line import LiveLine
from sessiontui.cli.printing import printable
from sessiontui.domain.launch import Progress, Step


class ProgressLine(LiveLine):
    """A report for launches that writes to a stream; leaves the terminal's line clean."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._step: tuple[Step, str] | None = None

    def __call__(self, progress: Progress) -> None:
        """Show one progress."""
        text = printable(progress.text, " ")
        if self.live:
            percent = f" {progress.fraction:4.0%}" if progress.fraction is not None else ""
            self.show(f"{progress.step}{percent} {text}")
            return
        # A log wants a line when something new begins, not one a chunk.
        new = (progress.step, text.split(" · ")[0] if progress.step is Step.BUILDING else "")
        if new != self._step:
            self._step = new
            self.write(f"{progress.step} {text}".rstrip() + "\n")
