"""A question before much is lost: says how much, and is answered by typing a name."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, SessiontuiError
from sessiontui.domain.folder import Extent
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.folder_text import extent_text
from sessiontui.ui.present import Span, clean
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.styled import Styled

Counting = Callable[[Cancellation, Callable[[Extent], None]], Extent]
"""Counts what is at stake, reporting how far it is. Raises StorageError, Cancelled."""


class TypeToConfirm(ModalScreen[bool]):
    """Asks one question; True for yes, which can be said once ``word`` was typed."""

    CSS_PATH = [stylesheet("dialogs.tcss")]
    COMPONENT_CLASSES = present.STYLES
    BINDINGS = [Binding("escape", "cancel", "Cancel")]

    class Counted(Message):
        """So much is at stake."""

        def __init__(self, extent: Extent | None, *, done: bool, trouble: str = "") -> None:
            super().__init__()
            self.extent = extent
            self.done = done
            self.trouble = trouble

    def __init__(self, title: str, word: str, yes: str, *, counting: Counting, text: str) -> None:
        """``text`` says what becomes of it."""
        super().__init__(classes="dialog")
        self._title, self._word, self._yes = title, word, yes
        self._counting, self._text = counting, text
        self._cancellation = Cancellation()

    def compose(self) -> ComposeResult:
        """What is at stake, what becomes of it, the word, and two buttons."""
        with Vertical(classes="dialog--box -danger"):
            yield Static(self._title, classes="dialog--title", markup=False)
            yield Styled(id="stake")
            yield Static(self._text, markup=False)
            yield Static(f"Type {clean(self._word)} to confirm:", classes="dialog--heading", markup=False)
            yield Input(id="word", compact=True)
            with Horizontal(classes="dialog--buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._yes, id="yes", variant="error", disabled=True)

    def on_mount(self) -> None:
        """Count beside the keys."""
        self.query_one("#word").focus()
        self._show(self.Counted(None, done=False))
        self.run_worker(self._count())

    def on_unmount(self) -> None:
        """Nobody waits for the count any more."""
        self._cancellation.request()

    async def _count(self) -> None:
        def report(extent: Extent) -> None:
            self.post_message(self.Counted(extent, done=False))

        try:
            extent = await in_background(self._counting, self._cancellation, report)
        except Cancelled:
            return
        except SessiontuiError as error:
            self.post_message(self.Counted(None, done=True, trouble=error.message))
        else:
            self.post_message(self.Counted(extent, done=True))

    @on(Counted)
    def _show(self, message: Counted) -> None:
        extent = message.extent
        least = "at least " if extent is not None and message.done and not extent.complete else ""
        text = f"{least}{extent_text(extent, counting=not message.done)}"
        self.query_one("#stake", Styled).show(
            (
                Span("✕ ", "failed"),
                Span(text, "warning" if extent is not None and extent.files else "muted"),
                Span(f"  {clean(message.trouble)}" if message.trouble else "", "muted"),
            )
        )

    @property
    def _typed(self) -> bool:
        return self.query_one("#word", Input).value.strip() == self._word

    @on(Input.Changed)
    def judge(self) -> None:
        """Only the whole word will do."""
        self.query_one("#yes", Button).disabled = not self._typed

    @on(Input.Submitted)
    def answer_typed(self) -> None:
        """Enter after the word is yes; after anything else it is nothing."""
        if self._typed:
            self.dismiss(True)

    @on(Button.Pressed)
    def close_with_answer(self, event: Button.Pressed) -> None:
        """A button answers."""
        self.dismiss(event.button.id == "yes" and self._typed)

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(False)
