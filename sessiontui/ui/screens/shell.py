"""The dialog in which a person chooses a shell of a session, or a command to run in it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from sessiontui.access.tmux import in_tmux
from sessiontui.domain.detach_keys import readable_chord
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.session import Session
from sessiontui.ui.background import in_background
from sessiontui.ui.desk import Desk
from sessiontui.ui.present import clean
from sessiontui.ui.shell_choice import ShellChoice
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.choices import Choices
from sessiontui.ui.widgets.field import Field

_USUAL = "the usual one"
"""Stands for the user's own shell until the session has said which there are, and where it does not."""
_PLACES = ("here", "a new tmux window")


class ShellScreen(ModalScreen[ShellChoice | None]):
    """Dismisses with the choice, or None. It opens on what was chosen last."""

    CSS_PATH = [stylesheet("dialogs.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("enter", "open", "Open"),
    ]

    class Found(Message):
        """The session said which shells it has."""

        def __init__(self, programs: tuple[str, ...]) -> None:
            super().__init__()
            self.programs = programs

    class Failed(Message):
        """The session could not be asked."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, desk: Desk, session: Session) -> None:
        super().__init__(classes="dialog")
        self._desk = desk
        self._session = session
        self._programs: dict[str, str] = {_USUAL: ""}
        self._last = desk.shells.last or ShellChoice(window=desk.shells.in_window)

    def compose(self) -> ComposeResult:
        """Shell, command, place; then what the way back is."""
        with Vertical(classes="dialog--box"):
            title = f"Shell in {clean(self._session.name)}"
            yield Static(title, classes="dialog--title", markup=False)
            yield Field("Shell", "shell", Choices(id="shell-program"))
            line = Input(self._last.line, id="shell-line", compact=True, placeholder="none: a shell")
            yield Field("Command", "line", line)
            if in_tmux(self._desk.environ):
                yield Field("Where", "place", Choices(id="shell-place"))
            chord = readable_chord(self._desk.shells.detach_keys)
            yield Static(f"exit leaves it; {chord} leaves it running", classes="dialog--hint", markup=False)
            with Horizontal(classes="dialog--buttons"):
                yield Button("Open", id="open")
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        """Show the last choice and ask the session."""
        programs = self.query_one("#shell-program", Choices)
        programs.options = (_USUAL,)
        programs.value = _USUAL
        for places in self.query("#shell-place").results(Choices):
            places.options = _PLACES
            places.value = _PLACES[self._last.window]
        programs.focus()
        self.run_worker(self._find())

    async def _find(self) -> None:
        try:
            programs = await in_background(self._desk.ports.engine.shells, self._session)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Found(programs))

    @on(Found)
    def list_shells(self, message: Found) -> None:
        """Offer what there is; the user's own stands first."""
        if not message.programs:
            return
        choices = self.query_one("#shell-program", Choices)
        self._programs = {path.rpartition("/")[2]: path for path in message.programs}
        names = tuple(self._programs)
        last = self._last.program.rpartition("/")[2]
        choices.options = names
        choices.value = last if last in names else names[0]

    @on(Failed)
    def show_problem(self, message: Failed) -> None:
        """The usual shell may open even so."""
        error = message.error
        self.query_one("#field-shell", Field).problem = ": ".join(filter(None, (error.message, error.hint)))

    @on(Button.Pressed, "#open")
    @on(Input.Submitted)
    def action_open(self) -> None:
        """Hand back the choice."""
        name = self.query_one("#shell-program", Choices).value
        # The user's own comes with what the session remembers of it; it needs no name.
        program = self._programs.get(name, "") if name != next(iter(self._programs)) else ""
        line = self.query_one("#shell-line", Input).value.strip()
        window = any(one.value == _PLACES[1] for one in self.query("#shell-place").results(Choices))
        self.dismiss(ShellChoice(program, line, window))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Open nothing."""
        self.dismiss(None)
