"""What a person does in the dashboard again and again."""

from __future__ import annotations

from tests.e2e.terminal import Terminal


def select(terminal: Terminal, name: str, state: str = "● running") -> None:
    """Show that session alone, once it has the state: others may have sessions on this engine."""
    terminal.wait(f"{name} .*{state}")
    terminal.keys("/")
    terminal.wait("filter: words in name")
    terminal.type(name)
    terminal.wait(rf"^ {name} *$")
    terminal.keys("Enter")
