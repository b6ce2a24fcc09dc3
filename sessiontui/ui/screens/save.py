"""Asks under which name a session is saved as an environment, and says what is in it."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Static

from sessiontui.actions import saved
from sessiontui.actions.ports import Ports
from sessiontui.domain.environment import Environment
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.saved import saved_name_problem
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import format_bytes
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.present import Cell, Span, clean
from sessiontui.ui.screens.asked_twice import AskedTwice
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.styled import Styled


def kept(size: str) -> tuple[Cell, ...]:
    """What is in the image, in lines; ``size`` is how much that is, in words."""
    return (
        (
            Span("✔ ", "running"),
            Span("what was changed outside home and folders", "plain"),
            Span(f"  {size}", "muted"),
        ),
        (Span("  /tmp too; its apps and minimums", "muted"),),
    )


def left_out(session: Session) -> tuple[Cell, ...]:
    """What is not in it, in lines."""
    folders = ", ".join(clean(mount.folder) for mount in session.mounts)
    mounted = f" and the folders {present.truncate(folders, 24)}" if folders else ""
    return (
        (Span("✕ ", "failed"), Span(f"its home /home/work{mounted}", "plain")),
        (Span("✕ ", "failed"), Span("its variables, keys, secret and logs", "plain")),
    )


class SaveScreen(AskedTwice[str]):
    """Dismisses with the name, which a save may add a version to, or None."""

    CSS_PATH = [stylesheet("dialogs.tcss")]
    COMPONENT_CLASSES = present.STYLES
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    class Measured(Message):
        """How much is in the image."""

        def __init__(self, size: str) -> None:
            super().__init__()
            self.size = size

    class Judged(Message):
        """Whether there is an environment of the name; or why that could not be found out."""

        def __init__(self, name: str, namesake: Environment | None, trouble: str = "") -> None:
            super().__init__()
            self.name, self.namesake, self.trouble = name, namesake, trouble

    def __init__(self, ports: Ports, session: Session) -> None:
        super().__init__(classes="dialog")
        self._ports, self._session = ports, session
        self._judging = False

    def compose(self) -> ComposeResult:
        """A name, what is in it and what is not, two buttons."""
        with Vertical(classes="dialog--box"):
            yield Static(
                f"Save {clean(self._session.name)} as an environment", classes="dialog--title", markup=False
            )
            yield Field("Name", "save-name", Input(id="save-name", compact=True, placeholder="my-torch"))
            yield Static("What is in it", classes="dialog--heading")
            yield Styled(id="kept")
            yield Static("What is not", classes="dialog--heading")
            yield Styled(id="left-out")
            yield Static(self._pause(), classes="dialog--hint", markup=False)
            with Horizontal(classes="dialog--buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Save", id="save", variant="primary")

    def _pause(self) -> str:
        running = self._session.phase is Phase.RUNNING
        return "its programs stand still while it is saved" if running else ""

    def on_mount(self) -> None:
        """Begin at the name; the size is found out beside."""
        self.query_one("#kept", Styled).show(*kept("counting…"))
        self.query_one("#left-out", Styled).show(*left_out(self._session))
        self.query_one(Input).focus()
        self._measure()

    @work(group="size")
    async def _measure(self) -> None:
        try:
            size = await in_background(self._ports.engine.layer_size, self._session)
        except SessiontuiError:
            size = None
        self.post_message(self.Measured("" if size is None else format_bytes(size)))

    @on(Measured)
    def show_size(self, message: Measured) -> None:
        """Say how much it adds."""
        self.query_one("#kept", Styled).show(*kept(message.size))

    @on(Input.Submitted)
    @on(Button.Pressed, "#save")
    def judge(self) -> None:
        """Look whether the name is good and free; a second time is a yes to what was said of it."""
        name = self.query_one(Input).value.strip()
        if (wrong := saved_name_problem(name)) is not None:
            self.refuse(wrong)
        elif name == self.agreed:
            self.dismiss(name)
        elif not self._judging:
            self._judging = True
            self._find(name)

    @work(group="namesake")
    async def _find(self, name: str) -> None:
        try:
            found = await in_background(saved.namesake, self._ports, name)
        except SessiontuiError as error:
            self.post_message(self.Judged(name, None, error.message))
        else:
            self.post_message(self.Judged(name, found))

    @on(Judged)
    def take_judgement(self, message: Judged) -> None:
        """Save, or say what is there already."""
        self._judging = False
        if message.trouble:
            self.refuse(clean(message.trouble))
        elif message.name != self.query_one(Input).value.strip():
            return
        elif message.namesake is None:
            self.dismiss(message.name)
        else:
            self.agreed = message.name
            count = len(message.namesake.versions)
            versions = f"{count} version{'' if count == 1 else 's'}"
            label = clean(message.namesake.label)
            self.refuse(f"{label} is there already, with {versions}: enter again adds one")
