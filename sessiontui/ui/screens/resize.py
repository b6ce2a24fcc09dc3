"""The resize dialog: CPU and memory of a session by the sliders of the launch dialog."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from sessiontui.actions import resize
from sessiontui.actions.launch import refused_fields
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import Refused, SessionGone, SessiontuiError
from sessiontui.domain.resize import Room, new_limits, resize_cautions
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Session
from sessiontui.domain.units import format_bytes
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.scale import CORES, MEMORY
from sessiontui.ui.widgets.slider import Slider

_ASKING = "asking the engine…"
_STAYS = "Shared memory (/dev/shm) and OMP_NUM_THREADS stay as they were launched"


class ResizeScreen(ModalScreen[Session | None]):
    """Dismisses with the session as it is after the change, or None where nothing was changed.

    Once told to, the engine changes the limits whether the dialog stays open or not.
    """

    CSS_PATH = [stylesheet("dialogs.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "resize", "Resize"),
        Binding("ctrl+r", "look", "Ask again"),
        Binding("up", "app.focus_previous", "Up", show=False),
        Binding("down", "app.focus_next", "Down", show=False),
        Binding("escape", "cancel", "Cancel"),
    ]

    class Looked(Message):
        """What can be had is known."""

        def __init__(self, room: Room) -> None:
            super().__init__()
            self.room = room

    class Resized(Message):
        """The limits are changed."""

        def __init__(self, session: Session) -> None:
            super().__init__()
            self.session = session

    class Failed(Message):
        """The engine could not be asked, or did not do it."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, ports: Ports, session: Session) -> None:
        super().__init__(classes="dialog")
        self._ports = ports
        self._session = session
        self._room: Room | None = None
        self._busy = False

    # What it looks like

    def compose(self) -> ComposeResult:
        """Two sliders, what stays, what will happen, two buttons."""
        with Vertical(classes="dialog--box -wide"):
            yield Static(f"Resize {clean(self._session.name)}", classes="dialog--title", markup=False)
            yield Field("CPU", "cpu", Slider(CORES, id="cpu", reason=_ASKING))
            yield Field("Memory", "memory", Slider(MEMORY, id="memory", reason=_ASKING))
            yield Static(self._gpu_text(), id="stays", markup=False)
            yield Static(_ASKING, id="will", markup=False)
            yield Static("", id="cautions", markup=False)
            with Horizontal(classes="dialog--buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("RESIZE", id="go", variant="primary", disabled=True)

    def _gpu_text(self) -> str:
        count = len(self._session.devices)
        gpus = f"its {count} GPU{'s' if count != 1 else ''}" if count else "GPUs"
        return f"{_STAYS}; {gpus} cannot be changed, only chosen at a launch."

    def on_mount(self) -> None:
        """Open at once; what can be had arrives."""
        self.query_one("#cautions").display = False
        self.query_one("#cancel").focus()
        self.action_look()

    # Asked and done away from the keys

    def action_look(self) -> None:
        """Ask the engine what can be had."""
        self._do(lambda: self.Looked(resize.room(self._ports, self._session)))

    def _do(self, work: Callable[[], Message]) -> None:
        if not self._busy:
            self._busy = True
            self._show_button()
            self.run_worker(self._answer(work))

    async def _answer(self, work: Callable[[], Message]) -> None:
        try:
            message = await in_background(work)
        except SessiontuiError as error:
            message = self.Failed(error)
        self.post_message(message)

    @on(Looked)
    def take_room(self, message: Looked) -> None:
        """Set the sliders to what the session has now."""
        self._busy = False
        first = self._room is None
        self._room = room = message.room
        there = room.capacity
        self._set_range("cpu", room.minimum.cpu, there.cpu, room.ceiling.cpu, there.free_cpu)
        self._set_range("memory", room.minimum.memory, there.memory, room.ceiling.memory, there.free_memory)
        if first:
            self.query_one("#cpu", Slider).value = room.session.ask.cpu
            self.query_one("#memory", Slider).value = room.session.ask.memory
            if self.query_one("#cancel").has_focus:
                self.query_one("#cpu").focus()
        self._judge()

    def _set_range(self, name: str, least: float, there: float, most: float | None, free: float) -> None:
        slider, now = self.query_one(f"#{name}", Slider), getattr(self._session.ask, name)
        highest = there if most is None else min(there, most)
        slider.reason = ""
        # What it has by other means is within the range, too.
        slider.set_range(min(least, now) if now else least, max(highest, now), free)

    @on(Resized)
    def finish(self, message: Resized) -> None:
        """It is done."""
        self.dismiss(message.session)

    @on(Failed)
    def show_failure(self, message: Failed) -> None:
        """Say under each field what is wrong with it, and of anything else what happened."""
        self._busy = False
        error = message.error
        if isinstance(error, Refused):
            self._show_problems(refused_fields(error))
            self._say("Not yet: see above")
            for field in self.query(Field):
                if field.problem:
                    field.focus_input()
                    break
        else:
            words = " ".join(f"{clean(one)}." for one in (error.message, error.hint) if one)
            again = "" if isinstance(error, SessionGone) else " ctrl+r asks again."
            self._say(f"✗ {words}{again}")
        self._show_button()

    # Judging

    @property
    def _ask(self) -> tuple[float, int]:
        """Cores and bytes as the sliders stand."""
        return self.query_one("#cpu", Slider).value, int(self.query_one("#memory", Slider).value)

    @on(Slider.Changed)
    def rejudge(self) -> None:
        """Another amount is wanted."""
        self._judge()

    def _judge(self) -> None:
        """Say what would happen, from what is known; the engine is asked when it is to be done."""
        room = self._room
        if room is None:
            return
        now = room.session.ask
        try:
            ask = new_limits(room, *self._ask)
        except Refused as refusal:
            self._show_problems(refused_fields(refusal))
            self._say("Not yet: see above")
        else:
            self._show_problems({})
            used = "" if room.memory_in_use is None else f" · {format_bytes(room.memory_in_use)} in use"
            if ask == now:
                self._say(f"It has {now}{used}")
            else:
                when = "at once" if room.session.phase.live else "at its next start"
                self._say(f"From {now} to {ask}, {when}{used}", room, ask)
        self._show_button()

    def _say(self, words: str, room: Room | None = None, ask: Ask | None = None) -> None:
        self.query_one("#will", Static).update(clean(words))
        found = resize_cautions(room, ask) if room is not None and ask is not None else ()
        cautions = self.query_one("#cautions", Static)
        cautions.update("\n".join(f"! {clean(one.message)}" for one in found))
        cautions.display = bool(found)

    def _show_problems(self, problems: dict[str, str]) -> None:
        for field in self.query(Field):
            field.problem = problems.get(field.field, "")

    def _show_button(self) -> None:
        button = self.query_one("#go", Button)
        button.label = "asking…" if self._busy else "RESIZE"
        button.disabled = self._busy or self._room is None

    # Done by the person

    @on(Button.Pressed, "#go")
    def action_resize(self) -> None:
        """Have it done, held against what the engine says then."""
        if self._room is None or self._busy:
            return
        # What the person left alone stays as it is by then, whoever changes it meanwhile.
        now, (cores, size) = self._room.session.ask, self._ask
        cpu = None if cores == now.cpu else cores
        memory = None if size == now.memory else size
        self._do(lambda: self.Resized(resize.resize(self._ports, self._session, cpu, memory)))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
