"""The switch that makes a session a batch session, and what it then runs."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Checkbox, Input, TextArea

from sessiontui.domain.batch import Batch
from sessiontui.domain.errors import Problem
from sessiontui.domain.units import format_duration, parse_duration
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.tick_box import TickBox


class BatchChoice(Vertical):
    """Off, nothing of it counts; on, its fields open."""

    DEFAULT_CSS = """
    BatchChoice {
        height: auto;

        & Checkbox { border: none; padding: 0 0 0 1; background: transparent; }
    }
    """

    class Changed(Message):
        """Something else is to be run, or nothing."""

    def compose(self) -> ComposeResult:
        """The switch, and what it opens."""
        yield Field(
            "Batch",
            "batch",
            TickBox("Run a command and end", id="batch", compact=True),
            TextArea(id="command", compact=True, placeholder="for the shell: python train.py --epochs 3"),
        )
        yield Field(
            "Time limit",
            "time_limit",
            Input(id="time-limit", placeholder="none; or 90s, 30m, 1h30m, 2d", compact=True),
            TickBox("Delete the session when it ended well", id="delete-finished", compact=True),
        )

    def on_mount(self) -> None:
        """Begin switched off."""
        self._show()

    @property
    def chosen(self) -> Batch | None:
        """What is to be run, as far as it could be read; None while switched off."""
        if not self._on:
            return None
        command = self.query_one("#command", TextArea).text
        return Batch(command, self._seconds()[0], self.query_one("#delete-finished", Checkbox).value)

    @property
    def misread(self) -> tuple[Problem, ...]:
        """What could not be read."""
        return self._seconds()[1] if self._on else ()

    def fill(self, batch: Batch | None) -> None:
        """Show what is to be run."""
        self.query_one("#batch", Checkbox).value = batch is not None
        if batch is not None:
            limit = "" if batch.seconds is None else format_duration(batch.seconds)
            self.query_one("#command", TextArea).text = batch.command
            self.query_one("#time-limit", Input).value = limit
            self.query_one("#delete-finished", Checkbox).value = batch.delete
        self._show()

    @property
    def _on(self) -> bool:
        return self.query_one("#batch", Checkbox).value

    @on(Checkbox.Changed)
    def take(self, message: Checkbox.Changed) -> None:
        """Open or fold the rest."""
        message.stop()
        self._show()
        self.post_message(self.Changed())

    def _show(self) -> None:
        self.query_one("#command").display = self._on
        self.query_one("#field-time_limit").display = self._on

    def _seconds(self) -> tuple[int | None, tuple[Problem, ...]]:
        text = self.query_one("#time-limit", Input).value
        if not text.strip():
            return None, ()
        try:
            return parse_duration(text), ()
        except ValueError as error:
            return None, (Problem("time_limit", str(error)),)
