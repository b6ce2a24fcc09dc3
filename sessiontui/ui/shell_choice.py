"""How the shells of this run of the dashboard open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessiontui.domain.detach_keys import DETACH_KEYS


@dataclass(frozen=True, slots=True)
class ShellChoice:
    """What to open: the user's own shell, unless something else is named."""

    program: str = ""
    """Path of a shell in the session."""
    line: str = ""
    """A command line to run instead of a shell to stay in."""
    window: bool = False
    """Whether it opens in a new tmux window instead of in the dashboard's place."""


@dataclass(slots=True)
class ShellSettings:
    """The person's settings, and what they chose last."""

    detach_keys: str = DETACH_KEYS
    """The chord that leaves a shell running."""
    in_window: bool = False
    """Whether a shell opens in a new window where the dashboard runs in tmux."""
    again: Sequence[str] = ()
    """Starts this program with the same settings; empty where it would see other sessions."""
    last: ShellChoice | None = None
    """What was chosen last in the dialog."""
