"""The part of the launch dialog that few people need, folded until it is wanted."""

from __future__ import annotations

from collections.abc import Container, Iterable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Button, Input, TextArea

from sessiontui.domain.batch import Batch
from sessiontui.domain.errors import Problem
from sessiontui.domain.launch import Draft
from sessiontui.domain.own_ports import parse_ports
from sessiontui.ui.widgets.batch_choice import BatchChoice
from sessiontui.ui.widgets.field import Field

_WHAT = "More: own ports, variables, secrets, a command to run"


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
        yield Field(
            "Secrets",
            "secrets",
            TextArea(
                id="secrets",
                compact=True,
                placeholder="KEY=VALUE, one a line: kept inside the session alone, in no history",
            ),
        )
        yield BatchChoice()

    def on_mount(self) -> None:
        """Begin folded."""
        self._show(False)

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """The variables that could be read."""
        return self._variables()[0]

    @property
    def secrets(self) -> tuple[tuple[str, str], ...]:
        """The secret variables that could be read."""
        return self._secrets()[0]

    @property
    def batch_session(self) -> Batch | None:
        """What the session is to run to its end."""
        return self.query_one(BatchChoice).chosen

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that could be read."""
        return self._ports()[0]

    @property
    def misread(self) -> tuple[Problem, ...]:
        """What could not be read."""
        batch = self.query_one(BatchChoice).misread
        return (*self._ports()[1], *self._variables()[1], *self._secrets()[1], *batch)

    def fill(self, draft: Draft) -> None:
        """Show what a draft says, opened where it says anything; a secret without a value wants one."""
        self.query_one("#ports", Input).value = ports_text(draft.ports)
        self.query_one("#variables", TextArea).text = variables_text(draft.env)
        self.query_one("#secrets", TextArea).text = variables_text(draft.secrets)
        self.query_one(BatchChoice).fill(draft.batch)
        self._show(bool(draft.ports or draft.env or draft.secrets or draft.batch))

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
        button = self.query_one("#more", Button)
        for part in self.children:
            part.display = opened or part is button
        button.label = f"{'▾' if opened else '▸'} {_WHAT}"

    def _ports(self) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
        return parse_ports(self.query_one("#ports", Input).value)

    def _variables(self) -> tuple[tuple[tuple[str, str], ...], tuple[Problem, ...]]:
        return parse_variables(self.query_one("#variables", TextArea).text)

    def _secrets(self) -> tuple[tuple[tuple[str, str], ...], tuple[Problem, ...]]:
        return parse_variables(self.query_one("#secrets", TextArea).text, "secrets")


def ports_text(ports: Iterable[int]) -> str:
    """The ports as they are typed: 5000, 8000:8010."""
    runs: list[tuple[int, int]] = []
    for port in sorted(ports):
        if runs and runs[-1][1] == port - 1:
            runs[-1] = (runs[-1][0], port)
        else:
            runs.append((port, port))
    return ", ".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)


def variables_text(variables: Iterable[tuple[str, str]]) -> str:
    """A ``KEY=VALUE`` line for each."""
    return "".join(f"{name}={value}\n" for name, value in variables)


def parse_variables(text: str, where: str = "env") -> tuple[tuple[tuple[str, str], ...], tuple[Problem, ...]]:
    """(name, value) of each ``KEY=VALUE`` line, and the lines that are none, as problems of that field."""
    pairs: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if equals:
            pairs.append((name.strip(), value))
        else:
            problems.append(Problem(where, f"line {number} has no =: write KEY=VALUE"))
    return tuple(pairs), tuple(problems)
