"""The question before sessions are deleted: what dies, what stays, and whether to save it first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from sessiontui.actions import end
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import SessionGone, SessiontuiError
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Losses, Session
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.dying import Told, dying, dying_of_many, staying
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.styled import Styled


class Answer(StrEnum):
    """What the person wants."""

    DELETE = "delete"
    SAVE = "save"


class DeleteScreen(ModalScreen[Answer | None]):
    """Asks whether to delete sessions, or to save them first. Closes by itself when all of them are gone."""

    CSS_PATH = [stylesheet("dialogs.tcss")]

    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]
    COMPONENT_CLASSES = present.STYLES
    BINDINGS = [
        Binding("escape,n", "answer('')", "Cancel"),
        Binding("left", "app.focus_previous", "Left", show=False),
        Binding("right", "app.focus_next", "Right", show=False),
        Binding("up,k", "scroll(-1)", "Up", show=False),
        Binding("down,j", "scroll(1)", "Down", show=False),
        Binding("pageup", "scroll(-10)", "Page up", show=False),
        Binding("pagedown", "scroll(10)", "Page down", show=False),
    ]

    def __init__(self, ports: Ports, sessions: Sequence[Session], now: Callable[[], float]) -> None:
        super().__init__(classes="dialog")
        self._ports, self._now = ports, now
        self.sessions = tuple(sessions)
        """Those it is about; one that somebody else deletes meanwhile is none of them any more."""
        self._told: dict[str, Told] = {one.id: Told() for one in sessions}

    @property
    def sizes(self) -> dict[str, int]:
        """How many bytes die with a session, by id, where that is known."""
        return {name: told.bytes for name, told in self._told.items() if told.bytes is not None}

    def compose(self) -> ComposeResult:
        """What dies, what stays, and three buttons, the harmless one first."""
        wide = " -wide" if len(self.sessions) > 1 else ""
        with Vertical(classes=f"dialog--box -danger -question{wide}"):
            yield Static(id="title", classes="dialog--title", markup=False)
            with VerticalScroll(can_focus=False, classes="dialog--body"):
                yield Static("What is lost", classes="dialog--heading")
                yield Styled(id="dying")
                yield Static("What stays", classes="dialog--heading")
                yield Styled(id="staying")
            with Horizontal(classes="dialog--buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Save to folder… and delete", id="save")
                yield Button("Delete", id="delete", variant="error")

    def on_mount(self) -> None:
        """A stray Enter changes nothing; counting goes on beside."""
        self.query_one("#cancel").focus()
        self._show()
        self.watch(self.app, "picture", self._look, init=False)
        self.run_worker(self._count_all())

    async def _count_all(self) -> None:
        # One after the other: the engine and its disk have other work too.
        for session in self.sessions:
            await self._count(session, end.losses, "home")
            await self._count(session, end.losses_outside, "outside")

    async def _count(self, session: Session, losses: Callable[[Ports, Session], Losses], where: str) -> None:
        if session not in self.sessions:
            return
        try:
            found = await in_background(losses, self._ports, session)
        except SessionGone:
            self._leave_out(session)
        except SessiontuiError as error:
            self._told[session.id] = self._told[session.id].without(where, error.message)
        else:
            self._told[session.id] = self._told[session.id].having(where, found)
        self._show()

    def _show(self) -> None:
        if not self.sessions:
            return
        now = self._now()
        if len(self.sessions) == 1:
            session = self.sessions[0]
            title = f"Delete {present.clean(session.name)}?"
            lines = dying(self._told[session.id], now)
        else:
            title = f"Delete {len(self.sessions)} sessions?"
            lines = dying_of_many(self.sessions, self._told, now)
        self.query_one("#title", Static).update(title)
        self.query_one("#dying", Styled).show(*lines)
        self.query_one("#staying", Styled).show(*staying(self.sessions))

    def _look(self, picture: Picture) -> None:
        if not picture.trouble:
            for session in self.sessions:
                if picture.session(session.id) is None:
                    self._leave_out(session)

    def _leave_out(self, session: Session) -> None:
        if self.is_active and session in self.sessions:
            self.app.notify(
                f"{present.clean(session.name)} was deleted by somebody else meanwhile", markup=False
            )
            self.sessions = tuple(one for one in self.sessions if one.id != session.id)
            if self.sessions:
                self._show()
            else:
                self.dismiss(None)

    @on(Button.Pressed)
    def close_with_answer(self, event: Button.Pressed) -> None:
        """A button answers."""
        self.action_answer(event.button.id if event.button.id in tuple(Answer) else "")

    def action_answer(self, answer: str | None) -> None:
        """A key answers."""
        self.dismiss(Answer(answer) if answer else None)

    def action_scroll(self, lines: int) -> None:
        """Show what does not fit."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
