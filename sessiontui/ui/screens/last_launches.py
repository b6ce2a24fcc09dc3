"""The last launches, to take one of them again."""

from __future__ import annotations

from datetime import UTC, datetime

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from sessiontui.actions.past import past
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.record import Record
from sessiontui.domain.session import Session
from sessiontui.domain.units import format_age
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean, truncate
from sessiontui.ui.styles import stylesheet

_MOST = 50


def last_launches(ports: Ports) -> tuple[Session | Record, ...]:
    """The person's own launches, the latest first: of sessions there are, and of deleted ones."""
    sessions = ports.engine.sessions()
    mine = [one for one in sessions if one.owner.uid == ports.owner.uid]
    every: list[tuple[datetime, Session | Record]] = [(one.created_at, one) for one in mine]
    every += [(one.session.created_at, one) for one in past(ports, sessions)]
    every.sort(key=lambda pair: pair[0], reverse=True)
    return tuple(one for _, one in every[:_MOST])


class LastLaunchesScreen(ModalScreen[Session | Record | None]):
    """Lets the person choose one; None for none."""

    CSS_PATH = [stylesheet("dialogs.tcss")]
    DEFAULT_CSS = """
    LastLaunchesScreen {
        & > .dialog--box { width: 78; max-width: 100%; }
        & OptionList { max-height: 16; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """
    BINDINGS = [Binding("escape,ctrl+o", "dismiss(None)", "Cancel")]

    class Found(Message):
        """The launches are known, or why not."""

        def __init__(self, launches: tuple[Session | Record, ...], trouble: str = "") -> None:
            super().__init__()
            self.launches = launches
            self.trouble = trouble

    def __init__(self, ports: Ports) -> None:
        super().__init__(classes="dialog")
        self._ports = ports
        self._launches: tuple[Session | Record, ...] = ()

    def compose(self) -> ComposeResult:
        """One line each."""
        with Vertical(classes="dialog--box"):
            yield Static("Last launches: enter fills the form in", classes="dialog--title", markup=False)
            yield Static("asking the engine…", id="last-note", markup=False)
            yield OptionList(compact=True, markup=False)

    def on_mount(self) -> None:
        """Ask."""
        self.run_worker(self._read())

    async def _read(self) -> None:
        try:
            self.post_message(self.Found(await in_background(last_launches, self._ports)))
        except SessiontuiError as error:
            self.post_message(self.Found((), error.message))

    @on(Found)
    def show(self, message: Found) -> None:
        """List them."""
        self._launches = message.launches
        note = self.query_one("#last-note", Static)
        note.update(clean(message.trouble) or "You have launched nothing yet")
        note.display = not self._launches
        options = self.query_one(OptionList)
        options.add_options(Option(_line(one)) for one in self._launches)
        if self._launches:
            options.highlighted = 0
            options.focus()

    @on(OptionList.OptionSelected)
    def close_with_choice(self, event: OptionList.OptionSelected) -> None:
        """The chosen one goes back."""
        self.dismiss(self._launches[event.option_index])


def _line(what: Session | Record) -> Content:
    session = what.session if isinstance(what, Record) else what
    name = session.environment if session.environment != "other" else session.image
    age = format_age((datetime.now(UTC) - session.created_at).total_seconds())
    run = f"  {session.batch.command}" if session.batch else ""
    return Content.assemble(
        (age.rjust(4) + "  ", "$text-muted"),
        truncate(clean(session.name), 18).ljust(20),
        truncate(clean(f"{name} {session.version}"), 18).ljust(20),
        (clean(str(session.ask)), "$text-muted"),
        clean(run),
    )
