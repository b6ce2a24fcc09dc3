"""The part of the launch dialog that few people need, folded until it is wanted."""

from __future__ import annotations

from collections.abc import Container

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Button, Input, TextArea

from sessiontui.domain.errors import Problem
from sessiontui.domain.own_ports import parse_ports
from sessiontui.ui.widgets.field import Field

_WHAT = "More: own ports, environment variables"


class Extras(Vertical):
    """A line that opens and folds the fields below it."""

    DEFAULT_CSS = """
    Extras {
        height: auto;
    }
    """

    def compose(self) -> ComposeResult:
        """The line, and what it opens."""
        yield Button(f"▸ {_WHAT}", id="more", compact=True)
        yield Field(
            "Ports",
            "ports",
            Input(id="ports", placeholder="to serve yourself: 5000, 8000:8010", compact=True),
        )
        yield Field(
            "Variables",
            "env",
            TextArea(id="variables", compact=True, placeholder="KEY=VALUE, one a line"),
        )

    def on_mount(self) -> None:
        """Begin folded."""
        self._show(False)

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """The variables that could be read."""
        return self._variables()[0]

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that could be read."""
        return self._ports()[0]

    @property
    def misread(self) -> tuple[Problem, ...]:
        """What could not be read."""
        return (*self._ports()[1], *self._variables()[1])

    def open_for(self, fields: Container[str]) -> None:
        """Open where one of these fields is inside."""
        if any(field.field in fields for field in self.query(Field)):
            self._show(True)

    @on(Button.Pressed, "#more")
    def toggle(self, message: Button.Pressed) -> None:
        """Open, with the focus on the first field, or fold."""
        message.stop()
        first = self.query(Field).first()
        self._show(not first.display)
        if first.display:
            first.call_after_refresh(first.focus_input)

    def _show(self, opened: bool) -> None:
        for field in self.query(Field):
            field.display = opened
        self.query_one("#more", Button).label = f"{'▾' if opened else '▸'} {_WHAT}"

    def _ports(self) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
        return parse_ports(self.query_one("#ports", Input).value)

    def _variables(self) -> tuple[tuple[tuple[str, str], ...], tuple[Problem, ...]]:
        return parse_variables(self.query_one("#variables", TextArea).text)


def parse_variables(text: str) -> tuple[tuple[tuple[str, str], ...], tuple[Problem, ...]]:
    """(name, value) of each ``KEY=VALUE`` line, and the lines that are none."""
    pairs: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if equals:
            pairs.append((name.strip(), value))
        else:
            problems.append(Problem("env", f"line {number} has no =: write KEY=VALUE"))
    return tuple(pairs), tuple(problems)
