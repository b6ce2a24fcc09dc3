"""The question before a session is deleted: what dies, what stays."""

from __future__ import annotations

from collections.abc import Callable

from textual import on, work
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
from sessiontui.domain.units import format_age, format_bytes
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.present import Cell, Span
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.styled import Styled

_NEWEST = 5
"""How many of the newest files are named."""


_LAYER: Cell = (Span("✕ ", "failed"), Span("whatever was installed outside home and folders", "plain"))


def dying(losses: Losses | None, now: float, trouble: str = "") -> tuple[Cell, ...]:
    """What a delete destroys, in lines."""
    return (*_home(losses, now, trouble), _LAYER)


def _home(losses: Losses | None, now: float, trouble: str) -> tuple[Cell, ...]:
    head: tuple[Span, ...] = (Span("✕ ", "failed"), Span("its home /home/work", "name"))
    if losses is None:
        tail = f"  cannot be counted: {present.clean(trouble)}" if trouble else "  counting…"
        return ((*head, Span(tail, "muted")),)
    if losses.files is None and losses.bytes is None:
        return ((*head, Span("  its files cannot be counted while it does not run", "muted")),)
    least = "" if losses.complete else "at least "
    files = "no files" if losses.files == 0 else f"{losses.files} file{'' if losses.files == 1 else 's'}"
    counted = files if losses.files == 0 else f"{files}, {format_bytes(losses.bytes)}"
    lines: list[Cell] = [(*head, Span(f"  {least}{counted}", "warning" if losses.files else "muted"))]
    for file in losses.newest[:_NEWEST]:
        age = format_age(now - file.changed_at.timestamp())
        lines.append(
            (
                Span("    "),
                Span(present.truncate(present.clean(file.path), 44)),
                Span(f"  {format_bytes(file.bytes)}, {age} ago", "muted"),
            )
        )
    named = min(len(losses.newest), _NEWEST)
    if losses.files is not None and losses.files > named > 0:
        lines.append((Span(f"    and {losses.files - named} older ones", "faint"),))
    return tuple(lines)


def staying(session: Session) -> tuple[Cell, ...]:
    """What a delete leaves alone, in lines."""
    if not session.mounts:
        return ((Span("no folder is mounted: nothing of it stays", "muted"),),)
    return tuple(
        (
            Span("✔ ", "running"),
            *present.mount_cell(mount),
            Span(f"  {present.clean(mount.source)}", "muted"),
        )
        for mount in session.mounts
    )


class DeleteScreen(ModalScreen[bool]):
    """Asks whether to delete a session; True for yes. Closes by itself when the session is gone."""

    CSS_PATH = [stylesheet("dialogs.tcss")]

    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]
    COMPONENT_CLASSES = present.STYLES
    BINDINGS = [
        Binding("escape,n", "answer(False)", "Cancel"),
        Binding("left,up", "app.focus_previous", "Left", show=False),
        Binding("right,down", "app.focus_next", "Right", show=False),
    ]

    def __init__(self, ports: Ports, session: Session, now: Callable[[], float]) -> None:
        super().__init__(classes="dialog")
        self._ports, self._session, self._now = ports, session, now

    def compose(self) -> ComposeResult:
        """What dies, what stays, and two buttons, the harmless one first."""
        with Vertical(classes="dialog--box -danger"):
            yield Static(
                f"Delete {present.clean(self._session.name)}?", classes="dialog--title", markup=False
            )
            with VerticalScroll(can_focus=False, classes="dialog--body"):
                yield Static("What is lost", classes="dialog--heading")
                yield Styled(id="dying")
                yield Static("What stays", classes="dialog--heading")
                yield Styled(id="staying")
            with Horizontal(classes="dialog--buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Delete", id="delete", variant="error")

    def on_mount(self) -> None:
        """A stray Enter changes nothing; counting goes on beside."""
        self.query_one("#cancel").focus()
        self._show(None)
        self.query_one("#staying", Styled).show(*staying(self._session))
        self.watch(self.app, "picture", self._look, init=False)
        self._count()

    @work(group="losses")
    async def _count(self) -> None:
        try:
            losses = await in_background(end.losses, self._ports, self._session)
        except SessionGone:
            self._close_gone()
        except SessiontuiError as error:
            self._show(None, error.message)
        else:
            self._show(losses)

    def _show(self, losses: Losses | None, trouble: str = "") -> None:
        lines = dying(losses, self._now(), trouble)
        self.query_one("#dying", Styled).show(*lines)

    def _look(self, picture: Picture) -> None:
        if not picture.trouble and picture.session(self._session.id) is None:
            self._close_gone()

    def _close_gone(self) -> None:
        if self.is_active:
            self.app.notify(
                f"{present.clean(self._session.name)} was deleted by somebody else meanwhile", markup=False
            )
            self.dismiss(False)

    @on(Button.Pressed)
    def close_with_answer(self, event: Button.Pressed) -> None:
        """A button answers."""
        self.dismiss(event.button.id == "delete")

    def action_answer(self, yes: bool) -> None:
        """A key answers."""
        self.dismiss(yes)
