"""All keys and what they do, made from the commands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from sessiontui.ui import gpu_bar, present
from sessiontui.ui.commands import Command
from sessiontui.ui.keyboard import Keyboard
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.styled import Styled, content

_GROUPS = ("Session", "Folders", "Environments", "History", "View", "Dashboard")

_SIGNS: tuple[Cell, ...] = (
    (
        Span("● running   ", "running"),
        Span("◐ preparing   ", "preparing"),
        Span("○ stopped   ", "stopped"),
        Span("✔ finished   ", "finished"),
        Span("✖ failed", "failed"),
    ),
    (
        Span("▤ ❯ ≡ ✕", "icon"),
        Span("  apps, shell, logs, delete: for the mouse", "muted"),
    ),
    (
        Span("▕", "bar-rest"),
        Span("██", "bar"),
        Span("░░", "bar-promised"),
        Span(" ▏", "bar-rest"),
        Span(" used now, promised to containers", "muted"),
    ),
    (Span("GPUs   ", "muted"), *chain.from_iterable((*one, Span("   ")) for one in gpu_bar.legend()[:3])),
    (Span("       "), *chain.from_iterable((*one, Span("   ")) for one in gpu_bar.legend()[3:])),
    (
        Span("0-2,5+", "gpu-own"),
        Span("  GPUs 0, 1, 2 and 5; + others have it too. ", "muted"),
        Span("0:1", "gpu-own"),
        Span("  part 1 of GPU 0", "muted"),
    ),
)


class HelpScreen(ModalScreen[None]):
    """Shows every command with its keys."""

    CSS_PATH = [stylesheet("dialogs.tcss")]

    COMPONENT_CLASSES = present.STYLES
    BINDINGS = [Binding("escape,q,question_mark,f1", "dismiss(None)", "Close")]

    def __init__(self, commands: Sequence[Command], keyboard: Keyboard, first: str = "Session") -> None:
        """``first`` is the group that a person sees first."""
        super().__init__(classes="dialog")
        self._keyboard = keyboard
        self._commands = sorted(commands, key=lambda one: (one.group != first, _GROUPS.index(one.group)))

    def compose(self) -> ComposeResult:
        """A block for each group, then the signs."""
        with Vertical(classes="dialog--box -wide"):
            yield Static("Keys", classes="dialog--title")
            with VerticalScroll(can_focus=True):
                for group, commands in groupby(self._commands, key=lambda one: one.group):
                    yield Static(group, classes="help--group")
                    for command in commands:
                        yield CommandHelp(" ".join(self._keyboard.keys(command.name)), command.help)
                yield Static("Signs", classes="help--group")
                for line in _SIGNS:
                    yield Styled(content(line))
            yield Static("esc closes", classes="dialog--hint")


class CommandHelp(Horizontal):
    """The keys of one command and, beside them, what it does."""

    def __init__(self, keys: str, text: str) -> None:
        super().__init__(classes="help--entry")
        self._keys, self._text = keys, text

    def compose(self) -> ComposeResult:
        """Two columns, so that long sentences wrap within theirs."""
        yield Styled(content((Span(self._keys, "key"),)), classes="help--keys")
        yield Static(self._text, classes="help--text", markup=False)
